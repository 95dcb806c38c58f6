/** What people ask about one customer's points. */
import type { CustomerRef, Instant, PlainDate, PostingId } from '../../domain/types.js';
import type { Sql } from '../database.js';
import { remainingLots } from '../expiry.js';
import { customerAccount, heldAccount, ledgerBalance } from '../ledger.js';

/** A statement shows at most this many postings at a time. */
export const MAX_STATEMENT_LINES = 1000;

export interface StatementLine {
  postingId: PostingId;
  at: Instant;
  /** positive: the customer got them */
  points: bigint;
  /** after this posting */
  balance: bigint;
  memo: string;
  key: string;
  /** of points that came: the last day on which they can be spent; null: they don't expire, or they went */
  expiresOn: PlainDate | null;
}

/**
 * The customer's postings, the newest first.
 * @param before postings older than this one: the last of the page before
 * @param limit  1 to MAX_STATEMENT_LINES
 */
export async function readStatement(
  sql: Sql,
  customerRef: CustomerRef,
  limit: number,
  before?: bigint,
): Promise<{ lines: StatementLine[]; more: boolean }> {
  const most = Math.min(Math.max(1, limit), MAX_STATEMENT_LINES);
  const { rows } = await sql.query<StatementLine>(
    `with legs as (
       select posting_id, posted_at, amount as points, memo, idempotency_key, expires_on from postings where to_account = $1
       union all
       select posting_id, posted_at, -amount, memo, idempotency_key, null from postings where from_account = $1
     ), running as (
       select *, (sum(points) over (order by posting_id))::bigint as balance from legs
     )
     select posting_id as "postingId", posted_at as at, points, balance, memo, idempotency_key as key,
            expires_on as "expiresOn"
       from running where $2::bigint is null or posting_id < $2
      order by posting_id desc limit $3`,
    [customerAccount(customerRef), before ?? null, most + 1],
  );
  return { lines: rows.slice(0, most), more: rows.length > most };
}

/** What of a customer's points is spent or expires next. */
export interface Expiring {
  /** null: they don't expire */
  expiresOn: PlainDate | null;
  points: bigint;
}

export interface PointsStanding {
  /** what the customer can spend */
  balance: bigint;
  /** held for orders that are under way */
  held: bigint;
  /** the balance by the day on which it expires, the first on top; a day that has passed waits for the next run */
  expiring: Expiring[];
}

/** How a customer's points stand now; read in one transaction by who wants the three to agree. */
export async function readPointsStanding(sql: Sql, customerRef: CustomerRef): Promise<PointsStanding> {
  const byDay = new Map<PlainDate | null, bigint>();
  for (const { expiresOn, remaining } of await remainingLots(sql, customerRef))
    byDay.set(expiresOn, (byDay.get(expiresOn) ?? 0n) + remaining);
  return {
    balance: await ledgerBalance(sql, customerAccount(customerRef)),
    held: await ledgerBalance(sql, heldAccount(customerRef)),
    expiring: [...byDay].map(([expiresOn, points]) => ({ expiresOn, points })),
  };
}
