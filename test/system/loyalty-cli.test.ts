import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const root = join(__dirname, '..', '..');
const OFFERS = join('loyalty', 'offers.yaml');
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-loyalty-'));
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, '2026-01-20');
  await addCustomer(database, { ref: 'c1', since: '2020-01-01' });
  await addCustomer(database, { ref: 'c2', since: '2025-12-01' });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);

test('an operator publishes the offers, evaluates the bank and sees who may have what, and why not', async () => {
  expect(await keepwell('offer', 'list')).toMatchObject({
    code: 0,
    out: expect.stringContaining('No offer is published') as string,
  });
  const published = await keepwell('offer', 'publish', OFFERS, '--by', 'anna');
  expect(published).toMatchObject({ code: 0, err: '' });
  expect(published.out.split('\n')[0]).toMatch(
    /^priority-home-loan version 1 is published; it is granted from the next/,
  );
  expect((await keepwell('offer', 'publish', OFFERS)).out).toMatch(
    /^This is priority-home-loan version 1 already, nothing/,
  );

  const first = await keepwell('entitlement', 'evaluate', '--json');
  expect(JSON.parse(first.out)).toMatchObject({ asOf: '2026-01-20', customers: 2, granted: 1, ended: 0 });
  const second = await keepwell('entitlement', 'evaluate', '--as-of', '2026-01-20');
  expect(second.out).toMatch(/judged {5}2026-01-20\ncustomers {2}2\ngranted {4}0\n/);

  const list = await keepwell('entitlement', 'list', 'c1');
  expect(list.out).toMatch(
    /priority-home-loan +1 .* in force +the tier is one of the offer; a customer for long enough/,
  );
  expect(list.out).toMatch(/loyal-loan-rate +was not retained often enough of late/);
  expect(list.out).toMatch(/private-safe-deposit +the tier is not one of the offer/);
  const none = await keepwell('entitlement', 'list', 'c2', '--json');
  expect(JSON.parse(none.out)).toMatchObject({
    customerRef: 'c2',
    entitlements: [],
    notEntitled: [
      { offerRef: 'loyal-loan-rate', reasons: ['tenure-too-short', 'too-few-retained'] },
      { offerRef: 'priority-home-loan', reasons: ['tenure-too-short'] },
      { offerRef: 'private-safe-deposit', reasons: ['tier-not-in-offer', 'tenure-too-short'] },
    ],
  });

  const old = await keepwell('entitlement', 'evaluate', '--as-of', '2026-01-05');
  expect(old.out).toContain(
    "Nothing is granted or renewed by 2026-01-05: it is more than 14 days before the bank's data end (2026-01-20)",
  );

  expect((await keepwell('offer', 'list')).out).toMatch(
    /priority-home-loan +1 +priority-lending +home-loan, decided within 2 working days +1 +0 +always/,
  );
  const shown = await keepwell('offer', 'show', 'loyal-loan-rate');
  expect(shown.out).toContain('a customer for 12 months; retained 1 times or more within 24 months');
}, 60_000);

test('credit trouble that no evaluation has seen yet is seen by whoever looks at a customer', async () => {
  await addCustomer(database, { ref: 'c3', since: '2020-01-01' });
  await keepwell('offer', 'publish', OFFERS);
  await keepwell('entitlement', 'evaluate');
  expect((await keepwell('entitlement', 'list', 'c3')).out).toMatch(/priority-home-loan +1 .* in force/);
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
     values ('c3', 'negative-balance', '2026-01-20', 80, '[]', '2026-01-20T22:00Z')`,
  );
  expect((await keepwell('entitlement', 'list', 'c3')).out).toMatch(/priority-home-loan +1 .* suspended/);
}, 60_000);

const LONG_NAME = 'x'.repeat(101);

test.each([
  [['entitlement', 'list', 'c99'], 1, 'there is no customer "c99"'],
  [['entitlement', 'evaluate', '--as-of', '2026-01-21'], 1, "the bank's data end on 2026-01-20"],
  [['entitlement', 'evaluate', '--as-of', 'today'], 2, '"today" is not a day'],
  [['offer', 'show', 'nothing'], 1, 'there is no offer "nothing"'],
  [['offer', 'show', 'x', '--version', '0'], 2, '"0" is not a version'],
  [['offer', 'publish', OFFERS, '--by', ' '], 2, '--by is a line of 1 to 100 characters.'],
  [['catalogue', 'publish', 'loyalty/catalogue.yaml', '--by', LONG_NAME], 2, '--by is a line of 1 to 100 characters.'],
  [['order', 'place', 'c1', 'tea-set', '--key', 'k', '--by', LONG_NAME], 2, '--by is a line of 1 to 100 characters.'],
  [['api', 'token', 'create', 'The Lending System'], 2, 'in lower case with dashes'],
])('what is not right is said in a sentence: %j', async (args, code, words) => {
  const ended = await keepwell(...args);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toContain(words);
});

test('a file of offers is validated with line numbers', async () => {
  expect(await keepwell('offer', 'validate', OFFERS)).toMatchObject({
    code: 0,
    out: 'loyalty/offers.yaml has valid offers (priority-home-loan, loyal-loan-rate, private-safe-deposit).\n',
  });
  const text = await readFile(join(root, OFFERS), 'utf8');
  const file = join(folder, 'offers.yaml');
  await writeFile(file, text.replace('validFor: 90 days', 'validFor: 9 days'));
  const line = text.slice(0, text.indexOf('validFor: 90 days')).split('\n').length;
  const bad = await keepwell('offer', 'publish', file);
  expect([bad.code, bad.err]).toEqual([1, '']);
  expect(bad.out).toContain(`offers.yaml:${line}:15 offers.0.validFor: "9 days" is not how long an entitlement stands`);
});

test('a token is printed with the entry by which it is known', async () => {
  const { code, out } = await keepwell('api', 'token', 'create', 'lending', '--json');
  const { token, entry } = JSON.parse(out) as { token: string; entry: string };
  expect([code, entry]).toEqual([0, `lending:${createHash('sha256').update(token).digest('hex')}`]);
  expect((await keepwell('api', 'token', 'create', 'lending')).out).toMatch(
    /^token {2}kw_\S{43}\nentry {2}lending:[0-9a-f]{64}\nThe token is shown this once: give it to lending\./,
  );
});
