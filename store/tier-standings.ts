import { newMemory, ruleName, type Tier, type TierMemory } from '../domain/tier-rules.js';
import { periodAt } from '../domain/tier-periods.js';
import { tierStanding, type TierStanding } from '../domain/tier-standing.js';
import type { CustomerRef, PlainDate, TierRef } from '../domain/types.js';
import { balanceWindows } from './balances.js';
import type { Sql } from './database.js';
import { installedTierRule, readTiers } from './tier-rules.js';

/** `daysAtThreshold` makes a row for each customer and day, so it looks back this many days at most. */
export const MAX_HELD_DAYS = 800;

/** $1 as-of day, $2 customer refs or null. The lowest tier is everybody's until something else is written. */
const CURRENT_TIERS = `
select c.customer_ref,
       coalesce(h.tier_ref, (select tier_ref from tiers order by rank limit 1)) as tier_ref,
       e.memory, e.rule
  from customers c
  left join lateral (
    select tier_ref from tier_history where customer_ref = c.customer_ref and from_on <= $1
     order by from_on desc limit 1) h on true
  left join lateral (
    select memory, rule_ref || '@' || rule_version as rule from tier_evaluations
     where customer_ref = c.customer_ref and period_end < $1
     order by period_end desc limit 1) e on true
 where c.customer_since <= $1 and c.erased_at is null and ($2::text[] is null or c.customer_ref = any($2))`;

/** $1 first day, $2 last day, $3 customers, $4 their thresholds. */
const DAYS_AT_THRESHOLD = `
with asked as (
  select customer_ref, threshold from unnest($3::text[], $4::bigint[]) as a (customer_ref, threshold)
), before as (
  select customer_ref, sum(amount_minor) as amount from qualifying_movements
   where customer_ref = any($3) and booked_on < $1 group by customer_ref
), moved as (
  select customer_ref, booked_on, sum(amount_minor) as amount from qualifying_movements
   where customer_ref = any($3) and booked_on between $1 and $2 group by customer_ref, booked_on
), daily as (
  select a.customer_ref, a.threshold,
         coalesce(b.amount, 0)
         + coalesce(sum(m.amount) over (partition by a.customer_ref order by d.day), 0) as balance
    from asked a
   cross join generate_series($1::date, $2::date, interval '1 day') as d (day)
    left join before b using (customer_ref)
    left join moved m on m.customer_ref = a.customer_ref and m.booked_on = d.day::date
)
select customer_ref, count(*)::integer as days from daily where balance >= threshold group by customer_ref`;

async function daysAtThreshold(
  sql: Sql,
  from: PlainDate,
  asOf: PlainDate,
  tiers: ReadonlyMap<CustomerRef, Tier>,
): Promise<Map<CustomerRef, number>> {
  const { rows } = await sql.query<{ customer_ref: CustomerRef; days: number }>(DAYS_AT_THRESHOLD, [
    from,
    asOf,
    [...tiers.keys()],
    [...tiers.values()].map((tier) => tier.threshold),
  ]);
  return new Map(rows.map((row) => [row.customer_ref, row.days]));
}

/**
 * Where customers stand in the period that runs on `asOf`, at the end of that day. Customers who are not customers yet,
 * or were erased, are left out. A customer whose first, partial month is running is shown all the same, though that
 * month will not be evaluated.
 *
 * @param heldSince count the days from here (not from further back than MAX_HELD_DAYS) on which the balance stood at or
 *                  above the threshold; asked for few customers only, as it makes a row for each day
 * @throws Error when the installation, its rule or its tiers are missing; RangeError when heldSince is too far back
 */
export async function tierStandings(
  sql: Sql,
  asked: { asOf: PlainDate; customerRefs?: readonly CustomerRef[]; heldSince?: PlainDate },
): Promise<TierStanding[]> {
  const { asOf, customerRefs, heldSince } = asked;
  const rule = await installedTierRule(sql);
  const tiers = await readTiers(sql);
  const period = periodAt(rule, asOf);
  const { rows } = await sql.query<{
    customer_ref: CustomerRef;
    tier_ref: TierRef;
    memory: TierMemory | null;
    rule: string | null;
  }>(CURRENT_TIERS, [asOf, customerRefs ?? null]);
  const tierByRef = new Map(tiers.map((tier) => [tier.tierRef, tier]));
  const current = new Map<CustomerRef, Tier>();
  const memories = new Map<CustomerRef, TierMemory>();
  for (const row of rows) {
    const tier = tierByRef.get(row.tier_ref);
    if (tier) current.set(row.customer_ref, tier);
    // what another rule remembered means nothing to this one
    if (row.memory && row.rule === ruleName(rule)) memories.set(row.customer_ref, row.memory);
  }
  const held = heldSince
    ? await daysAtThreshold(sql, notTooFar(heldSince, asOf), asOf, current)
    : new Map<CustomerRef, number>();
  const windows = await balanceWindows(sql, [{ start: period.start, end: asOf }], customerRefs);
  return windows.flatMap((window) => {
    const tier = current.get(window.customerRef);
    if (!tier) return [];
    return tierStanding(rule, tiers, {
      customerRef: window.customerRef,
      tier,
      memory: memories.get(window.customerRef) ?? newMemory(),
      period,
      asOf,
      balanceDays: window.balanceDays,
      balance: window.closingBalance,
      daysAtThreshold: held.get(window.customerRef) ?? 0,
    });
  });
}

function notTooFar(heldSince: PlainDate, asOf: PlainDate): PlainDate {
  const days = (Date.parse(asOf) - Date.parse(heldSince)) / 86_400_000;
  if (days > MAX_HELD_DAYS)
    throw new RangeError(`days at the threshold are counted over ${MAX_HELD_DAYS} days at most, not over ${days}`);
  return heldSince;
}
