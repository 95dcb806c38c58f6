import { floorDiv } from '../domain/tier-standing.js';
import type { Period } from '../domain/tier-periods.js';
import { addDays, daysBetween, type CustomerRef, type Minor, type PlainDate } from '../domain/types.js';
import type { Sql } from './database.js';

/** One customer's qualifying balance over one window of days. Money is in minor units. */
export interface BalanceWindow {
  customerRef: CustomerRef;
  start: PlainDate;
  end: PlainDate;
  /** sum of the end-of-day balances of the window's days, both ends included */
  balanceDays: bigint;
  /** at the end of the window's last day */
  closingBalance: Minor;
}

/**
 * Balance-days of every customer (or of those asked for) in every window, without a row for each day: a movement counts
 * once for each day of the window on or after its booking. With A(d) the sum of the movements up to day d and W(d) the sum
 * of movement × booking day, all days before d's end hold F(d) = (d + 1) × A(d) − W(d) balance-days, and the window
 * [a, b] holds F(b) − F(a − 1). So one pass over the movements serves any number of windows.
 *
 * $1 the window's starts, $2 its ends, $3 customer refs or null, $4 last days of the F needed, sorted, each once.
 */
const BALANCE_WINDOWS = `
with scope as (
  select customer_ref from customers
   where ($3::text[] is null or customer_ref = any($3)) and erased_at is null
), moved as (
  -- slot n: booked after n of the days in $4, so it counts in F of day n + 1 and later
  select customer_ref, width_bucket(booked_on - 1, $4::date[]) as slot,
         sum(amount_minor) as amount, sum(amount_minor * (booked_on - date '1970-01-01')) as weighted
    from qualifying_movements
   where booked_on <= (select max(day) from unnest($2::date[]) as day)
     and ($3::text[] is null or customer_ref = any($3))
   group by 1, 2
), days as (
  select day, n::integer - 1 as slot from unnest($4::date[]) with ordinality as listed (day, n)
), until_day as (
  select s.customer_ref, d.day,
         coalesce(sum(m.amount) over so_far, 0) as amount,
         coalesce(sum(m.weighted) over so_far, 0) as weighted
    from scope s
   cross join days d
    left join moved m on m.customer_ref = s.customer_ref and m.slot = d.slot
  window so_far as (partition by s.customer_ref order by d.day)
)
select w.start_on, w.end_on, later.customer_ref, later.amount::bigint as closing,
       (((w.end_on - date '1970-01-01' + 1) * later.amount - later.weighted)
        - ((w.start_on - date '1970-01-01') * earlier.amount - earlier.weighted))::text as balance_days
  from unnest($1::date[], $2::date[]) as w (start_on, end_on)
  join until_day later on later.day = w.end_on
  join until_day earlier on earlier.customer_ref = later.customer_ref and earlier.day = w.start_on - 1
  join customers c on c.customer_ref = later.customer_ref and c.customer_since <= w.end_on
 order by later.customer_ref, w.end_on`;

/**
 * Qualifying balances over windows of days, for customers who are customers at the window's end and not erased.
 * @param customerRefs everybody when left out
 * @returns one row for each customer and window, by customer and end of the window
 */
export async function balanceWindows(
  sql: Sql,
  windows: readonly Period[],
  customerRefs?: readonly CustomerRef[],
): Promise<BalanceWindow[]> {
  if (windows.length === 0) return [];
  const days = [...new Set(windows.flatMap((window) => [addDays(window.start, -1), window.end]))].sort();
  const { rows } = await sql.query<{
    customer_ref: CustomerRef;
    start_on: PlainDate;
    end_on: PlainDate;
    closing: bigint;
    balance_days: string;
  }>(BALANCE_WINDOWS, [windows.map((w) => w.start), windows.map((w) => w.end), customerRefs ?? null, days]);
  return rows.map((row) => ({
    customerRef: row.customer_ref,
    start: row.start_on,
    end: row.end_on,
    balanceDays: BigInt(row.balance_days),
    closingBalance: row.closing as Minor,
  }));
}

/** The average of the end-of-day qualifying balances over a period, rounded down to a minor unit. */
export interface PeriodAverage {
  customerRef: CustomerRef;
  start: PlainDate;
  end: PlainDate;
  average: Minor;
}

/** The average qualifying balance of every customer in every period; see balanceWindows for who is left out. */
export async function periodAverages(
  sql: Sql,
  periods: readonly Period[],
  customerRefs?: readonly CustomerRef[],
): Promise<PeriodAverage[]> {
  const windows = await balanceWindows(sql, periods, customerRefs);
  return windows.map(({ customerRef, start, end, balanceDays }) => ({
    customerRef,
    start,
    end,
    average: floorDiv(balanceDays, BigInt(daysBetween(start, end) + 1)) as Minor,
  }));
}
