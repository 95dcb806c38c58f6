import type { CustomerRef, Instant, PlainDate, Points, PostingId } from '../domain/types.js';
import { timestamp, type Database, type Sql } from './database.js';
import { customerAccount, EXPIRED, postAll, type PostingKind } from './ledger.js';
import { bankDay } from './points-programmes.js';

// A lot is a posting that gave a customer points; there is no other record of it. What went out of the account is taken
// from its lots in the order in which they expire, whenever it went, so what is left of each follows from the postings.
// Points that are held for an order have gone out; those that come back by a return have not. A posting that was
// reversed counts for nothing, and neither does its reversal.

/** Customers whose lots are looked at in one statement. */
const BATCH = 2_000;
const CUSTOMER = 'customer:';
/** A balance as it is now: every posting counts, whenever it was made in business time. */
const NOW = 'infinity';

/** $1 instant: postings that count by then. */
const COUNTS = `p.kind <> 'reversal' and p.posted_at <= $1
   and not exists (select from postings r where r.reverses = p.posting_id and r.posted_at <= $1)`;

/** What the customers' accounts gave away for good or for an order, in all. */
const spent = (accounts: string): string => `
  select account, sum(amount) as amount
    from (select p.from_account as account, p.amount from postings p where p.from_account ${accounts} and ${COUNTS}
          union all
          select p.to_account, -p.amount from postings p
           where p.to_account ${accounts} and p.kind = 'return' and ${COUNTS}) gone
   group by account`;

/** The lots of which something is left. */
const remaining = (accounts: string): string => `
with lots as (
  select p.to_account as account, p.posting_id, p.kind, p.memo, p.posted_at, p.amount, p.expires_on,
         sum(p.amount) over (partition by p.to_account order by p.expires_on nulls last, p.posting_id) as up_to
    from postings p where p.to_account ${accounts} and p.kind <> 'return' and ${COUNTS}
), spent as (${spent(accounts)}), remaining as (
  select l.*, least(l.amount, l.up_to - coalesce(s.amount, 0))::bigint as remaining
    from lots l left join spent s using (account)
   where l.up_to > coalesce(s.amount, 0)
)`;

export interface RemainingLot {
  postingId: PostingId;
  kind: PostingKind;
  memo: string;
  postedAt: Instant;
  /** as it was posted */
  points: Points;
  /** 1 to points */
  remaining: Points;
  /** the last day on which it can be spent; null: it does not expire */
  expiresOn: PlainDate | null;
}

const REMAINING_OF_ONE = `${remaining('= $2')}
select posting_id as "postingId", kind, memo, posted_at as "postedAt", amount as points, remaining,
       expires_on as "expiresOn"
  from remaining order by expires_on nulls last, posting_id`;

/**
 * A customer's lots of which something is left, in the order in which they are spent; together they are the balance.
 * One that is past its day is among them until it is posted as expired.
 * @param asOf at that instant of business time, exactly; now when left out
 */
export async function remainingLots(sql: Sql, customerRef: CustomerRef, asOf?: Instant): Promise<RemainingLot[]> {
  const { rows } = await sql.query<RemainingLot>(REMAINING_OF_ONE, [
    asOf === undefined ? NOW : timestamp(asOf),
    customerAccount(customerRef),
  ]);
  return rows;
}

export interface ExpiryMonth {
  /** `2026-11` */
  month: string;
  customers: number;
  points: Points;
}

const BY_MONTH = `${remaining(`like '${CUSTOMER}%'`)}
select to_char(expires_on, 'YYYY-MM') as month, count(distinct account)::integer as customers,
       sum(remaining)::bigint as points
  from remaining where expires_on between $2 and $3 group by 1 order by 1`;

/**
 * What is left of all customers' lots that expire from `from` to `to`, both included, by month: what will expire unless
 * it is spent. A month in which nothing expires is left out.
 * @param asOf as the books were at that instant; as they are now when left out
 */
export async function lotsByExpiry(sql: Sql, from: PlainDate, to: PlainDate, asOf?: Instant): Promise<ExpiryMonth[]> {
  const { rows } = await sql.query<ExpiryMonth>(BY_MONTH, [asOf === undefined ? NOW : timestamp(asOf), from, to]);
  return rows;
}

export interface Expired {
  customers: number;
  points: bigint;
}

/**
 * Posts as expired what is left of lots whose last day was before `asOf`. A second time posts nothing; what comes back
 * from an order after its lot's day expires on the next run.
 * @param asOf no later than the day of `at` in the bank's zone, or it is taken for that day: nothing expires before its day
 */
export async function expirePoints(
  database: Database,
  { asOf, at }: { asOf: PlainDate; at: Instant },
): Promise<Expired> {
  const today = await bankDay(database, at);
  const before = asOf < today ? asOf : today;
  const total: Expired = { customers: 0, points: 0n };
  for (let last = ''; ;) {
    const accounts = await accountsWithLots(database, { from: null, to: before, last });
    if (accounts.length === 0) return total;
    const lapsed = (await lapsedLots(database, accounts, before)).map(({ account }) => account);
    if (lapsed.length > 0)
      for (const { points } of await database.transaction((sql) => expireBatch(sql, lapsed, before, at))) {
        total.customers += 1;
        total.points += points;
      }
    last = accounts.at(-1) ?? '';
  }
}

/** The next accounts in which lots expire from `from` (included) to `to` (not included). */
async function accountsWithLots(
  sql: Sql,
  { from, to, last }: { from: PlainDate | null; to: PlainDate; last: string },
): Promise<string[]> {
  const { rows } = await sql.query<{ account: string }>(
    `select to_account as account from postings
      where expires_on >= coalesce($1::date, '-infinity') and expires_on < $2 and to_account > $3
      group by to_account order by to_account limit $4`,
    [from, to, last, BATCH],
  );
  return rows.map(({ account }) => account);
}

interface Lapsed {
  account: string;
  points: Points;
  lastDay: PlainDate;
  /** how often points of the account have expired already */
  times: number;
}

/** All lots that are past their day come before all others, so what is left of them is what they were less all that went out. */
const LAPSED = `
with lapsed as (
  select p.to_account as account, sum(p.amount) as amount, max(p.expires_on) as last_day
    from postings p where p.to_account = any($2) and p.expires_on < $3 and p.kind <> 'return' and ${COUNTS}
   group by p.to_account
), spent as (${spent('= any($2)')})
select l.account, (l.amount - coalesce(s.amount, 0))::bigint as points, l.last_day as "lastDay",
       (select count(*)::integer from postings p where p.from_account = l.account and p.kind = 'expire') as times
  from lapsed l left join spent s on s.account = l.account
 where l.amount > coalesce(s.amount, 0)`;

async function lapsedLots(sql: Sql, accounts: readonly string[], before: PlainDate): Promise<Lapsed[]> {
  const { rows } = await sql.query<Lapsed>(LAPSED, [NOW, accounts, before]);
  return rows;
}

/** Nobody takes from these accounts between what is read here and what is posted. */
async function expireBatch(sql: Sql, accounts: readonly string[], before: PlainDate, at: Instant): Promise<Lapsed[]> {
  await sql.query('select ledger_lock($1)', [accounts]);
  const lapsed = await lapsedLots(sql, accounts, before);
  await postAll(
    sql,
    lapsed.map(({ account, points, lastDay, times }) => ({
      // the customer's first, second, third expiry: no day of it can be taken for another
      key: `expire:${customerOf(account)}:${times + 1}`,
      kind: 'expire',
      from: customerAccount(customerOf(account)),
      to: EXPIRED,
      amount: points,
      memo: `good until ${lastDay}`,
    })),
    at,
  );
  return lapsed;
}

const customerOf = (account: string): CustomerRef => account.slice(CUSTOMER.length) as CustomerRef;

export interface ExpiringPoints {
  customerRef: CustomerRef;
  /** the last day on which they can be spent */
  expiresOn: PlainDate;
  points: Points;
}

/** Names the letter about points that expire on a day: there is one for each customer and day. */
export const noticeKey = ({ customerRef, expiresOn }: Pick<ExpiringPoints, 'customerRef' | 'expiresOn'>): string =>
  `points-expire:${customerRef}:${expiresOn}`;

const EXPIRING = `${remaining('= any($2)')}, expiring as (
  select substr(account, ${CUSTOMER.length + 1}) as customer_ref, expires_on, sum(remaining)::bigint as points
    from remaining where expires_on >= $3 and expires_on < $4
   group by account, expires_on
)
select e.customer_ref as "customerRef", e.expires_on as "expiresOn", e.points from expiring e
 where not exists (
   select from decisions d
    where d.decision_key = 'points-expire:' || e.customer_ref || ':' || to_char(e.expires_on, 'YYYY-MM-DD'))
   -- the door has said until when it holds the letter: it is not asked before
   and not exists (
   select from outreach o
    where o.outreach_key = 'points-expire:' || e.customer_ref || ':' || to_char(e.expires_on, 'YYYY-MM-DD')
      and o.state = 'held' and o.held_until > $5)
 order by e.customer_ref, e.expires_on`;

/**
 * What is left of lots that expire from `from` (included) to `to` (not included), by customer and day, where no letter
 * about it is settled yet; for the next customers after the account `after`.
 * @returns `next` null when there are no more
 */
export async function pointsToNotice(
  sql: Sql,
  { from, to, after, at }: { from: PlainDate; to: PlainDate; after: string; at: Instant },
): Promise<{ expiring: ExpiringPoints[]; next: string | null }> {
  const accounts = await accountsWithLots(sql, { from, to, last: after });
  const { rows } = await sql.query<ExpiringPoints>(EXPIRING, [NOW, accounts, from, to, timestamp(at)]);
  return { expiring: rows, next: accounts.at(-1) ?? null };
}
