import { Temporal } from 'temporal-polyfill';
import { dateIn } from './calendar.js';
import type { LoyaltyOffer, OfferVersion } from './loyalty-offer.js';
import { addDays, DAY_MS, instant, type Instant, type PlainDate, type TierRef, type ZoneId } from './types.js';

/** The version of the rules below, kept with every decision that they take. */
export const ENTITLEMENT_RULES = 'entitlement@1';
/** In its last days an entitlement is renewed for who still meets the conditions: rounds may fail for so long. */
export const RENEWAL_DAYS = 14;

/**
 * How many days the judged day may lie behind the bank's data for anything to be granted or renewed by it: as long as
 * rounds may fail. What was so before that is no ground for what stands from now on.
 */
export const MAX_DAYS_BEHIND = RENEWAL_DAYS;

/** Whether a day lies too far behind the last day of the bank's data for anything to be granted or renewed by it. */
export const isTooOldToGrant = (asOf: PlainDate, dataUntil: PlainDate): boolean =>
  asOf < addDays(dataUntil, -MAX_DAYS_BEHIND);

/** What is known of one customer: tier and tenure on the day that is judged, the rest up to now. */
export interface EntitlementFacts {
  tierRef: TierRef;
  /** 0 is the lowest tier */
  tierRank: number;
  /** whole months as a customer, by wholeMonths; negative before the first day */
  tenureMonths: number;
  /** the days on which journeys of the customer ended as retained */
  retainedOn: readonly PlainDate[];
  /** an open journey of a credit playbook, or credit trouble found of late */
  inCreditCare: boolean;
  erased: boolean;
}

export type EntitlementGround = 'tier-in-offer' | 'tenure-long-enough' | 'retained-often-enough';
export type EntitlementRefusal =
  | 'erased'
  | 'credit-care'
  | 'offer-not-begun'
  | 'offer-over'
  | 'tier-not-in-offer'
  | 'tenure-too-short'
  | 'too-few-retained';

export type EntitlementAnswer =
  | { verdict: 'entitled'; reasons: EntitlementGround[] }
  | { verdict: 'refused'; reasons: [EntitlementRefusal, ...EntitlementRefusal[]] };

/**
 * Whether a customer is entitled to an offer, with every condition that is missing and not only the first. Nobody who
 * is erased or in credit care ever is. An open complaint is not asked about: an entitlement is no promotion.
 * @param today the bank's day on which it is decided: by it offers begin and end, and outcomes are too old
 */
export function entitled(facts: EntitlementFacts, offer: LoyaltyOffer, today: PlainDate): EntitlementAnswer {
  const { tiers, tenure, retainedOutcomes } = offer.conditions;
  const missing: EntitlementRefusal[] = [];
  const met: EntitlementGround[] = [];
  if (facts.erased) missing.push('erased');
  if (facts.inCreditCare) missing.push('credit-care');
  if (offer.from !== undefined && today < offer.from) missing.push('offer-not-begun');
  if (offer.until !== undefined && today > offer.until) missing.push('offer-over');
  const judge = (holds: boolean, ground: EntitlementGround, refusal: EntitlementRefusal): void =>
    void (holds ? met.push(ground) : missing.push(refusal));
  if (tiers)
    judge(
      tiers.named?.includes(facts.tierRef) ?? facts.tierRank >= (tiers.atLeastRank ?? 0),
      'tier-in-offer',
      'tier-not-in-offer',
    );
  if (tenure !== undefined) judge(facts.tenureMonths >= tenure, 'tenure-long-enough', 'tenure-too-short');
  if (retainedOutcomes) {
    const { atLeast, within } = retainedOutcomes;
    const counted = facts.retainedOn.filter((ended) => ended <= today && wholeMonths(ended, today) < within);
    judge(counted.length >= atLeast, 'retained-often-enough', 'too-few-retained');
  }
  const [first, ...others] = missing;
  return first ? { verdict: 'refused', reasons: [first, ...others] } : { verdict: 'entitled', reasons: met };
}

/** An entitlement that has not ended. */
export interface StandingEntitlement {
  version: number;
  /** the first instant at which it does not stand any more */
  validUntil: Instant;
  suspended: boolean;
}

export type EntitlementStep =
  | { verdict: 'granted' | 'renewed'; validUntil: Instant; reasons: string[] }
  | { verdict: 'suspended' | 'resumed'; reasons: string[] }
  | { verdict: 'ended'; endedAt: Instant; endReason: 'lapsed' | 'erased'; reasons: string[] };

/**
 * What has to be done about one customer and one offer, in order; nothing when all is as it should be, so that asking
 * twice does nothing twice. What was granted stands until its end: erasure alone ends it earlier, and credit care
 * suspends it. Where a newer version is in force, it is not renewed but runs out, and then the newer one is granted.
 */
export function entitlementSteps(
  standing: StandingEntitlement | null,
  answer: EntitlementAnswer,
  offer: OfferVersion,
  when: { at: Instant; zone: ZoneId },
): EntitlementStep[] {
  const { at } = when;
  // reckoned for the few that get it: zones are slow, and most customers of a bank are asked about in vain
  const validUntil = (): Instant => endOfValidity(offer.definition.validFor, when);
  const grant = (): EntitlementStep[] =>
    answer.verdict === 'entitled' ? [{ verdict: 'granted', validUntil: validUntil(), reasons: answer.reasons }] : [];
  if (!standing) return grant();
  const refusals: readonly EntitlementRefusal[] = answer.verdict === 'refused' ? answer.reasons : [];
  const isCurrent = standing.version === offer.version;
  if (refusals.includes('erased')) return [{ verdict: 'ended', endedAt: at, endReason: 'erased', reasons: ['erased'] }];
  if (standing.validUntil <= at) {
    const why = refusals.length > 0 ? [...refusals] : [isCurrent ? 'not-renewed-in-time' : 'offer-changed'];
    return [{ verdict: 'ended', endedAt: standing.validUntil, endReason: 'lapsed', reasons: why }, ...grant()];
  }
  const inCreditCare = refusals.includes('credit-care');
  if (inCreditCare) return standing.suspended ? [] : [{ verdict: 'suspended', reasons: ['credit-care'] }];
  const steps: EntitlementStep[] = standing.suspended ? [{ verdict: 'resumed', reasons: ['credit-care-over'] }] : [];
  const isNearItsEnd = standing.validUntil - at <= RENEWAL_DAYS * DAY_MS;
  if (answer.verdict === 'entitled' && isCurrent && isNearItsEnd)
    steps.push({ verdict: 'renewed', validUntil: validUntil(), reasons: answer.reasons });
  return steps;
}

/** The end of the day, in the bank's zone, that is `days` days after the day of `at`. */
function endOfValidity(days: number, { at, zone }: { at: Instant; zone: ZoneId }): Instant {
  const after = addDays(dateIn(zone, at), days + 1);
  return instant(Temporal.PlainDate.from(after).toZonedDateTime(zone).epochMilliseconds);
}

/**
 * Whole months from one day to another; negative when `to` is earlier. A month is over on the day of the same number,
 * or on the last day of a month that has no such day (Civil Code of the PRC, art. 202): from 31 January to 28 February
 * it is one.
 */
export function wholeMonths(from: PlainDate, to: PlainDate): number {
  const [fromYear = 0, fromMonth = 0, fromDay = 0] = from.split('-').map(Number);
  const [toYear = 0, toMonth = 0, toDay = 0] = to.split('-').map(Number);
  const months = (toYear - fromYear) * 12 + (toMonth - fromMonth);
  const lastOfMonth = new Date(Date.UTC(toYear, toMonth, 0)).getUTCDate();
  return toDay >= Math.min(fromDay, lastOfMonth) ? months : months - 1;
}
