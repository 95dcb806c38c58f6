import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A business day passes in this many wall milliseconds on a machine that is quick, and on one that is slow. */
const SHORTEST_DAY_MS = 2_000;
const LONGEST_DAY_MS = 2_500;
/** A Node process with tsx starts in about this time (ms) where the shortest day is long enough. */
const QUICK_START_MS = 350;
const STARTS = 3;

/**
 * How long a business day has to be, in wall ms: people who need half a second for a click on a slow or busy machine
 * must not lose more of their day by it than on a quick one. Customers' letters are due at the same hour of the morning: in
 * a day of one second the last of some hundred would be sent at night, and held till the next.
 */
export async function dayLength(): Promise<number> {
  const took: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const began = performance.now();
    await once(spawn(process.execPath, ['--import', 'tsx', '-e', '0'], { stdio: 'ignore' }), 'exit');
    took.push(performance.now() - began);
  }
  const usual = took.sort((a, b) => a - b)[Math.floor(STARTS / 2)] ?? QUICK_START_MS;
  const needed = (SHORTEST_DAY_MS * usual) / QUICK_START_MS;
  return Math.round(Math.min(LONGEST_DAY_MS, Math.max(SHORTEST_DAY_MS, needed)));
}
