/**
 * Everything that a caller must know of the workflows: queues, ids, inputs, signals, updates, queries, search
 * attributes. No behaviour. Only ids and instants travel; names and texts stay in Postgres.
 */
import type { WorkflowStartOptions } from '@temporalio/client';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { BusinessClock } from '../domain/business-clock.js';
import { redemptionWorkflowId, type OrderState } from '../domain/redemption.js';
import { searchAttributes, TASK_QUEUE, WORKFLOWS } from './contract/names.js';
import type {
  CampaignRef,
  ComplaintRef,
  CustomerRef,
  Instant,
  JourneyId,
  OrderRef,
  Outcome,
  PlainDate,
} from '../domain/types.js';

export * from './contract/names.js';
export * from './contract/plan.js';

export const journeyWorkflowId = (id: JourneyId): string => `journey:${id}`;
/** `key` names the complaint before it has a number: `survey:<id>` or `page:<text id>`. */
export const complaintWorkflowId = (key: string): string => `complaint:${key}`;

export const SCHEDULES = { round: 'daily-round', letters: 'owed-letters' } as const;
/** The bank's day is judged at this hour of the bank's zone. */
export const ROUND_HOUR = 6;
/** A round missed for longer than this (the installation was down) is not made up: the next one sees the same facts. */
export const ROUND_CATCHUP_WINDOW = '1 day';

// ---- journey ----

export interface JourneyInput {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  campaignRef: CampaignRef;
  version: number;
  clock: BusinessClock;
}

export interface JourneyResult {
  outcome: Outcome;
  reason: string;
}

/**
 * Where a journey is: the name of a step of its campaign that is under way or waited for, or one of the parts that every
 * journey has (opening, waiting-for-manager, survey, goal, closing, closed).
 */
export type JourneyStep = string;

export interface JourneyState {
  step: JourneyStep;
  /** in a sentence, for support staff */
  words: string;
  waitsUntil: Instant | null;
  complaintOpen: boolean;
  goalMet: boolean;
  outcome: Outcome | null;
  /** the campaign is paused: the journey's clock holds */
  paused: boolean;
  /** the campaign's version by which it goes on */
  version: number;
}

/** The bank's page has stored the customer's words under `textId` before it asks. */
export interface SurveyAnswer {
  score: number;
  textId: string | null;
}
export interface AnswerReceipt {
  /** set when the answer opened a complaint */
  complaintRef: ComplaintRef | null;
}

export const answerSurvey = defineUpdate<AnswerReceipt, [SurveyAnswer]>('answerSurvey');
/** The customer wants no more of this; the receipt says how the journey ended. */
export const withdraw = defineUpdate<JourneyState, [{ by: 'customer' | 'staff' }]>('withdraw');
export const optedOut = defineSignal('optedOut');
/** Somebody excluded the customer from retention journeys. */
export const excluded = defineSignal('excluded');
/** Credit trouble was found: help goes before the tier. */
export const movedToCare = defineSignal('movedToCare');
export const goalMet = defineSignal('goalMet');
export const complaintOpened = defineSignal<[ComplaintRef]>('complaintOpened');
export const complaintClosed = defineSignal<[ComplaintRef]>('complaintClosed');

/** The campaign was paused at a business instant: the journey's clock holds from then on. */
export interface Pause {
  pauseId: string;
  pausedAt: Instant;
}
export interface PauseOver extends Pause {
  resumedAt: Instant;
}
export const campaignPaused = defineSignal<[Pause]>('campaignPaused');
export const campaignResumed = defineSignal<[PauseOver]>('campaignResumed');
/** Something that kept messages back is over: a held one is asked for again. */
export const doorOpened = defineSignal('doorOpened');
export const taskDone = defineSignal<[{ taskId: string; result: string }]>('taskDone');
export const courseCompleted = defineSignal<[{ enrolmentId: string }]>('courseCompleted');

export interface VersionMove {
  version: number;
  /** back to where it came from, as long as nothing was said to the customer since */
  undo: boolean;
  /** the member of staff who moves it */
  by: string;
}
export interface MoveReceipt {
  version: number;
  /** the step at which it goes on */
  step: string;
}
/** Refused, with the reason, where the journey can't go on under that version. */
export const moveToVersion = defineUpdate<MoveReceipt, [VersionMove]>('moveToVersion');

export const journeyState = defineQuery<JourneyState>('journeyState');

/** How a journey's workflow is started, by whoever starts it; one that runs already is left alone. */
export function journeyStart(
  input: JourneyInput,
): [string, WorkflowStartOptions<(input: JourneyInput) => Promise<JourneyResult>>] {
  return [
    WORKFLOWS.journey,
    {
      taskQueue: TASK_QUEUE,
      workflowId: journeyWorkflowId(input.journeyId),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [input],
      typedSearchAttributes: [
        { key: searchAttributes.customer, value: input.customerRef },
        { key: searchAttributes.campaign, value: input.campaignRef },
        { key: searchAttributes.step, value: 'opening' },
      ],
      staticSummary: `${input.campaignRef} v${input.version} for ${input.customerRef}`,
    },
  ];
}

// ---- complaint ----

export interface ComplaintInput {
  /** names the complaint: the same key is the same complaint */
  complaintKey: string;
  customerRef: CustomerRef;
  source: 'survey' | 'page' | 'staff';
  /** where the narrative is kept; null when the survey's answer came without words */
  textId: string | null;
  clock: BusinessClock;
}

/** How a complaint's run is started again after the one before it was ended by force; the steps done stay done. */
export function complaintRestart(
  input: ComplaintInput,
): [string, WorkflowStartOptions<(input: ComplaintInput) => Promise<ComplaintState>>] {
  return [
    WORKFLOWS.complaint,
    {
      taskQueue: TASK_QUEUE,
      workflowId: complaintWorkflowId(input.complaintKey),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      args: [input],
      typedSearchAttributes: [{ key: searchAttributes.customer, value: input.customerRef }],
      staticSummary: `complaint of ${input.customerRef}, taken up again`,
    },
  ];
}

export interface ComplaintReceipt {
  complaintRef: ComplaintRef;
  dueAt: Instant;
}

export interface ComplaintState {
  complaintRef: ComplaintRef | null;
  step: 'received' | 'open' | 'assigned' | 'escalated' | 'resolved';
  words: string;
  dueAt: Instant | null;
  handlerRef: string | null;
}

/** Answers as soon as the complaint has its number; sent together with the start of the workflow. */
export const complaintReceipt = defineUpdate<ComplaintReceipt>('complaintReceipt');
export const assignComplaint = defineUpdate<ComplaintState, [{ handlerRef: string }]>('assignComplaint');
export const resolveComplaint = defineUpdate<ComplaintState, [{ handlerRef: string; textId: string }]>(
  'resolveComplaint',
);
export const complaintState = defineQuery<ComplaintState>('complaintState');

// ---- redemption ----

/** The order is in the database already, with its points held. */
export interface RedemptionInput {
  orderRef: OrderRef;
  customerRef: CustomerRef;
  clock: BusinessClock;
}

export interface RedemptionState {
  orderRef: OrderRef;
  state: OrderState;
  words: string;
  /** the partner's answer is due; null: the partner does not have the order yet, or it is settled */
  waitsUntil: Instant | null;
}

/** The partner has said something, which is in the database: the run looks there. */
export const partnerAnswered = defineSignal('partnerAnswered');
/** Refused once the partner may know of the order. */
export const cancelRedemption = defineUpdate<RedemptionState, [{ by: 'customer' | 'staff' }]>('cancelRedemption');
export const redemptionState = defineQuery<RedemptionState>('redemptionState');

/** How an order's run is started, by whoever starts it; after one that was ended by force it goes on where that stood. */
export function redemptionStart(
  input: RedemptionInput,
): [string, WorkflowStartOptions<(input: RedemptionInput) => Promise<RedemptionState>>] {
  return [
    WORKFLOWS.redemption,
    {
      taskQueue: TASK_QUEUE,
      workflowId: redemptionWorkflowId(input.orderRef),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [input],
      typedSearchAttributes: [
        { key: searchAttributes.customer, value: input.customerRef },
        { key: searchAttributes.step, value: 'held' },
      ],
      staticSummary: `order ${input.orderRef} of ${input.customerRef}`,
    },
  ];
}

// ---- the daily round: evaluate tiers, find customers at risk, start journeys, look at goals ----

export interface RoundInput {
  clock: BusinessClock;
  /** the day judged; without it the last day of which the bank's data tell */
  asOf?: PlainDate;
  /** `goals` looks at evaluations and goals alone */
  scope: 'all' | 'goals';
}

export interface RoundResult {
  asOf: PlainDate;
  findings: { trigger: string; customers: number }[];
  /** decided on by this run; after a crash in the middle the decisions tell of the rest */
  admitted: number;
  refused: number;
  goalsMet: number;
}

// ---- news for journeys ----

/** What all open journeys of a campaign, or of every campaign, are told. */
export type JourneyNews =
  | { kind: 'paused'; campaignRef: CampaignRef; pause: Pause }
  | { kind: 'resumed'; campaignRef: CampaignRef; pause: PauseOver }
  | { kind: 'door-opened'; stopId: string };

const newsId = (news: JourneyNews): string =>
  news.kind === 'door-opened' ? `news:${news.stopId}` : `news:${news.pause.pauseId}:${news.kind}`;

/** How the telling is started; told once for each pause, resumption and stop, however often it is asked for. */
export function newsStart(
  news: JourneyNews,
): [string, WorkflowStartOptions<(news: JourneyNews) => Promise<{ told: number }>>] {
  return [
    WORKFLOWS.news,
    {
      taskQueue: TASK_QUEUE,
      workflowId: newsId(news),
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      args: [news],
      staticSummary: news.kind === 'door-opened' ? 'messages may leave again' : `${news.campaignRef} ${news.kind}`,
    },
  ];
}
