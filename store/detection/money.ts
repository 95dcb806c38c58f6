import { monthEnd } from '../../domain/tier-periods.js';
import { CARD_OVERUSED, LARGE_OUTFLOW, NEGATIVE_BALANCE } from '../../domain/triggers.js';
import type { DetectionQuery } from './query.js';
import { OWN_SIDE, SCOPE } from './query.js';

/**
 * $2 window and $3 history in days, $4 to $6 categories that leave, spend and arrive, $7 percent of the balance,
 * $8 times the usual. Spending counts only where the qualifying balance fell from the tier's threshold to below it.
 */
export const LARGE_OUTFLOW_QUERY: DetectionQuery = {
  trigger: 'large-outflow',
  text: `with ${SCOPE}, flows as (
  select a.customer_ref,
         coalesce(sum(t.amount_minor) filter (where t.booked_on <= $1::date - $2::integer), 0) as held,
         coalesce(sum(-t.amount_minor) filter (where n.recent and t.category = any($4) and t.amount_minor < 0), 0) as left_now,
         coalesce(sum(-t.amount_minor) filter (where n.past and t.category = any($4) and t.amount_minor < 0), 0) as left_before,
         coalesce(sum(-t.amount_minor) filter (where n.recent and t.category = any($5) and t.amount_minor < 0), 0) as spent_now,
         coalesce(sum(-t.amount_minor) filter (where n.past and t.category = any($5) and t.amount_minor < 0), 0) as spent_before,
         coalesce(sum(t.amount_minor) filter (where n.recent and t.category = any($6) and t.amount_minor > 0), 0) as arrived_now,
         coalesce(sum(t.amount_minor) filter (where n.past and t.amount_minor > 0), 0) as credits_before
    from transactions t
    join accounts a using (account_ref)
    join scope using (customer_ref)
   cross join lateral (
     select t.booked_on > $1::date - $2::integer and not own as recent,
            t.booked_on > $1::date - $2::integer - $3::integer and t.booked_on <= $1::date - $2::integer and not own as past
       from (select t.counterparty_account_ref is not null and ${OWN_SIDE} as own) o) n
   where a.kind <> 'credit-card' and t.booked_on <= $1::date
   group by a.customer_ref
  having min(a.opened_on) <= $1::date - $2::integer - $3::integer
     and sum(-t.amount_minor) filter (where n.recent and t.amount_minor < 0) > 0
), standing as (
  select f.customer_ref, ti.threshold_minor as threshold, q.before, q.now,
         ti.threshold_minor > 0 and q.before >= ti.threshold_minor and q.now < ti.threshold_minor as tier_touched
    from flows f
    join lateral (
      select tier_ref from tier_history h where h.customer_ref = f.customer_ref and h.from_on <= $1::date
       order by from_on desc limit 1) h on true
    join tiers ti using (tier_ref)
    join lateral (
      select coalesce(sum(amount_minor) filter (where booked_on <= $1::date - $2::integer), 0) as before,
             coalesce(sum(amount_minor), 0) as now
        from qualifying_movements m where m.customer_ref = f.customer_ref and m.booked_on <= $1::date) q on true
   where f.spent_now > 0
), net as (
  select f.customer_ref, f.held, f.credits_before, f.arrived_now, coalesce(s.tier_touched, false) as tier_touched,
         f.left_now + case when s.tier_touched then f.spent_now else 0 end as gone,
         f.left_before + case when s.tier_touched then f.spent_before else 0 end as gone_before
    from flows f
    left join standing s using (customer_ref)
)
select customer_ref, least(100, 50 + (gone - arrived_now) * 50 / held)::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'large-outflow', 'numbers', jsonb_build_object(
         'gone', gone::text, 'arrived', arrived_now::text, 'heldBefore', held::text, 'goneBefore', gone_before::text,
         'creditsBefore', credits_before::text, 'windowDays', $2::integer, 'beforeDays', $3::integer,
         'spendingCounts', tier_touched::integer))) as reasons
  from net
 where held > 0 and (gone - arrived_now) * 100 >= held * $7::integer
   and (gone - arrived_now) * $3::integer >= gone_before * $2::integer * $8::integer
   and (gone - arrived_now) * $3::integer >= credits_before * $2::integer`,
  values: (asOf) => [
    asOf,
    LARGE_OUTFLOW.windowDays,
    LARGE_OUTFLOW.historyDays,
    LARGE_OUTFLOW.leaving,
    LARGE_OUTFLOW.spending,
    LARGE_OUTFLOW.arriving,
    LARGE_OUTFLOW.ofBalancePercent,
    LARGE_OUTFLOW.timesUsual,
  ],
};

/** $2 days. */
export const NEGATIVE_BALANCE_QUERY: DetectionQuery = {
  trigger: 'negative-balance',
  text: `with ${SCOPE}
select customer_ref, least(100, 60 + 10 * count(*))::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'penalty-interest', 'numbers', jsonb_build_object(
         'charged', (-sum(t.amount_minor))::text, 'times', count(*), 'lastOn', max(t.booked_on),
         'windowDays', $2::integer))) as reasons
  from transactions t
  join accounts a using (account_ref)
  join scope using (customer_ref)
 where t.category = 'penalty-interest' and t.booked_on > $1::date - $2::integer and t.booked_on <= $1::date
 group by customer_ref`,
  values: (asOf) => [asOf, NEGATIVE_BALANCE.windowDays],
};

/** $2 the days to look at, $3 percent of the limit, $4 on how many of the days. The worst card of a customer counts. */
export const CARD_OVERUSED_QUERY: DetectionQuery = {
  trigger: 'card-overused',
  text: `with ${SCOPE}, used as (
  select a.customer_ref, a.account_ref, a.credit_limit_minor as credit_limit, d.day,
         greatest(0, -coalesce(sum(t.amount_minor), 0)) as used
    from accounts a
    join scope using (customer_ref)
   cross join unnest($2::date[]) as d (day)
    left join transactions t on t.account_ref = a.account_ref and t.booked_on <= d.day
   where a.kind = 'credit-card' and a.credit_limit_minor > 0
     and a.opened_on <= $1::date and (a.closed_on is null or a.closed_on > $1::date)
   group by a.account_ref, d.day
), cards as (
  select customer_ref, account_ref, credit_limit, max(used) as most,
         coalesce(max(used) filter (where day = $1::date), 0) as now,
         count(*) filter (where used * 100 > credit_limit * $3::integer) as times
    from used group by customer_ref, account_ref, credit_limit
), worst as (
  select distinct on (customer_ref) *
    from cards where times >= $4::integer
   order by customer_ref, most * 100 / credit_limit desc, account_ref
)
select customer_ref, least(100, 60 + (most * 100 / credit_limit - $3::integer))::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'card-overused', 'numbers', jsonb_build_object(
         'limit', credit_limit::text, 'usedNow', now::text, 'usedMost', most::text, 'times', times,
         'abovePercent', $3::integer))) as reasons
  from worst`,
  values: (asOf) => [
    asOf,
    [asOf, monthEnd(asOf, -1), monthEnd(asOf, -2)],
    CARD_OVERUSED.percent,
    CARD_OVERUSED.timesOver,
  ],
};
