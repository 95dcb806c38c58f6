import { byText } from './order.js';
import type { CampaignDefinition } from './campaign.js';
import type { Exclusion } from './contact-door.js';
import { barsPlaybook } from './exclusion.js';
import { fraudQuestion, type FraudCheck } from './fraud-check.js';
import type { Trigger } from './trigger-names.js';
import type { CampaignRef, CustomerRef, FindingId, Instant, Millis, Outcome, PlainDate, TierRef } from './types.js';

export interface PublishedCampaign {
  campaignRef: CampaignRef;
  version: number;
  definition: CampaignDefinition;
}

export interface AdmissionFinding {
  findingId: FindingId;
  trigger: Trigger;
  score: number;
}

export interface AdmissionFacts {
  customerRef: CustomerRef;
  /** the day that is judged */
  asOf: PlainDate;
  tierRef: TierRef;
  /** 0 is the lowest tier, which nobody can lose */
  tierRank: number;
  erased: boolean;
  addressRefused: boolean;
  openJourney: boolean;
  openComplaint: boolean;
  /** those that stand */
  exclusions: readonly Exclusion[];
  /** the newest question whether the customer is being cheated */
  fraudCheck: FraudCheck | null;
  /** the tier that a fall of late took, as detection found it on that day */
  lostTierRef: TierRef | null;
  /** credit trouble was found within CREDIT_CARE_DAYS, that day's findings included */
  inCreditCare: boolean;
  /** when the last journey of this customer ended, in whatever campaign */
  lastClosedAt: Instant | null;
  /** how it ended */
  lastOutcome: Outcome | null;
  findings: AdmissionFinding[];
}

export type AdmissionReason =
  | 'not-in-audience'
  | 'score-too-low'
  | 'journey-open'
  | 'complaint-open'
  | 'cool-down'
  | 'excluded'
  | 'fraud-check-open'
  | 'credit-care'
  | 'held-out'
  | 'address-refused'
  | 'erased';

export type Admission =
  | {
      verdict: 'admitted';
      campaign: PublishedCampaign;
      finding: AdmissionFinding;
      /** the tier that the journey is about: the customer's own, or the one to win back */
      tierRef: TierRef;
      reasons: string[];
    }
  | { verdict: 'refused'; reasons: AdmissionReason[] };

export const ADMISSION_RULES = 'admission@2';

/**
 * Which campaign, if any, takes a customer on whom something was found: the highest priority whose audience the
 * customer belongs to (by name where priorities are equal, so that the answer is the same every time).
 */
export function admit(facts: AdmissionFacts, campaigns: readonly PublishedCampaign[], at: Instant): Admission {
  const refused = standingRefusals(facts);
  if (refused.length > 0) return { verdict: 'refused', reasons: refused };
  const inOrder = [...campaigns].sort(
    (a, b) => b.definition.priority - a.definition.priority || byText(a.campaignRef, b.campaignRef),
  );
  let reason = nobodysReason(facts);
  for (const campaign of inOrder) {
    const { audience, detection, end, playbook } = campaign.definition;
    if (barsPlaybook(facts.exclusions, playbook)) continue;
    // whoever is in credit trouble is helped, or left alone; never sold to
    if (facts.inCreditCare && playbook !== 'credit') continue;
    if (!inAudience(facts, audience)) continue;
    const matching = facts.findings.filter((finding) => detection.triggers.includes(finding.trigger));
    const best = matching.sort((a, b) => b.score - a.score || byText(a.trigger, b.trigger))[0];
    if (!best) continue;
    if (best.score < detection.minimumScore) reason = 'score-too-low';
    else if (facts.lastClosedAt !== null && facts.lastClosedAt + coolDownOf(end, facts.lastOutcome) > at)
      reason = 'cool-down';
    else {
      const tierRef = tierOfJourney(facts, [best.trigger]) ?? facts.tierRef;
      return { verdict: 'admitted', campaign, finding: best, tierRef, reasons: matching.map(({ trigger }) => trigger) };
    }
  }
  return { verdict: 'refused', reasons: [reason] };
}

/** Why nobody takes a customer, where no campaign has a reason of its own. */
function nobodysReason({ exclusions, inCreditCare }: AdmissionFacts): AdmissionReason {
  if (exclusions.length > 0) return 'excluded';
  return inCreditCare ? 'credit-care' : 'not-in-audience';
}

/**
 * The tier that a journey because of these triggers is about: after a fall the tier that was lost.
 * @returns null when it is to win back a tier and none was lost
 */
export function tierOfJourney(
  { tierRef, lostTierRef }: Pick<AdmissionFacts, 'tierRef' | 'lostTierRef'>,
  triggers: readonly Trigger[],
): TierRef | null {
  return triggers.every((trigger) => trigger === 'tier-lost') ? lostTierRef : tierRef;
}

/** Whether the customer's tier is one that the campaign is for. */
export function inAudience(
  { tierRef, tierRank }: Pick<AdmissionFacts, 'tierRef' | 'tierRank'>,
  { tiers }: CampaignDefinition['audience'],
): boolean {
  if (tiers === 'all') return true;
  return tiers === 'all-but-lowest' ? tierRank > 0 : tiers.includes(tierRef);
}

/** How long the customer is left alone after a journey that ended so. */
function coolDownOf({ coolDown, coolDownAfter }: CampaignDefinition['end'], outcome: Outcome | null): Millis {
  return (outcome === null ? undefined : coolDownAfter[outcome]) ?? coolDown;
}

function standingRefusals(facts: AdmissionFacts): AdmissionReason[] {
  const reasons: AdmissionReason[] = [];
  if (facts.erased) reasons.push('erased');
  if (facts.addressRefused) reasons.push('address-refused');
  if (facts.openJourney) reasons.push('journey-open');
  if (facts.openComplaint) reasons.push('complaint-open');
  // the credit playbook helps the vulnerable; from every other exclusion no playbook is free
  if (barsPlaybook(facts.exclusions, 'credit')) reasons.push('excluded');
  if (fraudQuestion(facts, facts.asOf) !== 'none') reasons.push('fraud-check-open');
  return reasons;
}
