/**
 * Talks, salons and course days: seats and the waiting list. Whatever changes who comes holds the event's row
 * until its transaction ends, so that seats are given one after the other, in the order of arrival; the letters that a
 * change makes necessary are written down in the same transaction.
 */
import {
  cancelRefusal,
  MAX_SEATS,
  MAX_WAITING,
  placeFor,
  promotions,
  rsvpRefusal,
  seatsRefusal,
  type EventRef,
  type EventRefusal,
  type EventTimes,
  type Room,
  type RsvpState,
} from '../domain/event-seats.js';
import type { BranchRef, CustomerRef, Instant } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { owe, type EventLetter } from './event-letters.js';

/** Something about an event that can't be done: the code is for pages, the message for staff. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(
    readonly reason: EventRefusal | 'no-event' | 'no-customer' | 'other-branch' | 'not-coming' | 'not-as-written',
    message: string,
  ) {
    super(message);
  }
}

export interface LockedEvent extends EventTimes {
  eventRef: EventRef;
  seats: number;
  branchRef: BranchRef | null;
  closedAt: Instant | null;
}

/** Everybody who would change who comes waits here for the one before. @throws EventRefused when there is no such event */
export async function lockEvent(sql: Sql, eventRef: EventRef): Promise<LockedEvent> {
  const { rows } = await sql.query<LockedEvent>(
    `select event_ref as "eventRef", seats, branch_ref as "branchRef", state, starts_at as "startsAt", ends_at as "endsAt",
            rsvp_until as "rsvpUntil", closed_at as "closedAt"
       from events where event_ref = $1 for no key update`,
    [eventRef],
  );
  const event = rows[0];
  if (!event)
    throw new EventRefused('no-event', `there is no event "${eventRef}"; "keepwell event list" shows what there is.`);
  return event;
}

async function roomOf(sql: Sql, { eventRef, seats }: LockedEvent): Promise<Room> {
  const { rows } = await sql.query<Omit<Room, 'seats'>>(
    `select (count(*) filter (where state in ('seated', 'attended', 'absent')))::integer as seated,
            (count(*) filter (where state = 'waiting'))::integer as waiting
       from event_rsvps where event_ref = $1`,
    [eventRef],
  );
  return { seats, ...one(rows, 'the seats') };
}

export interface Rsvp {
  state: RsvpState;
  position: number;
  answer: number;
}

export async function rsvpOf(sql: Sql, eventRef: EventRef, customerRef: CustomerRef): Promise<Rsvp | null> {
  const { rows } = await sql.query<Rsvp>(
    'select state, position, answer from event_rsvps where event_ref = $1 and customer_ref = $2',
    [eventRef, customerRef],
  );
  return rows[0] ?? null;
}

export interface Answer {
  eventRef: EventRef;
  customerRef: CustomerRef;
  at: Instant;
}

export interface RsvpPlace {
  state: 'seated' | 'waiting';
  /** of a place on the waiting list: 1 is next; null with a seat */
  inLine: number | null;
  /** false: it was said before, and nothing was changed */
  isNew: boolean;
}

/**
 * A customer comes: a seat while one is free, else the next place on the waiting list. Said twice it counts once; said
 * again after cancelling, the customer is the last to have come.
 * @throws EventRefused when it is too late, the event is cancelled or another branch's, or the waiting list is full
 */
export function rsvp(database: Database, { eventRef, customerRef, at }: Answer): Promise<RsvpPlace> {
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    const before = await rsvpOf(sql, eventRef, customerRef);
    if (before && before.state !== 'cancelled') return placeNow(sql, eventRef, before);
    const refusal = rsvpRefusal(event, at);
    if (refusal !== null) throw refused(refusal, eventRef);
    await assertMayCome(sql, event, customerRef);
    const state = placeFor(await roomOf(sql, event));
    if (state === 'waiting-list-full') throw refused(state, eventRef);
    const answer = (before?.answer ?? 0) + 1;
    const { rows } = await sql.query<{ position: number }>(
      `insert into event_rsvps (event_ref, customer_ref, state, position, answer, rsvp_at, seated_at)
       select $1, $2, $3::text, coalesce(max(position), 0) + 1, $4, $5, case when $3::text = 'seated' then $5::timestamptz end
         from event_rsvps where event_ref = $1
       on conflict (event_ref, customer_ref) do update
          set state = excluded.state, position = excluded.position, answer = excluded.answer,
              rsvp_at = excluded.rsvp_at, seated_at = excluded.seated_at, settled_at = null
       returning position`,
      [eventRef, customerRef, state, answer, timestamp(at)],
    );
    await owe(sql, eventRef, [{ customerRef, answer }], state === 'seated' ? 'confirmed' : 'waiting', at);
    const { position } = one(rows, 'the answer');
    return { ...(await placeNow(sql, eventRef, { state, position })), isNew: true };
  });
}

async function placeNow(
  sql: Sql,
  eventRef: EventRef,
  { state, position }: Pick<Rsvp, 'state' | 'position'>,
): Promise<RsvpPlace> {
  if (state !== 'waiting') return { state: 'seated', inLine: null, isNew: false };
  const { rows } = await sql.query<{ inLine: number }>(
    `select count(*)::integer as "inLine" from event_rsvps where event_ref = $1 and state = 'waiting' and position <= $2`,
    [eventRef, position],
  );
  return { state, inLine: one(rows, 'the waiting list').inLine, isNew: false };
}

async function assertMayCome(sql: Sql, { eventRef, branchRef }: LockedEvent, customerRef: CustomerRef): Promise<void> {
  const { rows } = await sql.query<{ branchRef: BranchRef | null }>(
    'select branch_ref as "branchRef" from customers where customer_ref = $1 and erased_at is null',
    [customerRef],
  );
  const customer = rows[0];
  if (!customer) throw new EventRefused('no-customer', `there is no customer "${customerRef}"; check the reference.`);
  if (branchRef !== null && customer.branchRef !== branchRef)
    throw new EventRefused('other-branch', `${eventRef} is for customers of branch ${branchRef}.`);
}

/** What changed for others when somebody gave up a place or seats were added. */
export interface Promoted {
  /** who got a seat from the waiting list, in order */
  promoted: CustomerRef[];
}

/**
 * A customer does not come after all; a seat goes to the first of the waiting list in the same transaction. Said twice it
 * counts once.
 * @throws EventRefused when the event has begun or is cancelled, or the customer had never said to come
 */
export function cancelRsvp(database: Database, { eventRef, customerRef, at }: Answer): Promise<Promoted> {
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    const before = await rsvpOf(sql, eventRef, customerRef);
    if (!before)
      throw new EventRefused('not-coming', `customer ${customerRef} has not said that they come to ${eventRef}.`);
    if (before.state === 'cancelled') return { promoted: [] };
    const refusal = cancelRefusal(event, at);
    if (refusal !== null) throw refused(refusal, eventRef);
    await sql.query(
      `update event_rsvps set state = 'cancelled', seated_at = null, settled_at = $3 where event_ref = $1 and customer_ref = $2`,
      [eventRef, customerRef, timestamp(at)],
    );
    return { promoted: await promote(sql, event, at) };
  });
}

/** Gives what seats are free to those who wait, in their order, and owes each a letter. */
async function promote(sql: Sql, event: LockedEvent, at: Instant): Promise<CustomerRef[]> {
  const free = promotions(await roomOf(sql, event));
  if (free === 0) return [];
  const { rows } = await sql.query<{ customerRef: CustomerRef; answer: number; position: number }>(
    `update event_rsvps set state = 'seated', seated_at = $2
      where event_ref = $1 and customer_ref in (
        select customer_ref from event_rsvps where event_ref = $1 and state = 'waiting' order by position limit $3)
      returning customer_ref as "customerRef", answer, position`,
    [event.eventRef, timestamp(at), free],
  );
  const inOrder = rows.sort((a, b) => a.position - b.position);
  await owe(sql, event.eventRef, inOrder, 'promoted', at);
  return inOrder.map(({ customerRef }) => customerRef);
}

/**
 * Changes the number of seats: more go to those who wait while the event has not begun, and fewer throw nobody out. Whoever
 * waited at the start got no seat and can't be absent.
 * @param seats 1 to MAX_SEATS
 * @throws EventRefused when more have a seat than there would be, or the event is over or cancelled
 */
export async function setSeats(
  database: Database,
  { eventRef, seats, at }: { eventRef: EventRef; seats: number; at: Instant },
): Promise<Promoted> {
  if (!Number.isSafeInteger(seats) || seats < 1 || seats > MAX_SEATS)
    throw new EventRefused('not-as-written', `seats are a whole number from 1 to ${MAX_SEATS}, not ${seats}.`);
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    const { seated } = await roomOf(sql, event);
    const refusal = seatsRefusal(event, seated, seats, at);
    if (refusal === 'fewer-than-seated')
      throw new EventRefused(
        refusal,
        `${seated} have a seat at ${eventRef} and keep it; name ${seated} seats or more.`,
      );
    if (refusal !== null) throw refused(refusal, eventRef);
    await sql.query('update events set seats = $2 where event_ref = $1', [eventRef, seats]);
    return { promoted: at < event.startsAt ? await promote(sql, { ...event, seats }, at) : [] };
  });
}

/** Calls an event off: nobody has a seat or waits any more, and each is owed a letter. Said twice it counts once. */
export function cancelEvent(
  database: Database,
  { eventRef, at }: { eventRef: EventRef; at: Instant },
): Promise<{ told: number }> {
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    if (event.state === 'cancelled') return { told: 0 };
    const refusal = cancelRefusal(event, at);
    if (refusal !== null) throw refused(refusal, eventRef);
    await sql.query(`update events set state = 'cancelled', cancelled_at = $2 where event_ref = $1`, [
      eventRef,
      timestamp(at),
    ]);
    const { rows } = await sql.query<EventLetter>(
      `update event_rsvps set state = 'cancelled', seated_at = null, settled_at = $2
        where event_ref = $1 and state in ('seated', 'waiting') returning customer_ref as "customerRef", answer`,
      [eventRef, timestamp(at)],
    );
    await owe(sql, eventRef, rows, 'cancelled', at);
    return { told: rows.length };
  });
}

/** A refusal in words for staff; pages have their own. */
export function refused(reason: EventRefusal, eventRef: EventRef): EventRefused {
  const words: Record<EventRefusal, string> = {
    'event-cancelled': `${eventRef} is cancelled.`,
    'rsvp-over': `the last moment to answer for ${eventRef} is over; nobody can be added any more.`,
    'has-begun': `${eventRef} has begun; nothing about who comes is changed any more but attendance.`,
    'waiting-list-full': `${MAX_WAITING} wait for a seat at ${eventRef} already; add seats first.`,
    'fewer-than-seated': `more customers have a seat at ${eventRef} than that.`,
    'not-over-yet': `${eventRef} is not over yet; close it after its end.`,
    'is-over': `${eventRef} is over; its seats are not changed any more.`,
    'doors-closed': `the doors of ${eventRef} are not open yet; mark attendance from an hour before its start.`,
    'no-seat': `the customer has no seat at ${eventRef}; "keepwell event show ${eventRef}" shows who has.`,
  };
  return new EventRefused(reason, words[reason]);
}
