import { addDays, days, type Instant, type PlainDate } from './types.js';

declare const event: unique symbol;
/** A talk, salon or course day as staff and customers are told it, for instance `E-2026-0000007`. */
export type EventRef = string & { readonly [event]: 'EventRef' };

export const EVENT_KINDS = ['talk', 'salon', 'course-day'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Seats of one event. */
export const MAX_SEATS = 2_000;
/** Customers on one waiting list; who would come after these hears no at once. */
export const MAX_WAITING = 5_000;
/** An event lasts so many days at most. */
export const MAX_EVENT_DAYS = 7;
/** Attendance can be marked from so long (ms) before the start: the doors open. */
export const DOORS_OPEN_MS = 3_600_000;
/** Days before the event on which a first reminder goes; the second goes on its day. */
export const REMINDER_DAYS = 2;

export const RSVP_STATES = ['seated', 'waiting', 'cancelled', 'attended', 'absent'] as const;
export type RsvpState = (typeof RSVP_STATES)[number];

/** Why something about an event can't be done, as a code. */
export type EventRefusal =
  | 'event-cancelled'
  | 'rsvp-over'
  | 'has-begun'
  | 'waiting-list-full'
  | 'fewer-than-seated'
  | 'not-over-yet'
  | 'is-over'
  | 'doors-closed'
  | 'no-seat';

export interface EventTimes {
  state: 'open' | 'cancelled';
  startsAt: Instant;
  endsAt: Instant;
  /** the first instant at which nobody can say any more that they come */
  rsvpUntil: Instant;
}

/** Why nobody can say any more that they come; null while they can. */
export function rsvpRefusal({ state, startsAt, rsvpUntil }: EventTimes, at: Instant): EventRefusal | null {
  if (state === 'cancelled') return 'event-cancelled';
  if (at >= startsAt) return 'has-begun';
  return at >= rsvpUntil ? 'rsvp-over' : null;
}

/** Why a place can't be given up any more; a seat may be given up after `rsvpUntil`, so that somebody waiting gets it. */
export function cancelRefusal({ state, startsAt }: EventTimes, at: Instant): EventRefusal | null {
  if (state === 'cancelled') return 'event-cancelled';
  return at >= startsAt ? 'has-begun' : null;
}

/** Seats and who has or waits for one. */
export interface Room {
  seats: number;
  seated: number;
  waiting: number;
}

/** What somebody gets who says now that they come; a free seat belongs to those who wait before it belongs to a newcomer. */
export function placeFor({ seats, seated, waiting }: Room): 'seated' | 'waiting' | 'waiting-list-full' {
  if (seated < seats && waiting === 0) return 'seated';
  return waiting < MAX_WAITING ? 'waiting' : 'waiting-list-full';
}

/** How many of those who wait get a seat now. */
export const promotions = ({ seats, seated, waiting }: Room): number => Math.min(waiting, Math.max(0, seats - seated));

/** Why an event can't have so many seats: nobody who has one is thrown out. */
export function seatsRefusal(times: EventTimes, seated: number, wanted: number, at: Instant): EventRefusal | null {
  if (times.state === 'cancelled') return 'event-cancelled';
  if (at >= times.endsAt) return 'is-over';
  return wanted < seated ? 'fewer-than-seated' : null;
}

/** Why attendance can't be marked now. */
export function attendRefusal(times: EventTimes, state: RsvpState | null, at: Instant): EventRefusal | null {
  if (times.state === 'cancelled') return 'event-cancelled';
  if (at < times.startsAt - DOORS_OPEN_MS) return 'doors-closed';
  return state === 'seated' || state === 'attended' || state === 'absent' ? null : 'no-seat';
}

export function closeRefusal({ state, endsAt }: EventTimes, at: Instant): EventRefusal | null {
  if (state === 'cancelled') return 'event-cancelled';
  return at < endsAt ? 'not-over-yet' : null;
}

export type Reminder = 'reminder-soon' | 'reminder-today';

/**
 * The reminder that goes out on a day, if any, and to whom: who got a seat on the day of a reminder or after it has just
 * been written to, and is not reminded of that.
 * @param today    the day, in the event's zone
 * @param startsOn the event's first day
 */
export function reminderOn(
  today: PlainDate,
  startsOn: PlainDate,
): { reminder: Reminder; seatedBefore: PlainDate } | null {
  if (today === startsOn) return { reminder: 'reminder-today', seatedBefore: startsOn };
  const soon = addDays(startsOn, -REMINDER_DAYS);
  return today >= soon && today < startsOn ? { reminder: 'reminder-soon', seatedBefore: soon } : null;
}

/** Why an event can't be as somebody wrote it, in words that say what to write; empty when it can. */
export function eventProblems(wanted: {
  startsAt: Instant;
  endsAt: Instant;
  rsvpUntil: Instant;
  seats: number;
  place: string;
  joinUrl: string | null;
  at: Instant;
}): string[] {
  const { startsAt, endsAt, rsvpUntil, seats, place, joinUrl, at } = wanted;
  const online = place === 'online';
  const told: [boolean, string][] = [
    [startsAt > at, 'it starts in the past; name a start that is still to come'],
    [endsAt > startsAt, 'it ends before it starts; name a later end'],
    [endsAt - startsAt <= days(MAX_EVENT_DAYS), `it lasts longer than ${MAX_EVENT_DAYS} days; make two of it`],
    [rsvpUntil <= startsAt, 'answers are taken until after the start; name a last moment before it'],
    [rsvpUntil > at, 'answers are taken until a moment that is over; name one that is still to come'],
    [
      Number.isSafeInteger(seats) && seats >= 1 && seats <= MAX_SEATS,
      `seats are a whole number from 1 to ${MAX_SEATS}, not ${seats}`,
    ],
    [
      !online || (joinUrl !== null && /^https:\/\/\S{1,490}$/.test(joinUrl)),
      'who takes part online needs an address that begins with https://',
    ],
    [online || joinUrl === null, 'an address to take part is for the place "online" alone; leave it out'],
  ];
  return told.filter(([fine]) => !fine).map(([, problem]) => problem);
}
