import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addDays, plainDate } from '../../domain/types.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addDebtor, bookOnCard, POLICY_FILE } from '../setup/plans.js';
import { smallBank } from '../setup/small-bank.js';

/** Business time begins here whatever the wall says. */
const TODAY = plainDate('2026-01-12');
const FIRST_DUE = addDays(TODAY, 30);
let folder: string;
let database: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-plan-'));
  database = await freshDatabase();
  const clock = { origin: Date.parse(`${TODAY}T02:00:00Z`), anchor: Date.now(), rate: 1 };
  await smallBank(database, clock, addDays(TODAY, -1));
  await addDebtor(database, { ref: 'c1' });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);
const propose = (total: string, instalments: string, ...more: string[]): Promise<Ended> =>
  keepwell(
    ...['plan', 'propose', 'c1', '--total', total, '--instalments', instalments],
    ...['--first-due', FIRST_DUE, '--by', 'anna', ...more],
  );
const refOf = ({ out }: Ended): string => /P-\d{4}-\d{7}/.exec(out)?.[0] ?? 'none';

test('a plan is proposed, agreed and shown; it is in force while Temporal is away', async () => {
  expect((await keepwell('plan', 'list')).out).toBe('No such plan.\n');
  const proposed = await propose('6000', '12');
  const ref = refOf(proposed);
  expect(proposed.out).toMatch(/is proposed to c1: 6,000\.00 CNY on kc1[\s\S]*1 +\d{4}-\d\d-\d\d +500\.00 CNY/);
  const agreed = await keepwell('plan', 'agree', ref, '--by', 'anna', '--json');
  expect(JSON.parse(agreed.out)).toEqual({ planRef: ref, state: 'running', started: false });
  expect(agreed.err).toContain('watched from the next daily round on');
  const shown = await keepwell('plan', 'show', ref);
  expect(shown.out).toMatch(/state +running\n/);
  expect(shown.out).toMatch(/agreed +\d{4}-.* by anna\n/);
  expect(shown.out).toMatch(/12 +\d{4}-\d\d-\d\d +500\.00 CNY +due/);
  expect(shown.out).toContain('No letter was sent yet.');
  const listed = await keepwell('plan', 'list', '--state', 'running', '--json');
  expect(JSON.parse(listed.out)).toMatchObject({ plans: [{ planRef: ref, total: '600000', paid: 0 }], next: null });
  expect((await propose('6000', '12')).out).toContain('the customer has a plan that is not closed');
  expect((await keepwell('plan', 'end', ref, '--reason', 'tired')).err).toContain('--reason is one of by-customer');
  expect((await keepwell('plan', 'end', ref, '--reason', 'by-customer')).out).toContain(`${ref} is ended`);
  expect((await keepwell('plan', 'grant-standing', ref)).err).toContain('they are not');
});

test('what the policy does not allow is told with what would fit, and exits with 1', async () => {
  const { code, out } = await propose('60000', '6');
  expect(code).toBe(1);
  expect(out).toContain('- an instalment takes more of the monthly income than the policy allows');
  expect(out).toMatch(
    /What would fit: 20 to 60 monthly instalments \(3,000\.00 CNY to 1,000\.00 CNY\), the first due from/,
  );
  expect((await propose('much', '6')).err).toContain('--total is an amount of CNY like 6000 or 6000.50, not "much"');
  expect((await propose('6000', '1.5')).err).toContain('--instalments is a whole number');
  expect((await propose('6000', '6', '--first-due', '2026-02-30')).err).toContain('is not a day');
  expect((await propose('6000', '6', '--account', 'kc2')).err).toContain('no open account "kc2"; there is: kc1');
  await bookOnCard(database, 'c1', addDays(TODAY, -1), 900_000n);
  expect((await propose('6000', '6')).err).toContain('no account of c1 is in the red; name one with --account');
});

test('a large plan waits for another person', async () => {
  const proposed = await propose('60000', '24');
  expect(proposed.out).toContain('another person has to approve it: its total is above what one person may agree');
  const ref = refOf(proposed);
  expect((await keepwell('plan', 'agree', ref, '--by', 'anna')).out).toContain('waits for the approval');
  const own = await keepwell('plan', 'approve', ref, '--by', 'Anna');
  expect(own).toMatchObject({ code: 1 });
  expect(own.err).toContain('another person has to approve it');
  expect((await keepwell('plan', 'list')).out).toContain('WAITS FOR APPROVAL');
  expect((await keepwell('plan', 'approve', ref, '--by', 'Li Jun')).out).toContain(`${ref} is running`);
});

test('a policy is checked with its lines, and a plan is not proposed by a faulty one', async () => {
  expect((await keepwell('plan', 'policy')).out).toContain('is a valid policy (repayment-plans)');
  const file = join(folder, 'policy.yaml');
  await writeFile(file, (await readFile(POLICY_FILE, 'utf8')).replace('graceDays: 5', 'graceDays: many'));
  for (const ended of [await keepwell('plan', 'policy', file), await propose('6000', '12', '--policy', file)]) {
    expect(ended.code).toBe(1);
    expect(ended.out).toMatch(/policy\.yaml:\d+:\d+ graceDays.* a whole number/);
  }
});

test('a plan under a file of one’s own waits for another person, and --help says so', async () => {
  const file = join(folder, 'policy.yaml');
  await writeFile(file, (await readFile(POLICY_FILE, 'utf8')).replace('above: 50000', 'above: 900000'));
  const proposed = await propose('60000', '24', '--policy', file);
  expect(proposed.out).toContain("another person has to approve it: its limits are not those of the bank's own policy");
  expect((await keepwell('plan', 'agree', refOf(proposed), '--by', 'anna')).out).toContain('waits for the approval');
  const { out } = await keepwell('plan', 'propose', '--help');
  expect(out.replace(/\s+/g, ' ')).toContain("under any but the bank's own another person has to approve the plan");
});
