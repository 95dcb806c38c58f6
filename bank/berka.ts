import { evaluateTiers } from '../activities/tier-evaluations.js';
import { WALL_CLOCK, type BusinessClock } from '../domain/business-clock.js';
import { TIER_RULE_EXAMPLES } from '../domain/tier-rule-examples.js';
import { minor, type PlainDate, type TierRef, type ZoneId } from '../domain/types.js';
import { one, type Database } from '../store/database.js';
import { insertTierRules } from '../store/tier-rules.js';
import type { ImportProgress } from './berka-files.js';
import { mergeStaged, STAGING } from './berka-merge.js';
import { stageFiles } from './berka-staging.js';
import { createInstallation, createTiers, lockForLoading, type TierDefinition } from './installation.js';

export { ImportRefused, MAX_BAD_ROWS, type BadRow, type ImportProgress } from './berka-files.js';

/** Made up, so that the data's customers spread over them; the minor unit is the haléř. */
const TIERS: readonly TierDefinition[] = [
  { tier: 'mass' as TierRef, rank: 0, nameEn: 'Standard', nameZh: '大众', threshold: minor(0) },
  { tier: 'affluent' as TierRef, rank: 1, nameEn: 'Affluent', nameZh: '财富', threshold: minor(25_000_00) },
  { tier: 'private' as TierRef, rank: 2, nameEn: 'Private', nameZh: '私人银行', threshold: minor(40_000_00) },
];

export interface BerkaImportRequest {
  /** the owner of the database */
  readonly owner: Database;
  /** holds account, client, disp, district and trans as `.csv.gz` */
  readonly directory: string;
  /** default: the last day of the transactions */
  readonly asOf?: PlainDate;
  /** default: a real installation's */
  readonly clock?: BusinessClock;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface BerkaImportResult {
  readonly customers: number;
  readonly accounts: number;
  readonly transactions: number;
  /** false: everything was there already */
  readonly changed: boolean;
  /** people whose first account was opened after the as-of day */
  readonly notYetCustomers: number;
}

/**
 * Imports the PKDD'99 bank in one transaction, then evaluates its tiers. Importing the same files again changes nothing.
 * Loans, cards and standing orders are left out: their payments are among the transactions.
 * @throws ImportRefused with the file, the line and the reason of each bad row; Error when the database holds another
 *         bank or other data. Nothing is loaded then.
 */
export async function importBerka(request: BerkaImportRequest): Promise<BerkaImportResult> {
  const { owner } = request;
  const { changed, asOf } = await owner.transaction(async (client) => {
    await lockForLoading(client);
    await client.query(STAGING);
    await stageFiles(client, request);
    const { rows } = await client.query<{ last: PlainDate | null }>(
      'select max(booked_on) as last from stage_transactions',
    );
    const until = request.asOf ?? one(rows, 'the last day of the data').last;
    if (!until)
      throw new Error('trans.csv.gz holds no transactions, so there is no last day of the data; give an as-of day');
    await insertTierRules(client, TIER_RULE_EXAMPLES);
    const moved = await createInstallation(client, {
      bankName: "PKDD'99 Bank",
      currency: 'CZK',
      zone: 'Europe/Prague' as ZoneId,
      jurisdiction: 'CZ',
      tierRule: 'bohai@1',
      clock: request.clock ?? WALL_CLOCK,
      dataUntil: until,
    });
    await createTiers(client, TIERS);
    const added = await mergeStaged(client);
    return { changed: moved || added > 0, asOf: until };
  });
  if (changed) await owner.query('analyze');
  await evaluateTiers({ database: owner, until: asOf });
  const { rows } = await owner.query<Omit<BerkaImportResult, 'changed'>>(
    `select (select count(*)::integer from customers) as customers,
            (select count(*)::integer from accounts) as accounts,
            (select count(*)::integer from transactions) as transactions,
            (select count(*)::integer from customers
              where customer_since is null or customer_since > $1) as "notYetCustomers"`,
    [asOf],
  );
  return { ...one(rows, 'the counts'), changed };
}
