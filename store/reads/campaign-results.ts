/** What became of a campaign's customers, of those it spoke to and of those it left alone. */
import type { Share } from '../../domain/uplift.js';
import { days, DAY_MS, type CampaignRef, type Instant, type ZoneId } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';

/** Days after the first evaluation at which a tier must stand again. */
export const AGAIN_DAYS = days(90) / DAY_MS;

/** Customers of one kind; each counts once, with what the lot, or else the campaign, first did with them. */
export interface ResultGroup {
  customers: number;
  /** the journey, or the time of following, is not over */
  running: number;
  /** it is over, and no evaluation has come since */
  notEvaluated: number;
  /** of all, those whose goal was met while they were in the journey, or followed */
  goalMet: number;
  /** the tier stood at the first evaluation after the end */
  first: Share;
  /** it stood then and again at the first evaluation AGAIN_DAYS after that one or later */
  again: Share;
}

export interface CampaignResults {
  /** admitted by lot and spoken to, whatever became of their journeys (intention to treat) */
  treated: ResultGroup;
  /** left alone by the same lot */
  holdout: ResultGroup;
  /** journeys without a lot: begun by hand, or by a version without a holdout. They are compared with nobody. */
  others: ResultGroup;
}

interface Row {
  arm: keyof CampaignResults;
  customers: number;
  running: number;
  goal_met: number;
  first_known: number;
  first_kept: number;
  again_known: number;
  again_kept: number;
}

/**
 * A journey that was moved to another version was admitted by the one it began with. An entry that the lot decided goes
 * before one that it didn't, and of those the earliest: who was left alone once and spoken to later counts as left alone.
 */
const RESULTS = `
with entries as (
  select j.customer_ref, tier_at_start, admitted_at, goal_met_at, closed_at as ended_at,
         case when finding_id is not null and v.definition ? 'holdout' then 'treated' else 'others' end as arm
    from journeys j
    left join lateral (select from_version from journey_moves m where m.journey_id = j.journey_id
                        order by move_id limit 1) moved on true
    join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = coalesce(moved.from_version, j.version)
   where j.campaign_ref = $1
  union all
  select customer_ref, tier_at_start, admitted_at, goal_met_at, case when least(goal_met_at, followed_until) <= $2 then least(goal_met_at, followed_until) end, 'holdout'
    from holdouts where campaign_ref = $1
), counted as (
  select distinct on (customer_ref) * from entries order by customer_ref, arm = 'others', admitted_at
), judged as (
  select arm, ended_at, goal_met_at, first.period_end is not null as first_known, first.rank >= start.rank as first_kept,
         again.rank is not null as again_known, again.rank >= start.rank and first.rank >= start.rank as again_kept
    from counted c
    join tiers start on start.tier_ref = c.tier_at_start
    left join lateral (
      select period_end, rank from tier_evaluations e join tiers t on t.tier_ref = e.tier_after
       where e.customer_ref = c.customer_ref and period_end > (c.ended_at at time zone $3)::date
       order by period_end limit 1) first on true
    left join lateral (
      select rank from tier_evaluations e join tiers t on t.tier_ref = e.tier_after
       where e.customer_ref = c.customer_ref and period_end >= first.period_end + $4::int
       order by period_end limit 1) again on true
)
select arm, count(*)::int as customers, count(*) filter (where ended_at is null)::int as running, count(goal_met_at)::int as goal_met,
       count(*) filter (where first_known)::int as first_known, count(*) filter (where first_kept)::int as first_kept,
       count(*) filter (where again_known)::int as again_known, count(*) filter (where again_kept)::int as again_kept
  from judged group by arm`;

/**
 * Whether tiers were kept: the rank at the beginning, or a higher one, at the first evaluation of a period that ends after
 * the journey's end (of the holdout: after the time of following), and again 90 days later. Early falls do not count into
 * `again` before its evaluation has come: those that stand would still be waiting.
 * @param zone the bank's, in which a journey's last day is told
 */
export async function readCampaignResults(
  sql: Sql,
  campaignRef: CampaignRef,
  at: Instant,
  zone: ZoneId,
): Promise<CampaignResults> {
  const { rows } = await sql.query<Row>(RESULTS, [campaignRef, timestamp(at), zone, AGAIN_DAYS]);
  const group = (arm: Row['arm']): ResultGroup => {
    const row = rows.find((one) => one.arm === arm);
    const {
      customers = 0,
      running = 0,
      goal_met = 0,
      first_known = 0,
      first_kept = 0,
      again_known = 0,
      again_kept = 0,
    } = row ?? {};
    return {
      customers,
      running,
      notEvaluated: customers - running - first_known,
      goalMet: goal_met,
      first: { successes: first_kept, of: first_known },
      again: { successes: again_kept, of: again_known },
    };
  };
  return { treated: group('treated'), holdout: group('holdout'), others: group('others') };
}
