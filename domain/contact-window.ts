import { Temporal } from 'temporal-polyfill';
import { WEEKDAYS, type ContactPolicy, type Weekday } from './contact-policy.js';
import { dayKind } from './public-holidays.js';
import { DAY_MS, instant, type Instant, type PlainDate, type ZoneId } from './types.js';

/** In the order in which they are told. */
export const CONTACT_WINDOW_REASONS = ['quiet-hours', 'not-a-contact-day', 'public-holiday'] as const;
export type ContactWindowReason = (typeof CONTACT_WINDOW_REASONS)[number];

export type ContactWindow = { kind: 'open' } | { kind: 'closed'; until: Instant; reasons: ContactWindowReason[] };

/** What a hold of a policy looks at: caps and channels are judged elsewhere. */
export type ContactTimes = Pick<ContactPolicy, 'days' | 'hours' | 'calendar'>;

/** No window is looked for beyond so many days: every policy that is valid opens long before. */
export const MAX_HOLD_DAYS = 400;

/** A policy that no validation has seen opens on no day at all. */
export class WindowNeverOpens extends Error {
  override readonly name = 'WindowNeverOpens';
  constructor(at: Instant) {
    super(
      `the contact policy opens on no day within ${MAX_HOLD_DAYS} days after ${new Date(at).toISOString()}; give it days and hours that come`,
    );
  }
}

/**
 * Whether a customer may be written to at an instant, by the clock on the wall of their zone: the day is allowed and the
 * time is in [from, to). `until` is the first instant from `at` on for which that is true, so a `from` that a clock change
 * leaves out means the first instant after the gap, and an hour that comes twice is open twice.
 *
 * A day is allowed when it is no public holiday of the calendar and its weekday is one of the policy's; a make-up working
 * day also when the policy has all of Monday to Friday.
 * @returns with a closed window every reason that spoke at `at`, in the order of CONTACT_WINDOW_REASONS
 * @throws CalendarEnded when a day must be judged whose holidays are not known; RangeError when the zone is not an IANA
 * name; WindowNeverOpens
 */
export function contactWindow(policy: ContactTimes, zone: ZoneId, at: Instant): ContactWindow {
  const horizon = at + MAX_HOLD_DAYS * DAY_MS;
  for (let from: number = at; from < horizon;) {
    const { offset, until } = stretchAt(zone, from);
    const opens = firstOpening(policy, from + offset, Math.min(until, horizon) + offset);
    if (opens !== null) return answer(policy, zone, at, instant(opens - offset));
    from = until;
  }
  throw new WindowNeverOpens(at);
}

function answer(policy: ContactTimes, zone: ZoneId, at: Instant, until: Instant): ContactWindow {
  if (until === at) return { kind: 'open' };
  const { from, to } = openHours(policy);
  const local = at + stretchAt(zone, at).offset;
  const day = Math.floor(local / DAY_MS);
  const time = local - day * DAY_MS;
  const quiet: ContactWindowReason[] = time >= from && time < to ? [] : ['quiet-hours'];
  return { kind: 'closed', until, reasons: [...quiet, ...reasonsAgainst(policy, day)] };
}

/**
 * The first local time in [from, to) that is open, or null; the offset from UTC is the same all along.
 * @param from ms since 1970 as a clock on the wall counts them
 */
function firstOpening(policy: ContactTimes, from: number, to: number): number | null {
  const hours = openHours(policy);
  for (let day = Math.floor(from / DAY_MS); day * DAY_MS < to; day++) {
    const opens = Math.max(from, day * DAY_MS + hours.from);
    const closes = Math.min(to, day * DAY_MS + hours.to);
    if (opens < closes && reasonsAgainst(policy, day).length === 0) return opens;
  }
  return null;
}

const WORKING_WEEK: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];

/** @param day days since 1970-01-01 */
function reasonsAgainst({ days, calendar }: ContactTimes, day: number): ContactWindowReason[] {
  const kind = calendar === undefined ? 'ordinary' : dayKind(calendar, plainDateOf(day));
  const madeUp = kind === 'make-up-working-day' && WORKING_WEEK.every((weekday) => days.includes(weekday));
  const listed = days.includes(weekdayOf(day)) || madeUp;
  return [
    ...(listed ? [] : (['not-a-contact-day'] as const)),
    ...(kind === 'public-holiday' ? (['public-holiday'] as const) : []),
  ];
}

const plainDateOf = (day: number): PlainDate => new Date(day * DAY_MS).toISOString().slice(0, 10) as PlainDate;

/** 1970-01-01 was a Thursday. */
const THURSDAY = 3;
const weekdayOf = (day: number): Weekday => WEEKDAYS[(((day + THURSDAY) % 7) + 7) % 7] as Weekday;

const openHours = ({ hours }: ContactTimes): { from: number; to: number } => ({
  from: msOfDay(hours.from),
  to: msOfDay(hours.to),
});
const msOfDay = (time: string): number => (Number(time.slice(0, 2)) * 60 + Number(time.slice(3))) * 60_000;

/** A time between two changes of a zone's clock, [from, until) in ms since 1970 in UTC. */
interface Stretch {
  from: number;
  until: number;
  /** ms that the clock on the wall is ahead of UTC */
  offset: number;
}

/** To look up a clock change takes longer than all the rest, and the door asks for every message. */
const stretches = new Map<ZoneId, Stretch[]>();
/** Of one zone; today and a year ahead are three or four. */
const MAX_STRETCHES = 16;

function stretchAt(zone: ZoneId, at: number): Stretch {
  const kept = stretches.get(zone) ?? [];
  const found = kept.find(({ from, until }) => from <= at && at < until);
  if (found) return found;
  const there = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
  const before = there.add({ milliseconds: 1 }).getTimeZoneTransition('previous');
  const made: Stretch = {
    from: before?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    until: there.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: there.offsetNanoseconds / 1_000_000,
  };
  stretches.set(zone, [made, ...kept].slice(0, MAX_STRETCHES));
  return made;
}
