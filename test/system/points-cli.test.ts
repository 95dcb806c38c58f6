import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { publishShippedProgramme } from '../../client/cli/points-programme.js';
import { instant } from '../../domain/types.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';

const root = join(__dirname, '..', '..');
const PROGRAMME = join('loyalty', 'points.yaml');
const AT = instant(Date.UTC(2026, 0, 20, 2));
let folder: string;
let database: TestDatabase;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-points-'));
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, '2026-01-20');
  await addCustomer(database, { ref: 'c1' });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);

test('an operator puts the programme in force, and customers earn by what they spent, once', async () => {
  expect((await keepwell('points', 'earn')).err).toContain('no points programme is published');
  const published = await keepwell('points', 'programme', 'publish', PROGRAMME, '--by', 'anna');
  expect(published).toMatchObject({ code: 0, err: '' });
  expect(published.out).toMatch(/^everyday-points version 1 is published; transactions booked from 2026-01-01 on earn/);
  expect((await keepwell('points', 'programme', 'publish', PROGRAMME)).out).toMatch(/^This is version 1 already/);
  expect((await keepwell('points', 'programme', 'show')).out).toMatch(/by anna\n[\s\S]*card-spending/);

  await book(database, 'c1', '2026-01-10', -100_00n, 'card');
  await book(database, 'c1', '2026-01-19', -100_00n, 'card');
  const first = await keepwell('points', 'earn', '--as-of', '2026-01-15', '--json');
  expect(JSON.parse(first.out)).toMatchObject({ asOf: '2026-01-15', lookedAt: 3, points: '15', putOff: 1 });
  expect((await keepwell('points', 'earn')).out).toMatch(/transactions looked at +1\npoints earned +15\n/);
  expect((await keepwell('points', 'earn')).out).toMatch(/transactions looked at +0\n/);
  expect((await keepwell('points', 'expire')).out).toMatch(/^No points expired/);
  expect(await keepwell('points', 'expire', '--as-of', '2999-01-01')).toMatchObject({
    code: 2,
    err: expect.stringContaining('2999-01-01 is still to come') as string,
  });
});

test('a faulty file is told with its lines, and is not published', async () => {
  const file = join(folder, 'faulty.yaml');
  await writeFile(file, (await readFile(join(root, PROGRAMME), 'utf8')).replace('[card, purchase]', '[cards]'));
  for (const what of ['validate', 'publish']) {
    const { code, out } = await keepwell('points', 'programme', what, file);
    expect(code).toBe(1);
    expect(out).toMatch(/faulty\.yaml:\d+:\d+ rules\.0\.categories\.0 is "cards", but must be salary or/);
  }
});

test('points for money that comes in are published after compliance approved the very file', async () => {
  const file = join(folder, 'received.yaml');
  const text = (await readFile(join(root, PROGRAMME), 'utf8')).replace('direction: spent', 'direction: received');
  await writeFile(file, text);
  const refused = await keepwell('points', 'programme', 'publish', file);
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('"card-spending" can\'t be published') as string,
  });
  const approved = await keepwell('points', 'programme', 'approve', file, '--by', 'Chen Yu', '--reason', 'Opinion 18');
  expect(approved.out).toMatch(/^Approved: everyday-points may be published .*\(card-spending\)/);
  expect((await keepwell('points', 'programme', 'publish', file)).code).toBe(0);
});

test('staff give goodwill once for each reference', async () => {
  await keepwell('points', 'programme', 'publish', PROGRAMME);
  const give = (points: string, customer = 'c1'): Promise<Ended> =>
    keepwell(
      'points',
      'goodwill',
      customer,
      points,
      '--reference',
      'K-1',
      '--by',
      'Li Jun',
      '--memo',
      'card sent late',
    );
  expect((await give('500')).out).toMatch(/^c1 gets 500 points, good until \d{4}-\d\d-\d\d \(posting \d+\)/);
  expect((await give('500')).out).toMatch(/nothing was changed/);
  expect(await give('501')).toMatchObject({
    code: 1,
    err: expect.stringContaining('posted already with another amount') as string,
  });
  expect((await give('many')).err).toContain('points are a whole number, not "many"');
  expect((await give('5', 'c9')).err).toContain('there is no customer "c9"');
});

test('the start publishes the shipped programme, and goes on where it does not fit the bank', async () => {
  expect(await publishShippedProgramme(database.owner, AT, 'npm start')).toBe(
    'Points programme version 1 is published.',
  );
  expect(await publishShippedProgramme(database.owner, AT, 'npm start')).toBe(
    'Points programme version 1 is the newest.',
  );
  const other = await freshDatabase();
  try {
    await smallBank(other, WALL_CLOCK, '2026-01-20');
    await other.owner.query(`update installation set currency = 'CZK'`);
    expect(await publishShippedProgramme(other.owner, AT, 'npm start')).toMatch(
      /^No points programme is published: everyday-points is in CNY, and Test Bank's money is CZK/,
    );
  } finally {
    await other.drop();
  }
});
