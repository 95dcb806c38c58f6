/** The whole ledger, row by row, for programs that check it without Keepwell. */
import type { PoolClient, QueryResultRow } from 'pg';
import type { Instant, LedgerAccount, PlainDate, PostingId } from '../../domain/types.js';
import { one, timestamp, type Database } from '../database.js';
import type { PostingKind } from '../ledger.js';
import { inSnapshot } from './ledger.js';

/** Rows that are in memory at a time. */
export const EXPORT_PAGE_ROWS = 5_000;

export interface ExportedPosting {
  postingId: PostingId;
  at: Instant;
  kind: PostingKind;
  from: LedgerAccount;
  to: LedgerAccount;
  /** `points`, or a currency's three letters */
  unit: string;
  /** whole points, or minor units of the currency */
  amount: bigint;
  memo: string;
  key: string;
  expiresOn: PlainDate | null;
  reverses: PostingId | null;
}

export interface ExportedAccount {
  account: LedgerAccount;
  unit: string;
  balance: bigint;
}

/** The books at one moment. Each of the two is read once, one after the other. */
export interface Books {
  /** business time up to and including which postings are in it; null: all */
  until: Instant | null;
  postings: number;
  /** of the newest posting by business time; null: there is none */
  lastAt: Instant | null;
  /** what these accounts hold, `points` and currencies */
  units: string[];
  /**
   * All accounts by name, in pages; of books up to an instant those that something was posted to by then, so that a later
   * export up to the same instant is the same, once all that began by then is posted (docs/ledger.md, "As of a past
   * instant").
   */
  accounts(): AsyncIterable<ExportedAccount[]>;
  /** by business time, then by number, in pages */
  pages(): AsyncIterable<ExportedPosting[]>;
}

const POSTINGS = `
select posting_id as "postingId", posted_at as at, kind, from_account as "from", to_account as "to", unit, amount, memo,
       idempotency_key as key, expires_on as "expiresOn", reverses
  from postings where posted_at <= $1 order by posted_at, posting_id`;

const ACCOUNTS = `
select a.ledger_account as account, a.unit, (coalesce(i.amount, 0) - coalesce(o.amount, 0))::bigint as balance
  from ledger_accounts a
  left join (select to_account, sum(amount) as amount from postings where posted_at <= $1 group by 1) i on i.to_account = a.ledger_account
  left join (select from_account, sum(amount) as amount from postings where posted_at <= $1 group by 1) o on o.from_account = a.ledger_account
 where $1 = 'infinity' or i.amount is not null or o.amount is not null
 order by a.ledger_account`;

/**
 * Hands the books to `work` as they are at one moment, in one read-only transaction; what is posted meanwhile is not in
 * them. Memory stays flat, however many postings there are: Postgres holds the order, and gives EXPORT_PAGE_ROWS at a time.
 * @param until null: all postings
 */
export function readBooks<Result>(
  database: Database,
  until: Instant | null,
  work: (books: Books) => Promise<Result>,
): Promise<Result> {
  const values = [until === null ? 'infinity' : timestamp(until)];
  return inSnapshot(database, async (sql) => {
    const { rows } = await sql.query<{ postings: number; lastAt: Instant | null }>(
      'select count(*)::integer as postings, max(posted_at) as "lastAt" from postings where posted_at <= $1',
      values,
    );
    const { rows: units } = await sql.query<{ unit: string }>(
      `select distinct unit from (${ACCOUNTS}) accounts order by unit`,
      values,
    );
    return work({
      until,
      ...one(rows, 'the count of postings'),
      units: units.map(({ unit }) => unit),
      accounts: () => pages<ExportedAccount>(sql, 'books_accounts', ACCOUNTS, values),
      pages: () => pages<ExportedPosting>(sql, 'books_postings', POSTINGS, values),
    });
  });
}

async function* pages<Row extends QueryResultRow>(
  sql: PoolClient,
  cursor: string,
  query: string,
  values: unknown[],
): AsyncGenerator<Row[]> {
  await sql.query(`declare ${cursor} no scroll cursor for ${query}`, values);
  for (;;) {
    const { rows } = await sql.query<Row>(`fetch forward ${EXPORT_PAGE_ROWS} from ${cursor}`);
    if (rows.length > 0) yield rows;
    if (rows.length < EXPORT_PAGE_ROWS) break;
  }
  await sql.query(`close ${cursor}`);
}
