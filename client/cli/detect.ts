import type { Command } from 'commander';
import type { PlainDate } from '../../domain/types.js';
import type { RoundResult } from '../../workflows/contract.js';
import { defaultAsOf, withBank } from './context.js';
import { does, facts, say, table, WrongUsage, type Answer } from './output.js';

/** `detect`: the daily round by hand */
export function addDetect(program: Command): void {
  does<{ asOf?: string }>(
    program
      .command('detect')
      .option('--as-of <day>', "the day judged, YYYY-MM-DD (default: the last day of the bank's data)")
      .description('evaluates tiers, finds customers at risk and starts their journeys; twice starts nothing twice')
      .addHelpText('after', '\nExample:\n  $ keepwell detect --as-of 1994-04-20'),
    (_args, options) => detect(options.asOf),
  );
}

/** A day that a person wrote. @throws WrongUsage in words when it is none */
export async function dayOption(text: string): Promise<PlainDate> {
  const { plainDate } = await import('../../domain/types.js');
  try {
    return plainDate(text);
  } catch (error) {
    throw new WrongUsage((error as Error).message);
  }
}

async function detect(day: string | undefined): Promise<Answer> {
  const given = day === undefined ? undefined : await dayOption(day);
  return withBank(async (desk) => {
    const { installation } = desk;
    const asOf = given ?? (await defaultAsOf(desk));
    if (installation.dataUntil && asOf > installation.dataUntil)
      throw new Error(
        `the bank's data end on ${installation.dataUntil}; ${asOf} can't be judged, name an earlier day.`,
      );
    const client = await desk.temporal();
    const { startRound } = await import('../round.js');
    const { roundId, result } = await startRound(client, { clock: installation.clock, asOf, scope: 'all' });
    say(`Round ${roundId} runs; waiting for its result. Ctrl-C stops the waiting, not the round.`);
    const told = await result();
    return { data: told, text: () => roundInWords(told) };
  });
}

async function roundInWords(result: RoundResult): Promise<string> {
  const head = facts([
    ['judged', result.asOf],
    ['journeys admitted', result.admitted],
    ['refused, with a reason', result.refused],
    ['goals met', result.goalsMet],
  ]);
  const rows = result.findings.map(({ trigger, customers }) => [trigger, customers]);
  return `${head}\n\n${await table(['found', 'customers'], rows, 'Nobody was found.')}`;
}
