/** What becomes of an order that was placed; each step once, holding its customer's row and its own. */
import {
  isSettled,
  REDEMPTION_RULES,
  redemptionWorkflowId,
  type OrderEnding,
  type SettledState,
} from '../domain/redemption.js';
import { addMillis, type CustomerRef, type Instant, type OrderRef } from '../domain/types.js';
import { moveStock, readCatalogueVersion } from './catalogue.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { customerAccount, heldAccount, post, REDEEMED } from './ledger.js';
import { partnerEvents, tellStaff } from './partner-events.js';
import { withOrder, type OrderRow } from './redemption.js';

export type Asking =
  /** ask the partner now; `attempt` is what notReached wants */
  | { kind: 'ask'; order: OrderRow; attempt: number }
  /** the partner has it already */
  | { kind: 'ordered'; answerBy: Instant }
  | { kind: 'settled'; state: SettledState };

/** Writes down, before the partner is asked to deliver, that it may know of the order from now on. */
export function beginAsking(database: Database, orderRef: OrderRef, at: Instant): Promise<Asking> {
  return withOrder(database, orderRef, async (sql, order): Promise<Asking> => {
    if (isSettled(order.state)) return { kind: 'settled', state: order.state };
    if (order.answerBy !== null) return { kind: 'ordered', answerBy: order.answerBy };
    await sql.query(
      'update redemption_orders set asked_at = coalesce(asked_at, $2), attempts = attempts + 1 where order_ref = $1',
      [orderRef, timestamp(at)],
    );
    return { kind: 'ask', order, attempt: order.attempts + 1 };
  });
}

/**
 * The asking that began as this attempt certainly did not reach the partner. Where no earlier one may have, and no later
 * one has begun, the order can be cancelled again.
 */
export async function notReached(
  sql: Sql,
  { orderRef, askedAt: askedBefore }: OrderRow,
  attempt: number,
): Promise<void> {
  if (askedBefore !== null) return;
  await sql.query(
    `update redemption_orders set asked_at = null where order_ref = $1 and state = 'held' and attempts = $2`,
    [orderRef, attempt],
  );
}

export type Taken = Exclude<Asking, { kind: 'ask' }>;

/** The partner has taken the order; from now on it has its time to answer. */
export function partnerTook(database: Database, orderRef: OrderRef, at: Instant): Promise<Taken> {
  return withOrder(database, orderRef, async (sql, order): Promise<Taken> => {
    if (isSettled(order.state)) return { kind: 'settled', state: order.state };
    if (order.answerBy !== null) return { kind: 'ordered', answerBy: order.answerBy };
    return { kind: 'ordered', answerBy: await take(sql, order, at) };
  });
}

async function take(sql: Sql, order: OrderRow, at: Instant): Promise<Instant> {
  const { orderRef, catalogueVersion, partnerRef, attempts } = order;
  const catalogue = await readCatalogueVersion(sql, { version: catalogueVersion });
  const partner = catalogue?.definition.partners.find((candidate) => candidate.partner === partnerRef);
  const { answerWithin } = one(partner ? [partner] : [], `partner ${partnerRef} of catalogue ${catalogueVersion}`);
  const answerBy = addMillis(at, answerWithin);
  await sql.query(
    `update redemption_orders set state = 'ordered', asked_at = coalesce(asked_at, $2), ordered_at = $2, answer_by = $3
      where order_ref = $1`,
    [orderRef, timestamp(at), timestamp(answerBy)],
  );
  await decide(sql, order, at, 'ordered', [], { partnerRef, attempts, answerBy });
  return answerBy;
}

/**
 * Settles an order by the first thing that its partner said, or, where it said nothing, by `otherwise`; one that is settled stays so.
 * @param otherwise why it is refused without an answer; null leaves it open
 * @returns null when it is still open
 */
export function settleOrder(
  database: Database,
  orderRef: OrderRef,
  otherwise: OrderEnding | null,
  at: Instant,
): Promise<SettledState | null> {
  return withOrder(database, orderRef, async (sql, order) => {
    if (isSettled(order.state)) return order.state;
    const [answer, ...more] = await partnerEvents(sql, orderRef);
    if (!answer) return otherwise === null ? null : giveBack(sql, order, 'refused', otherwise, at);
    const state =
      answer.status === 'fulfilled'
        ? await fulfil(sql, order, answer.partnerReference, at)
        : await giveBack(sql, order, 'refused', 'refused-by-partner', at, answer.partnerReference);
    await tellStaff(sql, order, state, more, at);
    return state;
  });
}

export type Cancelling = { kind: 'settled'; state: SettledState } | { kind: 'too-late' };

/** Cancels an order of which its partner certainly does not know. */
export function cancelOrder(
  database: Database,
  orderRef: OrderRef,
  why: Extract<OrderEnding, 'by-customer' | 'by-staff'>,
  at: Instant,
): Promise<Cancelling> {
  return withOrder(database, orderRef, async (sql, order): Promise<Cancelling> => {
    if (isSettled(order.state)) return { kind: 'settled', state: order.state };
    if (order.askedAt !== null) return { kind: 'too-late' };
    return { kind: 'settled', state: await giveBack(sql, order, 'cancelled', why, at) };
  });
}

async function fulfil(sql: Sql, order: OrderRow, partnerReference: string, at: Instant): Promise<SettledState> {
  // the answer was quicker than the news that the partner has the order
  if (order.state === 'held') await take(sql, order, at);
  const { orderRef, customerRef, itemRef, points: amount } = order;
  const memo = `redeemed by order ${orderRef} of ${itemRef}`;
  const accounts = { from: heldAccount(customerRef), to: REDEEMED };
  await post(sql, { key: `redeem:${orderRef}`, kind: 'redeem', ...accounts, amount, memo, at });
  await close(sql, order, 'fulfilled', null, partnerReference, at);
  return 'fulfilled';
}

async function giveBack<State extends 'refused' | 'cancelled'>(
  sql: Sql,
  order: OrderRow,
  state: State,
  reason: OrderEnding,
  at: Instant,
  partnerReference: string | null = null,
): Promise<State> {
  const { orderRef, customerRef, itemRef, points: amount } = order;
  await moveStock(sql, itemRef, 1);
  const memo = `returned: order ${orderRef} of ${itemRef} came to nothing`;
  const accounts = { from: heldAccount(customerRef), to: customerAccount(customerRef) };
  await post(sql, { key: `return:${orderRef}`, kind: 'return', ...accounts, amount, memo, at });
  await close(sql, order, state, reason, partnerReference, at);
  return state;
}

async function close(
  sql: Sql,
  order: OrderRow,
  state: SettledState,
  reason: OrderEnding | null,
  partnerReference: string | null,
  at: Instant,
): Promise<void> {
  await sql.query(
    `update redemption_orders set state = $2, reason = $3, partner_reference = $4, settled_at = $5 where order_ref = $1`,
    [order.orderRef, state, reason, partnerReference, timestamp(at)],
  );
  const saw = { stateBefore: order.state, points: order.points.toString(), answerBy: order.answerBy };
  await decide(sql, order, at, state, reason === null ? [] : [reason], saw);
}

function decide(
  sql: Sql,
  { orderRef, customerRef }: OrderRow,
  at: Instant,
  verdict: 'ordered' | SettledState,
  reasons: OrderEnding[],
  saw: Record<string, string | number | null>,
): Promise<void> {
  const key = `${redemptionWorkflowId(orderRef)}:${verdict === 'ordered' ? 'ordered' : 'settle'}`;
  const told = { kind: 'redemption', verdict, reasons, saw: { orderRef, ...saw }, rules: REDEMPTION_RULES, at };
  return recordDecisions(sql, [{ ...told, key, customerRef, journeyId: null, result: { state: verdict } }]);
}

/** An order that is not settled, for whoever sees to it that its run is there. */
export interface OpenOrder {
  orderRef: OrderRef;
  customerRef: CustomerRef;
  /** its partner has said something that its run has not acted upon */
  answered: boolean;
}

/** Orders that are not settled, by reference; at most `limit` after the last one of the page before. */
export async function openOrders(sql: Sql, after: OrderRef | null, limit: number): Promise<OpenOrder[]> {
  const { rows } = await sql.query<OpenOrder>(
    `select order_ref as "orderRef", customer_ref as "customerRef",
            exists (select 1 from partner_events e where e.order_ref = o.order_ref) as answered
       from redemption_orders o
      where settled_at is null and ($1::text is null or order_ref > $1) order by order_ref limit $2`,
    [after, limit],
  );
  return rows;
}
