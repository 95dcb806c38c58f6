/** One account of the ledger, and how to look at all of it at one moment. */
import type { PoolClient } from 'pg';
import type { Instant, LedgerAccount, PlainDate, PostingId } from '../../domain/types.js';
import { timestamp, type Database, type Sql } from '../database.js';
import { ledgerBalance, type PostingKind } from '../ledger.js';

/** Postings of one account shown at a time. */
export const MAX_ACCOUNT_LINES = 1000;

/**
 * Runs `work` on the books as they are at one moment, whatever is posted meanwhile; it can write nothing.
 * Everything that is compared with something else is read in one.
 */
export function inSnapshot<Result>(database: Database, work: (sql: PoolClient) => Promise<Result>): Promise<Result> {
  return database.transaction(async (sql) => {
    await sql.query('set transaction isolation level repeatable read, read only');
    return work(sql);
  });
}

export interface LedgerAccountView {
  account: LedgerAccount;
  /** what such an account is, in words */
  what: string;
  /** `points`, or a currency's three letters: then amounts are in its minor units */
  unit: string;
  guard: 'none' | 'balance' | 'shares';
  balance: bigint;
  /** how many postings it has up to then */
  postings: number;
  lines: AccountLine[];
}

export interface AccountLine {
  postingId: PostingId;
  at: Instant;
  kind: PostingKind;
  /** where it came from, or went to */
  other: LedgerAccount;
  /** positive: the account got it */
  amount: bigint;
  memo: string;
  key: string;
  expiresOn: PlainDate | null;
  reverses: PostingId | null;
}

const LINES = `
select posting_id as "postingId", posted_at as at, kind, from_account as other, amount, memo, idempotency_key as key,
       expires_on as "expiresOn", reverses
  from postings where to_account = $1 and posted_at <= $2
union all
select posting_id, posted_at, kind, to_account, -amount, memo, idempotency_key, expires_on, reverses
  from postings where from_account = $1 and posted_at <= $2
 order by "postingId" desc limit $3`;

/**
 * An account with its newest postings, the newest first; null when there is none of this name.
 * @param asOf  at that instant of business time, exactly; now when left out
 * @param limit 1 to MAX_ACCOUNT_LINES
 */
export async function readLedgerAccount(
  sql: Sql,
  account: LedgerAccount,
  limit: number,
  asOf?: Instant,
): Promise<LedgerAccountView | null> {
  const { rows } = await sql.query<Pick<LedgerAccountView, 'what' | 'unit' | 'guard' | 'postings'>>(
    `select k.what, a.unit, k.guard,
            (select count(*) from postings where (to_account = $1 or from_account = $1) and posted_at <= $2)::integer as postings
       from ledger_accounts a join ledger_account_kinds k using (kind) where ledger_account = $1`,
    [account, asOf === undefined ? 'infinity' : timestamp(asOf)],
  );
  const [found] = rows;
  if (!found) return null;
  const most = Math.min(Math.max(1, limit), MAX_ACCOUNT_LINES);
  const { rows: lines } = await sql.query<AccountLine>(LINES, [
    account,
    asOf === undefined ? 'infinity' : timestamp(asOf),
    most,
  ]);
  return { account, ...found, balance: await ledgerBalance(sql, account, asOf), lines };
}
