import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant } from '../../domain/types.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { launchWithHoldout } from '../setup/holdout-campaign.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const shipped = join(__dirname, '..', '..', 'campaigns', 'credit-care.yaml');

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-campaign-'));
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-12');
  await addCustomer(database, { ref: 'c1' });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);
/** The shipped credit care with an edit, in a file of the test's own. */
async function edited(name: string, part: string, by: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, (await readFile(shipped, 'utf8')).replace(part, by));
  return file;
}

test('two people put a version in force, one after the other, and every list says who', async () => {
  const file = await edited('care.yaml', 'priority: 90', 'priority: 91');
  const published = await keepwell('campaign', 'publish', file, '--by', 'Zhao Min');
  expect([published.code, published.err]).toEqual([0, '']);
  expect(published.out).toBe(
    'credit-care version 2 is proposed; a second person puts it in force: keepwell campaign launch credit-care --version 2 --by NAME\n' +
      'Version 1 stays in force meanwhile.\n',
  );
  const list = await keepwell('campaign', 'list');
  expect(list.out).toMatch(/^credit-care +1 +2 by Zhao Min +credit +90 /m);
  const shown = await keepwell('campaign', 'show', 'credit-care');
  expect(shown.out).toMatch(/^version +2, proposed$/m);
  expect(shown.out).toMatch(/^launched +not yet$/m);
  expect(shown.out).toMatch(/^versions +1 in force, 2 proposed$/m);
  const digest = /^digest +([0-9a-f]{64})$/m.exec(shown.out)?.[1] ?? '';

  const unread = await keepwell('campaign', 'launch', 'credit-care', '--by', 'Sun Li');
  expect(unread).toMatchObject({
    code: 2,
    err: 'keepwell: name the version that you have read, with --version or --digest; proposed: version 2 by Zhao Min.\n',
  });
  const alone = await keepwell('campaign', 'launch', 'credit-care', '--version', '2', '--by', 'zhaomin');
  expect(alone).toMatchObject({ code: 1, out: '' });
  expect(alone.err).toMatch(
    /^keepwell: version 2 of credit-care was published by Zhao Min, and a version is launched by somebody else/,
  );

  const launched = await keepwell(
    'campaign',
    'launch',
    'credit-care',
    '--digest',
    digest.slice(0, 10),
    '--by',
    'Sun Li',
  );
  expect(launched).toMatchObject({
    code: 0,
    out: 'credit-care version 2 is in force: published by Zhao Min, launched by Sun Li. New journeys begin with it, running ones keep theirs.\n',
  });
  const late = await keepwell('campaign', 'launch', 'credit-care', '--version', '2', '--by', 'Wu Lan');
  expect([late.code, late.out]).toEqual([
    1,
    expect.stringMatching(/^credit-care version 2 was launched by Sun Li at .* already; nothing was changed\.$/m),
  ]);
  const after = await keepwell('campaign', 'list', '--json');
  expect(JSON.parse(after.out)).toContainEqual(
    expect.objectContaining({
      campaignRef: 'credit-care',
      inForce: 2,
      proposed: null,
      launchedBy: 'Sun Li',
      priority: 91,
    }),
  );
}, 60_000);

test('what is at fault in a file is told with its line, also what lies beside it', async () => {
  const file = await edited('bad.yaml', 'template: credit-care-introduction', 'template: credit-care-hello');
  const { code, out } = await keepwell('campaign', 'validate', file);
  expect(code).toBe(1);
  expect(out).toMatch(
    /bad\.yaml:\d+:15 steps\.0\.template: there is no template "credit-care-hello"; add it to campaigns\/templates/,
  );
  expect(await keepwell('campaign', 'publish', file, '--by', 'Zhao Min')).toMatchObject({ code: 1, out });
});

test('a campaign is cloned into a new file, which is never written over another', async () => {
  const out = join(folder, 'gentle.yaml');
  const cloned = await keepwell('campaign', 'clone', 'credit-care', 'gentle-care', '--out', out);
  expect([cloned.code, cloned.err]).toEqual([0, '']);
  const text = await readFile(out, 'utf8');
  expect(text).toContain('# Customers of every tier, the lowest too.');
  expect(text).toMatch(/^campaign: gentle-care$/m);
  expect((await keepwell('campaign', 'validate', out)).out).toContain('is a valid campaign (gentle-care)');
  const again = await keepwell('campaign', 'clone', 'credit-care', 'other-care', '--out', out);
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringContaining('is there already and was not touched') as string,
  ]);
  expect(await readFile(out, 'utf8')).toBe(text);
  const taken = await keepwell('campaign', 'clone', 'credit-care', 'keep-your-tier', '--out', join(folder, 'x.yaml'));
  expect(taken.err).toContain('a campaign "keep-your-tier" is there already; choose another name.');
}, 60_000);

test('the schema is printed and written', async () => {
  const printed = await keepwell('campaign', 'schema');
  const out = join(folder, 'schema.json');
  await keepwell('campaign', 'schema', '--out', out);
  expect(JSON.parse(await readFile(out, 'utf8'))).toEqual(JSON.parse(printed.out));
  expect(JSON.parse(printed.out)).toMatchObject({ title: 'A campaign of Keepwell', type: 'object' });
});

test('a preview tells one customer’s story and begins none; a test to a customer is refused', async () => {
  const shown = await keepwell('campaign', 'preview', 'keep-your-tier', 'c1');
  expect([shown.code, shown.err]).toEqual([0, '']);
  expect(shown.out).toMatch(/^admission +would not be admitted: /m);
  expect(shown.out).toMatch(/^manager +m[12] \(/m);
  expect(shown.out).toMatch(/^outreach +message +\d{4}-\d\d-\d\d \d\d:\d\d /m);
  expect(shown.out).toMatch(/^── outreach: .+\n\n.*Zhang Wei/m);
  const asJson = await keepwell('campaign', 'preview', shipped, 'c1', '--json');
  expect(JSON.parse(asJson.out)).toMatchObject({ campaign: 'credit-care', heldOut: false, customerRef: 'c1' });
  expect((await database.owner.query('select 1 from journeys')).rows).toEqual([]);
  const refused = await keepwell(
    'campaign',
    'send-test',
    'keep-your-tier',
    '--step',
    'offer',
    '--to',
    'c1@customers.example',
  );
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("this address is a customer's") as string]);
  const down = await keepwell('campaign', 'send-test', 'keep-your-tier', '--step', 'offer', '--to', 'me@bank.example');
  expect([down.code, down.out]).toEqual([1, expect.stringContaining('was not taken by the mail server') as string]);
}, 60_000);

test('results say when the numbers are too small, and what is measured when they are not', async () => {
  const { owner } = database;
  const { version } = await launchWithHoldout(database, 50, AT);
  const nobody = await keepwell('campaign', 'results', 'keep-your-tier');
  expect(nobody.out).toMatch(/nobody is left alone, so there is nothing to compare with/);
  // forty a side, evaluated in February and in June: of those spoken to 36 kept their tier, of the others 20
  await owner.query(
    `with people as (
       insert into customers (customer_ref, source, source_id, name, email, language, zone)
       select 'cr' || i, 't', 'cr' || i, 'A', 'a' || i || '@customers.example', 'en', 'Asia/Shanghai' from generate_series(1, 80) i
       returning customer_ref
     ), found as (
       insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
       select customer_ref, 'dormant', '2026-01-12', 80, '[]', '2026-01-12Z' from people returning finding_id, customer_ref
     ), evaluated as (
       insert into tier_evaluations
       select customer_ref, day - 27, day, 'bohai', 1, 'affluent', 0, 0, false, 0, 'in-order',
              case when substr(customer_ref, 3)::int <= 36 or substr(customer_ref, 3)::int > 60 then 'affluent' else 'mass' end, '{}'
         from people cross join unnest('{2026-02-28,2026-06-30}'::date[]) day
     ), treated as (
       insert into journeys (customer_ref, campaign_ref, version, finding_id, as_of, workflow_id, tier_at_start, admitted_at, closed_at, outcome)
       select customer_ref, 'keep-your-tier', $1, finding_id, '2026-01-12', 'w' || customer_ref, 'affluent', '2026-01-12Z', '2026-02-01Z', 'retained'
         from found where substr(customer_ref, 3)::int <= 40
     )
     insert into holdouts (customer_ref, campaign_ref, version, finding_id, as_of, tier_at_start, admitted_at, followed_until)
     select customer_ref, 'keep-your-tier', $1, finding_id, '2026-01-12', 'affluent', '2026-01-12Z', '2026-02-01Z'
       from found where substr(customer_ref, 3)::int > 40`,
    [version],
  );
  const told = await keepwell('campaign', 'results', 'keep-your-tier');
  expect(told.out).toMatch(/^spoken to +40 +0 +0 +0 +36 of 40, 90\.0 % \(76\.9 % to 96\.0 %\)/m);
  expect(told.out).toMatch(/^left alone +40 +0 +0 +0 +20 of 40, 50\.0 %/m);
  expect(told.out).toMatch(
    /^And again 90 days later: retained: the campaign keeps more tiers: \+40\.0 percentage points \(95 % interval \+20\.\d to \+56\.\d\)\.$/m,
  );
  await owner.query(`delete from holdouts where substr(customer_ref, 3)::int > 65`);
  const few = await keepwell('campaign', 'results', 'keep-your-tier');
  expect(few.out).toMatch(
    /can't tell yet: 40 and 25 customers are evaluated, and with fewer than 30 in an arm the numbers say nothing/,
  );
  const asJson = await keepwell('campaign', 'results', 'keep-your-tier', '--json');
  expect(JSON.parse(asJson.out)).toMatchObject({
    treated: { customers: 40, first: { successes: 36, of: 40, rate: 0.9 } },
    comparison: [
      { moment: 'first', verdict: 'too-few' },
      { moment: 'again', verdict: 'too-few' },
    ],
  });
}, 60_000);
