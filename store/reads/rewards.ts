/** What people ask about a customer's points. */
import type { CustomerRef, Instant } from '../../domain/types.js';
import type { Sql } from '../database.js';

/** A statement shows at most this many postings at a time. */
export const MAX_STATEMENT_LINES = 1000;

export interface StatementLine {
  postingId: bigint;
  at: Instant;
  /** positive: the customer got them */
  points: bigint;
  /** after this posting */
  balance: bigint;
  memo: string;
  key: string;
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
       select posting_id, posted_at, points, memo, idempotency_key from postings where to_account = 'customer:' || $1
       union all
       select posting_id, posted_at, -points, memo, idempotency_key from postings where from_account = 'customer:' || $1
     ), running as (
       select *, (sum(points) over (order by posting_id))::bigint as balance from legs
     )
     select posting_id as "postingId", posted_at as at, points, balance, memo, idempotency_key as key
       from running where $2::bigint is null or posting_id < $2
      order by posting_id desc limit $3`,
    [customerRef, before ?? null, most + 1],
  );
  return { lines: rows.slice(0, most), more: rows.length > most };
}
