import type { PoolClient } from 'pg';
import { checkClock } from '../domain/business-clock.js';
import type { Minor, PlainDate, TierRef } from '../domain/types.js';
import { timestamp } from '../store/database.js';
import { readInstallation, type Installation } from '../store/installation.js';

/** A tier as a bank names it; rank 0 is the lowest and its threshold is 0. */
export interface TierDefinition {
  readonly tier: TierRef;
  readonly rank: number;
  readonly nameEn: string;
  readonly nameZh: string;
  /** qualifying balance to hold, minor units */
  readonly threshold: Minor;
}

/** What a load of a bank must say about it; `dataUntil` is the last day that the data tell of. */
export type NewInstallation = Installation & { readonly dataUntil: PlainDate };

/** Two loads of one database go one after the other; any number that nobody else uses as an advisory lock. */
const LOAD_LOCK = 7_114_040;

/** Waits until no other load of this database runs; held until the transaction ends. */
export async function lockForLoading(client: PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [LOAD_LOCK]);
}

/**
 * Writes the installation's row. One that is there already keeps its clock, rule and zone (running journeys depend on
 * them); only the end of its data may move on.
 * @returns true when the row was written or moved on
 * @throws Error when the database holds another bank; RangeError for a clock that nobody can mean
 */
export async function createInstallation(client: PoolClient, bank: NewInstallation): Promise<boolean> {
  const { origin, anchor, rate } = checkClock(bank.clock);
  const there = await readInstallation(client);
  if (there && (there.bankName !== bank.bankName || there.currency !== bank.currency))
    throw new Error(
      `this database already holds ${there.bankName} (${there.currency}), and one database holds one bank; ` +
        `load ${bank.bankName} into an empty database`,
    );
  if (there) {
    if (there.dataUntil !== null && there.dataUntil >= bank.dataUntil) return false;
    await client.query('update installation set data_until = $1', [bank.dataUntil]);
    return true;
  }
  await client.query(
    `insert into installation
       (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate, data_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      bank.bankName,
      bank.currency,
      bank.zone,
      bank.jurisdiction,
      bank.tierRule,
      timestamp(origin),
      timestamp(anchor),
      rate,
      bank.dataUntil,
    ],
  );
  return true;
}

/** Stores a bank's tiers; those that are there stay as they are. */
export async function createTiers(client: PoolClient, tiers: readonly TierDefinition[]): Promise<void> {
  for (const { tier, rank, nameEn, nameZh, threshold } of tiers)
    await client.query(
      `insert into tiers (tier_ref, rank, name_en, name_zh, threshold_minor) values ($1, $2, $3, $4, $5)
       on conflict (tier_ref) do nothing`,
      [tier, rank, nameEn, nameZh, threshold],
    );
}
