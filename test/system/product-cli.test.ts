import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publishShippedProducts } from '../../client/cli/product.js';
import { publishShippedCourses } from '../../client/cli/course.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { instant } from '../../domain/types.js';
import { publishProducts } from '../../store/products.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, book, smallBank } from '../setup/small-bank.js';
import { catalogueOf, shippedText } from '../domain/products.js';

const root = join(__dirname, '..', '..');
const CATALOGUE = join('campaigns', 'products', 'catalogue.yaml');
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-products-'));
  database = await freshDatabase();
  // six days after the last day of the data
  const clock = { origin: instant(Date.UTC(2026, 0, 26, 2)), anchor: instant(Date.now()), rate: 1 };
  await smallBank(database, clock, '2026-01-20');
  await addCustomer(database, { ref: 'c1', since: '2020-01-01' });
  await database.owner.query(`update customers set birth_date = '1986-05-01'`);
  await book(database, 'c1', '2026-01-10', -123_456n, 'card');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);

/** What a command answered for programs. */
const told = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { out } = await keepwell(...args, '--json');
  return JSON.parse(out) as Record<string, unknown>;
};

test('an operator publishes products, has a customer assessed, and sees what is recommended and why not the others', async () => {
  expect((await keepwell('product', 'list')).out).toContain('No product catalogue is published yet');
  expect((await keepwell('product', 'recommend', 'c1')).out).toContain('No product catalogue is published yet');
  const early = await keepwell('product', 'publish', CATALOGUE);
  expect([early.code, early.err]).toEqual([1, expect.stringContaining('"loyal-loan-rate", which is not published')]);
  await keepwell('offer', 'publish', join('loyalty', 'offers.yaml'));
  const untaught = await keepwell('product', 'publish', CATALOGUE);
  expect([untaught.code, untaught.err]).toEqual([
    1,
    expect.stringContaining('names course "how-tiers-work", which is not'),
  ]);
  await keepwell('course', 'publish', join('campaigns', 'lessons', 'how-tiers-work', 'course.yaml'));
  expect(await keepwell('product', 'publish', CATALOGUE, '--by', 'anna')).toMatchObject({
    code: 0,
    out: 'Product catalogue version 1 is published; new recommendations are made by it, earlier ones keep theirs.\n',
  });
  expect((await keepwell('product', 'publish', CATALOGUE)).out).toMatch(/^This is product catalogue version 1 already/);

  const list = (await keepwell('product', 'list')).out;
  expect(list).toMatch(/balanced-fund +Balanced Fund +fund +R3 +all +from 18 +5000 +– +always/);
  expect(list).toMatch(/mass +service-and-education +products of kind savings.*; course how-tiers-work/);
  expect((await keepwell('product', 'show', 'term-deposit-12m')).out).toMatch(
    /rate +1\.35%, better by 0\.10% alone, 0\.30% with approval/,
  );

  const suits = await keepwell('product', 'suits', 'c1', 'bond-fund');
  expect([suits.code, suits.out]).toEqual([
    1,
    expect.stringMatching(/suits +no\nbecause +the customer's risk appetite was never assessed/),
  ]);
  const assessed = ['product', 'assess', 'c1', '--appetite', 'C3', '--assessed-on', '2026-01-02', '--by', 'Wang Fang'];
  expect((await keepwell(...assessed)).out).toBe('c1 is assessed as C3 on 2026-01-02; it counts until 2027-01-02.\n');
  expect((await keepwell(...assessed)).out).toContain('nothing was changed');
  expect(await keepwell('product', 'suits', 'c1', 'bond-fund')).toMatchObject({ code: 0 });

  // judged today, not on the last day of the data; a day that is given is the one judged
  await keepwell('product', 'assess', 'c1', '--appetite', 'C1', '--assessed-on', '2026-01-24', '--by', 'Wang Fang');
  expect(await keepwell('product', 'suits', 'c1', 'bond-fund')).toMatchObject({ code: 1 });
  expect(await told('product', 'suits', 'c1', 'bond-fund')).toMatchObject({ asOf: '2026-01-20', on: '2026-01-26' });
  expect(await keepwell('product', 'suits', 'c1', 'bond-fund', '--as-of', '2026-01-20')).toMatchObject({ code: 0 });

  expect((await keepwell('product', 'recommend', 'c1')).out).toMatch(/^product +money-market-fund/);
  const advice = await keepwell('product', 'recommend', 'c1', '--as-of', '2026-01-20');
  expect(advice.out).toMatch(/^product +balanced-fund \(Balanced Fund\)\nbecause +the nearest to the risk appetite/);
  expect(advice.out).toMatch(/everyday-card +card +it is for what .*\(top card, topPercent 100, spent 1,234\.56 CNY/);
  expect(advice.out).toMatch(/equity-fund +its risk is above what the customer wants to bear \(grade 4, appetite 3\)/);
  expect(advice.out).toMatch(/personal-loan +a loan is never offered unasked/);
  expect(await told('product', 'recommend', 'c1', '--as-of', '2026-01-01')).toMatchObject({
    recommendation: { product: 'term-deposit-36m', catalogueVersion: 1 },
    before: [],
  });
  expect((await database.owner.query('select from recommendations')).rowCount).toBe(0);
}, 120_000);

test('a manager makes a rate better within the authority alone, and above it with another person', async () => {
  const offer = (better: string, by = 'Wang Fang') =>
    [
      'product',
      'counter-offer',
      'c1',
      'term-deposit-36m',
      '--better-by',
      better,
      '--by',
      by,
      '--reason',
      'asked',
    ] as const;
  expect(await told(...offer('0.1%'))).toMatchObject({ betterBy: 10, agreed: true, approvedBy: null });
  const waiting = await told(...offer('0.25 %'));
  expect(waiting).toMatchObject({ betterBy: 25, authority: 10, agreed: false, proposedBy: 'Wang Fang' });
  const id = String(waiting['counterOfferId']);
  expect((await keepwell('product', 'counter-offers', '--waiting')).out).toContain(id);
  const own = await keepwell('product', 'approve-counter-offer', id, '--by', 'wang fang');
  expect([own.code, own.err]).toEqual([1, expect.stringContaining("can't approve it; another person has to")]);
  expect((await keepwell('product', 'approve-counter-offer', id, '--by', 'Li Jun')).out).toContain(
    'approved by Li Jun',
  );
  expect((await keepwell('product', 'counter-offers', '--waiting')).out).toBe('No counter-offer waits.\n');
  expect((await keepwell('product', 'counter-offers', 'c1')).out).toMatch(
    /0\.25% .*Li Jun[^]*0\.10% .*within authority/,
  );
  // why is free text about one customer: told of one offer, and in no list
  for (const args of [['c1'], ['--json'], ['--waiting', '--json']])
    expect((await keepwell('product', 'counter-offers', ...args)).out).not.toMatch(/asked|reason|why/);
  expect((await keepwell('product', 'show-counter-offer', id)).out).toMatch(/better by +0\.25%\nwhy +asked\n/);
  expect(await told('product', 'show-counter-offer', id)).toMatchObject({ reason: 'asked', agreed: true });
  const far = await keepwell(...offer('0.31%'));
  expect([far.code, far.err]).toEqual([
    1,
    expect.stringContaining('by 0.30% at most, whoever approves; ask for less.'),
  ]);
}, 120_000);

test.each([
  [['recommend', 'c99'], 1, 'there is no customer "c99"'],
  [['recommend', 'c1', '--as-of', '2026-02-30'], 2, '"2026-02-30" is not a day'],
  [['recommend', 'c1', '--as-of', '2026-01-21'], 1, "the bank's data end on 2026-01-20"],
  [['suits', 'c1', 'gold'], 1, 'there is no product "gold"'],
  [['show', 'gold'], 1, 'there is no product "gold"; "keepwell product list" shows'],
  [['show', 'bond-fund', '--version', '0'], 2, '"0" is not a version'],
  [['assess', 'c1', '--appetite', '3'], 2, '"3" is no appetite; write C1, C2, C3, C4 or C5.'],
  [['assess', 'c1', '--appetite', 'C3', '--assessed-on', '2999-01-01'], 2, 'is still to come'],
  [
    ['assess', 'c1', '--appetite', 'C3', '--assessed-on', '2026-01-03', '--valid-until', '2027-01-04'],
    1,
    '12 months at most',
  ],
  [['assess', 'c99', '--appetite', 'C3'], 1, 'there is no customer "c99"'],
  [['counter-offer', 'c1', 'bond-fund', '--better-by', 'a lot', '--reason', 'x'], 2, 'write for instance 0.25%'],
  [['counter-offer', 'c1', 'bond-fund', '--better-by', '0.1%', '--reason', ' '], 2, '--reason is a line of 1 to 1000'],
  [['show-counter-offer', 'x'], 1, 'there is no counter-offer "x"; "keepwell product counter-offers" shows'],
  [['approve-counter-offer', 'x', '--by', 'y'], 1, 'there is no counter-offer "x"'],
  [['publish', 'nowhere.yaml'], 1, '"nowhere.yaml" can\'t be read (there is no such file)'],
])('what is not right is said in a sentence: %j', async (args, code, words) => {
  const ended = await keepwell('product', ...args);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toContain(words);
});

test('a file of products is validated with line numbers, and nothing of it is published', async () => {
  expect((await keepwell('product', 'validate', CATALOGUE)).out).toMatch(
    /^campaigns\/products\/catalogue\.yaml is a valid catalogue of 14 products \(everyday-savings, /,
  );
  const text = await readFile(join(root, CATALOGUE), 'utf8');
  const file = join(folder, 'products.yaml');
  await writeFile(file, text.replace('tiers: [private]', 'tiers: []'));
  const line = text.slice(0, text.indexOf('tiers: [private]')).split('\n').length;
  const bad = await keepwell('product', 'publish', file);
  expect([bad.code, bad.err]).toEqual([1, '']);
  expect(bad.out).toContain(
    `products.yaml:${line}:5 products.8.tiers: nobody may get it; write "all", or at least one`,
  );
  expect((await database.owner.query('select from product_catalogues')).rowCount).toBeLessThanOrEqual(1);
});

test('what Keepwell comes with is published once, and a bank that can not have it is told why', async () => {
  const other = await freshDatabase();
  try {
    const at = instant(Date.UTC(2026, 0, 21));
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toMatch(
      /is not published: no bank is loaded yet/,
    );
    await smallBank(other, WALL_CLOCK, '2026-01-20');
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toMatch(/is not published: .*"loyal-loan-rate"/);
    const { publishShippedOffers } = await import('../../client/cli/offer.js');
    await publishShippedOffers(other.owner, at, 'npm start');
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toMatch(/is not published: .*"how-tiers-work"/);
    await publishShippedCourses(other.owner, at, 'npm start');
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toBe(
      'Product catalogue version 1 is published.',
    );
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toBe('Product catalogue version 1 is in force.');
    // the next Keepwell comes with another catalogue, over its own and never over the bank's
    const dearer = shippedText.replace('basisPoints: 135', 'basisPoints: 125');
    const dearest = shippedText.replace('basisPoints: 135', 'basisPoints: 115');
    const publish = (sourceText: string, by: string) =>
      publishProducts(other.owner, { definition: catalogueOf(sourceText), sourceText, at, by });
    await other.owner.query('truncate product_catalogues cascade');
    await publish(dearer, 'npm start');
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toBe(
      'Product catalogue version 2 is published.',
    );
    await other.owner.query('truncate product_catalogues cascade');
    await publish(dearest, 'anna');
    expect(await publishShippedProducts(other.owner, at, 'npm start')).toBe(
      'Product catalogue version 1 of anna is in force; the one that Keepwell comes with is not published over it.',
    );
    expect((await other.owner.query('select from product_catalogues')).rowCount).toBe(1);
  } finally {
    await other.drop();
  }
});
