import type { CatalogueItem } from './catalogue.js';
import { days, type Instant, type OrderRef, type PlainDate, type Points, type TierRef } from './types.js';

/** The version of these rules, kept with every decision that they take. */
export const REDEMPTION_RULES = 'redemption@1';

/**
 * ms from the placing of an order for which its partner is asked to take it. A bank's points don't stay held for longer
 * by a partner that is gone, or by a secret that nobody corrects: then they go back.
 */
export const MOST_ASKING_MS = days(30);

/** In a price list: the price of every tier that is not named. */
export const EVERY_TIER = 'all';

/** What an item costs a customer of a tier, in points; null when it has no price for that tier. */
export function priceFor({ price }: CatalogueItem, tierRef: string | null): number | null {
  const key = tierRef !== null && Object.hasOwn(price, tierRef) ? tierRef : EVERY_TIER;
  return price[key] ?? null;
}

/** What is seen of a customer and an item at the moment of an order. */
export interface OrderFacts {
  /** as the catalogue in force says; null: it has no such item */
  item: CatalogueItem | null;
  /** the day in the bank's zone */
  today: PlainDate;
  /** null: the customer has none yet */
  tierRef: TierRef | null;
  /** pieces that nobody has ordered */
  available: number;
  /** orders of this item by this customer within the limit's span, but for those that came to nothing */
  recentOrders: number;
  /** what the customer can spend */
  balance: Points;
  erased: boolean;
}

/** Why an order is refused, each with the sentence for whoever asked. */
export const ORDER_REFUSALS = {
  'item-unknown': 'the catalogue has no such item',
  erased: "the customer's data were erased",
  'not-yet-valid': 'it can not be ordered yet',
  'no-longer-valid': 'it can not be ordered any more',
  'no-price-for-tier': 'it is not offered to customers of this tier',
  'out-of-stock': 'the last piece is gone',
  'over-limit': 'the customer has ordered it as often as one customer may for now',
  'not-enough-points': 'the customer has not enough points',
} as const;
export type OrderRefusal = keyof typeof ORDER_REFUSALS;

/**
 * Every reason for which an order is refused; none: it may be placed at `priceFor`. Credit care and an open complaint
 * are no reasons: the points are the customer's own, earned already, and to keep them back would punish somebody for
 * being in trouble or for complaining. Nothing is sold here, and nothing is sent but the answer.
 */
export function orderRefusal(facts: OrderFacts): OrderRefusal[] {
  const { item, today, tierRef } = facts;
  const reasons: OrderRefusal[] = facts.erased ? ['erased'] : [];
  if (!item) return ['item-unknown', ...reasons];
  if (item.from !== undefined && today < item.from) reasons.push('not-yet-valid');
  if (item.until !== undefined && today > item.until) reasons.push('no-longer-valid');
  const price = priceFor(item, tierRef);
  if (price === null) reasons.push('no-price-for-tier');
  if (facts.available < 1) reasons.push('out-of-stock');
  if (item.limit && facts.recentOrders >= item.limit.orders) reasons.push('over-limit');
  if (price !== null && facts.balance < BigInt(price)) reasons.push('not-enough-points');
  return reasons;
}

/** From when orders count against an item's limit; null when it has none. */
export function limitBegins(item: CatalogueItem, at: Instant): Instant | null {
  return item.limit ? ((at - item.limit.within) as Instant) : null;
}

/** The run that carries an order; the keys of its decisions and letters begin with it. */
export const redemptionWorkflowId = (orderRef: OrderRef): string => `redemption:${orderRef}`;

export const ORDER_STATES = ['held', 'ordered', 'fulfilled', 'refused', 'cancelled'] as const;
export type OrderState = (typeof ORDER_STATES)[number];
export type SettledState = Extract<OrderState, 'fulfilled' | 'refused' | 'cancelled'>;

/** What a partner says of an order, once or more often. */
export type PartnerStatus = 'fulfilled' | 'refused';

export const isSettled = (state: OrderState): state is SettledState => state !== 'held' && state !== 'ordered';

/** Why an order came to nothing, in words for staff. */
export const ORDER_ENDINGS = {
  'refused-by-partner': 'the partner refused it',
  'no-answer': 'the partner did not answer in time',
  'by-customer': 'the customer cancelled it',
  'by-staff': 'a member of staff cancelled it',
} as const;
export type OrderEnding = keyof typeof ORDER_ENDINGS;

/** What a partner says after the order was settled, and says otherwise; staff must look, since no points move by themselves. */
export type LateAnswer = 'late-fulfilment' | 'late-refusal';

/** Whether an event that comes after the settlement contradicts it; null: it only says it again. */
export function lateAnswer(settled: SettledState, status: PartnerStatus): LateAnswer | null {
  if (status === 'fulfilled') return settled === 'fulfilled' ? null : 'late-fulfilment';
  return settled === 'fulfilled' ? 'late-refusal' : null;
}
