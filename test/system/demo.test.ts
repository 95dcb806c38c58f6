import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant } from '../../demo/breaks.js';
import { holds, INVARIANTS, judge } from '../../demo/invariants.js';
import { makeReport } from '../../demo/report.js';
import { playDemo } from '../../demo/run.js';
import { Stage } from '../../demo/stage.js';

/** A hundred business days of two to two and a half seconds, and the start and the stop. */
const MINUTES_ALLOWED = 10;
jest.setTimeout(MINUTES_ALLOWED * 60_000);

const SEED = 1;
const BERKA = process.env['KEEPWELL_BERKA_DIR'] ?? join(__dirname, '..', '..', '..', 'shared', 'data', 'berka');
/** A planted run that never ends as a journey should is also a second journey of its customer: it goes last. */
const ORDER = [...INVARIANTS.filter((name) => name !== 'everyJourneyHasOutcome'), 'everyJourneyHasOutcome' as const];

const told: string[] = [];
let stage: Stage;
beforeAll(async () => {
  const home = join(await mkdtemp(join(tmpdir(), 'keepwell-demo-')), 'home');
  stage = await Stage.open({ data: BERKA, customers: 0, seed: SEED }, (line) => told.push(line), home);
});
afterAll(async () => {
  await stage.close();
});

test('the Berka bank is carried from detection to reward over the death of a worker, and every planted violation is found', async () => {
  const began = Date.now();
  await playDemo(stage, SEED, true, (line) => told.push(line));
  expect(told.join('\n')).toMatch(/Killed the worker .* with kill -9[\s\S]*A new worker .* goes on/);

  const report = await makeReport(stage, await judge(stage), began);
  expect(report.against).toEqual([]);
  // nothing passes because there was nothing to see
  expect(report).toMatchObject({ accounts: 4_500, transactions: 52_816 });
  expect(report.journeys.closed).toBe(report.journeys.started);
  expect(Object.keys(report.journeys.byOutcome).length).toBeGreaterThanOrEqual(3);
  expect(report.surveys.answered).toBeGreaterThanOrEqual(20);
  expect(report.complaints.opened).toBeGreaterThanOrEqual(10);
  expect(report.complaints.escalated).toBeGreaterThanOrEqual(5);
  expect(report.rewards.posted).toBeGreaterThanOrEqual(1);
  expect(report.rewards.withheld).toBeGreaterThanOrEqual(1);

  for (const invariant of ORDER) {
    expect([invariant, holds((await judge(stage))[invariant])]).toEqual([invariant, true]);
    await plant(stage, invariant);
    expect([invariant, holds((await judge(stage))[invariant])]).toEqual([invariant, false]);
  }
});
