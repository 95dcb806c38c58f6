import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';

const root = join(__dirname, '..', '..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs the real command in a home where nothing runs. */
function keepwell(...args: string[]): Promise<Ended> {
  // what another test set for itself must not look like somebody's surroundings
  const foreign = /^(KEEPWELL_|TEMPORAL_|DATABASE_URL$|SMTP_URL$)/;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  const env = { ...Object.fromEntries(kept), KEEPWELL_HOME: join(folder, 'home'), NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    const program = ['--import', 'tsx', join('client', 'cli', 'main.ts'), ...args];
    execFile(process.execPath, program, { cwd: root, env }, (error, out, err) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, out, err });
      else reject(error ?? new Error('no exit code'));
    });
  });
}

const NOUNS = [
  ['campaign', 'publish', 'validate', 'list', 'show'],
  ['customer', 'show'],
  ['journey', 'start', 'list', 'show', 'withdraw'],
  ['complaint', 'list', 'assign', 'resolve'],
  ['points', 'balance', 'statement', 'liability', 'breakage', 'budget', 'cost'],
  ['ledger', 'export', 'verify', 'show', 'reverse'],
  ['schedule', 'list', 'pause', 'resume', 'run'],
];

test('help names every noun, shows an example and comes at once', async () => {
  const began = Date.now();
  const { code, out, err } = await keepwell('--help');
  expect([code, err]).toEqual([0, '']);
  for (const noun of [...NOUNS.map(([name]) => name), 'detect', 'bank', 'import', 'doctor'])
    expect(out).toContain(`  ${noun} `);
  expect(out).toMatch(/Examples:\n {2}\$ keepwell doctor/);
  expect(out).not.toContain('prepare');
  // a second on a quiet machine; tests share theirs
  expect(Date.now() - began).toBeLessThan(5_000);
});

test.each([
  [['journey', 'lst'], "unknown command 'lst'"],
  [['journey'], 'Usage: keepwell journey'],
  [['journey', 'list', '--limit', 'many'], '--limit is a whole number from 1 to 1000, not "many"'],
  [['journey', 'list', '--outcome', 'lost'], '--outcome is one of retained, downgraded'],
  [['journey', 'start', '--customer', 'c1'], '--campaign'],
  [['detect', '--as-of', '1994-02-30'], '"1994-02-30" is not a day'],
  [['complaint', 'resolve', 'K-1', '--by', 'h1'], 'either --text or --text-file'],
  [['schedule', 'run', 'nightly'], 'there is no schedule "nightly"; there is daily-round'],
])('wrong usage ends with 2: %j', async (args, words) => {
  const { code, out, err } = await keepwell(...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(words);
});

test('where nothing runs, a sentence says what to do, also as JSON', async () => {
  const people = await keepwell('journey', 'list');
  expect([people.code, people.out]).toEqual([1, '']);
  expect(people.err).toMatch(/^keepwell: Keepwell is not running here .*; run npm start, or set /);
  const programs = await keepwell('journey', 'list', '--json');
  expect(programs.code).toBe(1);
  expect(JSON.parse(programs.out)).toEqual({ error: expect.stringMatching(/^Keepwell is not running here/) as string });
});

test('doctor says what is missing and fails', async () => {
  const { code, out } = await keepwell('doctor');
  expect(code).toBe(1);
  expect(out).toMatch(/^failed {2}surroundings {2}Keepwell is not running here .*run npm start/);
});

test('a campaign is validated without anything that runs', async () => {
  const good = await keepwell('campaign', 'validate', join('campaigns', 'keep-your-tier.yaml'));
  expect(good.code).toBe(0);
  expect(good.out).toBe(
    'campaigns/keep-your-tier.yaml is a valid campaign (keep-your-tier).\n' +
      "Its reward: 500 points for an average balance kept; in CN it needs compliance's approval (keepwell campaign approve).\n",
  );
  const text = await readFile(join(root, 'campaigns', 'keep-your-tier.yaml'), 'utf8');
  const file = join(folder, 'bad.yaml');
  const broken = text.replace('minimumScore: 30', 'minimumSkore: 30').replace('points: 500', 'points: -5');
  await writeFile(file, broken);
  const line = (part: string): number => broken.slice(0, broken.indexOf(part)).split('\n').length;
  const bad = await keepwell('campaign', 'validate', file);
  expect([bad.code, bad.err]).toEqual([1, '']);
  expect(bad.out).toContain(
    `bad.yaml:${line('minimumSkore')}:3 "minimumSkore" is not known in detection; did you mean "minimumScore"?`,
  );
  expect(bad.out).toContain(`bad.yaml:${line('points: -5')}:11 reward.points: points can't be negative`);
  const { code, out } = await keepwell('campaign', 'validate', file, '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ ok: false, problems: expect.arrayContaining([]) as unknown[] });
  expect(await keepwell('campaign', 'validate', 'nothing.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('"nothing.yaml" can\'t be read (there is no such file)') as string,
  });
});
