import { heartbeat } from '@temporalio/activity';
import type { PlainDate } from '../domain/types.js';
import { tierJourneysInTrouble } from '../store/care.js';
import { movedToCare } from '../workflows/contract.js';
import { whileBeating, type RoundDependencies } from './round.js';
import { tellRun } from './sweep.js';

/** Who has come into credit trouble is helped from then on: a journey that is about their tier ends. */
export function careActivities(deps: RoundDependencies) {
  return {
    /** Told by each round until the journey has ended; a later round then admits the customer to credit care. */
    moveToCare: (input: { asOf: PlainDate }): Promise<{ told: number }> => whileBeating(moveToCare(deps, input.asOf)),
  };
}
export type CareActivities = ReturnType<typeof careActivities>;

async function moveToCare({ database, workflows }: RoundDependencies, asOf: PlainDate): Promise<{ told: number }> {
  let told = 0;
  for (const { workflowId } of await tierJourneysInTrouble(database, asOf)) {
    if (await tellRun(workflows, workflowId, movedToCare)) told += 1;
    heartbeat({ told });
  }
  return { told };
}
