import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { exportLedger } from '../../client/cli/ledger-export.js';
import { exactAmount } from '../../client/cli/ledger-formats.js';
import { instant, minor, points, type Currency, type CustomerRef, type Instant } from '../../domain/types.js';
import {
  customerAccount,
  issuanceFor,
  MAX_BATCH_POSTINGS,
  post,
  postAll,
  redressCost,
  redressOwed,
  type PostingRequest,
} from '../../store/ledger.js';
import { EXPORT_PAGE_ROWS, readBooks } from '../../store/reads/ledger-export.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const C1 = 'c1' as CustomerRef;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(() => database.drop());

const earn = (key: string, at: Instant = AT, told: Partial<PostingRequest> = {}): PostingRequest => {
  const way = { from: issuanceFor('transactions'), to: customerAccount(C1) };
  return { key, kind: 'earn', ...way, amount: points(10), memo: 'earned', at, ...told };
};
async function exported(format: 'csv' | 'hledger', until: Instant | null = null): Promise<string> {
  const out = new PassThrough();
  const [whole] = await Promise.all([text(out), exportLedger(database.app, { format, until }, out)]);
  return whole;
}

test('what is posted while the books are read is not in them, and all that was there is, page after page', async () => {
  const many = Array.from({ length: MAX_BATCH_POSTINGS }, (_, n) => earn(`earn:${n}`, AT));
  await database.app.transaction((sql) => postAll(sql, many, AT));
  await post(database.app, earn('earn:last'));
  const seen: string[] = [];
  const sizes: number[] = [];
  await readBooks(database.app, null, async (books) => {
    expect(books.postings).toBe(MAX_BATCH_POSTINGS + 1);
    for await (const page of books.pages()) {
      await post(database.app, earn(`meanwhile:${sizes.length}`));
      sizes.push(page.length);
      seen.push(...page.map(({ key }) => key));
    }
    for await (const [account] of books.accounts())
      expect(account).toMatchObject({ account: 'customer:c1', balance: 50_010n });
  });
  expect(sizes).toEqual([EXPORT_PAGE_ROWS, 1]);
  expect(new Set(seen)).toEqual(new Set([...many.map(({ key }) => key), 'earn:last']));
});

test('an export up to an instant has what was posted by then, and the balances of then', async () => {
  await post(database.app, earn('earn:later', instant(AT + 1)));
  await post(database.app, earn('earn:then'));
  const journal = await exported('hledger', AT);
  expect(journal).toContain('; 1 postings, up to and including 2026-01-12T02:00:00.000Z.');
  expect(journal).toContain('key:earn:then');
  expect(journal).not.toContain('key:earn:later');
  expect(journal).toContain('    customer:c1  0 POINTS = 10 POINTS\n');
  expect(parse(await exported('csv', AT))).toHaveLength(2);
  // who keeps it finds the same one later, whatever was opened since
  await post(database.app, earn('earn:new', instant(AT + 2), { to: customerAccount('c2' as CustomerRef) }));
  const czk = 'CZK' as Currency;
  const owed = { kind: 'owe-redress' as const, from: redressCost(czk), to: redressOwed(czk, C1) };
  await post(database.app, earn('owe', instant(AT + 3), { ...owed, amount: minor(1) }));
  expect(await exported('hledger', AT)).toBe(journal);
  // the whole is in the order of business time, whatever was posted first
  expect(await exported('csv')).toMatch(/earn:then,(.|\n)*earn:later,/);
});

test('books in which nothing is posted are exported too', async () => {
  expect(await exported('csv')).toBe('posting,at,kind,from,to,unit,amount,memo,key,expires_on,reverses\n');
  expect(await exported('hledger')).toContain('; 0 postings, all of it.');
});

test('what people wrote in a memo or a key neither breaks a line nor becomes a formula, a comment or a tag', async () => {
  const memo = '=HYPERLINK("x"); paid | "in part"\n2026-01-01 forged';
  await post(database.app, earn('odd, key:x; 100 %\n', AT, { memo }));
  const [row] = parse<Record<string, string>>(await exported('csv'), { columns: true });
  expect(row).toMatchObject({ memo: `'${memo}`, key: 'odd, key:x; 100 %\n', amount: '10' });
  expect(await exported('hledger')).toContain(
    '2026-01-12 (1) earn | =HYPERLINK("x")  paid   "in part" 2026-01-01 forged  ; key:odd%2C%20key:x%3B%20100%20%25%0A, at:2026-01-12T02:00:00.000Z\n',
  );
});

test('money has the decimals of its currency, and points have none', async () => {
  expect([
    exactAmount(1250n, 'CNY'),
    exactAmount(-5n, 'CNY'),
    exactAmount(1250n, 'JPY'),
    exactAmount(1n, 'KWD'),
  ]).toEqual(['12.50', '-0.05', '1250', '0.001']);
  expect(exactAmount(9_007_199_254_740_993n, 'points')).toBe('9007199254740993');
  for (const currency of ['CNY', 'JPY', 'KWD'] as Currency[]) {
    const way = { from: redressCost(currency), to: redressOwed(currency, C1) };
    await post(database.app, {
      key: `owe:${currency}`,
      kind: 'owe-redress',
      ...way,
      amount: minor(1_250),
      memo: 'fee',
      at: AT,
    });
  }
  const journal = await exported('hledger');
  for (const line of [
    'commodity 1000. JPY',
    'commodity 1000.00 CNY',
    'commodity 1000.000 KWD',
    'redress-owed:KWD:c1  1.250 KWD',
  ])
    expect(journal).toContain(line);
});
