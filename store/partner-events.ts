import {
  isSettled,
  lateAnswer,
  REDEMPTION_RULES,
  redemptionWorkflowId,
  type PartnerStatus,
  type SettledState,
} from '../domain/redemption.js';
import type { Instant, OrderRef, PartnerRef } from '../domain/types.js';
import { timestamp, type Database, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { readOrder, withOrder, type OrderRow } from './redemption.js';

/** Characters of the partner's own reference. */
export const MAX_PARTNER_REFERENCE_CHARS = 200;
/** Characters of the partner's words; they may be personal, and only staff read them. */
export const MAX_PARTNER_REASON_CHARS = 1_000;
/** Events of one order that are looked at; an honest partner sends one. */
export const MAX_EVENTS_READ = 100;

/** What a partner says of an order. */
export interface PartnerEvent {
  partnerRef: PartnerRef;
  /** the same id is the same event */
  eventId: string;
  orderRef: OrderRef;
  status: PartnerStatus;
  partnerReference: string;
  reason: string | null;
}

export type Receiving =
  /** isNew false: it had come before. `open`: the order is not settled by it yet, its run has to look */
  | { kind: 'recorded'; order: OrderRow; isNew: boolean; open: boolean }
  /** this id stands for another event */
  | { kind: 'conflict' }
  /** the partner was never asked for such an order */
  | { kind: 'unknown-order' };

/**
 * Writes down what a partner says, once for each event id, and settles nothing: the order's run does, and so it never
 * happens beside the run's own clock. What comes after the settlement and contradicts it becomes a decision for staff.
 */
export async function receivePartnerEvent(database: Database, event: PartnerEvent, at: Instant): Promise<Receiving> {
  const there = await readOrder(database, event.orderRef);
  if (there?.partnerRef !== event.partnerRef) return { kind: 'unknown-order' };
  return withOrder(database, event.orderRef, async (sql, order): Promise<Receiving> => {
    if (order.askedAt === null) return { kind: 'unknown-order' };
    const before = await sameEvent(sql, event);
    if (before === false) return { kind: 'conflict' };
    const isNew = before === null;
    // somebody else was quicker with this id, for another order
    if (isNew && !(await insertEvent(sql, event, at))) return { kind: 'conflict' };
    if (isNew && isSettled(order.state)) await tellStaff(sql, order, order.state, [event], at);
    return { kind: 'recorded', order, isNew, open: !isSettled(order.state) };
  });
}

/** Whether the id stands for this very event; null when it is new. */
async function sameEvent(sql: Sql, event: PartnerEvent): Promise<boolean | null> {
  const { rows } = await sql.query<{ same: boolean }>(
    `select (order_ref, status, partner_reference) = ($3, $4, $5) and reason is not distinct from $6 as same
       from partner_events where partner_ref = $1 and event_id = $2`,
    [event.partnerRef, event.eventId, event.orderRef, event.status, event.partnerReference, event.reason],
  );
  return rows[0]?.same ?? null;
}

/** @returns false when the id is taken */
async function insertEvent(sql: Sql, event: PartnerEvent, at: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into partner_events (partner_ref, event_id, order_ref, status, partner_reference, reason, received_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (partner_ref, event_id) do nothing`,
    [
      event.partnerRef,
      event.eventId,
      event.orderRef,
      event.status,
      event.partnerReference,
      event.reason,
      timestamp(at),
    ],
  );
  return rowCount === 1;
}

/** What a partner said of an order, in the order in which it came: the first counts. */
export async function partnerEvents(sql: Sql, orderRef: OrderRef): Promise<(PartnerEvent & { receivedAt: Instant })[]> {
  const { rows } = await sql.query<PartnerEvent & { receivedAt: Instant }>(
    `select partner_ref as "partnerRef", event_id as "eventId", order_ref as "orderRef", status,
            partner_reference as "partnerReference", reason, received_at as "receivedAt"
       from partner_events where order_ref = $1 order by sequence limit $2`,
    [orderRef, MAX_EVENTS_READ],
  );
  return rows;
}

/**
 * A decision for staff on each event that contradicts how the order was settled. No points move by themselves: the
 * customer was told how it ended.
 */
export async function tellStaff(
  sql: Sql,
  { orderRef, customerRef }: Pick<OrderRow, 'orderRef' | 'customerRef'>,
  state: SettledState,
  events: readonly PartnerEvent[],
  at: Instant,
): Promise<void> {
  const decisions = events.flatMap(({ partnerRef, eventId, status }) => {
    const late = lateAnswer(state, status);
    if (!late) return [];
    const key = `${redemptionWorkflowId(orderRef)}:late:${eventId}`;
    // the partner's own words and reference stay with the event
    const saw = { orderRef, state, partnerRef, eventId, status };
    const told = { kind: 'redemption', verdict: late, reasons: [late], saw, rules: REDEMPTION_RULES, at };
    return [{ ...told, key, customerRef, journeyId: null, result: { pointsMoved: false } }];
  });
  await recordDecisions(sql, decisions);
}
