import type { Finding } from './invariants.js';
import type { Stage } from './stage.js';

/**
 * Each reward against the bank's transactions, day by day, as they were known when it was posted: in some whole month
 * after the journey began the balance stood at the tier's threshold for the days asked, and the month's average reached
 * it, or reaches it whatever comes. A journey that earned one has it, or a recorded reason why not.
 */
export async function rewardsOnceAndEarned(stage: Stage): Promise<Finding> {
  const { rows } = await stage.owner.query<RewardRow>(REWARDS);
  const against = rows.flatMap(({ account, postings, earned, points, promised, withheld }) => [
    ...(postings > 1 ? [`${account} was rewarded ${postings} times`] : []),
    ...(postings > 0 && points !== promised ? [`${account} got ${points} points instead of ${promised}`] : []),
    ...(postings > 0 && withheld ? [`${account} was rewarded though the campaign's rule had withheld it`] : []),
    ...(postings > 0 && !earned ? [`${account} was rewarded without having held the balance`] : []),
    ...(postings === 0 && earned && !withheld ? [`${account} earned a reward and got neither that nor a reason`] : []),
  ]);
  const posted = rows.filter((row) => row.postings > 0);
  return { looked: posted.length, against };
}

interface RewardRow {
  account: string;
  postings: number;
  earned: boolean;
  points: bigint;
  promised: bigint;
  withheld: boolean;
}

/** The last day of the bank's data at an instant is the day before it in the bank's zone; $-free, as it looks at everything. */
const REWARDS = `
with bank as (
  select zone, data_until from installation
), credited as (
  select to_account as account, count(*)::int as postings, sum(amount)::bigint as points, min(posted_at) as posted_at
    from postings where to_account like 'customer:%' and kind = 'grant' group by to_account
), owed as (
  select coalesce(c.account, 'customer:' || j.customer_ref) as account, coalesce(c.postings, 0) as postings,
         coalesce(c.points, 0) as points, j.customer_ref, j.admitted_at at time zone bank.zone as admitted_at, t.threshold_minor,
         least((coalesce(c.posted_at, j.closed_at) at time zone bank.zone)::date - 1, bank.data_until) as known_until,
         (v.definition -> 'goal' ->> 'heldDays')::int as held_days,
         coalesce((v.definition -> 'reward' ->> 'points')::bigint, 0) as promised,
         exists (select 1 from decisions d where d.journey_id = j.journey_id and d.kind = 'settlement' and d.reasons ? 'reward-withhold') as withheld
    from credited c
    full join (select * from journeys where closed_at is not null) j on c.account = 'customer:' || j.customer_ref
    left join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
    left join tiers t on t.tier_ref = j.tier_at_start
   cross join bank
), daily as (
  select o.account, date_trunc('month', d)::date as month, o.threshold_minor, o.held_days,
         d::date <= o.known_until as known,
         (select coalesce(sum(amount_minor), 0) from transactions x join accounts a using (account_ref)
           where a.customer_ref = o.customer_ref and a.qualifies and x.booked_on <= d::date) as balance
    from owed o
   cross join lateral generate_series(date_trunc('month', o.admitted_at) + interval '1 month',
                                      date_trunc('month', o.known_until) + interval '1 month' - interval '1 day', '1 day') as d
   where o.promised > 0
), monthly as (
  select account, month, threshold_minor, held_days,
         sum(case when known then balance else 0 end) / count(*) as secured_average,
         count(*) filter (where known and balance >= threshold_minor) as days_held
    from daily group by account, month, threshold_minor, held_days
)
select o.account, o.postings, o.points, o.promised, o.withheld,
       exists (select 1 from monthly m where m.account = o.account and m.secured_average >= m.threshold_minor
                 and m.days_held >= m.held_days) as earned
  from owed o`;

/** Over the accounts that the books know: what went in and what came out cancel, and none that is guarded is below zero. */
export async function ledgerSumZero(stage: Stage): Promise<Finding> {
  const { rows } = await stage.owner.query<{ account: string; balance: bigint; guarded: boolean }>(
    `select ledger_account as account, guard <> 'none' as guarded,
            (coalesce((select sum(amount) from postings where to_account = ledger_account), 0)
             - coalesce((select sum(amount) from postings where from_account = ledger_account), 0))::bigint as balance
       from ledger_accounts`,
  );
  const sum = rows.reduce((total, row) => total + row.balance, 0n);
  const under = rows.filter((row) => row.guarded && row.balance < 0n);
  return {
    looked: rows.length,
    against: [
      ...(sum === 0n ? [] : [`the accounts sum to ${sum}`]),
      ...under.map(({ account, balance }) => `${account} is at ${balance}`),
    ],
  };
}
