import type { PoolClient } from 'pg';
import { evaluateTiers } from '../activities/tier-evaluations.js';
import type { BusinessClock } from '../domain/business-clock.js';
import { sampleCustomer, type SampleCustomer } from '../domain/sample-bank/sample-customer.js';
import { SAMPLE_TIERS } from '../domain/sample-bank/tiers.js';
import { Window } from '../domain/sample-bank/window.js';
import { TIER_RULE_EXAMPLES } from '../domain/tier-rule-examples.js';
import type { PlainDate, ZoneId } from '../domain/types.js';
import { copyRows, type CopyRow } from '../store/bulk-load.js';
import type { Database } from '../store/database.js';
import { readInstallation } from '../store/installation.js';
import { insertTierRules } from '../store/tier-rules.js';
import { createInstallation, createTiers, lockForLoading } from './installation.js';
import { loadSampleStaff } from './sample-staff.js';

/** A sample bank is generated in memory and loaded in one transaction: beyond this it would hold locks for too long. */
export const MAX_SAMPLE_CUSTOMERS = 200_000;
/** Customers that are generated and loaded at a time; about 20 MB of memory. */
const CUSTOMERS_PER_BATCH = 500;
/** By this name the sample bank is known; no real one bears it. */
export const SAMPLE_BANK_NAME = 'Sample Bank';
const SOURCE = 'sample';

/** Customers that are loaded so far. */
export interface SampleBankProgress {
  readonly customers: number;
  readonly of: number;
}

export interface SampleBankResult {
  readonly customers: number;
  readonly accounts: number;
  readonly transactions: number;
  /** false: the same bank was there already */
  readonly changed: boolean;
}

export interface SampleBankRequest {
  /** the owner: nobody else may write the planted truth */
  readonly owner: Database;
  /** 1 to MAX_SAMPLE_CUSTOMERS */
  readonly customers: number;
  /** a whole number, 0 to 2^32 − 1 */
  readonly seed: number;
  /** the last day of the data */
  readonly asOf: PlainDate;
  readonly clock: BusinessClock;
  readonly onProgress?: (progress: SampleBankProgress) => void;
}

/**
 * Fills an empty database with the sample bank, in one transaction, and evaluates its tiers. The same request again
 * changes nothing.
 * @throws RangeError for a size or a seed that can't be used; Error when the database holds another bank
 */
export async function generateSampleBank(request: SampleBankRequest): Promise<SampleBankResult> {
  const { owner, customers, seed, asOf } = request;
  if (!Number.isInteger(customers) || customers < 1 || customers > MAX_SAMPLE_CUSTOMERS)
    throw new RangeError(
      `a sample bank has 1 to ${MAX_SAMPLE_CUSTOMERS} customers, not ${customers}; ask for a whole number`,
    );
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff)
    throw new RangeError(`a seed is a whole number from 0 to ${0xffff_ffff}, not ${seed}`);
  const changed = await owner.transaction(async (client) => {
    await lockForLoading(client);
    if (await isThere(client, request)) return false;
    await load(client, request);
    return true;
  });
  // statistics first: the planner would take the new tables for empty ones
  if (changed) await owner.query('analyze');
  await evaluateTiers({ database: owner, until: asOf });
  return { ...(await counts(owner)), changed };
}

async function counts(owner: Database): Promise<{ customers: number; accounts: number; transactions: number }> {
  const { rows } = await owner.query<{ customers: number; accounts: number; transactions: number }>(
    `select (select count(*)::integer from customers) as customers,
            (select count(*)::integer from accounts) as accounts,
            (select count(*)::integer from transactions) as transactions`,
  );
  return rows[0] ?? { customers: 0, accounts: 0, transactions: 0 };
}

/** @throws Error when there is a bank, and it is not the one that is asked for */
async function isThere(client: PoolClient, { customers, seed, asOf }: SampleBankRequest): Promise<boolean> {
  const installation = await readInstallation(client);
  if (!installation) return false;
  const { rows } = await client.query<{ customers: number; sources: string[] }>(
    'select count(*)::integer as customers, array_agg(distinct source) as sources from customers',
  );
  const there = rows[0];
  const source = there?.sources?.join(', ') ?? 'nobody';
  if (source === sourceOf(seed) && there?.customers === customers && installation.dataUntil === asOf) return true;
  throw new Error(
    `this database already holds ${installation.bankName} with ${there?.customers ?? 0} customers (${source}) ` +
      `until ${installation.dataUntil ?? 'no day'}, and you asked for ${customers} customers (${sourceOf(seed)}) until ` +
      `${asOf}; ask for the same again, or use an empty database`,
  );
}

const sourceOf = (seed: number): string => `${SOURCE}:${seed}`;

async function load(client: PoolClient, request: SampleBankRequest): Promise<void> {
  const { customers, seed, asOf, clock, onProgress } = request;
  await insertTierRules(client, TIER_RULE_EXAMPLES);
  await createTiers(client, SAMPLE_TIERS);
  await createInstallation(client, {
    bankName: SAMPLE_BANK_NAME,
    currency: 'CNY',
    zone: 'Asia/Shanghai' as ZoneId,
    jurisdiction: 'CN',
    tierRule: 'bohai@1',
    clock,
    dataUntil: asOf,
  });
  await loadSampleStaff(client, { seed, customers, asOf });
  const window = new Window(asOf);
  for (let first = 0; first < customers; first += CUSTOMERS_PER_BATCH) {
    const size = Math.min(CUSTOMERS_PER_BATCH, customers - first);
    await loadBatch(
      client,
      seed,
      Array.from({ length: size }, (_, i) => sampleCustomer(seed, first + i, window)),
      first,
    );
    onProgress?.({ customers: first + size, of: customers });
  }
}

async function loadBatch(
  client: PoolClient,
  seed: number,
  batch: readonly SampleCustomer[],
  first: number,
): Promise<void> {
  const copy = (table: string, columns: string, rows: Iterable<CopyRow>): Promise<number> =>
    copyRows(client, table, columns.split(' '), rows);
  await copy(
    'customers',
    'customer_ref source source_id name email language zone birth_date gender job employer branch_ref manager_ref customer_since risk_appetite',
    batch.map((c, i) => [
      c.ref,
      sourceOf(seed),
      String(first + i),
      c.name,
      c.email,
      c.language,
      c.zone,
      c.birthDate,
      c.gender,
      c.job,
      c.employer,
      c.branch,
      c.manager,
      c.since,
      c.riskAppetite,
    ]),
  );
  await copy('risk_assessments', ASSESSMENT, assessmentRows(batch));
  await copy('consents', 'customer_ref channel purpose granted changed_at source', consentRows(batch));
  await copy(
    'accounts',
    'account_ref customer_ref source source_id kind opened_on qualifies credit_limit_minor',
    batch.flatMap((c) =>
      c.accounts.map((a) => [a.ref, c.ref, SOURCE, a.ref, a.kind, a.openedOn, a.qualifies, a.creditLimit]),
    ),
  );
  await copy(
    'account_parties',
    'account_ref customer_ref role',
    batch.flatMap((c) => c.accounts.map((a) => [a.ref, c.ref, 'owner'])),
  );
  await copy(
    'transactions',
    'account_ref booked_on amount_minor category counterparty_bank counterparty_account counterparty_account_ref source source_id',
    transactionRows(batch, first),
  );
  await copy(
    'products_held',
    'holding_ref customer_ref account_ref product principal_minor opened_on matures_on renewal_agreed_on',
    batch.flatMap((c) =>
      c.holdings.map((h) => [
        h.ref,
        c.ref,
        h.account,
        h.product,
        h.principal,
        h.openedOn,
        h.maturesOn,
        h.renewalAgreedOn,
      ]),
    ),
  );
  await copy(
    'planted.cases',
    'customer_ref kind must_find since_on note',
    batch.flatMap(({ ref, truth }) => (truth ? [[ref, truth.kind, truth.mustFind, truth.sinceOn, truth.note]] : [])),
  );
}

const ASSESSMENT = 'customer_ref appetite assessed_on valid_until assessed_by recorded_at';

function* assessmentRows(batch: readonly SampleCustomer[]): Generator<CopyRow> {
  for (const { ref, riskAppetite, assessment } of batch)
    if (riskAppetite !== null)
      yield [
        ref,
        riskAppetite,
        assessment.assessedOn,
        assessment.validUntil,
        SOURCE,
        `${assessment.assessedOn}T00:00:00Z`,
      ];
}

function* consentRows(batch: readonly SampleCustomer[]): Generator<CopyRow> {
  for (const { ref, since, consents } of batch)
    for (const { purpose, granted } of consents)
      yield [ref, 'email', purpose, granted, `${since}T00:00:00Z`, 'account-opening'];
}

function* transactionRows(batch: readonly SampleCustomer[], first: number): Generator<CopyRow> {
  for (const [i, customer] of batch.entries()) {
    let number = 0;
    for (const t of customer.transactions) {
      number += 1;
      const id = `${first + i}.${number}`;
      yield [
        t.account,
        t.bookedOn,
        t.amount,
        t.category,
        t.counterpartyBank,
        t.counterpartyAccount,
        t.counterpartyAccountRef,
        SOURCE,
        id,
      ];
    }
  }
}
