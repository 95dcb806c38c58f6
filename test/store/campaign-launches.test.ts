import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import { instant, type CampaignRef, type PlainDate, type TierRef } from '../../domain/types.js';
import { currentCampaigns } from '../../store/admissions.js';
import { recordApproval } from '../../store/approvals.js';
import {
  launchCampaign,
  LaunchRefused,
  publishAndLaunch,
  readCampaignInForce,
  type Launch,
} from '../../store/campaign-launches.js';
import { listCampaigns, publishCampaign, readCampaignVersions, type Publication } from '../../store/campaigns.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { insertJourney, readJourney } from '../../store/journeys.js';
import { migrate } from '../../store/migrate.js';
import { BudgetPromised, budgetLeft, reserveReward } from '../../store/rewards.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const text = readFileSync(join(__dirname, '..', '..', 'campaigns', 'keep-your-tier.yaml'), 'utf8');
const AT = instant(Date.UTC(2026, 0, 12, 2));
const LATER = instant(AT + 1000);
const REF = 'keep-your-tier' as CampaignRef;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  // it leaves version 1 in force, launched by "second"
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-12');
});
afterEach(() => database.drop());

/** Publishes an edit of the shipped campaign as anna. */
async function propose(part: string, by: string): Promise<Publication> {
  const sourceText = text.replace(part, by);
  const reading = readCampaign(sourceText, 'c.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { definition } = reading;
  const digest = definitionDigest(definition);
  await recordApproval(database.app, { campaignRef: REF, digest, by: 'compliance', at: AT, reason: 'a test' });
  return publishCampaign(database.app, { definition, sourceText, digest, at: AT, by: 'anna' });
}
const launch = (version: number, by: string): Promise<Launch> =>
  launchCampaign(database.app, { campaignRef: REF, read: { version }, at: LATER, by });
const admittedBy = async (at = LATER): Promise<number | undefined> =>
  (await currentCampaigns(database.app, at)).find(({ campaignRef }) => campaignRef === REF)?.version;
const states = async (): Promise<string[]> =>
  (await readCampaignVersions(database.app, REF)).map(({ version, state }) => `${version} ${state}`);

test('a published version begins no journey until a second person launches it; then new journeys begin with it', async () => {
  expect(await propose('priority: 50', 'priority: 60')).toMatchObject({ version: 2, isNew: true, inForce: 1 });
  expect([await admittedBy(), await states()]).toEqual([1, ['1 in force', '2 proposed']]);
  expect((await readCampaignInForce(database.app, REF))?.version).toBe(1);

  expect(await launch(2, 'bela')).toEqual({
    campaignRef: REF,
    version: 2,
    isNew: true,
    launchedBy: 'bela',
    launchedAt: LATER,
    publishedBy: 'anna',
  });
  expect([await admittedBy(), await admittedBy(AT), await states()]).toEqual([2, 1, ['1 superseded', '2 in force']]);
  expect((await listCampaigns(database.app)).find(({ campaignRef }) => campaignRef === REF)).toMatchObject({
    inForce: 2,
    launchedBy: 'bela',
    launchedAt: LATER,
    proposed: null,
    priority: 60,
  });
});

test('the database lets no journey run by a version that nobody launched', async () => {
  await propose('priority: 50', 'priority: 60');
  const customerRef = await addCustomer(database, { ref: 'c1' });
  const asked = {
    customerRef,
    campaignRef: REF,
    findingId: null,
    asOf: '2026-01-12' as PlainDate,
    tierRef: 'affluent' as TierRef,
    at: AT,
  };
  await expect(insertJourney(database.app, { ...asked, version: 2 })).rejects.toThrow(/journeys_version_launched/);
  const journeyId = await insertJourney(database.app, { ...asked, version: 1 });
  const moved = database.app.query('update journeys set version = 2 where journey_id = $1', [journeyId]);
  await expect(moved).rejects.toThrow(/journeys_version_launched/);
});

test.each(['anna', ' ANNA ', 'Ａｎｎａ'])(
  'whoever published does not launch, written as %j, and the database says so too',
  async (name) => {
    await propose('priority: 50', 'priority: 60');
    await expect(launch(2, name)).rejects.toThrow(LaunchRefused);
    await expect(launch(2, name)).rejects.toThrow(/was published by anna, and a version is launched by somebody else/);
    const around = database.owner.query('insert into campaign_launches values ($1, 2, now(), $2)', [REF, name]);
    await expect(around).rejects.toThrow(/launched by another person than the one who published it/);
    expect(await states()).toEqual(['1 in force', '2 proposed']);
  },
);

test('of two who launch at once one does, and the other is told by whom', async () => {
  await propose('priority: 50', 'priority: 60');
  const launches = await Promise.all([launch(2, 'bela'), launch(2, 'cleo')]);
  expect(launches.map(({ isNew }) => isNew).sort()).toEqual([false, true]);
  expect(new Set(launches.map(({ launchedBy }) => launchedBy)).size).toBe(1);
  expect(launches.find(({ isNew }) => isNew)?.launchedBy).toBe(launches[0].launchedBy);
});

test('who read one version by its digest is told of a newer one, and nothing is launched', async () => {
  await propose('priority: 50', 'priority: 60');
  const read = (await readCampaignVersions(database.app, REF)).at(-1);
  await propose('priority: 50', 'priority: 70');
  const asked = { campaignRef: REF, read: { digest: read?.digest.slice(0, 12) ?? '' }, at: LATER, by: 'bela' };
  await expect(launchCampaign(database.app, asked)).rejects.toThrow(
    /^version 3 of keep-your-tier was proposed by anna meanwhile/,
  );
  expect(await admittedBy()).toBe(1);
  await launch(3, 'bela');
  await expect(launch(2, 'bela')).rejects.toThrow(
    /^version 3 of keep-your-tier is in force, launched by bela; to go back/,
  );
});

test('a budget is funded by the launch, not by the proposal; one that is too small is not launched', async () => {
  await propose('budget: 200000', 'budget: 300000');
  expect(await budgetLeft(database.app, REF)).toBe(200_000n);
  await launch(2, 'bela');
  expect(await budgetLeft(database.app, REF)).toBe(300_000n);
  const { journeyId } = await admitted(database, await addCustomer(database, { ref: 'c1' }), '2026-01-12', AT);
  await database.app.transaction(async (sql) => reserveReward(sql, await readJourney(sql, journeyId), AT));
  await propose('budget: 200000', 'budget: 400');
  await expect(launch(3, 'bela')).rejects.toThrow(BudgetPromised);
  expect([await budgetLeft(database.app, REF), await states()]).toEqual([
    299_500n,
    ['1 superseded', '2 in force', '3 proposed'],
  ]);
});

test('a launch is never changed and never taken back by the application', async () => {
  for (const attack of ["update campaign_launches set launched_by = 'x'", 'delete from campaign_launches'])
    await expect(database.app.query(attack)).rejects.toThrow(/permission denied/);
});

test('set-ups publish and launch in one go, again without harm', async () => {
  const sourceText = text.replace('priority: 50', 'priority: 60').replace(/reward:\n[^]*?\n\n/, '');
  const reading = readCampaign(sourceText, 'c.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { definition } = reading;
  const version = { definition, sourceText, digest: definitionDigest(definition), at: LATER, by: 'anna' };
  for (const isNew of [true, false])
    expect(await publishAndLaunch(database.app, version, 'bela')).toMatchObject({ version: 2, isNew });
  expect(await states()).toEqual(['1 superseded', '2 in force']);
});

test('what was published before there were launches counts as launched', async () => {
  const old = await freshDatabase();
  try {
    // the database as it was before this migration
    await old.owner.query('drop schema public cascade; drop schema planted cascade; create schema public');
    await old.owner.query(
      'create table migrations (name text primary key, applied_wall timestamptz not null default now())',
    );
    const folder = join(__dirname, '..', '..', 'store', 'migrations');
    for (const name of readdirSync(folder)
      .sort()
      .filter((file) => file < '0015')) {
      await old.owner.query(readFileSync(join(folder, name), 'utf8'));
      await old.owner.query('insert into migrations (name) values ($1)', [name]);
    }
    await old.owner.query(`insert into campaigns values ('keep-your-tier', 50)`);
    await old.owner.query(
      `insert into campaign_versions values ('keep-your-tier', 1, $1, '', 'd', '2026-01-05Z', 'anna')`,
      [JSON.stringify((await readCampaignInForce(database.app, REF))?.definition)],
    );
    expect(await migrate(old.owner)).toContain('0015_launches_and_holdouts.sql');
    expect(await readCampaignInForce(old.app, REF)).toMatchObject({
      version: 1,
      state: 'in force',
      launchedBy: 'keepwell: published before launches were',
      launchedAt: Date.UTC(2026, 0, 5),
    });
  } finally {
    await old.drop();
  }
});
