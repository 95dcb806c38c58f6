import { dayKind } from './public-holidays.js';
import { addDays, type PlainDate } from './types.js';

/** Working days that may be counted at once: about a year. */
export const MAX_WORKING_DAYS = 260;

/** Calendar days within which so many working days lie, whatever the holidays. */
const MAX_SEARCHED_DAYS = 800;

const SUNDAY = 0;
const SATURDAY = 6;

/**
 * Whether the bank works on that day: Monday to Friday, without the public holidays of the calendar and with its make-up
 * working days.
 * @param calendar null: there are no holidays
 * @throws CalendarEnded when the calendar does not know the day's year
 */
export function isWorkingDay(calendar: string | null, day: PlainDate): boolean {
  const kind = calendar === null ? 'ordinary' : dayKind(calendar, day);
  if (kind !== 'ordinary') return kind === 'make-up-working-day';
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return weekday !== SUNDAY && weekday !== SATURDAY;
}

/**
 * The day by whose end something is due "within `n` working days" of `day`: the n-th working day after it. `day` itself
 * doesn't count, whether it is one or not.
 * @param n 1 to MAX_WORKING_DAYS
 * @throws RangeError for another n
 * @throws CalendarEnded when the calendar does not know a year on the way
 */
export function addWorkingDays(calendar: string | null, day: PlainDate, n: number): PlainDate {
  if (!Number.isInteger(n) || n < 1 || n > MAX_WORKING_DAYS)
    throw new RangeError(`${n} working days can't be counted; name a whole number from 1 to ${MAX_WORKING_DAYS}`);
  let left = n;
  for (let i = 1; i <= MAX_SEARCHED_DAYS; i++) {
    const next = addDays(day, i);
    if (isWorkingDay(calendar, next)) left -= 1;
    if (left === 0) return next;
  }
  throw new RangeError(`${calendar} has fewer than ${n} working days in ${MAX_SEARCHED_DAYS} days after ${day}`);
}
