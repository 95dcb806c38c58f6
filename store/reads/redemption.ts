/** What people ask about orders. */
import type { LateAnswer, OrderState } from '../../domain/redemption.js';
import type { CustomerRef, OrderRef } from '../../domain/types.js';
import type { Sql } from '../database.js';
import { ORDER_COLUMNS, type OrderRow } from '../redemption.js';

/** A list shows at most this many orders at a time. */
export const MAX_ORDERS_LISTED = 1000;

export interface OrderSummary extends OrderRow {
  workflowId: string;
  /** what the partner said against the settlement: somebody has to look */
  late: LateAnswer[];
  /** what became of the letter to the customer; null: none yet, or none needed */
  letter: string | null;
}

const LATE = `
  from partner_events e join decisions d on d.decision_key = o.workflow_id || ':late:' || e.event_id
 where e.order_ref = o.order_ref`;
const SUMMARY = `
  select ${ORDER_COLUMNS}, workflow_id as "workflowId", array(select distinct d.verdict ${LATE} order by d.verdict) as late,
         (select m.state || coalesce(': ' || m.reason, '') from outreach m
           where m.outreach_key in (o.workflow_id || ':redemption-fulfilled', o.workflow_id || ':redemption-refused')
           limit 1) as letter
    from redemption_orders o`;

export interface OrderFilter {
  state?: OrderState | undefined;
  customerRef?: CustomerRef | undefined;
  /** only those against whose settlement the partner spoke */
  late?: boolean | undefined;
  /** orders older than this one: the last of the page before */
  after?: OrderRef | undefined;
  /** 1 to MAX_ORDERS_LISTED */
  limit: number;
}

/** Orders, the newest first; `more` says that the list goes on after the last one. */
export async function listOrders(sql: Sql, filter: OrderFilter): Promise<{ orders: OrderSummary[]; more: boolean }> {
  const limit = Math.min(Math.max(1, filter.limit), MAX_ORDERS_LISTED);
  const { rows } = await sql.query<OrderSummary>(
    `${SUMMARY}
      where ($1::text is null or state = $1) and ($2::text is null or customer_ref = $2)
        and ($3::text is null or order_ref < $3) and (not $4 or exists (select 1 ${LATE}))
      order by order_ref desc limit $5`,
    [filter.state ?? null, filter.customerRef ?? null, filter.after ?? null, filter.late ?? false, limit + 1],
  );
  return { orders: rows.slice(0, limit), more: rows.length > limit };
}

/** One order by its reference; null when there is none. */
export async function findOrder(sql: Sql, orderRef: string): Promise<OrderSummary | null> {
  const { rows } = await sql.query<OrderSummary>(`${SUMMARY} where order_ref = $1`, [orderRef]);
  return rows[0] ?? null;
}
