import type { Product } from './product-catalogue.js';

/** The version of the rules below, kept with every counter-offer. */
export const COUNTER_OFFER_RULES = 'counter-offer@1';
/** Days for which a counter-offer stands, counted from the day on which it was proposed. */
export const COUNTER_OFFER_DAYS = 30;
/** The least that a rate is made better by, in hundredths of a percentage point. */
export const LEAST_BETTER_BASIS_POINTS = 1;

export type CounterOfferVerdict =
  | { verdict: 'within-authority' }
  | { verdict: 'needs-approval'; authority: number }
  | { verdict: 'refused'; why: 'no-rate' | 'above-limit' | 'below-least'; most: number };

/**
 * Whether a manager may make a product's rate better by so much: alone up to the product's `counterOfferUpTo`, with
 * another person's approval up to `withApprovalUpTo`, and no further whoever asks.
 * @param better hundredths of a percentage point: up for deposits, down for loans
 */
export function counterOffer({ rate }: Pick<Product, 'rate'>, better: number): CounterOfferVerdict {
  if (!rate) return { verdict: 'refused', why: 'no-rate', most: 0 };
  const most = rate.withApprovalUpTo;
  if (!Number.isInteger(better) || better < LEAST_BETTER_BASIS_POINTS)
    return { verdict: 'refused', why: 'below-least', most };
  if (better > most) return { verdict: 'refused', why: 'above-limit', most };
  return better <= rate.counterOfferUpTo
    ? { verdict: 'within-authority' }
    : { verdict: 'needs-approval', authority: rate.counterOfferUpTo };
}

/**
 * A product's yearly rate with a counter-offer, in hundredths of a percentage point; null when it has no rate. A loan's
 * never falls below 0, even where the price list came down after the counter-offer.
 */
export function rateWith({ kind, rate }: Pick<Product, 'kind' | 'rate'>, better: number): number | null {
  if (!rate) return null;
  return kind === 'loan' ? Math.max(0, rate.basisPoints - better) : rate.basisPoints + better;
}

/** Two names that are one person's: blanks around them and the size of letters make no second person. */
export const isSamePerson = (one: string, other: string): boolean =>
  one.trim().toLowerCase() === other.trim().toLowerCase();
