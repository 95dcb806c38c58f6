import { INCOME } from '../../domain/triggers.js';
import type { DetectionQuery } from './query.js';
import { OWN_SIDE, SCOPE } from './query.js';

/**
 * Income by day, and by income month: month 0 is the one around the last income, month 1 the one before. The last
 * income lies in the middle of its month, so that a payday some days early or late stays in its own.
 * $2 categories of earned income, $3 the one that counts where there is none, $4 days to look back.
 */
const MONTHLY = `
with ${SCOPE}, credits as (
  select a.customer_ref, t.booked_on, t.amount_minor, t.category = any($2::text[]) as earned
    from transactions t
    join accounts a using (account_ref)
    join scope using (customer_ref)
   where t.amount_minor > 0 and t.booked_on > $1::date - $4::integer and t.booked_on <= $1::date
     and (t.category = any($2::text[]) or t.category = $3) and not ${OWN_SIDE}
), income as (
  select customer_ref, booked_on, sum(amount_minor)::bigint as amount
    from (select c.*, bool_or(earned) over (partition by customer_ref) as any_earned from credits c) c
   where earned or not any_earned
   group by customer_ref, booked_on
), latest as (
  select customer_ref, max(booked_on) as last_on from income group by customer_ref
), livelihood as (
  select customer_ref, bool_or(earned) as earned from credits group by customer_ref
), monthly as materialized (
  select customer_ref, last_on, (last_on - booked_on + 15) * 100 / 3044 as month, sum(amount)::bigint as amount
    from income join latest using (customer_ref)
   group by 1, 2, 3
), regular as materialized (
  select customer_ref, last_on
    from monthly where month < $5::integer
   group by customer_ref, last_on
  having count(*) >= $6::integer
)`;

const monthlyValues = (asOf: string): unknown[] => [
  asOf,
  INCOME.earned,
  INCOME.otherwise,
  INCOME.lookBackDays,
  INCOME.ofMonths,
  INCOME.regularMonths,
];

/**
 * Regular income, and none for longer than a month and a late payday, nor for longer than the longest pause of the half
 * year before and a late payday; not where it paused as long at the same time a year ago.
 */
export const INCOME_STOPPED: DetectionQuery = {
  trigger: 'income-stopped',
  text: `${MONTHLY}, gaps as (
  select customer_ref, booked_on as from_on,
         lead(booked_on) over (partition by customer_ref order by booked_on) - booked_on as days
    from income
), pauses as (
  select g.customer_ref, greatest($7::integer, max(g.days) + $10::integer) as allowed
    from gaps g join latest l using (customer_ref)
   where g.from_on >= l.last_on - $8::integer and g.from_on < l.last_on
   group by g.customer_ref
), usual as (
  select customer_ref, percentile_disc(0.5) within group (order by amount) as median
    from monthly where month between 0 and $9::integer - 1 group by customer_ref
)
select r.customer_ref, 75 + least(25, ($1::date - r.last_on - p.allowed) / 4) as score,
       jsonb_build_array(jsonb_build_object('code', 'income-stopped', 'numbers', jsonb_build_object(
         'lastOn', r.last_on, 'daysSince', $1::date - r.last_on, 'daysAllowed', p.allowed,
         'usualMonth', u.median::text, 'now', '0'))) as reasons
  from regular r
  join usual u using (customer_ref)
  join pauses p using (customer_ref)
 where $1::date - r.last_on > p.allowed and $1::date - r.last_on <= $8::integer
   and not exists (
     select from gaps g
      where g.customer_ref = r.customer_ref and g.days > $7::integer
        and g.days >= $1::date - r.last_on - 10
        and g.from_on between r.last_on - 365 - 20 and r.last_on - 365 + 20)`,
  values: (asOf) => [
    ...monthlyValues(asOf),
    INCOME.paydayEveryDays + INCOME.graceDays,
    INCOME.newsDays,
    INCOME.baseMonths,
    INCOME.graceDays,
  ],
};

/**
 * Income goes on, but its last n months (1 to 4; 2 to 4 for those who live on transfers, which come on any day) were all
 * well below the second-lowest of the months before: the lowest may have been a single bad month. Being the lowest but
 * one, it is steady where income is, so a bonus doesn't raise it, and low where income is uneven. Month 0 is taken as the
 * more generous of two readings, since a second income of the month may lie outside of it. A low month at the same time
 * a year ago is the season.
 */
export const INCOME_LOWERED: DetectionQuery = {
  trigger: 'income-lowered',
  text: `${MONTHLY}, last_days as (
  -- shorter than any month, so that it can't hold two paydays
  select customer_ref, sum(amount)::bigint as amount
    from income join latest using (customer_ref) where booked_on > last_on - 27 group by customer_ref
), received as (
  select m.customer_ref, m.month, case when m.month = 0 then greatest(m.amount, d.amount) else m.amount end as amount
    from monthly m
    join regular r using (customer_ref)
    join last_days d using (customer_ref)
   where $1::date - r.last_on <= $7::integer
), base as (
  select m.customer_ref, since.months, percentile_disc(0.5) within group (order by m.amount) as median,
         (array_agg(m.amount order by m.amount))[2] as low
    from received m
    join livelihood using (customer_ref)
    join generate_series(1, $8::integer) as since (months)
      on m.month between since.months and since.months + $9::integer - 1
     and (earned or since.months >= $11::integer)
   group by m.customer_ref, since.months
  having count(*) >= $6::integer
), judged as (
  select b.customer_ref, b.months, b.median, b.low, max(m.amount) as highest
    from base b
    join received m on m.customer_ref = b.customer_ref and m.month < b.months
   group by b.customer_ref, b.months, b.median, b.low
), year_before as (
  select customer_ref, percentile_disc(0.5) within group (order by amount) as median,
         min(amount) filter (where month between 11 and 13) as lowest
    from monthly where month between 8 and 15
   group by customer_ref
  having count(*) >= $6::integer
), lowered as (
  select distinct on (j.customer_ref) j.*
    from judged j
   where j.highest * 100 < j.low * $10::integer
   order by j.customer_ref, j.months desc
)
select l.customer_ref, least(100, 45 + (100 - l.highest * 100 / l.median) / 2)::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'income-lowered', 'numbers', jsonb_build_object(
         'usualMonth', l.median::text, 'lowMonth', l.low::text, 'now', l.highest::text, 'months', l.months, 'belowPercent', $10::integer,
         'lastOn', r.last_on))) as reasons
  from lowered l
  join regular r using (customer_ref)
  left join year_before y using (customer_ref)
 where coalesce(y.lowest * 100 > y.median * $12::integer, true)`,
  values: (asOf) => [
    ...monthlyValues(asOf),
    INCOME.paydayEveryDays + INCOME.graceDays,
    INCOME.loweredMonths,
    INCOME.baseMonths,
    INCOME.loweredPercent,
    INCOME.transferMonths,
    INCOME.seasonPercent,
  ],
};
