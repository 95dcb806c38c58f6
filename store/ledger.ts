import { DatabaseError } from 'pg';
import type {
  CampaignRef,
  Currency,
  CustomerRef,
  Instant,
  LedgerAccount,
  Minor,
  PlainDate,
  Points,
  PostingId,
} from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

/** What a posting is for; each kind goes from one kind of account to one other (docs/ledger.md). */
export const POSTING_KINDS = [
  'fund',
  'defund',
  'reserve',
  'release',
  'grant',
  'earn',
  'educate',
  'goodwill',
  'hold',
  'return',
  'redeem',
  'expire',
  'owe-redress',
  'pay-redress',
  'reversal',
] as const;
export type PostingKind = (typeof POSTING_KINDS)[number];

/** Postings of one batch; more are posted in several. */
export const MAX_BATCH_POSTINGS = 5_000;

export interface PostingRequest {
  /** names the debt, for instance `reward:<campaign>:<customer>`; a debt is posted once */
  key: string;
  kind: Exclude<PostingKind, 'reversal'>;
  from: LedgerAccount;
  to: LedgerAccount;
  /** whole points or minor units, by what the accounts hold; at least 1 */
  amount: Points | Minor;
  /** why, in words for people; no personal data */
  memo: string;
  at: Instant;
  /** the last day on which points that a customer gets can be spent; null: they don't expire */
  expiresOn?: PlainDate | null;
}

const account = (name: string): LedgerAccount => name as LedgerAccount;
/** Where points come from, by what they are issued for; campaigns' budgets come from `issuance` itself. */
export const ISSUANCE = account('issuance');
export const issuanceFor = (what: 'transactions' | 'education' | 'goodwill'): LedgerAccount =>
  account(`issuance:${what}`);
export const budgetAccount = (ref: CampaignRef): LedgerAccount => account(`campaign-budget:${ref}`);
export const reservedAccount = (campaign: CampaignRef, customer: CustomerRef): LedgerAccount =>
  account(`reserved:${campaign}:${customer}`);
export const customerAccount = (ref: CustomerRef): LedgerAccount => account(`customer:${ref}`);
export const heldAccount = (ref: CustomerRef): LedgerAccount => account(`held:${ref}`);
export const REDEEMED = account('redeemed');
export const EXPIRED = account('expired');
export const redressCost = (currency: Currency): LedgerAccount => account(`redress-cost:${currency}`);
export const redressOwed = (currency: Currency, ref: CustomerRef): LedgerAccount =>
  account(`redress-owed:${currency}:${ref}`);
export const redressPaid = (currency: Currency): LedgerAccount => account(`redress-paid:${currency}`);

/** A posting that was made before under the same key, with other content. */
export class PostingConflict extends Error {
  constructor(key: string) {
    super(
      `"${key}" is posted already with another amount or other accounts; a correction is a posting that reverses it`,
    );
  }
}

/** A posting that would take an account below zero. */
export class Overdrawn extends Error {
  constructor(readonly account: string) {
    super(`account "${account}" does not hold that much`);
  }
}

export interface Posted {
  postingId: PostingId;
  /** false: it had been posted before under this key */
  isNew: boolean;
}

const POST = 'select ledger_post($1, $2, $3, $4, $5, $6, $7, $8, $9) as answer';
const CONFLICT = 'KW001';
const OVERDRAWN = 'KW002';

/**
 * Posts once for each key; accounts are opened by their first posting. The same key with the same content gives the
 * first posting. What is overdrawn has written nothing, and the caller's transaction may go on; after a conflict it is
 * lost.
 * @throws PostingConflict | Overdrawn
 */
export function post(sql: Sql, request: PostingRequest): Promise<Posted> {
  return ask(sql, request, null);
}

async function ask(
  sql: Sql,
  request: Omit<PostingRequest, 'kind'> & { kind: PostingKind },
  reverses: PostingId | null,
): Promise<Posted> {
  const { key, kind, from, to, amount, memo, at, expiresOn = null } = request;
  const values = [key, kind, from, to, amount, memo, timestamp(at), expiresOn, reverses];
  const { rows } = await inWords(sql.query<{ answer: bigint }>(POST, values));
  const { answer } = one(rows, 'the answer');
  if (answer === 0n) throw new Overdrawn(from);
  return { postingId: (answer < 0n ? -answer : answer) as PostingId, isNew: answer > 0n };
}

/** What the ledger's functions refuse. */
async function inWords<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === CONFLICT) throw new PostingConflict(error.detail ?? '');
    if (error instanceof DatabaseError && error.code === OVERDRAWN) throw new Overdrawn(error.detail ?? '');
    throw error;
  }
}

const POST_ALL = 'select ledger_post_all($1, $2, $3, $4, $5, $6, $7, $8) as added';

/**
 * Posts many at once, all or none, each under its own key. What the batch itself puts into an account does not pay for
 * what it takes out, but for campaigns' budgets, of which the difference moves. After an error the transaction is lost.
 * @param requests 0 to MAX_BATCH_POSTINGS, all at one instant
 * @returns how many had not been posted before
 * @throws PostingConflict | Overdrawn | RangeError
 */
export async function postAll(sql: Sql, requests: readonly Omit<PostingRequest, 'at'>[], at: Instant): Promise<number> {
  if (requests.length === 0) return 0;
  if (requests.length > MAX_BATCH_POSTINGS)
    throw new RangeError(`a batch is at most ${MAX_BATCH_POSTINGS} postings, not ${requests.length}`);
  const values = [
    requests.map((request) => request.key),
    requests.map((request) => request.kind),
    requests.map((request) => request.from),
    requests.map((request) => request.to),
    requests.map((request) => request.amount),
    requests.map((request) => request.memo),
    timestamp(at),
    requests.map((request) => request.expiresOn ?? null),
  ];
  const { rows } = await inWords(sql.query<{ added: number }>(POST_ALL, values));
  return one(rows, 'the answer').added;
}

/** There is no such posting, or it is a reversal itself. */
export class NotReversible extends Error {}

/**
 * Takes a posting back by one that points at it; a second reversal gives the first.
 * @throws NotReversible | Overdrawn when what was posted has been spent since
 */
export async function reverse(sql: Sql, postingId: PostingId, why: string, at: Instant): Promise<Posted> {
  const { rows } = await sql.query<{ from: LedgerAccount; to: LedgerAccount; amount: bigint; kind: PostingKind }>(
    'select from_account as "from", to_account as "to", amount, kind from postings where posting_id = $1',
    [postingId],
  );
  const first = rows[0];
  if (!first) throw new NotReversible(`there is no posting ${postingId}`);
  if (first.kind === 'reversal')
    throw new NotReversible(`posting ${postingId} is a reversal itself; post anew what was meant`);
  const { from, to, amount } = first;
  const key = `reverse:${postingId}`;
  const request = { key, kind: 'reversal' as const, from: to, to: from, amount: amount as Points, memo: why, at };
  return ask(sql, request, postingId);
}

/**
 * What an account holds: all that came in less all that went out.
 * @param asOf at that instant of business time, exactly; now when left out
 */
export async function ledgerBalance(sql: Sql, name: LedgerAccount, asOf?: Instant): Promise<bigint> {
  const { rows } = await sql.query<{ balance: bigint }>(
    `select (coalesce((select sum(amount) from postings where to_account = $1 and posted_at <= $2), 0)
           - coalesce((select sum(amount) from postings where from_account = $1 and posted_at <= $2), 0))::bigint as balance`,
    [name, asOf === undefined ? 'infinity' : timestamp(asOf)],
  );
  return one(rows, 'the balance').balance;
}

/** Whether a debt was posted. */
export async function postedBefore(sql: Sql, key: string): Promise<boolean> {
  const { rows } = await sql.query('select 1 from postings where idempotency_key = $1', [key]);
  return rows.length > 0;
}
