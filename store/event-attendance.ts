/** The beginning and the end of an event: how it is announced, who came, and who did not. */
import { dateIn } from '../domain/calendar.js';
import { attendRefusal, closeRefusal, eventProblems, type EventKind, type EventRef } from '../domain/event-seats.js';
import type { BranchRef, Instant, ZoneId } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { EventRefused, lockEvent, refused, rsvpOf, type Answer } from './events.js';

export interface NewEvent {
  titleEn: string;
  titleZh: string;
  kind: EventKind;
  /** an address, or `online` */
  place: string;
  /** where to take part online */
  joinUrl: string | null;
  startsAt: Instant;
  endsAt: Instant;
  zone: ZoneId;
  seats: number;
  rsvpUntil: Instant;
  /** null: for every customer */
  branchRef: BranchRef | null;
  at: Instant;
  /** a staff name, not shown to customers */
  by: string;
}

/** Announces an event. @throws EventRefused with all that is wrong about it */
export async function createEvent(sql: Sql, event: NewEvent): Promise<EventRef> {
  const problems = eventProblems(event);
  if (event.branchRef !== null) {
    const { rowCount } = await sql.query('select 1 from branches where branch_ref = $1', [event.branchRef]);
    if (rowCount === 0) problems.push(`there is no branch "${event.branchRef}"; name one of the bank's`);
  }
  if (problems.length > 0) throw new EventRefused('not-as-written', `the event can't be: ${problems.join('; ')}.`);
  const year = dateIn(event.zone, event.startsAt).slice(0, 4);
  const { rows } = await sql.query<{ eventRef: EventRef }>(
    `insert into events (event_ref, title_en, title_zh, kind, place, join_url, starts_at, ends_at, zone, seats, rsvp_until,
                         branch_ref, created_at, created_by)
     select 'E-' || $1::text || '-' || lpad(n::text, greatest(7, length(n::text)), '0'), $2, $3, $4, $5, $6,
            $7::timestamptz, $8::timestamptz, $9, $10::integer, $11::timestamptz, $12, $13::timestamptz, $14
       from nextval('event_numbers') n
     returning event_ref as "eventRef"`,
    [
      year,
      event.titleEn,
      event.titleZh,
      event.kind,
      event.place,
      event.joinUrl,
      timestamp(event.startsAt),
      timestamp(event.endsAt),
      event.zone,
      event.seats,
      timestamp(event.rsvpUntil),
      event.branchRef,
      timestamp(event.at),
      event.by,
    ],
  );
  return one(rows, 'the event').eventRef;
}

/**
 * Marks that a customer with a seat has come, from an hour before the start on; also of one who was taken for absent.
 * @throws EventRefused when it is too early, the event is cancelled, or the customer has no seat
 */
export function attend(database: Database, { eventRef, customerRef, at }: Answer): Promise<void> {
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    const before = await rsvpOf(sql, eventRef, customerRef);
    const refusal = attendRefusal(event, before?.state ?? null, at);
    if (refusal !== null) throw refused(refusal, eventRef);
    if (before?.state === 'attended') return;
    await sql.query(
      `update event_rsvps set state = 'attended', settled_at = $3 where event_ref = $1 and customer_ref = $2`,
      [eventRef, customerRef, timestamp(at)],
    );
  });
}

/** Closes attendance after the end: who had a seat and was not marked is absent. Said twice it counts once. */
export function closeEvent(
  database: Database,
  { eventRef, at }: { eventRef: EventRef; at: Instant },
): Promise<{ attended: number; absent: number }> {
  return database.transaction(async (sql) => {
    const event = await lockEvent(sql, eventRef);
    const refusal = closeRefusal(event, at);
    if (refusal !== null) throw refused(refusal, eventRef);
    await sql.query(
      `update event_rsvps set state = 'absent', settled_at = $2 where event_ref = $1 and state = 'seated'`,
      [eventRef, timestamp(at)],
    );
    if (event.closedAt === null)
      await sql.query('update events set closed_at = $2 where event_ref = $1', [eventRef, timestamp(at)]);
    const { rows } = await sql.query<{ attended: number; absent: number }>(
      `select (count(*) filter (where state = 'attended'))::integer as attended,
              (count(*) filter (where state = 'absent'))::integer as absent from event_rsvps where event_ref = $1`,
      [eventRef],
    );
    return one(rows, 'the attendance');
  });
}
