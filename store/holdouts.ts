import { createHash } from 'node:crypto';
import type { PublishedCampaign } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { readToday } from '../domain/campaign-upgrade.js';
import { drawnOut, holdoutEnd, lotText } from '../domain/holdout.js';
import type { CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';
import type { JourneyRow, NewJourney } from './journeys.js';

/** Whether the campaign leaves this customer alone, for ever the same answer; never without a holdout. */
export function isHeldOut({ campaignRef, definition }: PublishedCampaign, customerRef: CustomerRef): boolean {
  const { holdout } = definition;
  if (!holdout) return false;
  const digest = createHash('sha256').update(lotText(campaignRef, customerRef)).digest('hex');
  return drawnOut(digest, holdout.percent);
}

/**
 * Writes down that a customer would have been admitted and is left alone; the caller holds the customer's row.
 * @returns until when they are followed
 */
export async function holdOut(sql: Sql, journey: NewJourney, definition: CampaignDefinition): Promise<Instant> {
  const { customerRef, campaignRef, version, findingId, asOf, tierRef, at } = journey;
  const until = holdoutEnd(definition, at);
  await sql.query(
    `insert into holdouts (customer_ref, campaign_ref, version, finding_id, as_of, tier_at_start, admitted_at, followed_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (campaign_ref, customer_ref, as_of) do nothing`,
    [customerRef, campaignRef, version, findingId, asOf, tierRef, timestamp(at), timestamp(until)],
  );
  return until;
}

/** Until when customers who were left alone are, or were, followed, by whatever campaign; who never was is not there. */
export async function followedUntil(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
): Promise<Map<CustomerRef, Instant>> {
  const { rows } = await sql.query<{ ref: CustomerRef; until: Instant }>(
    `select customer_ref as ref, max(followed_until) as until from holdouts where customer_ref = any($1)
      group by customer_ref`,
    [customerRefs],
  );
  return new Map(rows.map(({ ref, until }) => [ref, until]));
}

/** What a holdout says to a journey that a person wants to start: whom the lot leaves alone, staff leave alone too. */
export async function holdoutRefusals(
  sql: Sql,
  campaign: PublishedCampaign,
  customerRef: CustomerRef,
  at: Instant,
): Promise<'held-out'[]> {
  if (campaign.definition.playbook === 'credit') return [];
  const until = (await followedUntil(sql, [customerRef])).get(customerRef);
  return isHeldOut(campaign, customerRef) || (until !== undefined && until > at) ? ['held-out'] : [];
}

export interface FollowedHoldout extends Pick<
  JourneyRow,
  'customerRef' | 'admittedAt' | 'tierRankAtStart' | 'definition'
> {
  holdoutId: string;
}

/** Those who are followed still and whose goal was not met yet, by customer. */
export async function holdoutsWithGoal(sql: Sql, at: Instant): Promise<FollowedHoldout[]> {
  const { rows } = await sql.query<FollowedHoldout>(
    `select holdout_id as "holdoutId", customer_ref as "customerRef", admitted_at as "admittedAt",
            t.rank as "tierRankAtStart", v.definition
       from holdouts h
       join tiers t on t.tier_ref = h.tier_at_start
       join campaign_versions v using (campaign_ref, version)
      where goal_met_at is null and followed_until > $1 and t.rank > 0 order by customer_ref`,
    [timestamp(at)],
  );
  return rows.map((row) => ({ ...row, definition: readToday(row.definition) }));
}

/** Marks the goal of who is left alone as met, once. */
export async function markHoldoutGoal(
  sql: Sql,
  holdoutId: string,
  evidence: { by: string; daysHeld: number; periodEnd: PlainDate },
  at: Instant,
): Promise<void> {
  await sql.query(
    'update holdouts set goal_met_at = $3, goal_evidence = $2 where holdout_id = $1 and goal_met_at is null',
    [holdoutId, JSON.stringify(evidence), timestamp(at)],
  );
}
