import type { Exclusion } from './contact-door.js';
import { LARGE_OUTFLOW } from './triggers.js';
import type { Trigger } from './trigger-names.js';
import { daysBetween, type PlainDate } from './types.js';

/** A finding of this trigger is first a question for a person: whether the customer is being cheated. */
export const ASKED_FIRST: Trigger = 'large-outflow';
/** The question is to be answered by the end of so many working days. */
export const FRAUD_CHECK_WORKING_DAYS = 1;
/**
 * Days of the bank's data, from the day of the finding, for which an answer holds: as long as detection goes on finding
 * that very outflow. What is found later is another one.
 */
export const CLEARED_DAYS = LARGE_OUTFLOW.windowDays;

/** The newest question about a customer and what came of it; a type, so that a decision can say that it saw it. */
export type FraudCheck = {
  taskId: string;
  /** the day of the finding that was asked about */
  asOf: PlainDate;
  /** `unanswered`: nobody could be reached, or the task was withdrawn */
  state: 'open' | 'not-cheated' | 'cheated' | 'unanswered';
};

export interface FraudFacts {
  erased: boolean;
  exclusions: readonly Exclusion[];
  findings: readonly { trigger: Trigger }[];
  fraudCheck: FraudCheck | null;
}

/** Nobody is there to be asked, or the answer is known; admission refuses them by its own rule. */
const NOT_ASKED: readonly Exclusion[] = ['deceased', 'suspected-fraud'];

/**
 * Whether a person must be asked before the customer is admitted to anything: `open`, it is being asked; `ask`, it is to
 * be asked now; `none`, there is nothing to ask, or nobody.
 * @param asOf the day that is judged
 */
export function fraudQuestion(facts: FraudFacts, asOf: PlainDate): 'none' | 'open' | 'ask' {
  const { fraudCheck, findings, erased, exclusions } = facts;
  if (fraudCheck?.state === 'open') return 'open';
  if (!findings.some(({ trigger }) => trigger === ASKED_FIRST)) return 'none';
  if (fraudCheck && isCleared(fraudCheck, asOf)) return 'none';
  return erased || exclusions.some((kind) => NOT_ASKED.includes(kind)) ? 'none' : 'ask';
}

/** A person has said that the customer is not being cheated, and that still holds. */
export const isCleared = ({ state, asOf: asked }: FraudCheck, asOf: PlainDate): boolean =>
  state === 'not-cheated' && daysBetween(asked, asOf) < CLEARED_DAYS;

/** Names the question: one for a customer and a day of the bank's data. */
export const fraudCheckKey = (customerRef: string, asOf: PlainDate): string => `fraud-check:${customerRef}:${asOf}`;
