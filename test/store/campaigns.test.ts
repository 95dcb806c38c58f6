import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { days, instant, type CampaignRef } from '../../domain/types.js';
import {
  definitionDigest,
  listCampaigns,
  publishCampaign,
  readCampaignVersion,
  type Publication,
} from '../../store/campaigns.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const text = readFileSync(join(__dirname, '..', '..', 'campaigns', 'keep-your-tier.yaml'), 'utf8');
const at = instant(Date.UTC(2026, 0, 5, 9));
const ref = 'keep-your-tier' as CampaignRef;

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

function definitionOf(sourceText: string): CampaignDefinition {
  const reading = readCampaign(sourceText, 'keep-your-tier.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}

function publish(sourceText: string): Promise<Publication> {
  const definition = definitionOf(sourceText);
  return publishCampaign(database.app, {
    definition,
    sourceText,
    digest: definitionDigest(definition),
    at,
    by: 'anna',
  });
}

test('a version is published once; an edit that says the same is the same version', async () => {
  expect(await publish(text)).toEqual({ campaignRef: ref, version: 1, isNew: true, newest: 1 });
  expect(await publish(`# a comment\n${text}`)).toEqual({ campaignRef: ref, version: 1, isNew: false, newest: 1 });
});

test('a changed file is the next version, and the first one stays as it was', async () => {
  const changed = text.replace('priority: 50', 'priority: 51');
  expect(await publish(changed)).toMatchObject({ version: 2, isNew: true });
  expect(await publish(text)).toEqual({ campaignRef: ref, version: 1, isNew: false, newest: 2 });
  expect((await readCampaignVersion(database.app, ref, 1))?.definition.priority).toBe(50);
  const newest = await readCampaignVersion(database.app, ref);
  expect(newest).toMatchObject({ version: 2, publishedAt: at, publishedBy: 'anna', sourceText: changed });
  expect(newest?.definition.survey.reminders).toEqual([days(5), days(10)]);
});

test('ten publishers at once: versions without a gap, none twice', async () => {
  const before = (await readCampaignVersion(database.app, ref))?.version ?? 0;
  const texts = Array.from({ length: 10 }, (_, i) => text.replace('priority: 50', `priority: ${100 + (i % 5)}`));
  const publications = await Promise.all(texts.map(publish));
  expect(publications.filter(({ isNew }) => isNew)).toHaveLength(5);
  expect([...new Set(publications.map(({ version }) => version))].sort()).toEqual(
    [1, 2, 3, 4, 5].map((n) => before + n),
  );
});

test('the list shows the newest version; what is not there is null', async () => {
  expect(await listCampaigns(database.app)).toMatchObject([
    { campaignRef: ref, version: 7, playbook: 'tier', openJourneys: 0, closedJourneys: 0 },
  ]);
  expect(await readCampaignVersion(database.app, 'other' as CampaignRef)).toBeNull();
  expect(await readCampaignVersion(database.app, ref, 99)).toBeNull();
});

test('the application can change no published version', async () => {
  await expect(database.app.query('update campaign_versions set version = 9')).rejects.toThrow(/permission denied/);
});
