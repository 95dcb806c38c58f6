/** Letters about events: what is owed, to whom, and whether it is still true. */
import { dateIn } from '../domain/calendar.js';
import { REMINDER_DAYS, reminderOn, type EventKind, type EventRef } from '../domain/event-seats.js';
import { addMillis, days, type CustomerRef, type Instant, type ZoneId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export type EventLetterKind = 'confirmed' | 'waiting' | 'promoted' | 'reminder-soon' | 'reminder-today' | 'cancelled';

/** Whom a letter is for, and which of the customer's answers it is about. */
export interface EventLetter {
  customerRef: CustomerRef;
  answer: number;
}

/** Writes down that a letter is owed to each of these; the same letter about the same answer is owed once. */
export async function owe(
  sql: Sql,
  eventRef: EventRef,
  letters: readonly EventLetter[],
  what: EventLetterKind,
  at: Instant,
): Promise<void> {
  await sql.query(
    `insert into event_letters (event_ref, customer_ref, what, answer, owed_at)
     select $1, customer_ref, $2, answer, $3 from unnest($4::text[], $5::integer[]) as owed (customer_ref, answer)
     on conflict do nothing`,
    [eventRef, what, timestamp(at), letters.map(({ customerRef }) => customerRef), letters.map(({ answer }) => answer)],
  );
}

interface Upcoming {
  eventRef: EventRef;
  startsAt: Instant;
  zone: ZoneId;
}

/** Writes down the reminders that are due on this day, each once. @returns how many are new */
export async function oweReminders(sql: Sql, at: Instant): Promise<number> {
  const { rows } = await sql.query<Upcoming>(
    `select event_ref as "eventRef", starts_at as "startsAt", zone from events
      where state = 'open' and starts_at > $1 and starts_at <= $2 order by starts_at, event_ref`,
    [timestamp(at), timestamp(addMillis(at, days(REMINDER_DAYS + 2)))],
  );
  let owed = 0;
  for (const { eventRef, startsAt, zone } of rows) {
    const due = reminderOn(dateIn(zone, at), dateIn(zone, startsAt));
    if (!due) continue;
    const { rowCount } = await sql.query(
      `insert into event_letters (event_ref, customer_ref, what, answer, owed_at)
       select event_ref, customer_ref, $2, answer, $3 from event_rsvps
        where event_ref = $1 and state = 'seated' and (seated_at at time zone $4)::date < $5::date
       on conflict do nothing`,
      [eventRef, due.reminder, timestamp(at), zone, due.seatedBefore],
    );
    owed += rowCount ?? 0;
  }
  return owed;
}

export interface OwedLetter extends EventLetter {
  letterId: bigint;
  eventRef: EventRef;
  what: EventLetterKind;
  titleEn: string;
  titleZh: string;
  kind: EventKind;
  place: string;
  joinUrl: string | null;
  startsAt: Instant;
  zone: ZoneId;
  /** still true: the customer has what the letter says, and the event has not begun */
  holds: boolean;
}

/** True of a letter l about an RSVP r to an event e at $1. */
const HOLDS = `
  e.starts_at > $1 and case l.what
    when 'cancelled' then e.state = 'cancelled'
    when 'waiting' then r.state = 'waiting' and r.answer = l.answer
    else r.state = 'seated' and r.answer = l.answer end`;
const LETTERS = 'event_letters l join events e using (event_ref) join event_rsvps r using (event_ref, customer_ref)';

/** Letters that are owed and not held at this moment, in the order in which they became so; the next ones after `after`. */
export async function lettersOwed(sql: Sql, at: Instant, after: bigint, limit: number): Promise<OwedLetter[]> {
  const { rows } = await sql.query<OwedLetter>(
    `select l.letter_id as "letterId", l.event_ref as "eventRef", l.customer_ref as "customerRef", l.what, l.answer,
            e.title_en as "titleEn", e.title_zh as "titleZh", e.kind, e.place, e.join_url as "joinUrl",
            e.starts_at as "startsAt", e.zone,
            ${HOLDS} as holds
       from ${LETTERS}
      where l.settled_at is null and (l.held_until is null or l.held_until <= $1) and l.letter_id > $2 order by l.letter_id limit $3`,
    [timestamp(at), after, limit],
  );
  return rows;
}

/** Whether a letter that was read as owed is still true: what it says may have changed while others were sent. */
export async function stillHolds(sql: Sql, letterId: bigint, at: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(`select 1 from ${LETTERS} where l.letter_id = $2 and ${HOLDS}`, [
    timestamp(at),
    letterId,
  ]);
  return rowCount === 1;
}

/** Writes down until when the door holds a letter. */
export async function letterHeld(sql: Sql, letterId: bigint, until: Instant | null): Promise<void> {
  await sql.query('update event_letters set held_until = $2 where letter_id = $1', [
    letterId,
    until === null ? null : timestamp(until),
  ]);
}

/** When the first of the letters that are held can go out; null when none is held until an instant. */
export async function firstHeldUntil(sql: Sql): Promise<Instant | null> {
  const { rows } = await sql.query<{ until: Instant | null }>(
    'select min(held_until) as until from event_letters where settled_at is null',
  );
  return rows[0]?.until ?? null;
}

/** What became of a letter; the first answer stays. @param outcome what the door for messages said, or `obsolete` */
export async function letterSettled(sql: Sql, letterId: bigint, outcome: string, at: Instant): Promise<void> {
  await sql.query(
    'update event_letters set settled_at = $2, outcome = $3 where letter_id = $1 and settled_at is null',
    [letterId, timestamp(at), outcome],
  );
}

/** Names the letter for the door of messages: one for each event, customer, occasion and answer. */
export const letterKey = ({ eventRef, customerRef, what, answer }: Omit<OwedLetter, 'letterId'>): string =>
  `event:${eventRef}:${customerRef}:${what}${answer === 1 ? '' : `-${answer}`}`;
