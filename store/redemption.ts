import type { CatalogueItem } from '../domain/catalogue.js';
import { dateIn } from '../domain/calendar.js';
import {
  limitBegins,
  orderRefusal,
  priceFor,
  REDEMPTION_RULES,
  redemptionWorkflowId,
  type OrderEnding,
  type OrderFacts,
  type OrderRefusal,
  type OrderState,
} from '../domain/redemption.js';
import {
  points,
  type CustomerRef,
  type Instant,
  type ItemRef,
  type OrderRef,
  type PartnerRef,
  type Points,
  type TierRef,
  type ZoneId,
} from '../domain/types.js';
import { lockStock, moveStock, readCatalogueVersion } from './catalogue.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { answeredBefore, recordDecisions } from './decisions.js';
import { customerAccount, heldAccount, ledgerBalance, Overdrawn, post } from './ledger.js';

/** Characters of the key by which whoever orders names an order. */
export const MAX_ORDER_KEY_CHARS = 200;

export interface OrderRow {
  orderRef: OrderRef;
  customerRef: CustomerRef;
  catalogueVersion: number;
  itemRef: ItemRef;
  partnerRef: PartnerRef;
  points: Points;
  state: OrderState;
  placedAt: Instant;
  /** from here on the partner may know of it; null: it certainly does not */
  askedAt: Instant | null;
  /** how often the partner was asked to deliver */
  attempts: number;
  /** when the partner had taken it */
  orderedAt: Instant | null;
  answerBy: Instant | null;
  settledAt: Instant | null;
  partnerReference: string | null;
  reason: OrderEnding | null;
}

/** For whoever reads `redemption_orders` as OrderRow. */
export const ORDER_COLUMNS = `
  order_ref as "orderRef", customer_ref as "customerRef", catalogue_version as "catalogueVersion",
  item_ref as "itemRef", partner_ref as "partnerRef", points, state, placed_at as "placedAt", asked_at as "askedAt",
  attempts, ordered_at as "orderedAt", answer_by as "answerBy", settled_at as "settledAt",
  partner_reference as "partnerReference", reason`;
const ORDER = `select ${ORDER_COLUMNS} from redemption_orders`;

/** One order by its reference; null when there is none. */
export async function readOrder(sql: Sql, orderRef: OrderRef): Promise<OrderRow | null> {
  const { rows } = await sql.query<OrderRow>(`${ORDER} where order_ref = $1`, [orderRef]);
  return rows[0] ?? null;
}

/**
 * Runs `work` in one transaction that holds the order and, before it, its customer: in this order everywhere, so that
 * two transactions never wait for each other crosswise.
 * @throws Error when there is no such order
 */
export function withOrder<Result>(
  database: Database,
  orderRef: OrderRef,
  work: (sql: Sql, order: OrderRow) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (sql) => {
    const { rows } = await sql.query<{ customerRef: CustomerRef }>(
      'select customer_ref as "customerRef" from redemption_orders where order_ref = $1',
      [orderRef],
    );
    await lockCustomer(sql, one(rows, `order ${orderRef}`).customerRef);
    const locked = await sql.query<OrderRow>(`${ORDER} where order_ref = $1 for no key update`, [orderRef]);
    return work(sql, one(locked.rows, `order ${orderRef}`));
  });
}

export interface OrderRequest {
  customerRef: CustomerRef;
  /** need not be in the catalogue: then it is refused */
  itemRef: ItemRef;
  /** 1 to MAX_ORDER_KEY_CHARS; the same key of a customer is the same order, however often it is asked for */
  key: string;
  /** who asks, for the record: a staff name, or a page */
  by: string;
  /** the bank's */
  zone: ZoneId;
  at: Instant;
}

export type Placing =
  /** isNew false: it had been placed before under this key */
  { verdict: 'placed'; order: OrderRow; isNew: boolean } | { verdict: 'refused'; reasons: OrderRefusal[] };

/** The key names another order of this customer. */
export class OrderKeyConflict extends Error {
  override readonly name = 'OrderKeyConflict';
  constructor(key: string, { orderRef, itemRef }: OrderRow) {
    super(`"${key}" names order ${orderRef} of "${itemRef}" already; give another order a key of its own`);
  }
}

/**
 * Places an order: the decision, the points held, one piece of the stock and the order itself, all or nothing. A refusal
 * is a fact of its own and does not use up the key.
 * @throws OrderKeyConflict; Error when there is no such customer
 */
export function placeOrder(database: Database, request: OrderRequest): Promise<Placing> {
  const { customerRef, itemRef, key, at } = request;
  return database.transaction(async (sql): Promise<Placing> => {
    const { erased } = await lockCustomer(sql, customerRef);
    const before = await sql.query<OrderRow>(`${ORDER} where customer_ref = $1 and idempotency_key = $2`, [
      customerRef,
      key,
    ]);
    const first = before.rows[0];
    if (first && first.itemRef !== itemRef) throw new OrderKeyConflict(key, first);
    if (first) return { verdict: 'placed', order: first, isNew: false };
    const catalogue = await readCatalogueVersion(sql, { at });
    const item = catalogue?.definition.items.find((candidate) => candidate.item === itemRef) ?? null;
    const facts = await orderFacts(sql, request, item, erased);
    const reasons = orderRefusal(facts);
    if (reasons.length > 0 || !item || !catalogue) return refused(sql, request, facts, reasons);
    const price = points(priceFor(item, facts.tierRef) ?? 0);
    const order = await holdAndOrder(sql, request, item, catalogue.version, price);
    // points went out of the account in between, by something that does not hold the customer's row
    if (!order) return refused(sql, request, facts, ['not-enough-points']);
    await decide(sql, request, facts, {
      key: `${redemptionWorkflowId(order.orderRef)}:place`,
      verdict: 'placed',
      reasons: [],
      saw: { catalogueVersion: catalogue.version, price: Number(price) },
      result: { orderRef: order.orderRef },
    });
    return { verdict: 'placed', order, isNew: true };
  });
}

async function orderFacts(
  sql: Sql,
  { customerRef, itemRef, zone, at }: OrderRequest,
  item: CatalogueItem | null,
  erased: boolean,
): Promise<OrderFacts> {
  const today = dateIn(zone, at);
  const since = item ? limitBegins(item, at) : null;
  const { rows } = await sql.query<{ tierRef: TierRef | null; recentOrders: number }>(
    `select (select tier_ref from tier_history where customer_ref = $1 and from_on <= $3 order by from_on desc limit 1) as "tierRef",
            (select count(*)::integer from redemption_orders
              where customer_ref = $1 and item_ref = $2 and placed_at > $4 and state not in ('refused', 'cancelled')) as "recentOrders"`,
    [customerRef, itemRef, today, since === null ? 'infinity' : timestamp(since)],
  );
  const balance = points(await ledgerBalance(sql, customerAccount(customerRef)));
  // the customer's row, then the stock's, then the ledger's, here and wherever an order is settled
  const available = item ? await lockStock(sql, itemRef) : 0;
  return { item, today, available, balance, erased, ...one(rows, `the tier of ${customerRef}`) };
}

/** @returns null when the customer's account does not hold so much: nothing was written then */
async function holdAndOrder(
  sql: Sql,
  { customerRef, itemRef, key, at }: OrderRequest,
  item: CatalogueItem,
  catalogueVersion: number,
  price: Points,
): Promise<OrderRow | null> {
  const { rows } = await sql.query<{ orderRef: OrderRef }>(
    `select 'R-' || to_char($1::timestamptz at time zone 'UTC', 'YYYY') || '-'
              || lpad(n::text, greatest(7, length(n::text)), '0') as "orderRef"
       from nextval('order_numbers') n`,
    [timestamp(at)],
  );
  const { orderRef } = one(rows, 'the number of the order');
  const accounts = { from: customerAccount(customerRef), to: heldAccount(customerRef) };
  const memo = `held for order ${orderRef} of ${itemRef}`;
  try {
    await post(sql, { key: `hold:${orderRef}`, kind: 'hold', ...accounts, amount: price, memo, at });
  } catch (error) {
    if (error instanceof Overdrawn) return null;
    throw error;
  }
  await moveStock(sql, itemRef, -1);
  await sql.query(
    `insert into redemption_orders (order_ref, customer_ref, idempotency_key, catalogue_version, item_ref, partner_ref,
                                    points, workflow_id, placed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      orderRef,
      customerRef,
      key,
      catalogueVersion,
      itemRef,
      item.partner,
      price,
      redemptionWorkflowId(orderRef),
      timestamp(at),
    ],
  );
  return readOrder(sql, orderRef);
}

async function refused(
  sql: Sql,
  request: OrderRequest,
  facts: OrderFacts,
  reasons: OrderRefusal[],
): Promise<{ verdict: 'refused'; reasons: OrderRefusal[] }> {
  const key = `order:${request.customerRef}:${request.key}:refused:${request.at}`;
  if (!(await answeredBefore(sql, key)))
    await decide(sql, request, facts, { key, verdict: 'not-placed', reasons, saw: {}, result: {} });
  return { verdict: 'refused', reasons };
}

function decide(
  sql: Sql,
  { customerRef, itemRef, by, at }: OrderRequest,
  { today, tierRef, available, recentOrders, balance, erased }: OrderFacts,
  told: {
    key: string;
    verdict: string;
    reasons: OrderRefusal[];
    saw: Record<string, number>;
    result: Record<string, string>;
  },
): Promise<void> {
  const facts = { itemRef, by, today, tierRef, available, recentOrders, balance: balance.toString(), erased };
  const saw = { ...facts, ...told.saw };
  const decision = { ...told, saw, customerRef, journeyId: null, kind: 'redemption', rules: REDEMPTION_RULES, at };
  return recordDecisions(sql, [decision]);
}
