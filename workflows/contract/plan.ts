import type { WorkflowStartOptions } from '@temporalio/client';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { BusinessClock } from '../../domain/business-clock.js';
import { planWorkflowId, type PlanRef, type PlanStep } from '../../domain/repayment-plan.js';
import type { CustomerRef, Instant } from '../../domain/types.js';
import { searchAttributes, TASK_QUEUE, WORKFLOWS } from './names.js';

/** The plan is agreed and in the database; each instalment is a run of its own under the same id. */
export interface PlanInput {
  planRef: PlanRef;
  customerRef: CustomerRef;
  clock: BusinessClock;
  /** what the plan waits for */
  next: PlanStep;
  /** a missed instalment of which the customer is told first; null: none */
  missed: number | null;
}

export interface PlanRunState {
  planRef: PlanRef;
  waitsFor: PlanStep['kind'];
  /** null: it does not wait for an instalment */
  instalment: number | null;
  words: string;
  waitsUntil: Instant | null;
}

/** Money may have been repaid: the run looks at the account before it is time. */
export const paymentBooked = defineSignal('paymentBooked');
/** A person has ended the plan or answered for the standing, which is in the database: the run looks there. */
export const planDecided = defineSignal('planDecided');
export const planState = defineQuery<PlanRunState>('planState');

/** How a plan's run is started, by whoever starts it; after one that was ended by force it goes on where that stood. */
export function planStart(
  input: PlanInput,
): [string, WorkflowStartOptions<(input: PlanInput) => Promise<PlanRunState>>] {
  return [
    WORKFLOWS.plan,
    {
      taskQueue: TASK_QUEUE,
      workflowId: planWorkflowId(input.planRef),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [input],
      typedSearchAttributes: [
        { key: searchAttributes.customer, value: input.customerRef },
        { key: searchAttributes.step, value: input.next.kind },
      ],
      staticSummary: `plan ${input.planRef} of ${input.customerRef}`,
    },
  ];
}
