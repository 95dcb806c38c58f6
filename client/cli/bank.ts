import type { Command } from 'commander';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import type { PlainDate, ZoneId } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import type { SampleBankResult } from '../../bank/sample-bank.js';
import { withDesk } from './context.js';
import { dayOption } from './detect.js';
import { does, progressBar, say, WrongUsage, type Answer } from './output.js';

/** The sample bank's own zone: its today is the default last day of the data. */
const SAMPLE_ZONE = 'Asia/Shanghai' as ZoneId;

/** `bank generate` */
export function addBank(program: Command): void {
  const bank = program.command('bank').description('the bank whose customers these are');
  does<{ customers: string; seed: string; asOf?: string }>(
    bank
      .command('generate')
      .requiredOption('--customers <n>', 'how many')
      .requiredOption('--seed <s>', 'a whole number; the same seed gives the same bank')
      .option('--as-of <day>', 'the last day of its data, YYYY-MM-DD (default: today)')
      .description('fills an empty database with a believable sample bank')
      .addHelpText('after', '\nExample:\n  $ keepwell bank generate --customers 1000 --seed 1'),
    (_args, options) => generate(options),
  );
}

/** A whole number that a person wrote. @throws WrongUsage when it is none */
export function wholeNumber(text: string, what: string): number {
  if (!/^\d{1,12}$/.test(text)) throw new WrongUsage(`${what} is a whole number, not "${text}".`);
  return Number(text);
}

/** Generates the sample bank with a clock of rate 1, and shows how far it is where a person looks. */
export async function generateBank(
  owner: Database,
  size: { customers: number; seed: number; asOf?: PlainDate | undefined },
): Promise<SampleBankResult & { asOf: PlainDate }> {
  const { generateSampleBank } = await import('../../bank/sample-bank.js');
  const { dateIn } = await import('../../domain/calendar.js');
  const { instant } = await import('../../domain/types.js');
  const asOf = size.asOf ?? dateIn(SAMPLE_ZONE, instant(Date.now()));
  const draw = progressBar('customers');
  const result = await generateSampleBank({
    owner,
    customers: size.customers,
    seed: size.seed,
    asOf,
    clock: WALL_CLOCK,
    onProgress: ({ customers, of }) => draw(customers, of),
  });
  return { ...result, asOf };
}

async function generate(options: { customers: string; seed: string; asOf?: string }): Promise<Answer> {
  const customers = wholeNumber(options.customers, '--customers');
  const seed = wholeNumber(options.seed, '--seed');
  const asOf = options.asOf === undefined ? undefined : await dayOption(options.asOf);
  return withDesk('owner', async ({ database }) => {
    await migrated(database);
    const result = await generateBank(database, { customers, seed, asOf });
    return { data: result, text: () => loaded('The sample bank', result, result.asOf) };
  });
}

/** Brings the database to this version first: an empty one may be loaded at once. */
export async function migrated(owner: Database): Promise<string[]> {
  const { migrate } = await import('../../store/migrate.js');
  const done = await migrate(owner);
  if (done.length > 0) say(`Migrated the database: ${done.join(', ')}.`);
  return done;
}

/** What was loaded, in a sentence. */
export function loaded(what: string, result: SampleBankResult, until: string): string {
  const count = (n: number): string => n.toLocaleString('en');
  const { customers, accounts, transactions, changed } = result;
  const there = changed ? 'is loaded' : 'was there already; nothing was changed';
  return `${what} ${there}: ${count(customers)} customers, ${count(accounts)} accounts, ${count(transactions)} transactions, until ${until}.`;
}
