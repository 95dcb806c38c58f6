import Table from 'cli-table3';
import { instant } from '../domain/types.js';
import { detectionQuality, type DetectionQuality } from '../bank/detection-quality.js';
import { EmbeddedError } from '../embedded/home.js';
import { listenForStop } from '../embedded/stop-request.js';
import { findCustomers } from '../store/detection/find-customers.js';
import { plant } from './breaks.js';
import { judge } from './invariants.js';
import { readOptions, type DemoOptions } from './options.js';
import { describeReport, makeReport } from './report.js';
import { playDemo } from './run.js';
import { Stage } from './stage.js';

const say = (line: string): void => console.error(line);

/** The whole demo; the exit code is 0 only if every invariant held. */
async function play(stage: Stage, options: DemoOptions, began: number): Promise<number> {
  await playDemo(stage, options.seed, options.kill, say);
  if (options.break) {
    await plant(stage, options.break);
    say(`Planted a violation of ${options.break}.`);
  }
  const report = await makeReport(stage, await judge(stage), began);
  console.log(options.json ? JSON.stringify(report) : describeReport(report));
  return Object.values(report.invariants).every(Boolean) ? 0 : 1;
}

/** Detection alone, against what was planted; the exit code says whether there was anything to find. */
async function detect(stage: Stage, options: DemoOptions): Promise<number> {
  await findCustomers(stage.app, { asOf: stage.asOf, foundAt: instant(stage.clock.origin) });
  const quality = await detectionQuality(stage.owner, stage.asOf);
  console.log(options.json ? JSON.stringify(quality) : describeQuality(quality));
  return 0;
}

function describeQuality(quality: DetectionQuality): string {
  const table = new Table({
    head: ['trigger', 'planted', 'found', 'findings', 'precision', 'days of warning'],
    style: { head: [], border: [] },
  });
  for (const [trigger, of] of Object.entries(quality.byTrigger))
    table.push([trigger, of.planted, of.found, of.findings, of.precision?.toFixed(2) ?? '–', of.warningDays ?? '–']);
  const { planted, found, recall, content, falseAlarms } = quality;
  return `${table.toString()}\n${found} of ${planted} planted cases found (recall ${recall?.toFixed(3) ?? '–'}); ${falseAlarms} false alarms among ${content} content customers`;
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const began = Date.now();
  const stop = listenForStop(say);
  const stage = await Stage.open(options, say);
  try {
    const stopped = stop.asked.then(() => 1);
    const code = await Promise.race([
      options.detectOnly ? detect(stage, options) : play(stage, options, began),
      stopped,
    ]);
    await stage.close();
    return code;
  } catch (error) {
    // told before anything is stopped: what is cut off by the stop has errors of its own
    console.error(error);
    say(`The logs are in ${stage.home}.`);
    await stage.close(true);
    return 1;
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof EmbeddedError ? error.message : error);
    process.exit(1);
  },
);
