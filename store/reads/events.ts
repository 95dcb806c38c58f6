/** What customers' pages and staff ask about events; nothing is written here. */
import type { EventKind, EventRef, RsvpState } from '../../domain/event-seats.js';
import type { BranchRef, CustomerRef, Instant, ZoneId } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';

/** Events of one list at a time. */
export const MAX_EVENTS_LISTED = 200;
/** Answers of one event that are shown: all there can be of seats, and of the waiting list the beginning. */
export const MAX_RSVPS_LISTED = 4_000;

export interface EventSummary {
  eventRef: EventRef;
  titleEn: string;
  titleZh: string;
  kind: EventKind;
  place: string;
  joinUrl: string | null;
  startsAt: Instant;
  endsAt: Instant;
  zone: ZoneId;
  seats: number;
  rsvpUntil: Instant;
  branchRef: BranchRef | null;
  state: 'open' | 'cancelled';
  closedAt: Instant | null;
  createdBy: string;
  /** customers with a seat, whether they came or not */
  seated: number;
  waiting: number;
  attended: number;
}

const COLUMNS = `e.event_ref as "eventRef", e.title_en as "titleEn", e.title_zh as "titleZh", e.kind, e.place,
  e.join_url as "joinUrl", e.starts_at as "startsAt", e.ends_at as "endsAt", e.zone, e.seats,
  e.rsvp_until as "rsvpUntil", e.branch_ref as "branchRef", e.state, e.closed_at as "closedAt",
  e.created_by as "createdBy", r.seated, r.waiting, r.attended`;
const COUNTED = `left join lateral (
  select (count(*) filter (where state in ('seated', 'attended', 'absent')))::integer as seated,
         (count(*) filter (where state = 'waiting'))::integer as waiting,
         (count(*) filter (where state = 'attended'))::integer as attended
    from event_rsvps where event_ref = e.event_ref) r on true`;

/**
 * Events in the order of their start; at most MAX_EVENTS_LISTED.
 * @param from only those that end after it; null: all, the newest first
 */
export async function listEvents(sql: Sql, from: Instant | null): Promise<EventSummary[]> {
  const { rows } = await sql.query<EventSummary>(
    `select ${COLUMNS} from events e ${COUNTED} where $1::timestamptz is null or e.ends_at > $1
      order by ${from === null ? 'e.starts_at desc, e.event_ref desc' : 'e.starts_at, e.event_ref'} limit $2`,
    [from === null ? null : timestamp(from), MAX_EVENTS_LISTED],
  );
  return rows;
}

export interface RsvpRow {
  customerRef: CustomerRef;
  state: RsvpState;
  position: number;
  rsvpAt: Instant;
  seatedAt: Instant | null;
}

/** One event with who comes: seats first, then the waiting list, each in the order of arrival; null when there is none. */
export async function findEvent(
  sql: Sql,
  eventRef: EventRef,
): Promise<{ event: EventSummary; rsvps: RsvpRow[] } | null> {
  const { rows } = await sql.query<EventSummary>(`select ${COLUMNS} from events e ${COUNTED} where e.event_ref = $1`, [
    eventRef,
  ]);
  const event = rows[0];
  if (!event) return null;
  const { rows: rsvps } = await sql.query<RsvpRow>(
    `select customer_ref as "customerRef", state, position, rsvp_at as "rsvpAt", seated_at as "seatedAt"
       from event_rsvps where event_ref = $1
      order by array_position(array['attended', 'seated', 'absent', 'waiting', 'cancelled'], state), position limit $2`,
    [eventRef, MAX_RSVPS_LISTED],
  );
  return { event, rsvps };
}

export interface EventOfCustomer extends EventSummary {
  /** what the customer has; null: has not said to come, or not any more */
  mine: 'seated' | 'waiting' | null;
  /** on the waiting list: 1 is next */
  inLine: number | null;
}

/**
 * Events that a customer may come to and that have not begun, and those cancelled of which the customer may not have
 * heard yet; in the order of their start, at most MAX_EVENTS_LISTED.
 */
export async function eventsOfCustomer(sql: Sql, customerRef: CustomerRef, at: Instant): Promise<EventOfCustomer[]> {
  const { rows } = await sql.query<EventOfCustomer>(
    `select ${COLUMNS}, case when m.state in ('seated', 'waiting') then m.state end as mine,
            case when m.state = 'waiting' then (
              select count(*)::integer from event_rsvps w
               where w.event_ref = e.event_ref and w.state = 'waiting' and w.position <= m.position) end as "inLine"
       from events e ${COUNTED}
       join customers c on c.customer_ref = $1
       left join event_rsvps m on m.event_ref = e.event_ref and m.customer_ref = c.customer_ref
      where e.starts_at > $2 and (m.customer_ref is not null or (e.state = 'open' and (e.branch_ref is null or e.branch_ref = c.branch_ref)))
      order by e.starts_at, e.event_ref limit $3`,
    [customerRef, timestamp(at), MAX_EVENTS_LISTED],
  );
  return rows;
}
