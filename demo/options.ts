import { Command, InvalidArgumentError } from 'commander';
import { INVARIANTS, type InvariantName } from './invariants.js';

export interface DemoOptions {
  /** folder of the Berka bank; without it a sample bank is generated */
  data?: string;
  customers: number;
  seed: number;
  json: boolean;
  detectOnly: boolean;
  /** kill -9 a worker in the middle */
  kill: boolean;
  /** plant a violation of this invariant at the end, which must be found */
  break?: InvariantName;
}

/** A demo of more customers takes longer than anybody watches. */
const MAX_DEMO_CUSTOMERS = 100_000;
/** Enough for every invariant to have something to look at. */
const USUAL_CUSTOMERS = 2_000;

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`give a whole number from ${least} to ${most}.`);
  };
}

function invariantName(text: string): InvariantName {
  const name = INVARIANTS.find((known) => known === text);
  if (!name) throw new InvalidArgumentError(`give one of: ${INVARIANTS.join(', ')}.`);
  return name;
}

/** Reads the command line; wrong usage ends the process with 2 and a sentence. */
export function readOptions(argv: readonly string[]): DemoOptions {
  const program = new Command('npm run demo --')
    .description('carries a whole bank from detection to reward under a fast clock, and counts whether all went right')
    .option('--data <dir>', 'the Berka bank: a folder of gzipped CSV files')
    .option('--customers <n>', 'size of the sample bank', wholeNumber(50, MAX_DEMO_CUSTOMERS), USUAL_CUSTOMERS)
    .option('--seed <n>', 'the same seed gives the same bank and the same actors', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--json', 'one JSON document on stdout', false)
    .option('--detect-only', 'only generate, detect and compare with what was planted', false)
    .option('--kill', 'kill -9 a worker in the middle', false)
    .option('--break <invariant>', 'plant a violation, which must make the demo exit with 1', invariantName)
    .addHelpText(
      'after',
      `\nInvariants: ${INVARIANTS.join(', ')}\nExample:\n  $ npm run -s demo -- --data ../bank/berka --json`,
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  return program.parse(argv, { from: 'user' }).opts<DemoOptions>();
}
