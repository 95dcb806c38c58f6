import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse/sync';
import { exactAmount } from '../../client/cli/ledger-formats.js';
import { exportLedger, exportLedgerFile } from '../../client/cli/ledger-export.js';
import { instant, minor, points, type Currency, type CustomerRef } from '../../domain/types.js';
import {
  customerAccount,
  issuanceFor,
  post,
  POSTING_KINDS,
  redressCost,
  redressOwed,
  reverse,
  type PostingRequest,
} from '../../store/ledger.js';
import { verifyLedger } from '../../store/reads/ledger-verification.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { ensureHledger, hledger } from '../setup/hledger.js';
import { CLIENTS, expectedOf, randomOf, stepsOf, type Size } from './ledger-load.js';

// Somebody else's program reads the books and must come to the same balances. KEEPWELL_LEDGER_SEED repeats a run,
// KEEPWELL_LEDGER_ROUNDS makes a longer one: each of its 4 rounds is some 27,000 postings.

const root = join(__dirname, '..', '..');
const LEAST_POSTINGS = 100_000;
const SEED = Number(process.env['KEEPWELL_LEDGER_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const SIZE: Size = { rounds: Number(process.env['KEEPWELL_LEDGER_ROUNDS'] ?? 4), width: 500 };
/** Clients that are killed, and how often each. */
const KILLED = 6;
const KILLS_EACH = 2;
const LIMIT_MS = 15 * 60_000;

let folder: string;
beforeAll(async () => {
  await ensureHledger();
  folder = await mkdtemp(join(tmpdir(), 'keepwell-ledger-'));
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

const STRICT = ['check', '--strict', 'ordereddates'];

/** What hledger says that each account holds, and the sum of all. */
async function balancesBy(journal: string): Promise<Map<string, string>> {
  const { code, out, err } = await hledger(journal, 'balance', '--flat', '-E', '-N', '-O', 'csv');
  expect([code, err]).toEqual([0, '']);
  const rows = parse<{ account: string; balance: string }>(out, { columns: true });
  return new Map(rows.map(({ account, balance }) => [account, balance]));
}

/** What Keepwell says, in hledger's words. */
async function balancesInKeepwell({ app }: TestDatabase): Promise<Map<string, string>> {
  const { rows } = await app.query<{ account: string; unit: string; balance: bigint }>(
    'select ledger_account as account, unit, ledger_balance(ledger_account) as balance from ledger_accounts',
  );
  const commodity = (unit: string): string => (unit === 'points' ? 'POINTS' : unit);
  const words = (balance: bigint, unit: string): string =>
    balance === 0n ? '0' : `${exactAmount(balance, unit)} ${commodity(unit)}`;
  return new Map(rows.map(({ account, unit, balance }) => [account, words(balance, unit)]));
}

describe('eight clients post at once, are killed and begin again', () => {
  let database: TestDatabase;
  let journal: string;
  let kills = 0;
  const expected = expectedOf(SEED, SIZE);

  beforeAll(async () => {
    console.log(`ledger proof: seed ${SEED} (KEEPWELL_LEDGER_SEED=${SEED} repeats it)`);
    database = await freshDatabase();
    journal = join(folder, 'books.journal');
    await Promise.all(Array.from({ length: CLIENTS }, (_, client) => runToTheEnd(client)));
  }, LIMIT_MS);
  afterAll(() => database.drop());

  /** Starts a client as often as it takes: the first times it is killed in the middle of a step. */
  async function runToTheEnd(client: number): Promise<void> {
    const random = randomOf(SEED + client);
    const steps = stepsOf(SEED, client, SIZE).length;
    const killAt = client < KILLED ? Array.from({ length: KILLS_EACH }, () => 1 + random(Math.floor(0.9 * steps))) : [];
    for (const step of [...killAt, null]) {
      const ended = await run(client, step);
      if (step === null) expect(ended).toEqual({ code: 0, signal: null, said: '' });
      else if (ended.signal === 'SIGKILL') kills += 1;
    }
  }

  /** @param killAt the step of which no more is heard than that it begins; null: let it be */
  function run(
    client: number,
    killAt: number | null,
  ): Promise<{ code: number | null; signal: string | null; said: string }> {
    const words = [SEED, client, SIZE.rounds, SIZE.width].map(String);
    const child: ChildProcess = spawn(
      process.execPath,
      ['--import', 'tsx', join('test', 'system', 'ledger-client.ts'), ...words],
      { cwd: root, env: { ...process.env, LEDGER_DATABASE: database.url }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    if (child.stdout)
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (Number(line) === killAt) child.kill('SIGKILL');
      });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, said }));
    });
  }

  test('each debt is posted once, of every kind, and clients were killed', async () => {
    const { rows } = await database.app.query<{ key: string; kind: string }>(
      'select idempotency_key as key, kind from postings',
    );
    console.log(`ledger proof: ${rows.length} postings by ${CLIENTS} clients, ${kills} kills`);
    expect(kills).toBe(KILLED * KILLS_EACH);
    expect(rows.length).toBeGreaterThanOrEqual(LEAST_POSTINGS);
    expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set(POSTING_KINDS));
    const posted = rows.filter(({ kind }) => kind !== 'reversal').map(({ key }) => key);
    expect(posted.length).toBe(expected.keys.size);
    expect(posted.filter((key) => !expected.keys.has(key))).toEqual([]);
    expect(rows.length - posted.length).toBe(expected.reversals);
  });

  test('Keepwell finds nothing against the books but that no order and no journey stands behind them', async () => {
    const { checks } = await verifyLedger(database.app);
    expect(checks.filter(({ found }) => found > 0).map(({ check }) => check)).toEqual(['reservations', 'orders']);
  });

  test(
    'hledger accepts the export, strictly, with the dates in order',
    async () => {
      const { postings } = await exportLedgerFile(database.app, { format: 'hledger', until: null }, journal);
      expect(postings).toBe(expected.keys.size + expected.reversals);
      expect(await hledger(journal, ...STRICT)).toEqual({ code: 0, out: '', err: '' });
    },
    LIMIT_MS,
  );

  test(
    "hledger's balance of every account is Keepwell's, to the last decimal",
    async () => {
      const ours = await balancesInKeepwell(database);
      const theirs = await balancesBy(journal);
      expect(theirs.size).toBe(ours.size);
      expect([...ours].filter(([account, balance]) => theirs.get(account) !== balance)).toEqual([]);
      expect([...ours.values()].some((balance) => /^-?\d+\.\d{3} KWD$/.test(balance))).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    'the CSV has the same postings, and each account holds by it what Keepwell says',
    async () => {
      const file = join(folder, 'books.csv');
      await exportLedger(database.app, { format: 'csv', until: null }, createWriteStream(file));
      const rows = parse<Record<string, string>>(await readFile(file, 'utf8'), { columns: true });
      expect(new Set(rows.map(({ key }) => key)).size).toBe(expected.keys.size + expected.reversals);
      const held = new Map<string, bigint>();
      const add = (account = '', amount: bigint): unknown => held.set(account, (held.get(account) ?? 0n) + amount);
      const units = new Map<string, string>();
      for (const { from = '', to = '', amount = '', unit = '' } of rows) {
        const parts = BigInt(amount.replace('.', ''));
        add(from, -parts);
        add(to, parts);
        units.set(from, unit).set(to, unit);
      }
      const { rows: ours } = await database.app.query<{ account: string; unit: string; balance: bigint }>(
        'select ledger_account as account, unit, ledger_balance(ledger_account) as balance from ledger_accounts',
      );
      const differ = ours.filter(
        ({ account, unit, balance }) => held.get(account) !== balance || units.get(account) !== unit,
      );
      expect([ours.length, differ]).toEqual([held.size, []]);
    },
    LIMIT_MS,
  );
});

describe('an export that somebody changed', () => {
  let database: TestDatabase;
  let good: string;
  const [c1, c2] = ['c1' as CustomerRef, 'c2' as CustomerRef];
  const first = instant(Date.UTC(2026, 0, 12, 2));
  const second = instant(Date.UTC(2026, 1, 12, 2));

  beforeAll(async () => {
    database = await freshDatabase();
    const earn = (key: string, ref: CustomerRef, amount: number, at = first): PostingRequest => {
      const way = { from: issuanceFor('transactions'), to: customerAccount(ref) };
      return { key, kind: 'earn', ...way, amount: points(amount), memo: 'earned', at };
    };
    await post(database.app, earn('earn:1', c1, 500));
    await post(database.app, earn('earn:2', c2, 70, second));
    const { postingId } = await post(database.app, earn('earn:3', c2, 30, second));
    await reverse(database.app, postingId, 'typed wrongly', second);
    const [cost, owed] = [redressCost('CNY' as Currency), redressOwed('CNY' as Currency, c1)];
    const debt = { key: 'owe:1', kind: 'owe-redress' as const, memo: 'fee charged twice', at: second };
    await post(database.app, { ...debt, from: cost, to: owed, amount: minor(12_50) });
    const file = join(folder, 'small.journal');
    await exportLedgerFile(database.app, { format: 'hledger', until: null }, file);
    good = await readFile(file, 'utf8');
  });
  afterAll(() => database.drop());

  async function changed(change: (text: string) => string): Promise<string> {
    const file = join(folder, 'changed.journal');
    const text = change(good);
    await writeFile(file, text);
    return file;
  }
  const entryOf = (code: number): RegExp => new RegExp(`^.* \\(${code}\\) (.|\\n)*?\\n\\n`, 'm');
  const takeOut = (code: number) => (text: string) => text.replace(entryOf(code), '');
  const withoutBalances = (text: string): string => text.slice(0, text.indexOf('\n2026-02-12 balances'));

  test('is accepted while nobody did', async () => {
    expect(await hledger(await changed((text) => text), ...STRICT)).toEqual({ code: 0, out: '', err: '' });
    expect(await balancesBy(await changed((text) => text))).toEqual(await balancesInKeepwell(database));
    expect(good).toContain('    redress-cost:CNY  -12.50 CNY\n    redress-owed:CNY:c1  12.50 CNY\n');
  });

  test.each<[string, (text: string) => string, RegExp]>([
    ['one leg of a posting', (text) => text.replace('customer:c1  500 ', 'customer:c1  501 '), /balance/i],
    ['both legs of a posting', (text) => text.replaceAll('500 POINTS\n', '501 POINTS\n'), /assertion/i],
    ['whom it went to', (text) => text.replace('customer:c1  500 ', 'customer:c2  500 '), /assertion/i],
    ['a posting, which is gone', takeOut(2), /assertion/i],
    [
      'an account, which nobody opened',
      (text) => withoutBalances(text).replace('customer:c1  500 ', 'customer:c3  500 '),
      /account/i,
    ],
    ['the unit', (text) => text.replaceAll('12.50 CNY\n', '12.50 EUR\n'), /commodity/i],
    [
      'the order of time',
      (text) => `${withoutBalances(takeOut(1)(text))}\n${entryOf(1).exec(text)?.[0] ?? ''}`,
      /order/i,
    ],
  ])('is refused by hledger: %s', async (_what, change, words) => {
    const file = await changed(change);
    expect(await readFile(file, 'utf8')).not.toBe(good);
    const { code, err } = await hledger(file, ...STRICT);
    expect(code).toBe(1);
    expect(err).toMatch(words);
  });

  test('and that asserts nothing any more still has other balances than Keepwell', async () => {
    const file = await changed((text) => takeOut(2)(withoutBalances(text)));
    expect(await hledger(file, ...STRICT)).toMatchObject({ code: 0 });
    expect(await balancesBy(file)).not.toEqual(await balancesInKeepwell(database));
  });
});
