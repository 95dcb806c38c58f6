import { reservationExpiry } from '../domain/reward-reservation.js';
import {
  points,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type JourneyId,
  type Points,
} from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';
import type { JourneyRow } from './journeys.js';
import { budgetAccount, customerAccount, ISSUANCE, Overdrawn, post, postedBefore, reservedAccount } from './ledger.js';
import { lotExpiry } from './points-programmes.js';

/** A reward is owed once by a campaign to a customer, in however many journeys. */
export const rewardKey = (campaign: CampaignRef, customer: CustomerRef): string => `reward:${campaign}:${customer}`;

type RewardedJourney = Pick<JourneyRow, 'journeyId' | 'campaignRef' | 'customerRef' | 'definition'>;

/** A new version asks for a smaller budget than is promised and given already. */
export class BudgetPromised extends Error {}

/**
 * Brings a campaign's budget to what its new version says, by the difference to what it was funded with before. The
 * caller holds the campaign's row.
 * @throws BudgetPromised when more than the new budget is promised or given already
 */
export async function fundCampaign(
  sql: Sql,
  { campaignRef, version }: { campaignRef: CampaignRef; version: number },
  budget: Points,
  at: Instant,
): Promise<void> {
  const account = budgetAccount(campaignRef);
  const { rows } = await sql.query<{ funded: bigint }>(
    `select (coalesce(sum(amount) filter (where kind = 'fund'), 0) - coalesce(sum(amount) filter (where kind = 'defund'), 0))::bigint as funded
       from postings where (to_account = $1 and kind = 'fund') or (from_account = $1 and kind = 'defund')`,
    [account],
  );
  const more = budget - one(rows, 'the budget so far').funded;
  if (more === 0n) return;
  const told = { key: `budget:${campaignRef}:v${version}`, memo: `budget of version ${version}`, at };
  if (more > 0n) {
    await post(sql, { ...told, kind: 'fund', from: ISSUANCE, to: account, amount: points(more) });
    return;
  }
  try {
    await post(sql, { ...told, kind: 'defund', from: account, to: ISSUANCE, amount: points(-more) });
  } catch (error) {
    if (!(error instanceof Overdrawn)) throw error;
    throw new BudgetPromised(
      `a budget of ${budget} points is less than what ${campaignRef} has promised and given already; make it larger, or wait until running journeys have released what they hold`,
    );
  }
}

/** Points that a campaign may still promise. */
export async function budgetLeft(sql: Sql, campaignRef: CampaignRef): Promise<Points> {
  const { rows } = await sql.query<{ left: bigint }>(
    'select coalesce(sum(available), 0)::bigint as left from budget_shares where ledger_account = $1',
    [budgetAccount(campaignRef)],
  );
  return points(one(rows, 'the budget').left);
}

/** Why a journey has no reward reserved, or that it has. */
export type Reserved = 'reserved' | 'no-reward' | 'rewarded-before' | 'budget-spent';

/** Takes the journey's reward out of the campaign's budget, once, before anything is promised to the customer. */
export async function reserveReward(sql: Sql, journey: RewardedJourney, at: Instant): Promise<Reserved> {
  const { journeyId, campaignRef, customerRef, definition } = journey;
  if (!definition.reward) return 'no-reward';
  if (await postedBefore(sql, rewardKey(campaignRef, customerRef))) return 'rewarded-before';
  const amount = points(definition.reward.points);
  const to = reservedAccount(campaignRef, customerRef);
  const told = { key: `reserve:${journeyId}`, memo: 'reserved for a journey', at };
  if (!(await posted(post(sql, { ...told, kind: 'reserve', from: budgetAccount(campaignRef), to, amount }))))
    return 'budget-spent';
  await sql.query(
    `insert into reward_reservations (journey_id, campaign_ref, customer_ref, points, reserved_at, expires_at)
     values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    [journeyId, campaignRef, customerRef, amount, timestamp(at), timestamp(reservationExpiry(definition, at))],
  );
  return 'reserved';
}

/** Whether it was posted; not when the account does not hold enough. */
async function posted(posting: Promise<unknown>): Promise<boolean> {
  try {
    await posting;
    return true;
  } catch (error) {
    if (error instanceof Overdrawn) return false;
    throw error;
  }
}

interface Reservation {
  journeyId: JourneyId;
  campaignRef: CampaignRef;
  customerRef: CustomerRef;
  points: Points;
  /** null: it is open */
  settledAs: 'granted' | 'released' | 'expired' | null;
}

const RESERVATION = `
  select journey_id as "journeyId", campaign_ref as "campaignRef", customer_ref as "customerRef", points,
         settled_as as "settledAs"
    from reward_reservations`;

/** The journey's reservation, held until the transaction ends; null when it never had one. */
async function lockReservation(sql: Sql, journeyId: JourneyId): Promise<Reservation | null> {
  const { rows } = await sql.query<Reservation>(`${RESERVATION} where journey_id = $1 for update`, [journeyId]);
  return rows[0] ?? null;
}

/**
 * Posts the reward: out of the reservation, or, where that has lapsed, out of what the budget still has.
 * @returns false when there was neither
 */
export async function grantReward(sql: Sql, journey: RewardedJourney, amount: Points, at: Instant): Promise<boolean> {
  const { journeyId, campaignRef, customerRef } = journey;
  const reservation = await lockReservation(sql, journeyId);
  if (reservation?.settledAs === 'granted') return true;
  const open = reservation?.settledAs === null;
  const from = open ? reservedAccount(campaignRef, customerRef) : budgetAccount(campaignRef);
  const told = { key: rewardKey(campaignRef, customerRef), memo: 'tier kept', at, expiresOn: await lotExpiry(sql, at) };
  const request = { ...told, kind: 'grant' as const, from, to: customerAccount(customerRef), amount };
  if (!(await posted(post(sql, request)))) return false;
  if (open) await settleReservation(sql, journeyId, 'granted', at);
  return true;
}

/** Gives a reservation back to the budget. @returns false when there was none to give back */
export async function releaseReward(
  sql: Sql,
  journeyId: JourneyId,
  as: 'released' | 'expired',
  at: Instant,
): Promise<boolean> {
  const reservation = await lockReservation(sql, journeyId);
  if (reservation?.settledAs !== null) return false;
  const { campaignRef, customerRef, points: amount } = reservation;
  const from = reservedAccount(campaignRef, customerRef);
  const told = { key: `release:${journeyId}`, memo: as === 'expired' ? 'the reservation lapsed' : 'not granted', at };
  await post(sql, { ...told, kind: 'release', from, to: budgetAccount(campaignRef), amount });
  await settleReservation(sql, journeyId, as, at);
  return true;
}

async function settleReservation(sql: Sql, journeyId: JourneyId, as: string, at: Instant): Promise<void> {
  await sql.query('update reward_reservations set settled_at = $2, settled_as = $3 where journey_id = $1', [
    journeyId,
    timestamp(at),
    as,
  ]);
}

/** Reservations that have lapsed, the oldest first, but for those of some journeys; in a pause of the campaign none lapses. */
export async function lapsedReservations(
  sql: Sql,
  at: Instant,
  limit: number,
  except: readonly JourneyId[] = [],
): Promise<Pick<Reservation, 'journeyId' | 'customerRef' | 'points'>[]> {
  const { rows } = await sql.query<Reservation>(
    `${RESERVATION} r where settled_at is null and expires_at <= $1 and journey_id <> all($3)
        and not exists (select 1 from campaign_pauses p where p.campaign_ref = r.campaign_ref and p.resumed_at is null)
      order by expires_at, journey_id limit $2`,
    [timestamp(at), limit, except],
  );
  return rows;
}
