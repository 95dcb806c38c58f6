import { DORMANT, MATURING } from '../../domain/triggers.js';
import type { Trigger } from '../../domain/trigger-names.js';
import type { DetectionQuery } from './query.js';
import { SCOPE } from './query.js';

/** $2 silence and $3 oldest silence in days, $4 what counts as activity, $5 days of a month, $6 of $7 months. */
export const DORMANT_QUERY: DetectionQuery = {
  trigger: 'dormant',
  text: `with ${SCOPE}, active as (
  select distinct a.customer_ref, t.booked_on
    from transactions t
    join accounts a using (account_ref)
    join scope using (customer_ref)
   where t.category = any($4) and t.booked_on <= $1::date
     and t.booked_on > $1::date - $3::integer - $5::integer * $7::integer
), latest as (
  select customer_ref, max(booked_on) as last_on from active group by customer_ref
), habit as (
  select customer_ref, last_on, count(distinct (last_on - booked_on) / $5::integer) as months
    from active join latest using (customer_ref)
   where booked_on > last_on - $5::integer * $7::integer
     and $1::date - last_on between $2::integer and $3::integer
   group by customer_ref, last_on
)
select customer_ref, least(100, 50 + ($1::date - last_on - $2::integer) / 3)::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'silent', 'numbers', jsonb_build_object(
         'lastOn', last_on, 'daysSince', $1::date - last_on, 'activeMonths', months, 'ofMonths', $7::integer))) as reasons
  from habit
 where months >= $6::integer`,
  values: (asOf) => [
    asOf,
    DORMANT.silentDays,
    DORMANT.newsDays,
    DORMANT.ownActivity,
    DORMANT.monthDays,
    DORMANT.activeMonths,
    DORMANT.ofMonths,
  ],
};

/**
 * $2 the days ahead, $3 the nearer days: a customer with anything that matures within those belongs to the other
 * trigger. $4 the score to start from; what matures as a share of the qualifying balance adds up to 30.
 */
const maturing = (trigger: Trigger, days: number, nearer: number, from: number): DetectionQuery => ({
  trigger,
  text: `with ${SCOPE}, due as (
  select p.customer_ref, sum(p.principal_minor) as principal, min(p.matures_on) as first_on, count(*) as products
    from products_held p
    join scope using (customer_ref)
   where p.opened_on <= $1::date and p.matures_on between $1::date and $1::date + $2::integer
     and (p.renewal_agreed_on is null or p.renewal_agreed_on > $1::date)
   group by p.customer_ref
  having $3::integer is null or min(p.matures_on) > $1::date + $3::integer
), held as (
  select d.customer_ref, coalesce(sum(m.amount_minor), 0) as balance
    from due d
    left join qualifying_movements m on m.customer_ref = d.customer_ref and m.booked_on <= $1::date
   group by d.customer_ref
)
select customer_ref,
       ($4::integer + case when h.balance > 0 then least(30, d.principal * 30 / h.balance) else 30 end)::integer as score,
       jsonb_build_array(jsonb_build_object('code', 'matures-unrenewed', 'numbers', jsonb_build_object(
         'principal', d.principal::text, 'balance', h.balance::text, 'maturesOn', d.first_on,
         'daysLeft', d.first_on - $1::date, 'products', d.products))) as reasons
  from due d
  join held h using (customer_ref)`,
  values: (asOf) => [asOf, days, nearer < 0 ? null : nearer, from],
});

export const MATURING_7_QUERY = maturing('maturing-7', MATURING.soonDays, -1, 65);
export const MATURING_30_QUERY = maturing('maturing-30', MATURING.laterDays, MATURING.soonDays, 45);
