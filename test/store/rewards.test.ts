import type { CampaignDefinition } from '../../domain/campaign.js';
import { reservationExpiry } from '../../domain/reward-reservation.js';
import { addMillis, days, instant, points, type CampaignRef, type Instant } from '../../domain/types.js';
import { recordApproval } from '../../store/approvals.js';
import { publishAndLaunch, readCampaignInForce } from '../../store/campaign-launches.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { one } from '../../store/database.js';
import { closeJourney, readJourney, type JourneyRow } from '../../store/journeys.js';
import { budgetAccount, customerAccount, ISSUANCE, ledgerBalance, post, reservedAccount } from '../../store/ledger.js';
import {
  BudgetPromised,
  budgetLeft,
  grantReward,
  lapsedReservations,
  releaseReward,
  reserveReward,
  type Reserved,
} from '../../store/rewards.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12';
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
const REWARD = points(500);

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
});
afterEach(() => database.drop());

/** An open journey of a new customer. */
async function journeyOf(ref: string): Promise<JourneyRow> {
  const { journeyId } = await admitted(database, await addCustomer(database, { ref }), DAY, AT);
  return readJourney(database.app, journeyId);
}
/** Publishes and launches the campaign again with this budget. */
async function publish(budget: number): Promise<void> {
  const newest = one([await readCampaignInForce(database.app, CAMPAIGN)], 'the campaign');
  const definition = structuredClone(newest?.definition) as CampaignDefinition;
  if (definition.reward) definition.reward.budget = budget;
  const digest = definitionDigest(definition);
  await recordApproval(database.app, { campaignRef: CAMPAIGN, digest, by: 'compliance', at: AT, reason: 'a test' });
  await publishAndLaunch(database.app, { definition, digest, sourceText: '', at: AT, by: 'test' }, 'second');
}
const reserve = (journey: JourneyRow): Promise<Reserved> =>
  database.app.transaction((sql) => reserveReward(sql, journey, AT));
const grant = (journey: JourneyRow, at: Instant = AT): Promise<boolean> =>
  database.app.transaction((sql) => grantReward(sql, journey, REWARD, at));
const release = (journey: JourneyRow, as: 'released' | 'expired' = 'released', at: Instant = AT): Promise<boolean> =>
  database.app.transaction((sql) => releaseReward(sql, journey.journeyId, as, at));
const left = (): Promise<bigint> => budgetLeft(database.app, CAMPAIGN);
const has = ({ customerRef }: JourneyRow): Promise<bigint> => ledgerBalance(database.app, customerAccount(customerRef));
const promised = ({ campaignRef, customerRef }: JourneyRow): Promise<bigint> =>
  ledgerBalance(database.app, reservedAccount(campaignRef, customerRef));

/** Until somebody waits for a lock of somebody else. */
async function blocked(): Promise<void> {
  for (;;) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
}

describe("a journey's reward", () => {
  test('is promised out of the budget when the journey begins, and the customer has nothing yet', async () => {
    const journey = await journeyOf('c1');
    expect(await reserve(journey)).toBe('reserved');
    expect(await reserve(journey)).toBe('reserved');
    expect([await left(), await promised(journey), await has(journey)]).toEqual([199_500n, 500n, 0n]);
  });

  test('is granted out of what was promised, once, and cannot be released afterwards', async () => {
    const journey = await journeyOf('c1');
    await reserve(journey);
    expect(await Promise.all([grant(journey), grant(journey), grant(journey)])).toEqual([true, true, true]);
    expect(await release(journey)).toBe(false);
    expect([await left(), await promised(journey), await has(journey)]).toEqual([199_500n, 0n, 500n]);
  });

  test('that is not owed goes back to the budget, once', async () => {
    const journey = await journeyOf('c1');
    await reserve(journey);
    expect([await release(journey), await release(journey, 'expired')]).toEqual([true, false]);
    expect([await left(), await promised(journey), await has(journey)]).toEqual([200_000n, 0n, 0n]);
  });

  test('is not promised again by the same campaign to a customer who got it', async () => {
    const first = await journeyOf('c1');
    await reserve(first);
    await grant(first);
    await closeJourney(database.app, first.journeyId, 'retained', 'kept', AT);
    const { journeyId } = await admitted(database, first.customerRef, '2026-01-13', AT);
    expect(await reserve(await readJourney(database.app, journeyId))).toBe('rewarded-before');
    expect(await left()).toBe(199_500n);
  });

  test('is not promised when the budget is spent; the journey goes on without, and a budget that grew may still grant it', async () => {
    await publish(500);
    const [first, second] = [await journeyOf('c1'), await journeyOf('c2')];
    expect((await Promise.all([reserve(first), reserve(second)])).sort()).toEqual(['budget-spent', 'reserved']);
    const without = (await promised(first)) === 0n ? first : second;
    expect(await grant(without)).toBe(false);
    await publish(1_000);
    expect(await grant(without)).toBe(true);
    expect([await left(), await has(without)]).toEqual([0n, 500n]);
  });
});

describe('a promise whose journey ended by force', () => {
  test('lapses well after the journey would have ended, and not a moment before', async () => {
    const journey = await journeyOf('c1');
    await reserve(journey);
    const { survey, goal } = journey.definition;
    const lapses = reservationExpiry(journey.definition, AT);
    expect(lapses).toBe(AT + survey.after + survey.expires + goal.within + days(30));
    expect(await lapsedReservations(database.app, instant(lapses - 1), 10)).toEqual([]);
    const expected = { journeyId: journey.journeyId, customerRef: journey.customerRef, points: 500n };
    expect(await lapsedReservations(database.app, lapses, 10)).toMatchObject([expected]);
    await release(journey, 'expired', lapses);
    expect(await lapsedReservations(database.app, addMillis(lapses, days(1)), 10)).toEqual([]);
    expect(await left()).toBe(200_000n);
  });

  test('that lapsed is granted out of the budget when the customer earned it after all', async () => {
    const journey = await journeyOf('c1');
    await reserve(journey);
    await release(journey, 'expired');
    expect(await grant(journey)).toBe(true);
    expect([await left(), await promised(journey), await has(journey)]).toEqual([199_500n, 0n, 500n]);
  });
});

describe("a campaign's budget", () => {
  const issued = (): Promise<bigint> => ledgerBalance(database.app, ISSUANCE);

  test('is what its newest version says: more is added, less is taken back, the same changes nothing', async () => {
    expect([await left(), await issued()]).toEqual([200_000n, -200_000n]);
    await publish(300_000);
    expect([await left(), await issued()]).toEqual([300_000n, -300_000n]);
    await publish(1_000);
    expect([await left(), await issued()]).toEqual([1_000n, -1_000n]);
  });

  test('can be published anew while a journey is about to reserve: one waits for the other, and neither for ever', async () => {
    const journey = await journeyOf('c1');
    let publishing: Promise<void> | undefined;
    await database.app.transaction(async (sql) => {
      const told = { key: 'reserve:another', kind: 'reserve' as const, amount: REWARD, memo: 'reserved', at: AT };
      const to = reservedAccount(CAMPAIGN, journey.customerRef);
      await post(sql, { ...told, from: budgetAccount(CAMPAIGN), to });
      publishing = publish(300_000);
      await blocked();
      // what the reservation's row does: it refers to the campaign whose publisher waits for this transaction's share
      await sql.query('select 1 from campaigns where campaign_ref = $1 for key share', [CAMPAIGN]);
    });
    await publishing;
    expect(await left()).toBe(299_500n);
  });

  test('does not become smaller than what is promised and given', async () => {
    const journey = await journeyOf('c1');
    await reserve(journey);
    await publish(500);
    expect(await left()).toBe(0n);
    await expect(publish(499)).rejects.toThrow(BudgetPromised);
    await expect(publish(499)).rejects.toThrow(/499 points is less than what keep-your-tier has promised and given/);
    expect((await readCampaignInForce(database.app, CAMPAIGN))?.definition.reward?.budget).toBe(500);
    await release(journey);
    await publish(499);
    expect(await left()).toBe(499n);
  });
});
