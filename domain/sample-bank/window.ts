import { DAY_MS, type PlainDate } from '../types.js';

/** The sample bank's transactions begin on the first day of the month this many months before the as-of day's month. */
export const MONTHS_OF_HISTORY = 15;

/**
 * The days of which the sample bank tells, numbered: day 0 is the first, `last` the as-of day. Months are numbered in
 * the same way; month MONTHS_OF_HISTORY is the one that the as-of day belongs to.
 */
export class Window {
  readonly last: number;
  private readonly epochDay: number;
  private readonly monthStarts: readonly number[];
  private readonly dates: PlainDate[] = [];

  constructor(readonly asOf: PlainDate) {
    const year = Number(asOf.slice(0, 4));
    const month = Number(asOf.slice(5, 7)) - 1;
    const startOf = (offset: number): number => Date.UTC(year, month - MONTHS_OF_HISTORY + offset, 1) / DAY_MS;
    this.epochDay = startOf(0);
    this.last = Date.parse(`${asOf}T00:00:00Z`) / DAY_MS - this.epochDay;
    this.monthStarts = Array.from({ length: MONTHS_OF_HISTORY + 2 }, (_, offset) => startOf(offset) - this.epochDay);
    for (let day = 0; day <= this.last; day += 1) this.dates.push(this.reckon(day));
  }

  private reckon(day: number): PlainDate {
    return new Date((this.epochDay + day) * DAY_MS).toISOString().slice(0, 10) as PlainDate;
  }

  /** The date of a numbered day; days outside the window (maturities, years before) are reckoned too. */
  date(day: number): PlainDate {
    return this.dates[day] ?? this.reckon(day);
  }

  /** First day of a month, 0 ≤ month ≤ MONTHS_OF_HISTORY + 1. */
  monthStart(month: number): number {
    return this.monthStarts[month] as number;
  }

  /** A day of a month, `dayOfMonth` from 1; the last day where the month is too short. */
  dayOf(month: number, dayOfMonth: number): number {
    return Math.min(this.monthStart(month) + dayOfMonth, this.monthStart(month + 1)) - 1;
  }

  /** The day itself, or the Friday before when it is on a weekend. */
  workingDay(day: number): number {
    // 1970-01-01 was a Thursday
    const weekday = (((this.epochDay + day + 4) % 7) + 7) % 7;
    if (weekday === 6) return day - 1;
    return weekday === 0 ? day - 2 : day;
  }

  /** 1 to 12 */
  calendarMonth(month: number): number {
    return Number(this.date(this.monthStart(month)).slice(5, 7));
  }
}
