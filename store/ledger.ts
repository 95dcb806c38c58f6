import type { CampaignRef, CustomerRef, Instant, Points } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

export interface PostingRequest {
  /** names the debt, for instance `reward:<campaign>:<customer>` */
  key: string;
  from: string;
  to: string;
  points: Points;
  memo: string;
  at: Instant;
}

export const ISSUANCE = 'issuance';
export const customerAccount = (ref: CustomerRef): string => `customer:${ref}`;
export const budgetAccount = (ref: CampaignRef): string => `campaign-budget:${ref}`;

/** A posting that was made before under the same key, with other content. */
export class PostingConflict extends Error {
  constructor(key: string) {
    super(
      `"${key}" is posted already with another amount or other accounts; a correction is a posting that reverses it`,
    );
  }
}

/** A posting that would take an account below its floor. */
export class Overdrawn extends Error {
  constructor(account: string) {
    super(`account "${account}" does not hold that many points`);
  }
}

/** Opens an account if it is not there: customers and budgets may not go below zero, issuance may. */
export async function openLedgerAccount(
  sql: Sql,
  account: string,
  kind: 'customer' | 'campaign-budget' | 'issuance',
): Promise<void> {
  await sql.query(
    `insert into ledger_accounts (ledger_account, kind, floor_points) values ($1, $2, $3) on conflict do nothing`,
    [account, kind, kind === 'issuance' ? null : 0],
  );
}

/** Points in an account: all that came in less all that went out. */
export async function ledgerBalance(sql: Sql, account: string): Promise<Points> {
  const { rows } = await sql.query<{ balance: bigint }>(
    `select (coalesce((select sum(points) from postings where to_account = $1), 0)
           - coalesce((select sum(points) from postings where from_account = $1), 0))::bigint as balance`,
    [account],
  );
  return one(rows, 'the balance').balance as Points;
}

/**
 * Posts once for each key, inside the caller's transaction. The same key with the same content gives the first posting.
 * @returns true when it was posted now, false when it had been posted before
 * @throws PostingConflict | Overdrawn
 */
export async function post(sql: Sql, request: PostingRequest): Promise<boolean> {
  // whoever takes from an account waits here for the others who do
  const { rows: accounts } = await sql.query<{ floor_points: bigint | null }>(
    'select floor_points from ledger_accounts where ledger_account = $1 for update',
    [request.from],
  );
  const floor = one(accounts, `ledger account "${request.from}"`).floor_points;
  const { rows: before } = await sql.query<{ from_account: string; to_account: string; points: bigint }>(
    'select from_account, to_account, points from postings where idempotency_key = $1',
    [request.key],
  );
  const first = before[0];
  if (first) {
    const same =
      first.from_account === request.from && first.to_account === request.to && first.points === request.points;
    if (!same) throw new PostingConflict(request.key);
    return false;
  }
  if (floor !== null && (await ledgerBalance(sql, request.from)) - request.points < floor)
    throw new Overdrawn(request.from);
  await sql.query(
    `insert into postings (idempotency_key, from_account, to_account, points, memo, posted_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [request.key, request.from, request.to, request.points, request.memo, timestamp(request.at)],
  );
  return true;
}

/** Whether a debt was posted. */
export async function postedBefore(sql: Sql, key: string): Promise<boolean> {
  const { rows } = await sql.query('select 1 from postings where idempotency_key = $1', [key]);
  return rows.length > 0;
}

/** Gives a campaign its budget, once: the first version that has a reward funds it. */
export async function fundCampaign(sql: Sql, campaignRef: CampaignRef, budget: Points, at: Instant): Promise<void> {
  await openLedgerAccount(sql, ISSUANCE, 'issuance');
  await openLedgerAccount(sql, budgetAccount(campaignRef), 'campaign-budget');
  const key = `budget:${campaignRef}`;
  if (budget === 0n || (await postedBefore(sql, key))) return;
  const request = { key, from: ISSUANCE, to: budgetAccount(campaignRef), points: budget };
  await post(sql, { ...request, memo: 'campaign budget', at });
}
