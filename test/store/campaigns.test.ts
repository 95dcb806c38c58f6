import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { days, instant, type CampaignRef } from '../../domain/types.js';
import {
  listCampaigns,
  publishCampaign,
  PublishedMeanwhile,
  readCampaignVersion,
  TierUnknown,
  type Publication,
} from '../../store/campaigns.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { readApproval, recordApproval, RewardNotApproved } from '../../store/approvals.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const text = readFileSync(join(__dirname, '..', '..', 'campaigns', 'keep-your-tier.yaml'), 'utf8');
const at = instant(Date.UTC(2026, 0, 5, 9));
const ref = 'keep-your-tier' as CampaignRef;

let database: TestDatabase;
beforeAll(async () => {
  database = await bankIn('CZ');
});
afterAll(() => database.drop());

/** A database that holds a bank of that country and nothing else. */
async function bankIn(jurisdiction: string): Promise<TestDatabase> {
  const fresh = await freshDatabase();
  await fresh.owner.query(
    `insert into installation (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate)
     values ('Test Bank', 'CNY', 'Asia/Shanghai', $1, 'bohai@1', '2026-01-01Z', '2026-01-01Z', 1)`,
    [jurisdiction],
  );
  return fresh;
}

function definitionOf(sourceText: string): CampaignDefinition {
  const reading = readCampaign(sourceText, 'keep-your-tier.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}

function publish(sourceText: string, where: TestDatabase = database): Promise<Publication> {
  const definition = definitionOf(sourceText);
  return publishCampaign(where.app, {
    definition,
    sourceText,
    digest: definitionDigest(definition),
    at,
    by: 'anna',
  });
}

test('a version is published once; an edit that says the same is the same version', async () => {
  expect(await publish(text)).toEqual({ campaignRef: ref, version: 1, isNew: true, newest: 1, inForce: null });
  expect(await publish(`# a comment\n${text}`)).toEqual({
    campaignRef: ref,
    version: 1,
    isNew: false,
    newest: 1,
    inForce: null,
  });
});

test('a changed file is the next version, and the first one stays as it was', async () => {
  const changed = text.replace('priority: 50', 'priority: 51');
  expect(await publish(changed)).toMatchObject({ version: 2, isNew: true });
  expect(await publish(text)).toEqual({ campaignRef: ref, version: 1, isNew: false, newest: 2, inForce: null });
  expect((await readCampaignVersion(database.app, ref, 1))?.definition.priority).toBe(50);
  const newest = await readCampaignVersion(database.app, ref);
  expect(newest).toMatchObject({ version: 2, publishedAt: at, publishedBy: 'anna', sourceText: changed });
  expect(newest).toMatchObject({ state: 'proposed', launchedAt: null, launchedBy: null });
  expect(newest?.definition.survey.reminders).toEqual([days(5), days(10)]);
});

test('ten publishers at once: versions without a gap, none twice', async () => {
  const before = (await readCampaignVersion(database.app, ref))?.version ?? 0;
  const texts = Array.from({ length: 10 }, (_, i) => text.replace('priority: 50', `priority: ${100 + (i % 5)}`));
  const publications = await Promise.all(texts.map((each) => publish(each)));
  expect(publications.filter(({ isNew }) => isNew)).toHaveLength(5);
  expect([...new Set(publications.map(({ version }) => version))].sort()).toEqual(
    [1, 2, 3, 4, 5].map((n) => before + n),
  );
});

test('the list shows what is proposed; what is not there is null', async () => {
  expect(await listCampaigns(database.app)).toMatchObject([
    {
      campaignRef: ref,
      inForce: null,
      proposed: 7,
      proposedBy: 'anna',
      playbook: 'tier',
      openJourneys: 0,
      closedJourneys: 0,
    },
  ]);
  expect(await readCampaignVersion(database.app, 'other' as CampaignRef)).toBeNull();
  expect(await readCampaignVersion(database.app, ref, 99)).toBeNull();
});

test('tiers that the bank does not have are refused with those it has; nobody can belong to a lowest but one of one', async () => {
  const tiers = await bankIn('CZ');
  try {
    await tiers.owner.query(`insert into tiers values ('mass', 0, 'Mass', '大众', 0)`);
    await expect(publish(text, tiers)).rejects.toThrow(
      "keep-your-tier can't be published: audience.tiers is all-but-lowest, and this bank has one tier (mass): nobody could belong; write all",
    );
    await tiers.owner.query(`insert into tiers values ('affluent', 1, 'Affluent', '贵宾', 1)`);
    const golden = text.replace('tiers: all-but-lowest', 'tiers: [affluent, golden, silver]');
    await expect(publish(golden, tiers)).rejects.toThrow(TierUnknown);
    await expect(publish(golden, tiers)).rejects.toThrow(
      'audience.tiers names golden, silver, and this bank has mass, affluent; write some of these',
    );
    expect((await tiers.owner.query('select 1 from campaigns')).rows).toEqual([]);
    const known = text.replace('tiers: all-but-lowest', 'tiers: [affluent]');
    expect(await publish(known, tiers)).toMatchObject({ version: 1, isNew: true });
  } finally {
    await tiers.drop();
  }
});

test('of two who edit the same version one publishes, and the other is told by whom', async () => {
  const two = await bankIn('CZ');
  const edit = (priority: number, by: string, editedFrom?: number): Promise<Publication> => {
    const sourceText = text.replace('priority: 50', `priority: ${priority}`);
    const definition = definitionOf(sourceText);
    const version = { definition, sourceText, digest: definitionDigest(definition), at, by };
    return publishCampaign(two.app, editedFrom === undefined ? version : { ...version, editedFrom });
  };
  try {
    await edit(50, 'anna');
    const both = await Promise.allSettled([edit(60, 'bela', 1), edit(70, 'cleo', 1)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const told = both.find((one) => one.status === 'rejected')?.reason as Error;
    expect(told).toBeInstanceOf(PublishedMeanwhile);
    expect(told.message).toMatch(
      /^version 2 of keep-your-tier was published by (bela|cleo) while you edited version 1; take over what it changes .* with --from 2$/,
    );
    await expect(edit(80, 'cleo', 9)).rejects.toThrow('keep-your-tier has no version 9; the newest is 2');
    expect(await edit(80, 'cleo', 2)).toMatchObject({ version: 3, isNew: true });
  } finally {
    await two.drop();
  }
});

test('the application can change no published version', async () => {
  await expect(database.app.query('update campaign_versions set version = 9')).rejects.toThrow(/permission denied/);
});

describe('where the country forbids gifts for deposits', () => {
  let china: TestDatabase;
  beforeEach(async () => {
    china = await bankIn('CN');
  });
  afterEach(() => china.drop());

  const approve = (sourceText: string, by = 'Chen Yu') =>
    recordApproval(china.app, {
      campaignRef: ref,
      digest: definitionDigest(definitionOf(sourceText)),
      by,
      at,
      reason: 'opinion 2026-17',
    });
  const published = async (): Promise<number[]> => {
    const { rows } = await china.owner.query<{ version: number }>(
      'select version from campaign_versions order by version',
    );
    return rows.map(({ version }) => version);
  };

  test('a reward for a balance is refused, with what to do, and leaves nothing behind', async () => {
    await expect(publish(text, china)).rejects.toThrow(RewardNotApproved);
    await expect(publish(text, china)).rejects.toThrow(
      /^keep-your-tier can't be published: a reward for an average balance kept is a gift for deposits, which CN forbids .* Have compliance approve this very file: keepwell campaign approve FILE --by NAME --reason/,
    );
    expect(await published()).toEqual([]);
    expect((await china.owner.query('select 1 from campaigns')).rows).toEqual([]);
  });

  test('a version that compliance approved is published, and so it is when only a comment changed', async () => {
    await approve(text);
    const commented = `# to be read by the branch\n${text}`;
    expect(await publish(commented, china)).toMatchObject({ version: 1, isNew: true });
    expect(await publish(text, china)).toMatchObject({ version: 1, isNew: false });
  });

  test('an edited file needs an approval of its own; the approved one stays as it is', async () => {
    await approve(text);
    await publish(text, china);
    const dearer = text.replace('points: 500', 'points: 501');
    await expect(publish(dearer, china)).rejects.toThrow(RewardNotApproved);
    const later = text.replace('priority: 50', 'priority: 51');
    await expect(publish(later, china)).rejects.toThrow(RewardNotApproved);
    expect(await published()).toEqual([1]);
    expect((await listCampaigns(china.app))[0]).toMatchObject({ proposed: 1, priority: 50 });
    await approve(dearer);
    expect(await publish(dearer, china)).toMatchObject({ version: 2, isNew: true });
  });

  test('an approved digest lends itself to no other definition, and no approval to another campaign', async () => {
    await approve(text);
    const dearer = definitionOf(text.replace('points: 500', 'points: 501'));
    const digest = definitionDigest(definitionOf(text));
    const passedOff = publishCampaign(china.app, { definition: dearer, sourceText: text, digest, at, by: 'anna' });
    await expect(passedOff).rejects.toThrow(RewardNotApproved);
    await expect(publish(text.replace('campaign: keep-your-tier', 'campaign: keep-it'), china)).rejects.toThrow(
      RewardNotApproved,
    );
  });

  test('who approved the reward for compliance does not publish it, however the name is written', async () => {
    await approve(text, 'Anna');
    await expect(publish(text, china)).rejects.toThrow(
      /^keep-your-tier can't be published by anna, who approved its reward for compliance; have another person publish it$/,
    );
    expect(await published()).toEqual([]);
    // and the database says so too, whatever asks it
    await china.owner.query(`insert into campaigns values ('keep-your-tier', 50)`);
    const byHand = china.app.query(
      `insert into campaign_versions values ('keep-your-tier', 1, '{}', '', $1, '2026-01-05Z', ' ANNA ')`,
      [definitionDigest(definitionOf(text))],
    );
    await expect(byHand).rejects.toThrow(/approved by another person than the one who publishes it/);
  });

  test('money brought in is no way around it; a reward for something else, or none, needs nobody', async () => {
    await expect(publish(text.replace('for: balance', 'for: deposit'), china)).rejects.toThrow(/for money brought in/);
    const definition = definitionOf(text);
    const taught = { ...definition, reward: { for: 'education' as const, points: 5, budget: 100 } };
    const version = { definition: taught, sourceText: '', digest: definitionDigest(taught), at, by: 'anna' };
    expect(await publishCampaign(china.app, version)).toMatchObject({ version: 1, isNew: true });
    const { reward: _, ...without } = definition;
    const free = { definition: without, sourceText: '', digest: definitionDigest(without), at, by: 'anna' };
    expect(await publishCampaign(china.app, free)).toMatchObject({ version: 2, isNew: true });
  });

  test('an approval is written once, and nobody at the application changes or takes it away', async () => {
    expect(await approve(text)).toMatchObject({ isNew: true, approval: { approvedBy: 'Chen Yu', approvedAt: at } });
    expect(await approve(text, 'Wu Lan')).toMatchObject({ isNew: false, approval: { approvedBy: 'Chen Yu' } });
    const digest = definitionDigest(definitionOf(text));
    expect(await readApproval(china.app, ref, digest)).toEqual({
      approvedBy: 'Chen Yu',
      approvedAt: at,
      reason: 'opinion 2026-17',
      rules: 'gift-rules@1',
    });
    for (const attack of ["update compliance_approvals set approved_by = 'x'", 'delete from compliance_approvals'])
      await expect(china.app.query(attack)).rejects.toThrow(/permission denied/);
  });
});

test('a country that the table does not know needs an approval too', async () => {
  const india = await bankIn('IN');
  try {
    await expect(publish(text, india)).rejects.toThrow(/what IN says of those is not in the table/);
  } finally {
    await india.drop();
  }
});

test('without a bank nobody knows whose law holds: a reward waits, approved or not, and help does not', async () => {
  const empty = await freshDatabase();
  try {
    const digest = definitionDigest(definitionOf(text));
    await recordApproval(empty.app, { campaignRef: ref, digest, by: 'Chen Yu', at, reason: 'early' });
    await expect(publish(text, empty)).rejects.toThrow(/load the bank first/);
    const care = readFileSync(join(__dirname, '..', '..', 'campaigns', 'credit-care.yaml'), 'utf8');
    expect(await publish(care, empty)).toMatchObject({ campaignRef: 'credit-care', isNew: true });
  } finally {
    await empty.drop();
  }
});
