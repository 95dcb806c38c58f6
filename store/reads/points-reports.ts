/** What the bank owes in points, what of it will expire, and what of what was issued did. */
import type { Instant, PlainDate, Points, ZoneId } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';
import { lotsByExpiry, type ExpiryMonth } from '../expiry.js';

const whenever = (asOf: Instant | undefined): Date | string => (asOf === undefined ? 'infinity' : timestamp(asOf));

/** Where all points are that were ever issued: issued is the sum of all others. */
export interface Liability {
  issued: bigint;
  /** in customers' accounts */
  spendable: bigint;
  /** held of customers for orders that are under way */
  held: bigint;
  /** what the bank owes: spendable and held */
  owed: bigint;
  /** customers to whom it is owed */
  customers: number;
  /** promised by campaigns to customers who must earn it first; not owed yet */
  reserved: bigint;
  /** what campaigns may still promise */
  inBudgets: bigint;
  redeemed: bigint;
  expired: bigint;
}

const LIABILITY = `
with legs as (
  select to_account as account, amount from postings where unit = 'points' and posted_at <= $1
  union all
  select from_account, -amount from postings where unit = 'points' and posted_at <= $1
), balances as (
  select split_part(account, ':', 1) as kind, account, sum(amount) as balance from legs group by account
)
select (-coalesce(sum(balance) filter (where kind = 'issuance'), 0))::bigint as issued,
       coalesce(sum(balance) filter (where kind = 'customer'), 0)::bigint as spendable,
       coalesce(sum(balance) filter (where kind = 'held'), 0)::bigint as held,
       coalesce(sum(balance) filter (where kind in ('customer', 'held')), 0)::bigint as owed,
       (count(distinct split_part(account, ':', 2)) filter (where kind in ('customer', 'held') and balance <> 0))::integer as customers,
       coalesce(sum(balance) filter (where kind = 'reserved'), 0)::bigint as reserved,
       coalesce(sum(balance) filter (where kind = 'campaign-budget'), 0)::bigint as "inBudgets",
       coalesce(sum(balance) filter (where kind = 'redeemed'), 0)::bigint as redeemed,
       coalesce(sum(balance) filter (where kind = 'expired'), 0)::bigint as expired
  from balances`;

/**
 * What the bank owes its customers in points.
 * @param asOf at that instant of business time, exactly; now when left out
 */
export async function readLiability(sql: Sql, asOf?: Instant): Promise<Liability> {
  const { rows } = await sql.query<Liability>(LIABILITY, [whenever(asOf)]);
  const [liability] = rows;
  if (!liability) throw new Error('the liability is not there');
  return liability;
}

/** A month in which points expire, and what customers could still spend after it. */
export interface ForecastMonth extends ExpiryMonth {
  left: bigint;
}

export interface Forecast {
  months: ForecastMonth[];
  /** points that don't expire */
  lasting: bigint;
}

/** Before and after all days that lots have. */
const ALL_DAYS = ['0001-01-01' as PlainDate, '9999-12-31' as PlainDate] as const;

/**
 * When what customers can spend expires, if none of it is spent before: by month of expiry, the first on top. A month that
 * has passed waits for the next run of expiry. Points that are held are in none: whether they come back is not known.
 * @param asOf as the books were at that instant; as they are now when left out
 */
export async function forecastExpiry(sql: Sql, spendable: bigint, asOf?: Instant): Promise<Forecast> {
  const expiring = await lotsByExpiry(sql, ...ALL_DAYS, asOf);
  let left = spendable;
  const months = expiring.map((month) => ({ ...month, left: (left -= month.points) }));
  return { months, lasting: left };
}

export interface Breakage {
  /** of the posting that gave the points, `2026-11`, in the bank's zone */
  month: string;
  /** given to customers, less what was taken back by reversal */
  issued: Points;
  /** of these, what expired */
  expired: Points;
  /** of these, what can still be spent */
  left: Points;
}

/** A posting that was reversed counts for nothing, nor does its reversal, nor an order whose points came back. */
const COUNTS = `p.kind <> 'reversal' and not exists (select from postings r where r.reverses = p.posting_id)`;

/**
 * Lots and what went out of them are laid along one line for each customer: the lots in the order in which they expire,
 * what went in the order in which it went. What an expiry covers of a lot has expired of it.
 */
const BREAKAGE = `
with lots as (
  select p.to_account as account, p.posting_id, p.posted_at, p.amount,
         sum(p.amount) over (partition by p.to_account order by p.expires_on nulls last, p.posting_id) as ends
    from postings p where p.to_account like 'customer:%' and p.kind <> 'return' and ${COUNTS}
), gone as (
  select p.from_account as account, p.kind, p.amount,
         sum(p.amount) over (partition by p.from_account order by p.posting_id) as ends
    from postings p
   where p.from_account like 'customer:%' and ${COUNTS}
     and not (p.kind = 'hold' and exists (
       select from postings b where b.idempotency_key = 'return:' || substr(p.idempotency_key, 6) and b.kind = 'return'
          and not exists (select from postings r where r.reverses = b.posting_id)))
), totals as (
  select account, sum(amount) as amount from gone group by account
), lapsed as (
  select l.posting_id, sum(least(l.ends, e.ends) - greatest(l.ends - l.amount, e.ends - e.amount)) as expired
    from lots l join gone e on e.account = l.account and e.kind = 'expire'
     and e.ends > l.ends - l.amount and e.ends - e.amount < l.ends
   group by l.posting_id
), by_lot as (
  select l.posted_at, l.amount, coalesce(e.expired, 0) as expired,
         l.amount - greatest(0, least(l.amount, coalesce(t.amount, 0) - (l.ends - l.amount))) as remaining
    from lots l left join totals t using (account) left join lapsed e using (posting_id)
)
select to_char(posted_at at time zone $1, 'YYYY-MM') as month, sum(amount)::bigint as issued,
       sum(expired)::bigint as expired, sum(remaining)::bigint as left
  from by_lot group by 1 order by 1`;

/**
 * What of the points that customers got in a month expired since, by month of getting. The rest is spent, or held for orders that
 * are under way.
 * @param zone the bank's: in it the months are counted
 */
export async function readBreakage(sql: Sql, zone: ZoneId): Promise<Breakage[]> {
  const { rows } = await sql.query<Breakage>(BREAKAGE, [zone]);
  return rows;
}
