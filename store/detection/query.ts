import type { Trigger } from '../../domain/trigger-names.js';
import type { PlainDate } from '../../domain/types.js';

/** A query that gives customer_ref, score and reasons; $1 is the as-of day. */
export interface DetectionQuery {
  trigger: Trigger;
  text: string;
  values(asOf: PlainDate): unknown[];
}

/** Customers on the day, not erased. Written into every query, so that none can forget it. */
export const SCOPE = `scope as (
  select customer_ref from customers where customer_since <= $1::date and erased_at is null
)`;

/** True for a transaction `t` of the account `a` whose other side is an account of the same customer. */
export const OWN_SIDE = `exists (
  select from accounts own
   where own.account_ref = t.counterparty_account_ref and own.customer_ref = a.customer_ref)`;
