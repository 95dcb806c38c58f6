import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  approveInSampleBank,
  launchInSampleBank,
  SAMPLE_COMPLIANCE,
  SAMPLE_SECOND_PERSON,
} from '../../bank/sample-compliance.js';
import { surroundingsToEnv } from '../../config/surroundings.js';
import { readCampaign } from '../../domain/campaign-file.js';
import { instant } from '../../domain/types.js';
import { publishCampaign } from '../../store/campaigns.js';
import { definitionDigest } from '../../store/definition-digest.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

const root = join(__dirname, '..', '..');
const shipped = join('campaigns', 'keep-your-tier.yaml');
const at = instant(Date.UTC(2026, 0, 5, 9));

let folder: string;
let text: string;
let china: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-approval-'));
  text = await readFile(join(root, shipped), 'utf8');
  china = await bank('Test Bank', 'CN');
});
afterAll(async () => {
  await china.drop();
  await rm(folder, { recursive: true, force: true });
});

async function bank(name: string, jurisdiction: string): Promise<TestDatabase> {
  const fresh = await freshDatabase();
  await fresh.owner.query(
    `insert into installation (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate)
     values ($1, 'CNY', 'Asia/Shanghai', $2, 'bohai@1', '2026-01-01Z', '2026-01-01Z', 1)`,
    [name, jurisdiction],
  );
  return fresh;
}

/** Runs the real command against a database; nothing else is there, and these commands need nothing else. */
function keepwell(database: TestDatabase, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const surroundings = surroundingsToEnv({
    temporalAddress: '127.0.0.1:1',
    temporalNamespace: 'default',
    temporalUiUrl: null,
    databaseUrl: database.url,
    smtpUrl: 'smtp://127.0.0.1:1',
    mailboxUrl: null,
    webUrl: 'http://127.0.0.1:1',
    embedded: { temporal: false, database: false, smtp: false },
    payloadKeys: `k1:${Buffer.alloc(32).toString('base64')}`,
    linkSecret: Buffer.alloc(32).toString('base64'),
    mailFrom: 'bank@bank.example',
  });
  const env = { ...process.env, ...surroundings, KEEPWELL_HOME: join(folder, 'home'), NO_COLOR: '1' };
  const program = ['--import', 'tsx', join('client', 'cli', 'main.ts'), ...args];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, program, { cwd: root, env }, (error, out, err) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, out, err });
      else reject(error ?? new Error('no exit code'));
    });
  });
}

const by = ['--by', 'Chen Yu', '--reason', 'opinion 2026-17'];

test('in China a file is published after compliance approved it, and the version tells by whom', async () => {
  const refused = await keepwell(china, 'campaign', 'publish', shipped);
  expect([refused.code, refused.out]).toEqual([1, '']);
  expect(refused.err).toMatch(
    /^keepwell: keep-your-tier can't be published: .* which CN forbids .* campaign approve FILE/,
  );

  const approved = await keepwell(china, 'campaign', 'approve', shipped, ...by);
  expect([approved.code, approved.err]).toEqual([0, '']);
  expect(approved.out).toMatch(/^Approved: keep-your-tier may be published as it stands in this file\./);
  expect(approved.out).toMatch(/^reward +500 points for an average balance kept, 200000 in all$/m);
  expect(approved.out).toMatch(/^forbidden +in CN: 商业银行法 art\. 47; .* \(gift-rules@1\)$/m);
  expect(approved.out).toMatch(/^approved +\d{4}-\d\d-\d\d \d\d:\d\d by Chen Yu$/m);

  const digest = /^digest +([0-9a-f]{64})$/m.exec(approved.out)?.[1];
  const published = await keepwell(china, 'campaign', 'publish', shipped, '--by', 'Zhao Min', '--json');
  expect(JSON.parse(published.out)).toMatchObject({ campaignRef: 'keep-your-tier', version: 1, isNew: true });
  const shown = await keepwell(china, 'campaign', 'show', 'keep-your-tier');
  expect(shown.out).toContain(`digest     ${digest}\n`);
  expect(shown.out).toMatch(/^approval +\d{4}-\d\d-\d\d \d\d:\d\d by Chen Yu: opinion 2026-17$/m);

  // a second approval says whose stands
  const again = await keepwell(china, 'campaign', 'approve', shipped, '--by', 'Wu Lan', '--reason', 'too', '--json');
  expect(JSON.parse(again.out)).toMatchObject({
    isNew: false,
    approvedBy: 'Chen Yu',
    reason: 'opinion 2026-17',
    digest,
    rewards: 'balance',
    jurisdiction: 'CN',
  });

  const edited = join(folder, 'edited.yaml');
  await writeFile(edited, text.replace('points: 500', 'points: 5000'));
  const dearer = await keepwell(china, 'campaign', 'publish', edited);
  expect(dearer).toMatchObject({ code: 1, err: expect.stringContaining('campaign approve FILE') as string });
}, 60_000);

test('there is nothing to approve where nothing is forbidden, and no approval without a name and a reason', async () => {
  const britain = await bank('Test Bank', 'GB');
  try {
    const [care, allowed, blank, invalid] = await Promise.all([
      keepwell(china, 'campaign', 'approve', join('campaigns', 'credit-care.yaml'), ...by),
      keepwell(britain, 'campaign', 'approve', shipped, ...by),
      keepwell(china, 'campaign', 'approve', shipped, '--by', ' ', '--reason', 'x'),
      keepwell(china, 'campaign', 'approve', join('campaigns', 'templates', 'reasons.yaml'), ...by),
    ]);
    expect(care.err).toBe('keepwell: there is nothing to approve: credit-care has no reward, and may be published.\n');
    expect(allowed.err).toBe(
      'keepwell: there is nothing to approve: GB does not forbid 500 points for an average balance kept, and keep-your-tier may be published.\n',
    );
    expect([care.code, allowed.code]).toEqual([1, 1]);
    expect(blank).toMatchObject({ code: 2, err: 'keepwell: --by is a line of 1 to 100 characters.\n' });
    expect(invalid).toMatchObject({ code: 1, out: expect.stringContaining('reasons.yaml:') as string });
    const { rows } = await britain.owner.query('select 1 from compliance_approvals');
    expect(rows).toEqual([]);
  } finally {
    await britain.drop();
  }
}, 60_000);

test('a version that was published before rewards said what they are for still shows', async () => {
  const old = await bank('Test Bank', 'CN');
  try {
    const reading = readCampaign(text, shipped);
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    const definition = { ...reading.definition, reward: { points: 500, budget: 200_000 } };
    await old.owner.query(`insert into campaigns values ('keep-your-tier', 50)`);
    await old.owner.query(
      `insert into campaign_versions values ('keep-your-tier', 1, $1, '# as it was', 'd', '2026-01-05Z', 'anna')`,
      [JSON.stringify(definition)],
    );
    const { code, out } = await keepwell(old, 'campaign', 'show', 'keep-your-tier');
    expect(code).toBe(0);
    expect(out).toMatch(/^approval +none; it was published before a reward had to say what it is for$/m);
    expect(out).toMatch(/^in short .*, 500 points$/m);
  } finally {
    await old.drop();
  }
}, 60_000);

test('the made-up bank approves and launches its own campaigns under names that say so; no other bank gets one that way', async () => {
  const sample = await bank('Sample Bank', 'CN');
  const real = await bank('Test Bank', 'CN');
  try {
    const reading = readCampaign(text, shipped);
    if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
    const { definition } = reading;
    const version = { definition, sourceText: text, digest: definitionDigest(definition), at, by: 'npm start' };
    for (const { owner } of [sample, real]) await approveInSampleBank(owner, definition, at);
    const published = await publishCampaign(sample.owner, version);
    expect(published).toMatchObject({ version: 1, isNew: true, inForce: null });
    expect(await launchInSampleBank(sample.owner, published, at)).toBe(true);
    const launched = await sample.owner.query('select launched_by as by from campaign_launches');
    expect(launched.rows).toEqual([{ by: SAMPLE_SECOND_PERSON }]);
    const { reward: _, ...free } = definition;
    const proposed = await publishCampaign(real.owner, {
      ...version,
      definition: free,
      digest: definitionDigest(free),
    });
    expect(await launchInSampleBank(real.owner, proposed, at)).toBe(false);
    expect((await real.owner.query('select 1 from campaign_launches')).rows).toEqual([]);
    await expect(publishCampaign(real.owner, version)).rejects.toThrow(/have compliance approve/i);
    const { rows } = await sample.owner.query<{ by: string }>('select approved_by as by from compliance_approvals');
    expect(rows).toEqual([{ by: SAMPLE_COMPLIANCE }]);
  } finally {
    await sample.drop();
    await real.drop();
  }
});
