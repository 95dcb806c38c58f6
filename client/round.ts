import type { Client } from '@temporalio/client';
import { TASK_QUEUE, WORKFLOWS, type RoundInput, type RoundResult } from '../workflows/contract.js';
import type { PlainDate } from '../domain/types.js';

export const manualRoundId = (asOf: PlainDate): string => `round:manual:${asOf}`;

/**
 * Starts the round of a day by hand, or joins the one that runs for that day already. A day may be judged again later:
 * the round itself does nothing twice.
 */
export async function startRound(
  client: Client,
  input: RoundInput & { asOf: PlainDate },
): Promise<{ roundId: string; result: () => Promise<RoundResult> }> {
  const roundId = manualRoundId(input.asOf);
  const handle = await client.workflow.start<(input: RoundInput) => Promise<RoundResult>>(WORKFLOWS.round, {
    taskQueue: TASK_QUEUE,
    workflowId: roundId,
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    args: [input],
    staticSummary: `Round of ${input.asOf}, started by hand`,
  });
  return { roundId, result: () => handle.result() };
}
