import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant } from '../../domain/types.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** A dozen processes of some seconds each. */
jest.setTimeout(180_000);

const AT = instant(Date.UTC(2026, 0, 12, 2));
const WHY = 'court order 4711 of the third chamber';
const WHY_LIFTED = 'court order 4712 of the third chamber';

let database: TestDatabase;
let home: string;
beforeAll(async () => {
  database = await freshDatabase();
  home = await mkdtemp(join(tmpdir(), 'keepwell-exclusion-'));
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-11');
  const anna = await addCustomer(database, { ref: 'canna' });
  await admitted(database, anna, '2026-01-11', AT);
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

const said: string[] = [];
async function keepwell(...args: string[]): Promise<Ended> {
  const ended = await runKeepwell({ url: database.url, home }, args);
  said.push(ended.out, ended.err);
  return ended;
}
const exclusion = (...args: string[]): Promise<Ended> => keepwell('exclusion', ...args);
const add = (kind: string, reason = WHY, customer = 'canna'): Promise<Ended> =>
  exclusion('add', customer, '--kind', kind, '--reason', reason, '--by', 'Li Na');
const ids = async (): Promise<Record<string, string>> => {
  const { rows } = await database.owner.query<{ kind: string; id: string }>(
    'select kind, exclusion_id::text as id from exclusions',
  );
  return Object.fromEntries(rows.map(({ kind, id }) => [kind, id]));
};

test('a customer is excluded, listed, shown and set free again, and why is told nowhere', async () => {
  expect((await exclusion('list')).out).toBe('Nobody is excluded.\n');

  const guarded = await add('guardianship');
  expect(guarded.code).toBe(0);
  // Temporal is not there: what was committed holds, and the round tells the journey
  expect(guarded.out).toMatch(
    /^canna is excluded as guardianship \(.+\)\. Journey .+ ends with the next daily round\.\n$/,
  );
  expect(guarded.err).toContain('the daily round tells it');
  expect((await add('frozen')).code).toBe(0);
  const { guardianship = '', frozen = '' } = await ids();

  const list = JSON.parse((await exclusion('list', '--customer', 'canna', '--json')).out) as { exclusions: unknown[] };
  expect(list.exclusions).toEqual([
    expect.objectContaining({ exclusionId: frozen, customerRef: 'canna', kind: 'frozen', excludedBy: 'Li Na' }),
    expect.objectContaining({ exclusionId: guardianship, kind: 'guardianship', liftedAt: null }),
  ]);
  expect((await exclusion('list', '--customer', 'cboris')).out).toBe('Nobody is excluded.\n');
  expect((await exclusion('show', guardianship)).out).toMatch(/legal reason +recorded, not shown/);

  const own = await exclusion('lift', guardianship, '--reason', WHY_LIFTED, '--by', 'li na');
  expect([own.code, own.err]).toEqual([
    1,
    'keepwell: guardianship is lifted by another person than Li Na, who recorded it; nothing was changed\n',
  ]);
  const other = await exclusion('lift', guardianship, '--reason', WHY_LIFTED, '--by', 'Wang Wei', '--json');
  expect(JSON.parse(other.out)).toMatchObject({ liftedBy: 'Wang Wei', kind: 'guardianship' });
  expect((await exclusion('list')).out).not.toContain(guardianship);
  expect((await exclusion('list', '--all')).out).toContain(guardianship);

  // everything else that staff and programs see of the customer
  await keepwell('customer', 'show', 'canna', '--json');
  const journey = await keepwell('journey', 'show', 'canna');
  expect(journey.out).toContain('exclusion: guardianship');
  await keepwell('journey', 'show', 'canna', '--json');
  await keepwell('journey', 'list', '--json');
  expect(said.join('\n')).not.toMatch(/471[12]|chamber/);

  // and all that is recorded but the exclusion itself
  const { rows: tables } = await database.owner.query<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  const holding: string[] = [];
  for (const { name } of tables) {
    const { rows } = await database.owner.query(`select 1 from ${name} t where t::text ~ '471[12]|chamber' limit 1`);
    if (rows.length > 0) holding.push(name);
  }
  expect(holding).toEqual(['exclusions']);
});

test.each([
  [
    ['add', 'canna', '--kind', 'dead', '--reason', 'x'],
    2,
    '--kind is suspected-fraud, deceased, frozen, guardianship or vulnerable, not "dead".',
  ],
  [['add', 'canna', '--kind', 'deceased', '--reason', ' '], 2, '--reason is a line of 1 to 1000 characters.'],
  [['add', 'cnobody', '--kind', 'deceased', '--reason', 'x'], 1, 'there is no customer "cnobody"; check the reference'],
  [['show', 'e1'], 1, 'there is no exclusion "e1"; "keepwell exclusion list" shows what there is.'],
  [['lift', 'e1', '--reason', 'x'], 1, 'there is no exclusion "e1"; "keepwell exclusion list" shows what there is'],
  [['list', '--limit', '0'], 2, '--limit is a whole number from 1 to 1000, not "0".'],
] as const)('%j is refused in a sentence', async (args, code, words) => {
  const ended = await exclusion(...args);
  expect([ended.code, ended.err]).toEqual([code, `keepwell: ${words}\n`]);
});
