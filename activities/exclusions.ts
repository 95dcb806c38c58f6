import { heartbeat } from '@temporalio/activity';
import { journeysOfExcluded } from '../store/exclusions.js';
import { excluded } from '../workflows/contract.js';
import { whileBeating, type RoundDependencies } from './round.js';
import { tellRun } from './sweep.js';

/** The daily round's work on exclusions. May be run twice and does its work once. */
export function exclusionActivities(deps: RoundDependencies) {
  return {
    /** Ends the journeys of customers who were excluded while Temporal could not be reached. */
    tellExcluded: (): Promise<{ told: number }> => whileBeating(tellExcluded(deps)),
  };
}
export type ExclusionActivities = ReturnType<typeof exclusionActivities>;

/** Told again by each round until the journey has ended: a run that was not there yet hears it the next time. */
async function tellExcluded({ database, workflows }: RoundDependencies): Promise<{ told: number }> {
  let told = 0;
  for (const { workflowId } of await journeysOfExcluded(database)) {
    if (await tellRun(workflows, workflowId, excluded)) told += 1;
    heartbeat({ told });
  }
  return { told };
}
