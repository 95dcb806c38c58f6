import { wholeMonths } from './entitlement.js';
import { isForTier, SPECIAL_CARE_ABOVE, SPECIAL_CARE_AGE } from './product-audience.js';
import { riskGradeOn, type Product, type RiskGrade } from './product-catalogue.js';
import type { PlainDate, TierRef } from './types.js';

/** The version of the rules below, kept with everything that was decided by them. */
export const SUITABILITY_RULES = 'suitability@1';

/** What a customer was found to be able and willing to bear. */
export interface RiskAssessment {
  /** C1 to C5 */
  appetite: RiskGrade;
  assessedOn: PlainDate;
  /** the last day on which it counts */
  validUntil: PlainDate;
}

export interface SuitabilityFacts {
  /** the day on which it is asked */
  day: PlainDate;
  tierRef: TierRef;
  /** null: not known */
  birthDate: PlainDate | null;
  /** the newest that was made by that day, in date or not; null: none ever was */
  assessment: RiskAssessment | null;
}

/** Why a product can't be offered, each in words for staff. */
export const UNSUITABLE = {
  'risk-above-appetite': 'its risk is above what the customer wants to bear',
  'no-assessment': "the customer's risk appetite was never assessed",
  'assessment-expired': 'the assessment of the risk appetite is out of date',
  'too-young': 'the customer is too young for it',
  'too-old': 'the customer is too old for it',
  'age-unknown': "the customer's age is not known",
  'special-care': `from ${SPECIAL_CARE_AGE} on, risk above R${SPECIAL_CARE_ABOVE} is explained in person and never pitched`,
  'not-for-this-tier': 'it is not for customers of this tier',
  'not-on-offer-today': 'it is not on offer on that day',
  'no-rating': 'it has no risk rating on that day',
} as const;
export type UnsuitableReason = keyof typeof UNSUITABLE;

export type Suitability = { suitable: true } | { suitable: false; reasons: [UnsuitableReason, ...UnsuitableReason[]] };

/** Age on a day in whole years. */
export const ageOn = (birthDate: PlainDate, on: PlainDate): number => Math.floor(wholeMonths(birthDate, on) / 12);

/**
 * Whether a product may be offered to a customer on a day, with every reason against it and not only the first.
 *
 * The source is 金融机构产品适当性管理办法 (National Financial Regulatory Administration, order 2025 no. 7, in force since
 * 2026-02-01): a product whose grade is above the customer's is not suitable (art. 12) and may not be pitched (art. 13);
 * an assessment counts for twelve months (kept as its `validUntil`); who sells high risk to customers of 65 or more owes
 * them special care: a procedure of its own, more questions and more time. A letter can't give that, so Keepwell never
 * pitches above R3 at that age; that bound is the house's own.
 *
 * Deposits, cards, loans and services (R1) need no assessment; funds and structured products always do, insurance from
 * R2 on.
 */
export function suitability(facts: SuitabilityFacts, product: Product): Suitability {
  const { day, tierRef, assessment } = facts;
  const { kind, validFrom, validTo } = product;
  const reasons: UnsuitableReason[] = [];
  const grade = riskGradeOn(product, day);
  if (grade === null) reasons.push('no-rating');
  if (grade !== null && (kind === 'fund' || kind === 'structured' || grade > 1)) {
    if (!assessment) reasons.push('no-assessment');
    else {
      if (assessment.validUntil < day) reasons.push('assessment-expired');
      if (grade > assessment.appetite) reasons.push('risk-above-appetite');
    }
  }
  reasons.push(...ageReasons(facts, product, grade));
  if (!isForTier(product, tierRef)) reasons.push('not-for-this-tier');
  if ((validFrom !== undefined && day < validFrom) || (validTo !== undefined && day > validTo))
    reasons.push('not-on-offer-today');
  const [first, ...others] = reasons;
  return first ? { suitable: false, reasons: [first, ...others] } : { suitable: true };
}

function ageReasons(
  { day, birthDate }: SuitabilityFacts,
  { ages }: Product,
  grade: RiskGrade | null,
): UnsuitableReason[] {
  const { from, to } = ages ?? {};
  const isHighRisk = grade !== null && grade > SPECIAL_CARE_ABOVE;
  if (birthDate === null) return from === undefined && to === undefined && !isHighRisk ? [] : ['age-unknown'];
  const age = ageOn(birthDate, day);
  const reasons: UnsuitableReason[] = [];
  if (from !== undefined && age < from) reasons.push('too-young');
  if (to !== undefined && age > to) reasons.push('too-old');
  if (isHighRisk && age >= SPECIAL_CARE_AGE) reasons.push('special-care');
  return reasons;
}
