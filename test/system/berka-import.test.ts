import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  importBerka,
  ImportRefused,
  MAX_BAD_ROWS,
  type BerkaImportResult,
  type ImportProgress,
} from '../../bank/berka.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { plainDate } from '../../domain/types.js';
import { readInstallation } from '../../store/installation.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const DIRECTORY = process.env['KEEPWELL_BERKA_DIR'] ?? join(__dirname, '..', '..', '..', 'shared', 'data', 'berka');
/** The file's amounts and balances are rounded to whole crowns, each by itself: half a crown in haléře. */
const ROUNDING = 50n;

let database: TestDatabase;
/** Tests that leave their database empty share one. */
let empty: TestDatabase;
beforeAll(async () => {
  empty = await freshDatabase();
});
afterAll(() => empty.drop());

async function counts(of: TestDatabase): Promise<Record<string, number>> {
  const { rows } = await of.owner.query<Record<string, number>>(
    `select (select count(*)::integer from customers) as customers, (select count(*)::integer from accounts) as accounts,
            (select count(*)::integer from transactions) as transactions, (select count(*)::integer from branches) as branches,
            (select count(*)::integer from account_parties) as parties, (select count(*)::integer from consents) as consents,
            (select count(*)::integer from managers) as managers, (select count(*)::integer from tiers) as tiers,
            (select count(*)::integer from tier_rules) as rules, (select count(*)::integer from installation) as installations,
            (select count(*)::integer from tier_history) as history, (select count(*)::integer from tier_evaluations) as evaluations`,
  );
  return rows[0] ?? {};
}

/** A plain reader of the public file, which has no quotes inside of fields. */
async function rowsOf(table: string): Promise<string[][]> {
  const text = gunzipSync(await readFile(join(DIRECTORY, `${table}.csv.gz`))).toString('utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.replaceAll('"', '').split(','));
}

describe('the public bank', () => {
  const told: ImportProgress[] = [];
  const load = (): Promise<BerkaImportResult> =>
    importBerka({ owner: database.owner, directory: DIRECTORY, onProgress: (progress) => void told.push(progress) });
  let first: BerkaImportResult;
  beforeAll(async () => {
    if (!existsSync(join(DIRECTORY, 'trans.csv.gz')))
      throw new Error(
        `the PKDD'99 bank is not in ${DIRECTORY}; set KEEPWELL_BERKA_DIR to the folder with its .csv.gz files`,
      );
    database = await freshDatabase();
    first = await load();
  });
  afterAll(() => database.drop());

  test('all of it is imported, and a second import changes nothing', async () => {
    expect(first).toEqual({
      customers: 5_369,
      accounts: 4_500,
      transactions: 52_816,
      changed: true,
      notYetCustomers: 3_851,
    });
    const before = await counts(database);
    expect(before).toMatchObject({
      branches: 77,
      parties: 5_369,
      consents: 10_738,
      managers: 12,
      tiers: 3,
      installations: 1,
    });
    expect(await load()).toEqual({ ...first, changed: false });
    expect(await counts(database)).toEqual(before);
    const done = told.filter((each) => each.bytesRead === each.bytesTotal && each.rows === 52_816);
    expect(done.map((each) => each.file)).toEqual(['trans.csv.gz', 'trans.csv.gz']);
    expect(await readInstallation(database.app)).toMatchObject({
      currency: 'CZK',
      zone: 'Europe/Prague',
      tierRule: 'bohai@1',
      dataUntil: '1994-04-20',
      clock: WALL_CLOCK,
    });
  });

  test('the balances tie out with the file, account by account', async () => {
    const { rows } = await database.app.query<{ source_id: string; balance: bigint; entries: number }>(
      `select a.source_id, sum(t.amount_minor)::bigint as balance, count(*)::integer as entries
         from transactions t join accounts a using (account_ref) group by a.source_id`,
    );
    const lastDay = new Map<string, { day: string; balances: bigint[] }>();
    for (const [account = '', day = '', , , , balance = ''] of await rowsOf('trans')) {
      const id = String(Number(account.slice(1)));
      const seen = lastDay.get(id);
      // the order within a day is not told, so any balance of the last day may be the last one
      if (seen?.day === day) seen.balances.push(BigInt(balance) * 100n);
      else lastDay.set(id, { day, balances: [BigInt(balance) * 100n] });
    }
    expect(rows).toHaveLength(1_252);
    expect(lastDay.size).toBe(1_252);
    const off = rows.filter(({ source_id, balance, entries }) => {
      const told = lastDay.get(source_id)?.balances ?? [];
      const most = ROUNDING * BigInt(entries + 1);
      return !told.some((each) => each - balance <= most && balance - each <= most);
    });
    expect(off).toEqual([]);
  });

  test('those whose account was opened later are not customers yet, and have no tier', async () => {
    const opened = new Map((await rowsOf('account')).map(([id = '', , , day = '']) => [id, day]));
    const since = new Map<string, string>();
    for (const [, client = '', account = ''] of await rowsOf('disp')) {
      const day = opened.get(account) ?? '';
      if (day < (since.get(client) ?? '9')) since.set(client, day);
    }
    const { rows } = await database.app.query<{ source_id: string; customer_since: string; tiers: number }>(
      `select c.source_id, c.customer_since, (select count(*)::integer from tier_history h where h.customer_ref = c.customer_ref) as tiers
         from customers c`,
    );
    expect(new Map(rows.map((row) => [row.source_id, row.customer_since]))).toEqual(since);
    for (const { customer_since, tiers } of rows) expect(tiers > 0).toBe(customer_since <= '1994-04-20');
  });
});

/** A bank of two customers: small enough to spoil by hand. */
const SMALL: Readonly<Record<string, string>> = {
  district: '"district_id","A2","A3"\n1,"Praha","Prague"\n2,"Benesov","central Bohemia"\n',
  client: '"client_id","gender","birth_date","district_id"\n1,"F","1970-12-13",1\n2,"M","1945-02-04",2\n',
  account:
    '"account_id","district_id","frequency","date"\n7,1,"POPLATEK MESICNE","1993-01-01"\n8,2,"POPLATEK MESICNE","1995-01-01"\n',
  disp: '"disp_id","client_id","account_id","type"\n1,1,7,"OWNER"\n2,2,8,"OWNER"\n3,2,7,"DISPONENT"\n',
  trans:
    'account_id,date,type,operation,amount,balance,k_symbol,bank,account\n' +
    'A0000000007,1993-01-01,credit,deposit,700,700,,,\n' +
    'A0000000007,1993-01-31,credit,interest_pmt,0,700,interest_pmt,,\n' +
    'A0000000007,1993-02-05,debit,transer_to_another_bank,100.5,599.5,household,YZ,87144583.0\n',
};

describe('a small bank', () => {
  let directory: string;
  const refused = (): Promise<unknown> => importBerka({ owner: empty.owner, directory });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'keepwell-berka-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function write(changed: Readonly<Record<string, string | Buffer | null>> = {}): Promise<void> {
    for (const [table, content] of Object.entries({ ...SMALL, ...changed })) {
      if (content === null) continue;
      const file = join(directory, `${table}.csv.gz`);
      await writeFile(file, typeof content === 'string' ? gzipSync(content) : content);
    }
  }

  const replace = (table: string, from: string, to: string): Record<string, string> => {
    expect(SMALL[table]).toContain(from);
    return { [table]: (SMALL[table] ?? '').replace(from, to) };
  };

  const spoiled: [string, () => Record<string, string | Buffer | null>, RegExp][] = [
    [
      'an unknown account',
      () => replace('trans', 'A0000000007,1993-01-31', 'A0000000009,1993-01-31'),
      /trans\.csv\.gz line 3: account 9 is not in account\.csv\.gz/,
    ],
    [
      'a day that does not exist',
      () => replace('trans', '1993-02-05', '1993-02-30'),
      /trans\.csv\.gz line 4: date "1993-02-30" is not a day/,
    ],
    [
      'an amount that is no number',
      () => replace('trans', '700,700', '7x0,700'),
      /trans\.csv\.gz line 2: amount "7x0" is not an amount/,
    ],
    [
      'a balance that is no number',
      () => replace('trans', '700,700', '700,'),
      /trans\.csv\.gz line 2: balance "" is not an amount/,
    ],
    [
      'a negative amount',
      () => replace('trans', '100.5,', '-100.5,'),
      /trans\.csv\.gz line 4: amount "-100.5" is negative/,
    ],
    [
      'an unknown type',
      () => replace('trans', 'credit,deposit', 'gift,deposit'),
      /trans\.csv\.gz line 2: type "gift" is not known; known are credit/,
    ],
    [
      'an unknown operation',
      () => replace('trans', 'credit,deposit', 'credit,toString'),
      /trans\.csv\.gz line 2: operation "toString" is not known/,
    ],
    [
      'too few columns',
      () => replace('trans', '700,700,,,', '700,700'),
      /trans\.csv\.gz line 2: it has 6 columns where the header has 9/,
    ],
    [
      'too many columns',
      () => replace('client', '"1970-12-13",1', '"1970-12-13",1,5'),
      /client\.csv\.gz line 2: it has 5 columns where the header has 4/,
    ],
    [
      'a renamed column',
      () => replace('trans', 'amount', 'sum'),
      /trans\.csv\.gz line 1: there is no column "amount"; the header has "account_id"/,
    ],
    [
      'an unknown client',
      () => replace('disp', '2,2,8', '2,5,8'),
      /disp\.csv\.gz line 3: client 5 is not in client\.csv\.gz/,
    ],
    [
      'an unknown district',
      () => replace('client', '"1970-12-13",1', '"1970-12-13",9'),
      /client\.csv\.gz line 2: district 9 is not in/,
    ],
    [
      'an account without an owner',
      () => replace('disp', '2,2,8,"OWNER"', '2,2,8,"DISPONENT"'),
      /account\.csv\.gz line 3: account 8 has no OWNER/,
    ],
    [
      'two owners',
      () => replace('disp', '"DISPONENT"', '"OWNER"'),
      /disp\.csv\.gz line 4: account 7 has an OWNER already/,
    ],
    [
      'the same client twice',
      () => replace('client', '2,"M"', '1,"M"'),
      /client\.csv\.gz line 3: client 1 is on line 2 already/,
    ],
    ['a missing file', () => ({ disp: null }), /disp\.csv\.gz line 0: the file is missing/],
    ['an empty file', () => ({ disp: '' }), /disp\.csv\.gz line 1: the file is empty/],
    [
      'a file that is not gzip',
      () => ({ disp: Buffer.from('disp_id,client_id') }),
      /disp\.csv\.gz line 0: the file can't be unpacked .* fetch it again/,
    ],
    ['a broken quote', () => replace('client', '2,"M"', '2,"M'), /client\.csv\.gz line \d: it is not CSV/],
  ];
  test.each(spoiled)('%s is refused with its place, and nothing is loaded', async (_name, changed, message) => {
    const before = await counts(empty);
    await write(changed());
    await expect(refused()).rejects.toThrow(message);
    expect(await counts(empty)).toEqual(before);
  });

  test('a file that is cut off is refused', async () => {
    const long = SMALL['trans'] + 'A0000000007,1993-02-06,credit,deposit,701,9,,,\n'.repeat(20_000);
    // what the same lines over and over pack into is short: half of it is still many lines
    const packed = gzipSync(long);
    await write({ trans: packed.subarray(0, packed.length / 2) });
    const before = await counts(empty);
    await expect(refused()).rejects.toThrow(/trans\.csv\.gz line \d+: the file is cut off/);
    expect(await counts(empty)).toEqual(before);
  });

  test('all bad rows are told, up to a limit', async () => {
    await write({
      ...replace('trans', '1993-01-01', '1993-13-01'),
      ...replace('client', '1945-02-04', '1945-02-31'),
    });
    const two = await refused().catch((error: unknown) => error);
    // the client of line 3 is bad, and so are the two rows of disp that speak of them
    expect((two as ImportRefused).badRows.map(({ file, line }) => `${file} ${line}`)).toEqual(
      expect.arrayContaining(['client.csv.gz 3', 'trans.csv.gz 2']),
    );
    await write({ trans: SMALL['trans'] + 'A0000000007,yesterday,credit,deposit,1,1,,,\n'.repeat(100) });
    const many = await refused().catch((error: unknown) => error);
    expect(many).toBeInstanceOf(ImportRefused);
    expect((many as ImportRefused).badRows).toHaveLength(MAX_BAD_ROWS);
    expect((many as ImportRefused).message).toContain(`at least ${MAX_BAD_ROWS} bad rows`);
  });

  describe('that is whole', () => {
    beforeAll(async () => {
      database = await freshDatabase();
    });
    afterAll(() => database.drop());

    test('loads, with the least amount where the file rounds to nothing', async () => {
      await write();
      const result = await importBerka({ owner: database.owner, directory, asOf: plainDate('1993-03-01') });
      expect(result).toEqual({ customers: 2, accounts: 2, transactions: 3, changed: true, notYetCustomers: 0 });
      const { rows } = await database.app.query(
        'select amount_minor, category, counterparty_account from transactions order by 1',
      );
      expect(rows).toEqual([
        { amount_minor: -10_050n, category: 'household', counterparty_account: '87144583' },
        { amount_minor: 1n, category: 'interest', counterparty_account: null },
        { amount_minor: 70_000n, category: 'deposit', counterparty_account: null },
      ]);
    });

    test('more of the same bank is added; changed data is refused', async () => {
      await write({ trans: SMALL['trans'] + 'A0000000007,1993-02-06,credit,deposit,5,604.5,,,\n' });
      expect(await importBerka({ owner: database.owner, directory })).toMatchObject({ transactions: 4, changed: true });
      await write(replace('trans', '700,700', '701,700'));
      await expect(importBerka({ owner: database.owner, directory })).rejects.toThrow(
        /holds other data than the files \(transactions: 1, more transactions: 1\).* import these files into an empty database/,
      );
      expect(await counts(database)).toMatchObject({ transactions: 4 });
    });
  });
});
