import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import {
  ApplicationFailure,
  TypedSearchAttributes,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';
import { askAgain } from '../../config/ask-again.js';
import { isOver, refusalIn } from '../../domain/refusal.js';
import type { EnrolmentId } from '../../domain/course.js';
import type { JourneyId } from '../../domain/types.js';
import {
  answerSurvey,
  complaintReceipt,
  complaintWorkflowId,
  courseCompleted,
  journeyWorkflowId,
  optedOut,
  partnerAnswered,
  redemptionStart,
  searchAttributes,
  TASK_QUEUE,
  WORKFLOWS,
  type AnswerReceipt,
  type ComplaintInput,
  type ComplaintReceipt,
  type RedemptionInput,
  type SurveyAnswer,
} from '../../workflows/contract.js';

/** A visitor waits this long (ms) for a worker's answer; what was asked is safe to ask again. */
export const ANSWER_LIMIT_MS = 10_000;
/** A partner, or a customer who passed a course, waits this long (ms) for what is told already by the stored row. */
const TELL_LIMIT_MS = 3_000;
/** The health page waits this long (ms) for the server. */
const HEALTH_LIMIT_MS = 2_000;

/** The server's own name for an update that was accepted by a workflow which then ended. */
const ENDED_MEANWHILE = 'AcceptedUpdateCompletedWorkflow';

export type Asked<Value> =
  | { kind: 'done'; value: Value }
  /** the bank's rule says no, in words for people */
  | { kind: 'refused'; words: string }
  /** the workflow has ended */
  | { kind: 'over' };

/** All that the pages ask of Temporal. What is none of the answers is an outage, and is thrown. */
export interface TemporalDoor {
  /** @param updateId the same for the same form, so that sending it twice answers once */
  answer(journeyId: JourneyId, answer: SurveyAnswer, updateId: string): Promise<Asked<AnswerReceipt>>;
  /** opens the complaint that the key names, or finds it; `over`: it was opened and has been closed since */
  complain(input: ComplaintInput, updateId: string): Promise<Asked<ComplaintReceipt>>;
  /** a journey that has ended has nothing to hear */
  optOut(workflowId: string): Promise<void>;
  /** a customer has passed a course that a journey may be waiting for; a journey that has ended has nothing to hear */
  courseCompleted(workflowId: string, enrolmentId: EnrolmentId): Promise<void>;
  /** an order's run looks at what its partner said; a run that is not there is started */
  tellOrder(input: RedemptionInput): Promise<void>;
  /** @throws Error when the server does not answer within HEALTH_LIMIT_MS */
  check(): Promise<void>;
}

export function temporalDoor(client: Client): TemporalDoor {
  const within = <Value>(limit: number, work: () => Promise<Value>): Promise<Value> =>
    client.withDeadline(Date.now() + limit, () => askAgain(work));
  return {
    answer: (journeyId, answer, updateId) =>
      asked(() => {
        const journey = client.workflow.getHandle(journeyWorkflowId(journeyId));
        return within(ANSWER_LIMIT_MS, () => journey.executeUpdate(answerSurvey, { updateId, args: [answer] }));
      }),
    complain: (input, updateId) =>
      asked(() => {
        const startWorkflowOperation = complaintStart(input);
        return within(ANSWER_LIMIT_MS, () =>
          client.workflow.executeUpdateWithStart(complaintReceipt, { updateId, startWorkflowOperation }),
        );
      }),
    optOut: async (workflowId) => {
      const told = await asked(() =>
        within(ANSWER_LIMIT_MS, () => client.workflow.getHandle(workflowId).signal(optedOut)),
      );
      if (told.kind === 'refused') throw new Error(`a signal can't be refused, and was: ${told.words}`);
    },
    courseCompleted: async (workflowId, enrolmentId) => {
      await asked(() =>
        within(TELL_LIMIT_MS, () => client.workflow.getHandle(workflowId).signal(courseCompleted, { enrolmentId })),
      );
    },
    tellOrder: async (input) => {
      const [workflow, options] = redemptionStart(input);
      await asked(() =>
        within(TELL_LIMIT_MS, () =>
          client.workflow.signalWithStart(workflow, { ...options, signal: partnerAnswered, signalArgs: [] }),
        ),
      );
    },
    check: async () => {
      await within(HEALTH_LIMIT_MS, () => client.workflowService.getSystemInfo({}));
    },
  };
}

function complaintStart(
  input: ComplaintInput,
): WithStartWorkflowOperation<(input: ComplaintInput) => Promise<unknown>> {
  return new WithStartWorkflowOperation<(input: ComplaintInput) => Promise<unknown>>(WORKFLOWS.complaint, {
    workflowId: complaintWorkflowId(input.complaintKey),
    taskQueue: TASK_QUEUE,
    workflowIdConflictPolicy: 'USE_EXISTING',
    // a form sent again after its complaint was closed must not open it a second time
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [input],
    typedSearchAttributes: new TypedSearchAttributes([{ key: searchAttributes.customer, value: input.customerRef }]),
    staticSummary: `Complaint of customer ${input.customerRef} from the page`,
  });
}

async function asked<Value>(work: () => Promise<Value>): Promise<Asked<Value>> {
  try {
    return { kind: 'done', value: await work() };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof WorkflowExecutionAlreadyStartedError)
      return { kind: 'over' };
    if (isOver(error)) return { kind: 'over' };
    const words = refusalIn(error);
    if (words !== null) return { kind: 'refused', words };
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === ENDED_MEANWHILE) return { kind: 'over' };
    throw error;
  }
}
