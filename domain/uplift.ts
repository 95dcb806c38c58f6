/** Successes among customers who are known; whole numbers, 0 ≤ successes ≤ of. */
export interface Share {
  successes: number;
  of: number;
}

export interface Interval {
  low: number;
  high: number;
}

/** The 97.5th percentile of the standard normal distribution: two sides of it leave 95 %. */
const Z_95 = 1.959963984540054;
/** With fewer known customers in an arm than this, nothing is said of a difference. */
export const LEAST_IN_ARM = 30;

export const rateOf = ({ successes, of }: Share): number | null => (of === 0 ? null : successes / of);

/**
 * Wilson's score interval of a share, 95 %, without continuity correction (Wilson, JASA 22, 1927).
 * @returns all of 0 to 1 when nobody is known
 */
export function wilson({ successes, of }: Share): Interval {
  if (of === 0) return { low: 0, high: 1 };
  const z2 = Z_95 * Z_95;
  const middle = 2 * successes + z2;
  const reach = Z_95 * Math.sqrt(z2 + (4 * successes * (of - successes)) / of);
  // where nobody or everybody succeeded the formula's end is 0 or 1 but for rounding
  return {
    low: successes === 0 ? 0 : (middle - reach) / (2 * (of + z2)),
    high: successes === of ? 1 : (middle + reach) / (2 * (of + z2)),
  };
}

/**
 * The difference of two independent shares with its 95 % interval: method 10 of Newcombe, "Interval estimation for the
 * difference between independent proportions", Statistics in Medicine 17, 873–890 (1998), from Wilson's intervals.
 * @returns null when nobody is known in one of them
 */
export function difference(treated: Share, holdout: Share): ({ uplift: number } & Interval) | null {
  const one = rateOf(treated);
  const other = rateOf(holdout);
  if (one === null || other === null) return null;
  const [a, b] = [wilson(treated), wilson(holdout)];
  const uplift = one - other;
  return {
    uplift,
    low: uplift - Math.hypot(one - a.low, b.high - other),
    high: uplift + Math.hypot(a.high - one, other - b.low),
  };
}

export type UpliftVerdict = 'too-few' | 'cannot-tell' | 'more-retained' | 'fewer-retained';

/**
 * What may be said: nothing while an arm has fewer than LEAST_IN_ARM known customers, and no difference while the
 * interval has zero in it.
 */
export function upliftVerdict(treated: Share, holdout: Share): UpliftVerdict {
  const found = difference(treated, holdout);
  if (!found || Math.min(treated.of, holdout.of) < LEAST_IN_ARM) return 'too-few';
  if (found.low > 0) return 'more-retained';
  return found.high < 0 ? 'fewer-retained' : 'cannot-tell';
}
