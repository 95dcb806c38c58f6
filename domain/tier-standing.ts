import { evaluatePeriod, type Tier, type TierMemory, type TierRule } from './tier-rules.js';
import { periodAfter, type Period } from './tier-periods.js';
import { daysBetween, minor, type CustomerRef, type Minor, type PlainDate, type TierRef } from './types.js';

/** Where a customer stands in the running period, at the end of the day `asOf`. Money is in minor units. */
export interface TierStanding {
  customerRef: CustomerRef;
  tierRef: TierRef;
  threshold: Minor;
  /** the lowest tier can't be lost: its threshold is 0 and "secured" says nothing about the customer */
  lowest: boolean;
  missesInRow: number;
  periodStart: PlainDate;
  periodEnd: PlainDate;
  /** the earliest period end at which the tier falls if every period is missed that still can be */
  decisionOn: PlainDate;
  /** of the qualifying accounts, at the end of the day */
  balance: Minor;
  /** over the days so far, rounded down */
  averageSoFar: Minor;
  /** of the whole period if today's balance stays as it is, rounded down */
  averageIfHeld: Minor;
  /** days of the period up to and with the as-of day */
  daysElapsed: number;
  daysLeft: number;
  daysUntilDecision: number;
  /** the least end-of-day balance which, held on every remaining day, keeps the tier; null when no day is left */
  balanceToHold: Minor | null;
  /** the average reaches the threshold even if every remaining day ends at zero */
  secured: boolean;
  /** days since the asked day on which the balance stood at or above the threshold; 0 when not asked */
  daysAtThreshold: number;
}

export interface StandingFacts {
  customerRef: CustomerRef;
  tier: Tier;
  memory: TierMemory;
  period: Period;
  asOf: PlainDate;
  /** sum of the end-of-day balances from the period's start to the as-of day */
  balanceDays: bigint;
  balance: Minor;
  daysAtThreshold: number;
}

/** No rule takes longer than a guarantee and a grace of this many periods to let a tier fall. */
const MAX_PERIODS_AHEAD = 200;

/** Division that rounds down for negative numbers too. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/**
 * The earliest period end at which the tier falls if `period` (unless it is secured, and so can't be) and every later one
 * is missed. For the lowest tier, which can't fall, the end of `period`.
 * @throws RangeError for a rule under which the tier never falls
 */
export function decisionDay(
  rule: TierRule,
  tiers: readonly Tier[],
  tier: Tier,
  from: { memory: TierMemory; period: Period; secured: boolean },
): PlainDate {
  let { memory, period } = from;
  if (tier.threshold <= 0n) return period.end;
  for (let n = 0; n < MAX_PERIODS_AHEAD; n += 1) {
    const average = n === 0 && from.secured ? tier.threshold : minor(0);
    const result = evaluatePeriod(rule, tiers, tier, memory, { ...period, average });
    if (result.tierAfter.rank < tier.rank) return period.end;
    memory = result.memory;
    period = periodAfter(rule, period);
  }
  throw new RangeError(`under ${rule.ruleRef} a tier does not fall within ${MAX_PERIODS_AHEAD} periods`);
}

/**
 * The arithmetic of a running period.
 * @throws RangeError when the as-of day lies outside the period
 */
export function tierStanding(rule: TierRule, tiers: readonly Tier[], facts: StandingFacts): TierStanding {
  const { tier, period, asOf, balanceDays } = facts;
  const daysElapsed = daysBetween(period.start, asOf) + 1;
  const daysLeft = daysBetween(asOf, period.end);
  if (daysElapsed < 1 || daysLeft < 0)
    throw new RangeError(`${asOf} is not in the period from ${period.start} to ${period.end}`);
  const days = BigInt(daysElapsed + daysLeft);
  const missing = tier.threshold * days - balanceDays;
  const secured = missing <= 0n;
  const toHold = secured ? 0n : daysLeft === 0 ? null : -floorDiv(-missing, BigInt(daysLeft));
  const decisionOn = decisionDay(rule, tiers, tier, { memory: facts.memory, period, secured });
  return {
    customerRef: facts.customerRef,
    tierRef: tier.tierRef,
    threshold: tier.threshold,
    lowest: tier.rank === Math.min(...tiers.map((step) => step.rank)),
    missesInRow: facts.memory.missesInRow,
    periodStart: period.start,
    periodEnd: period.end,
    decisionOn,
    balance: facts.balance,
    averageSoFar: floorDiv(balanceDays, BigInt(daysElapsed)) as Minor,
    averageIfHeld: floorDiv(balanceDays + facts.balance * BigInt(daysLeft), days) as Minor,
    daysElapsed,
    daysLeft,
    daysUntilDecision: daysBetween(asOf, decisionOn),
    balanceToHold: daysLeft === 0 ? null : (toHold as Minor),
    secured,
    daysAtThreshold: facts.daysAtThreshold,
  };
}
