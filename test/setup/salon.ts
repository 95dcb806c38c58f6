import type { EventRef } from '../../domain/event-seats.js';
import { instant, type CustomerRef, type Instant, type ZoneId } from '../../domain/types.js';
import { createEvent, type NewEvent } from '../../store/event-attendance.js';
import type { TestDatabase } from './database.js';

const HOUR = 3_600_000;

/** A salon in Shanghai of two hours, ten days from `at`. */
export function salonOf(at: Instant, more: Partial<NewEvent> = {}): NewEvent {
  const startsAt = more.startsAt ?? instant(at + 240 * HOUR);
  return {
    titleEn: 'Tea and markets',
    titleZh: '茶与市场',
    kind: 'salon',
    place: 'Branch Centre',
    joinUrl: null,
    startsAt,
    endsAt: instant(startsAt + 2 * HOUR),
    zone: 'Asia/Shanghai' as ZoneId,
    seats: 20,
    rsvpUntil: startsAt,
    branchRef: null,
    at,
    by: 'test',
    ...more,
  };
}

export const announce = ({ app }: Pick<TestDatabase, 'app'>, at: Instant, more: Partial<NewEvent> = {}) =>
  createEvent(app, salonOf(at, more));

/** So many customers of no bank in particular, named `<prefix>1`, `<prefix>2` … */
export async function guests(
  { owner }: Pick<TestDatabase, 'owner'>,
  count: number,
  prefix = 'cg',
): Promise<CustomerRef[]> {
  const { rows } = await owner.query<{ ref: CustomerRef }>(
    `insert into customers (customer_ref, source, source_id, name, email, language, zone)
     select $2::text || n, 'test', $2::text || n, 'Zhang Wei', $2::text || n || '@customers.example', 'en', 'Asia/Shanghai'
       from generate_series(1, $1::integer) n returning customer_ref as ref`,
    [count, prefix],
  );
  return rows.map(({ ref }) => ref);
}

export interface Place {
  customerRef: CustomerRef;
  state: string;
  position: number;
}

/** Everybody who answered, in the order in which they came. */
export async function placesOf({ owner }: Pick<TestDatabase, 'owner'>, eventRef: EventRef): Promise<Place[]> {
  const { rows } = await owner.query<Place>(
    `select customer_ref as "customerRef", state, position from event_rsvps where event_ref = $1 order by position`,
    [eventRef],
  );
  return rows;
}

/** Letters that are owed about an event: what, to whom. */
export async function lettersOf({ owner }: Pick<TestDatabase, 'owner'>, eventRef: EventRef, what: string) {
  const { rows } = await owner.query<{ customerRef: CustomerRef }>(
    `select customer_ref as "customerRef" from event_letters where event_ref = $1 and what = $2 order by letter_id`,
    [eventRef, what],
  );
  return rows.map(({ customerRef }) => customerRef);
}
