import { addMillis, days, type Instant } from './types.js';

/** What a person can have to do for a customer. */
export const TASK_KINDS = [
  'first-contact',
  'call',
  'visit',
  'fraud-check',
  'missed-instalment',
  'hardship',
  'plan-approval',
  'standing',
] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const TASK_RESULTS = [
  'reached',
  'busy',
  'refused',
  'wrong-number',
  'call-back',
  'visited',
  'no-show',
  'cheated',
  'not-cheated',
  'arranged',
] as const;
export type TaskResult = (typeof TASK_RESULTS)[number];

/** Why the customer is as they are, in their own account of it. */
export const CUSTOMER_REASONS = [
  'rate',
  'service',
  'spending',
  'moved',
  'fraud',
  'fees',
  'product',
  'family',
  'none-given',
] as const;
export type CustomerReason = (typeof CUSTOMER_REASONS)[number];

export const TASK_RULES = 'task@1';

const BY_PHONE = ['reached', 'busy', 'refused', 'wrong-number', 'call-back'] as const;

/** What can come of a task of each kind. */
export const RESULTS_OF: Readonly<Record<TaskKind, readonly TaskResult[]>> = {
  'first-contact': [...BY_PHONE, 'visited', 'no-show'],
  call: BY_PHONE,
  visit: ['visited', 'no-show', 'refused', 'call-back'],
  // "reached" would leave the question open
  'fraud-check': ['cheated', 'not-cheated', 'busy', 'wrong-number', 'call-back'],
  'missed-instalment': ['arranged', ...BY_PHONE],
  hardship: ['arranged', ...BY_PHONE],
  'plan-approval': ['arranged'],
  standing: ['arranged'],
};

/** These are answered by an order of their own, which ends the task; a result alone would take the question off the list. */
const ANSWERED_BY: Partial<Record<TaskKind, string>> = {
  'plan-approval': 'approve the plan ("keepwell plan approve") or end it ("keepwell plan end")',
  standing: 'answer with "keepwell plan grant-standing", --refuse when it is not given back',
};

/** The customer was spoken to: what they gave as their reason is asked for. */
const SPOKEN: readonly TaskResult[] = ['reached', 'refused', 'visited', 'arranged'];
/** Nobody was spoken to: nobody gave a reason. */
const UNSPOKEN: readonly TaskResult[] = ['busy', 'no-show', 'wrong-number'];
/** The task stays on the list. */
const TRY_AGAIN: readonly TaskResult[] = ['busy', 'no-show', 'call-back'];

/** Nobody is tried more often than this for one task; the last try ends it. */
export const MAX_ATTEMPTS = 5;
/** A customer is called back within this many days. */
export const MAX_CALL_BACK_DAYS = 30;
/** A task is put off by at most this many days after it is due. */
export const MAX_SNOOZE_DAYS = 30;
/** The same for a first contact: after that it is passed on. */
export const MAX_FIRST_CONTACT_SNOOZE_DAYS = 2;

export interface TaskState {
  kind: TaskKind;
  dueAt: Instant;
  done: { by: string; result: string } | null;
  /** results that left it open */
  attempts: number;
  /** of these, call-backs */
  callBacks: number;
  /** of a first contact, the last instant to which a call-back may put it; null: MAX_CALL_BACK_DAYS count */
  callBackBy: Instant | null;
}

export interface TaskAnswer {
  result: string;
  reason: string | null;
  callBackAt: Instant | null;
}

/** `closed`: it is done; `open`: it stays on the list, due then; `refused`: nothing is written, in words why. */
export type TaskVerdict =
  | { kind: 'closed'; result: TaskResult; reason: CustomerReason | null }
  | { kind: 'open'; result: TaskResult; reason: CustomerReason | null; dueAt: Instant }
  | { kind: 'refused'; words: string };

const refused = (words: string): TaskVerdict => ({ kind: 'refused', words });

/** What a result does to a task. A busy line or a door that nobody opened is tried again, five times at most. */
export function judgeResult(task: TaskState, answer: TaskAnswer, at: Instant): TaskVerdict {
  if (task.done) return refused(`this task was done already, by ${task.done.by}: ${task.done.result}`);
  const order = ANSWERED_BY[task.kind];
  if (order !== undefined) return refused(`a ${task.kind} task ends with its answer: ${order}`);
  const result = RESULTS_OF[task.kind].find((known) => known === answer.result);
  if (!result)
    return refused(
      `"${answer.result}" is no result of a ${task.kind}; write one of ${RESULTS_OF[task.kind].join(', ')}`,
    );
  const reason = CUSTOMER_REASONS.find((known) => known === answer.reason) ?? null;
  const wrong = wrongReason(result, answer.reason, reason) ?? wrongCallBack(task, result, answer.callBackAt, at);
  if (wrong !== null) return refused(wrong);
  if (!TRY_AGAIN.includes(result) || task.attempts + 1 >= MAX_ATTEMPTS) return { kind: 'closed', result, reason };
  return { kind: 'open', result, reason, dueAt: answer.callBackAt ?? task.dueAt };
}

function wrongReason(result: TaskResult, given: string | null, known: CustomerReason | null): string | null {
  if (given !== null && known === null)
    return `"${given}" is no reason that is known; write one of ${CUSTOMER_REASONS.join(', ')}`;
  if (known === null && SPOKEN.includes(result))
    return `"${result}" wants the reason that the customer gave: one of ${CUSTOMER_REASONS.join(', ')}`;
  if (known !== null && UNSPOKEN.includes(result))
    return `nobody gives a reason with "${result}"; leave the reason out`;
  return null;
}

function wrongCallBack(task: TaskState, result: TaskResult, callBackAt: Instant | null, at: Instant): string | null {
  if (result !== 'call-back')
    return callBackAt === null ? null : `only "call-back" has a time to call; leave it out with "${result}"`;
  if (task.attempts + 1 >= MAX_ATTEMPTS)
    return `this customer was tried ${task.attempts} times already; say what came of it instead of another call-back`;
  if (callBackAt === null) return '"call-back" wants the time at which the customer is to be called';
  if (callBackAt <= at || callBackAt > addMillis(at, days(MAX_CALL_BACK_DAYS)))
    return `a call-back is later than now and within ${MAX_CALL_BACK_DAYS} days`;
  return wrongFirstCallBack(task, callBackAt);
}

/** A first contact that is called back again and again is never late, and never passed on. */
function wrongFirstCallBack({ kind, callBacks, callBackBy }: TaskState, callBackAt: Instant): string | null {
  if (kind !== 'first-contact') return null;
  if (callBacks > 0) return 'a first contact is called back once; say what came of it, or put it off with a reason';
  if (callBackBy === null || callBackAt <= callBackBy) return null;
  return `a first contact is called back within the working days that this customer's tier allows, until ${new Date(callBackBy).toISOString()}`;
}

/** Whether a task may be put off until then; null when it may, else why not, in words. */
export function judgeSnooze(task: TaskState, until: Instant, at: Instant): string | null {
  if (task.done) return `this task was done already, by ${task.done.by}: ${task.done.result}`;
  if (until <= at) return 'a task is put off until a time that is still to come';
  const most = task.kind === 'first-contact' ? MAX_FIRST_CONTACT_SNOOZE_DAYS : MAX_SNOOZE_DAYS;
  if (until <= addMillis(task.dueAt, days(most))) return null;
  return `a ${task.kind} is put off by at most ${most} days after it is due; name an earlier time, or do it`;
}
