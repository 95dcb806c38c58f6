import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { importBerka } from '../../bank/berka.js';
import { generateSampleBank } from '../../bank/sample-bank.js';
import { TRIGGERS } from '../../domain/trigger-names.js';
import { plainDate, type Instant } from '../../domain/types.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { findCustomers } from '../../store/detection/find-customers.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { naiveFindings } from './naive-detection.js';

/** Importing 52,816 transactions and going through them day by day takes some 20 s on two slow cores. */
const MINUTES_ALLOWED = 5;
jest.setTimeout(MINUTES_ALLOWED * 60_000);

const FOUND_AT = Date.parse('2026-11-24T06:00:00Z') as Instant;

function berkaFolder(): string {
  const folder = process.env['KEEPWELL_BERKA_DIR'] ?? resolve(__dirname, '..', '..', '..', 'shared', 'data', 'berka');
  if (!existsSync(join(folder, 'trans.csv.gz')))
    throw new Error(
      `this test needs the PKDD'99 bank, and there is no trans.csv.gz in ${folder}; ` +
        `put the data there, or set KEEPWELL_BERKA_DIR to the folder that holds it`,
    );
  return folder;
}

async function productFindings(database: TestDatabase, asOf: string): Promise<string[]> {
  await findCustomers(database.app, { asOf: plainDate(asOf), foundAt: FOUND_AT });
  const { rows } = await database.app.query<{ line: string }>(
    `select trigger || ' ' || customer_ref as line from findings where as_of = $1`,
    [asOf],
  );
  return rows.map((row) => row.line).sort();
}

const countOf = (findings: string[], trigger: string): number =>
  findings.filter((line) => line.startsWith(`${trigger} `)).length;

let berka: TestDatabase;
let sample: TestDatabase;
beforeAll(async () => {
  [berka, sample] = [await freshDatabase(), await freshDatabase()];
  await importBerka({ owner: berka.owner, directory: berkaFolder() });
});
afterAll(async () => {
  await berka.drop();
  await sample.drop();
});

test('each finding on this data is reproduced by a second, plain query', async () => {
  const last = await productFindings(berka, '1994-04-20');
  expect(last).toEqual(await naiveFindings(berka.owner, '1994-04-20'));
  // nothing passes because both find nothing
  expect(last.length).toBeGreaterThanOrEqual(100);
  for (const trigger of ['tier-at-risk', 'large-outflow', 'dormant', 'negative-balance', 'tier-lost'])
    expect([trigger, countOf(last, trigger) > 0]).toEqual([trigger, true]);
  // and on other days, seen from which the rest of the data has not happened yet
  for (const asOf of ['1993-12-31', '1994-03-01'])
    expect(await productFindings(berka, asOf)).toEqual(await naiveFindings(berka.owner, asOf));
});

test('nobody whose account was opened after the last day of the data is found', async () => {
  await productFindings(berka, '1994-04-20');
  const { rows } = await berka.owner.query(
    `select f.customer_ref from findings f join customers c using (customer_ref)
      where c.customer_since is null or c.customer_since > '1994-04-20'
         or not exists (select from accounts a join transactions t using (account_ref) where a.customer_ref = f.customer_ref)`,
  );
  expect(rows).toEqual([]);
});

test('on the sample bank, where every trigger has its cases, the plain query finds the same customers', async () => {
  const asOf = '2026-10-20';
  await generateSampleBank({
    owner: sample.owner,
    customers: 400,
    seed: 11,
    asOf: plainDate(asOf),
    clock: WALL_CLOCK,
  });
  const found = await productFindings(sample, asOf);
  expect(found).toEqual(await naiveFindings(sample.owner, asOf));
  // the sample bank overdraws no account, and nobody's tier has fallen there yet
  for (const trigger of TRIGGERS.filter((each) => each !== 'negative-balance' && each !== 'tier-lost'))
    expect([trigger, countOf(found, trigger) > 0]).toEqual([trigger, true]);
});
