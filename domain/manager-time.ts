import { Temporal } from 'temporal-polyfill';
import { dateIn } from './calendar.js';
import { isCalendar } from './holiday-calendars.js';
import { CalendarEnded, dayKind, type DayKind } from './public-holidays.js';
import type { Instant, ManagerRef, PlainDate, ZoneId } from './types.js';

/** The first and the last day of something. */
export interface Span {
  from: PlainDate;
  to: PlainDate;
}

/** When a manager is there. */
export interface ManagerTime {
  zone: ZoneId;
  /** country whose holidays are kept; null: none */
  calendar: string | null;
  /** 1 is Monday, 7 Sunday; null: the calendar's working days */
  workDays: number[] | null;
  /** `HH:MM` */
  worksFrom: string;
  worksTo: string;
  leave: Span[];
  /** who stands in, the newest first */
  delegations: ({ delegateRef: ManagerRef } & Span)[];
}

const FRIDAY = 5;

export const within = ({ from, to }: Span, day: PlainDate): boolean => from <= day && day <= to;

/**
 * What a country's calendar makes of a day. Where it knows nothing (a year that is not published yet, a country that
 * nobody has listed) the day is an ordinary one: unlike a message, a customer can't wait for a calendar.
 */
export function dayKindOr(calendar: string | null, day: PlainDate): DayKind {
  if (calendar === null || !isCalendar(calendar)) return 'ordinary';
  try {
    return dayKind(calendar, day);
  } catch (error) {
    if (error instanceof CalendarEnded) return 'ordinary';
    throw error;
  }
}

/** Whether a bank of that country works on a day. */
export function isBankDay(calendar: string | null, day: PlainDate, kindOf = dayKindOr): boolean {
  const kind = kindOf(calendar, day);
  return kind === 'ordinary' ? weekday(day) <= FRIDAY : kind === 'make-up-working-day';
}

/** Whether a manager works on a day: on the own weekdays where there are some, else by the calendar; never on a holiday. */
export function worksOn(
  { workDays, calendar }: Pick<ManagerTime, 'workDays' | 'calendar'>,
  day: PlainDate,
  kindOf = dayKindOr,
): boolean {
  if (workDays === null) return isBankDay(calendar, day, kindOf);
  return workDays.includes(weekday(day)) && kindOf(calendar, day) !== 'public-holiday';
}

const weekday = (day: PlainDate): number => Temporal.PlainDate.from(day).dayOfWeek;

export const onLeave = (manager: Pick<ManagerTime, 'leave'>, day: PlainDate): boolean =>
  manager.leave.some((leave) => within(leave, day));

/** Whom a manager has named for a day, whether or not they are away; null: nobody. */
export function delegateOf(manager: Pick<ManagerTime, 'delegations'>, day: PlainDate): ManagerRef | null {
  return manager.delegations.find((delegation) => within(delegation, day))?.delegateRef ?? null;
}

/** Whether a manager's hours on that very day are over. */
export function isDayOver(
  { zone, worksTo }: Pick<ManagerTime, 'zone' | 'worksTo'>,
  day: PlainDate,
  at: Instant,
): boolean {
  if (dateIn(zone, at) !== day) return false;
  const end = Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone, plainTime: worksTo });
  return at >= end.epochMilliseconds;
}
