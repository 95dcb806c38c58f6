import { addDays, type PlainDate } from './types.js';

/** The days over which a balance is averaged; both ends count. */
export interface Period {
  start: PlainDate;
  end: PlainDate;
}

/** How long the averages are, and how often one is taken; both in calendar months. */
export interface Rhythm {
  averageMonths: 1 | 3;
  everyMonths: 1 | 3;
}

const day = (year: number, monthIndex: number, dayOfMonth: number): PlainDate =>
  new Date(Date.UTC(year, monthIndex, dayOfMonth)).toISOString().slice(0, 10) as PlainDate;

const parts = (date: PlainDate): { year: number; monthIndex: number; dayOfMonth: number } => ({
  year: Number(date.slice(0, 4)),
  monthIndex: Number(date.slice(5, 7)) - 1,
  dayOfMonth: Number(date.slice(8, 10)),
});

/** The last day of the calendar month that lies `months` after the month of `date` (before, when negative). */
export function monthEnd(date: PlainDate, months = 0): PlainDate {
  const { year, monthIndex } = parts(date);
  return day(year, monthIndex + months + 1, 0);
}

/** The first day of the calendar month that lies `months` after the month of `date` (before, when negative). */
export function monthStart(date: PlainDate, months = 0): PlainDate {
  const { year, monthIndex } = parts(date);
  return day(year, monthIndex + months, 1);
}

/**
 * The period that is evaluated next on `date`: it ends on or after `date`, at the end of a calendar month or quarter.
 * A rolling rule (average of three months, taken every month) has periods that overlap.
 */
export function periodAt(rhythm: Rhythm, date: PlainDate): Period {
  const toQuarterEnd = rhythm.everyMonths === 3 ? 2 - (parts(date).monthIndex % 3) : 0;
  const end = monthEnd(date, toQuarterEnd);
  return { start: monthStart(end, 1 - rhythm.averageMonths), end };
}

/** The period that is evaluated after `period`. */
export function periodAfter(rhythm: Rhythm, period: Period): Period {
  return periodAt(rhythm, addDays(period.end, 1));
}

/** Every period that starts on or after `from` and is over on `until`, in order. */
export function completedPeriods(rhythm: Rhythm, from: PlainDate, until: PlainDate): Period[] {
  const periods: Period[] = [];
  for (let period = periodAt(rhythm, from); period.end <= until; period = periodAfter(rhythm, period))
    if (period.start >= from) periods.push(period);
  return periods;
}
