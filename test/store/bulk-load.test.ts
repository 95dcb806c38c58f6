import fc from 'fast-check';
import { copyField, copyRows, type CopyRow } from '../../store/bulk-load.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

/** Loads rows into a table of one text column and reads them back in order. */
async function throughCopy(texts: readonly (string | null)[]): Promise<(string | null)[]> {
  return database.owner.transaction(async (client) => {
    await client.query('create temp table copied (n integer, t text) on commit drop');
    await copyRows(
      client,
      'copied',
      ['n', 't'],
      texts.map((text, n): CopyRow => [n, text]),
    );
    const { rows } = await client.query<{ t: string | null }>('select t from copied order by n');
    return rows.map((row) => row.t);
  });
}

test('the characters that COPY would misread arrive as they were', async () => {
  const texts = [
    '\t',
    '\n',
    '\r\n',
    '\\',
    '\\N',
    '\\.',
    '\\\\N',
    '',
    null,
    '王芳',
    '𠮷😀',
    '\b\f\v',
    '\'"',
    '\\t',
    '\u2028\ufeff',
  ];
  expect(await throughCopy(texts)).toEqual(texts);
});

test('any text that UTF-8 can carry survives', async () => {
  const text = fc.string({ unit: 'grapheme' }).map((drawn) => drawn.replaceAll('\0', ''));
  const awkward = fc.string({
    unit: fc.constantFrom('\t', '\n', '\r', '\\', 'N', '.', ' ', '中', '😀', '\v', '\u007f'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(text, awkward, fc.constant(null)), { maxLength: 50 }), async (texts) => {
      expect(await throughCopy(texts)).toEqual(texts);
    }),
    { numRuns: 40 },
  );
});

test('numbers, money beyond 2^53, booleans and nothing', async () => {
  await database.owner.transaction(async (client) => {
    await client.query(
      'create temp table copied (a integer, b bigint, c boolean, d date, e double precision) on commit drop',
    );
    const row = [-3, 9_007_199_254_740_993n, false, '1994-04-20', 0.1] as const;
    await copyRows(client, 'copied', ['a', 'b', 'c', 'd', 'e'], [row, [1, null, true, null, null]]);
    const { rows } = await client.query<{ a: number }>('select a, b, c, d, e from copied order by a');
    expect(rows[0]).toEqual({ a: -3, b: 9_007_199_254_740_993n, c: false, d: '1994-04-20', e: 0.1 });
    expect(rows[1]).toEqual({ a: 1, b: null, c: true, d: null, e: null });
  });
});

test('more than one chunk, from an asynchronous source, with progress', async () => {
  const told: number[] = [];
  async function* rows(): AsyncGenerator<CopyRow> {
    for (let n = 0; n < 30_000; n += 1) yield [n, `row ${n}`];
  }
  await database.owner.transaction(async (client) => {
    await client.query('create temp table copied (n integer, t text) on commit drop');
    expect(await copyRows(client, 'copied', ['n', 't'], rows(), (n) => told.push(n))).toBe(30_000);
    const { rows: found } = await client.query(
      'select count(*)::integer as n, count(distinct t)::integer as t from copied',
    );
    expect(found[0]).toEqual({ n: 30_000, t: 30_000 });
  });
  expect(told.length).toBeGreaterThan(3);
  expect(told.at(-1)).toBe(30_000);
});

test('what can not be stored is refused in a sentence', () => {
  expect(() => copyField('a\0b')).toThrow(/NUL character, which Postgres can't store .* remove it/);
  expect(() => copyField('a\ud800b')).toThrow(/half of a character pair/);
  expect(() => copyField(Number.NaN)).toThrow(/NaN is not a number that can be stored/);
});

test('a failure in the middle leaves nothing behind, and the connection usable', async () => {
  async function* breaks(): AsyncGenerator<CopyRow> {
    for (let n = 0; n < 10_000; n += 1) yield [`b-${n}`, 'name'];
    throw new Error('the source broke');
  }
  const load = (rows: Iterable<CopyRow> | AsyncIterable<CopyRow>): Promise<number> =>
    database.owner.transaction((client) => copyRows(client, 'branches', ['branch_ref', 'name'], rows));
  await expect(load(breaks())).rejects.toThrow('the source broke');
  await expect(load([['b-1', 'x'], ['b-2']])).rejects.toThrow('row 2 for branches has 1 values for 2 columns');
  await expect(
    load([
      ['b-1', 'x'],
      ['b-2', 'a\0'],
    ]),
  ).rejects.toThrow(/^row 2 for branches: a text holds a NUL/);
  await expect(
    load([
      ['b-1', 'x'],
      ['b-1', 'y'],
    ]),
  ).rejects.toThrow(/duplicate key/);
  await expect(database.owner.transaction((client) => copyRows(client, 'branches; drop', ['a'], []))).rejects.toThrow(
    'is not a lower-case SQL name',
  );
  const { rows } = await database.owner.query<{ n: number }>('select count(*)::integer as n from branches');
  expect(rows[0]?.n).toBe(0);
});
