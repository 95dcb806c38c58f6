import { Temporal } from 'temporal-polyfill';
import type { PlanStep } from './repayment-plan.js';
import type { RepaymentPolicy, Rhythm } from './repayment-policy.js';
import { addDays, instant, type Instant, type Minor, type PlainDate, type ZoneId } from './types.js';

export interface Instalment {
  /** from 1 */
  number: number;
  dueOn: PlainDate;
  /** above 0 */
  amount: Minor;
}

/** The day `n` calendar months after a day; where that month is too short, its last day. */
export function addMonths(date: PlainDate, n: number): PlainDate {
  return Temporal.PlainDate.from(date).add({ months: n }, { overflow: 'constrain' }).toString() as PlainDate;
}

/** The due day of an instalment, reckoned from the first one: after a 28 February comes the 31 March again. */
export function dueDay(firstDue: PlainDate, every: Rhythm, number: number): PlainDate {
  return every === 'month' ? addMonths(firstDue, number - 1) : addDays(firstDue, 14 * (number - 1));
}

/** Letters leave and instalments are looked at in the morning: the bank's data of the day before are there. */
const MORNING_HOUR = 9;

function hourOf(zone: ZoneId, day: PlainDate, hour: number): Instant {
  const at = Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone, plainTime: { hour } });
  return instant(at.epochMilliseconds);
}

/** The last day on which an instalment's payment is in time. */
export const inTimeUntil = (policy: RepaymentPolicy, dueOn: PlainDate): PlainDate => addDays(dueOn, policy.graceDays);

/** The wait for an instalment. @param zone the bank's */
export function instalmentStep(policy: RepaymentPolicy, zone: ZoneId, { number, dueOn }: Instalment): PlanStep {
  return {
    kind: 'instalment',
    instalment: number,
    remindAt: hourOf(zone, addDays(dueOn, -policy.remindDaysBefore), MORNING_HOUR),
    dueBy: hourOf(zone, addDays(dueOn, 1), 0),
    judgeAt: hourOf(zone, addDays(inTimeUntil(policy, dueOn), 1), MORNING_HOUR),
  };
}

/** The last day on which missed instalments can be paid. */
export const catchUpUntil = (policy: RepaymentPolicy, lastDue: PlainDate): PlainDate =>
  addDays(inTimeUntil(policy, lastDue), policy.catchUpDays);

/** The wait after the last instalment. @param zone the bank's */
export function catchUpStep(policy: RepaymentPolicy, zone: ZoneId, lastDue: PlainDate): PlanStep {
  return { kind: 'catch-up', judgeAt: hourOf(zone, addDays(catchUpUntil(policy, lastDue), 1), MORNING_HOUR) };
}
