import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { instant, minor, plainDate, points, type Currency, type CustomerRef } from '../../domain/types.js';
import { closeJourney, readJourney } from '../../store/journeys.js';
import {
  customerAccount,
  EXPIRED,
  heldAccount,
  issuanceFor,
  post,
  redressCost,
  redressOwed,
  type PostingRequest,
} from '../../store/ledger.js';
import { grantReward, reserveReward } from '../../store/rewards.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const on = (day: string) => instant(Date.parse(`${day}T04:00:00Z`));
let folder: string;
let database: TestDatabase;
/** of 30 points that were given in error */
let inError: bigint;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-ledger-cli-'));
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, '2026-01-20');
  const [c1, c2] = [await addCustomer(database, { ref: 'c1' }), await addCustomer(database, { ref: 'c2' })];
  await addCustomer(database, { ref: 'c3' });
  const { journeyId } = await admitted(database, c1, '2026-01-20', on('2026-01-20'));
  const journey = await readJourney(database.app, journeyId);
  await reserveReward(database.app, journey, on('2026-01-20'));
  await grantReward(database.app, journey, points(500), on('2026-03-20'));
  await closeJourney(database.app, journeyId, 'retained', 'kept', on('2026-03-20'));
  await earn(c1, 200, '2026-02-10', '2099-02-28');
  await earn(c2, 80, '2026-02-11', '2026-05-31');
  await move('expire', customerAccount(c2), EXPIRED, 60, '2026-06-01');
  inError = (await earn(c2, 30, '2026-06-02', '2099-06-30')).postingId;
  const owed = redressOwed('CNY' as Currency, c1);
  await move('owe-redress', redressCost('CNY' as Currency), owed, 1, '2026-06-03', { amount: minor(12_50) });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

let nextKey = 0;
type Told = Partial<PostingRequest>;
function move(
  kind: PostingRequest['kind'],
  from: PostingRequest['from'],
  to: PostingRequest['to'],
  amount: number,
  day: string,
  told: Told = {},
) {
  nextKey += 1;
  const request = {
    key: `${kind}:${nextKey}`,
    kind,
    from,
    to,
    amount: points(amount),
    memo: `by ${kind}`,
    at: on(day),
    ...told,
  };
  return post(database.app, request);
}
const earn = (ref: CustomerRef, amount: number, day: string, until: string) =>
  move('earn', issuanceFor('transactions'), customerAccount(ref), amount, day, { expiresOn: plainDate(until) });

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);
/** The answer for programs. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await keepwell(...args, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, unknown>;
}
/** A table's cells are that far apart, however wide they are. */
const cells = (text: string): string => text.replaceAll(/ {2,}/g, '  ');

test('a customer asks what she has: staff see the balance, what is good for how long, and what came and went', async () => {
  expect((await keepwell('points', 'balance', 'c1')).out).toBe(
    'c1 has 700 points. Next to expire: 200, which are good until 2099-02-28.\n',
  );
  expect((await keepwell('points', 'balance', 'c3')).out).toBe('c3 has 0 points.\n');
  const { out } = await keepwell('points', 'statement', 'c1');
  expect(cells(out)).toMatch(/POSTING {2}WHEN {2}POINTS {2}BALANCE {2}GOOD UNTIL {2}FOR/);
  expect(cells(out)).toMatch(/2026-02-10 12:00 {2}\+200 {2}700 {2}2099-02-28 {2}by earn/);
  expect(cells(out)).toContain('What is left, spent in this order:\nGOOD UNTIL  POINTS\n2099-02-28  200\nnever  500\n');
  expect(await json('points', 'statement', 'c3')).toEqual({
    customerRef: 'c3',
    lines: [],
    next: null,
    held: '0',
    expiring: [],
  });
  const nobody = await keepwell('points', 'balance', 'Zhang');
  expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('there is no customer "Zhang"') as string]);
});

test('finance asks what is owed, now and at the end of a month, and when it expires', async () => {
  const { out } = await keepwell('points', 'liability');
  expect(cells(out)).toContain('owed  750 points to 2 customers');
  expect(cells(out)).toContain('issued  200310, the sum of all these');
  expect(cells(out)).toMatch(/If nobody spends any:\nEXPIRES IN {2}CUSTOMERS {2}POINTS {2}LEFT AFTER IT\n/);
  expect(cells(out)).toMatch(/2099-02 {2}1 {2}200 {2}\d+\n/);
  const then = await json('points', 'liability', '--as-of', '2026-02-28');
  expect(then).toMatchObject({ asOf: '2026-02-28T15:59:59.999Z', owed: '280', reserved: '500', customers: 2 });
  expect(await json('points', 'liability', '--as-of', '2026-02-10T04:00:00Z')).toMatchObject({ owed: '200' });
  const wrong = await keepwell('points', 'liability', '--as-of', '2026-02-30');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--as-of wants a day like') as string]);
});

test('the campaign team asks what the budget bought', async () => {
  const { out } = await keepwell('points', 'budget', '--campaign', 'keep-your-tier');
  expect(out).toContain('keep-your-tier: 200000 points funded, 500 granted (0.25 %), 0 reserved, 199500 left.\n');
  expect(cells(out)).toContain('2026-03  0  0  0  500  199500');
  expect((await keepwell('points', 'budget', '--campaign', 'nothing')).err).toContain('"nothing" never had a budget');
  const cost = await keepwell('points', 'cost');
  expect(cells(cost.out)).toContain('keep-your-tier  1  1  500  500.00');
  expect(cells(cost.out)).toContain('credit-care  0  0  0  nobody retained yet');
  expect(await json('points', 'cost')).toMatchObject([
    { campaignRef: 'credit-care', pointsEach: null },
    { campaignRef: 'keep-your-tier', pointsEach: '500.00' },
  ]);
  expect(cells((await keepwell('points', 'breakage')).out)).toMatch(
    /POINTS {2}SPENT OR HELD {2}EXPIRED[^]*all {2}810 {2}0 {2}60 {2}750 {2}7\.41 %/,
  );
});

test('an auditor takes the books away in a file that nobody else can read, and its digest with it', async () => {
  const file = join(folder, 'books.journal');
  const told = await json('ledger', 'export', '--format', 'hledger', '--out', file);
  const text = await readFile(file, 'utf8');
  const digest = createHash('sha256').update(text).digest('hex');
  expect(told).toEqual({ file, format: 'hledger', until: null, postings: 8, sha256: digest });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(text).toContain('    redress-owed:CNY:c1  12.50 CNY\n');
  const csv = await keepwell('ledger', 'export', '--format', 'csv', '--until', '2026-02-10');
  expect(csv.out.split('\n')).toHaveLength(5);
  expect(csv.err).toMatch(/^3 postings; SHA-256 [0-9a-f]{64}\n$/);
  const nowhere = await keepwell('ledger', 'export', '--format', 'csv', '--out', join(folder, 'no', 'file'));
  expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining("can't be written (ENOENT)") as string]);
  expect((await keepwell('ledger', 'export', '--format', 'xml')).code).toBe(2);
});

test('nobody is told the books of an instant that is still to come', async () => {
  for (const command of [
    ['ledger', 'show', 'customer:c2', '--as-of', '2099-01-01'],
    ['points', 'liability', '--as-of', '2099-01-01'],
    ['ledger', 'export', '--format', 'csv', '--until', '2099-01-01T00:00:00Z'],
  ]) {
    const { code, err } = await keepwell(...command);
    expect([code, err]).toEqual([2, expect.stringMatching(/2099-01-01\S* is not over yet: name a past day/) as string]);
  }
});

test('an account is shown as it is and as it was, and one that is not there is told', async () => {
  const { out } = await keepwell('ledger', 'show', 'customer:c2', '--as-of', '2026-05-31');
  expect(cells(out)).toContain('holds  80 points');
  expect(cells(out)).toContain('+80  issuance:transactions  by earn');
  expect(cells((await keepwell('ledger', 'show', 'redress-cost:CNY')).out)).toContain('holds  -12.50 CNY');
  expect((await keepwell('ledger', 'show', 'customer:c9')).err).toContain('the ledger has no account "customer:c9"');
});

test('staff take back what was given in error, once, with the reason; what is spent or has its own way stays', async () => {
  const because = ['--reason', 'wrong customer', '--by', 'Chen Yu'];
  const taken = await keepwell('ledger', 'reverse', String(inError), ...because);
  expect([taken.code, taken.out]).toEqual([
    0,
    expect.stringMatching(
      /^Posting \d+ is taken back by posting \d+; the customer's record of decisions says by whom\.\n$/,
    ),
  ]);
  expect((await keepwell('ledger', 'reverse', String(inError), ...because)).out).toContain('nothing was changed');
  const shown = (await keepwell('ledger', 'show', 'customer:c2')).out;
  expect(shown).toContain('wrong customer');
  expect(shown).not.toContain('Chen Yu');
  expect((await keepwell('ledger', 'reverse', '1', ...because)).err).toContain('publish a version of the campaign');
  expect((await keepwell('ledger', 'reverse', '999', ...because)).err).toContain('there is no posting 999');
  expect((await keepwell('ledger', 'reverse', 'one', ...because)).code).toBe(2);
});

test('the books are verified, and a command that runs at night fails when they are not whole', async () => {
  const whole = await keepwell('ledger', 'verify');
  expect([whole.code, whole.err]).toEqual([0, '']);
  expect(whole.out).toMatch(/^ok {6}sum-zero .*\n(ok .*\n){9}\nThe books are whole: \d+ postings, \d+ accounts\.\n$/);
  const c1 = 'c1' as CustomerRef;
  await move('hold', customerAccount(c1), heldAccount(c1), 5, '2026-06-10');
  const broken = await keepwell('ledger', 'verify');
  expect(broken.code).toBe(1);
  expect(broken.out).toContain('held:c1 holds 5, and the open orders say 0');
  expect(broken.out).toContain('docs/ledger.md');
  expect((await keepwell('points', 'balance', 'c1')).out).toContain('c1 has 695 points; 5 more are held for orders.');
  // the grant comes back; of what was earned, five points are gone since
  const because = ['--reason', 'not owed', '--by', 'Chen Yu'];
  expect((await keepwell('ledger', 'reverse', '3', ...because)).code).toBe(0);
  const spent = await keepwell('ledger', 'reverse', '4', ...because);
  expect([spent.code, spent.err]).toEqual([
    1,
    expect.stringContaining('customer:c1 does not hold that much') as string,
  ]);
});
