import { byText } from './order.js';
import type { CampaignDefinition } from './campaign.js';
import type { Trigger } from './trigger-names.js';
import type { CampaignRef, CustomerRef, FindingId, Instant, TierRef } from './types.js';

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
  tierRef: TierRef;
  /** 0 is the lowest tier, which nobody can lose */
  tierRank: number;
  erased: boolean;
  addressRefused: boolean;
  openJourney: boolean;
  openComplaint: boolean;
  /** credit trouble was found within CREDIT_CARE_DAYS, that day's findings included */
  inCreditCare: boolean;
  /** when the last journey of this customer ended, in whatever campaign */
  lastClosedAt: Instant | null;
  findings: AdmissionFinding[];
}

export type AdmissionReason =
  | 'not-in-audience'
  | 'score-too-low'
  | 'journey-open'
  | 'complaint-open'
  | 'cool-down'
  | 'credit-care'
  | 'address-refused'
  | 'erased';

export type Admission =
  | { verdict: 'admitted'; campaign: PublishedCampaign; finding: AdmissionFinding; reasons: string[] }
  | { verdict: 'refused'; reasons: AdmissionReason[] };

export const ADMISSION_RULES = 'admission@1';

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
  let reason: AdmissionReason = facts.inCreditCare ? 'credit-care' : 'not-in-audience';
  for (const campaign of inOrder) {
    const { audience, coolDown } = campaign.definition;
    // whoever is in credit trouble is helped, or left alone; never sold to
    if (facts.inCreditCare && campaign.definition.playbook !== 'credit') continue;
    if (audience.tiers === 'all-but-lowest' && facts.tierRank === 0) continue;
    const matching = facts.findings.filter((finding) => audience.triggers.includes(finding.trigger));
    const best = matching.sort((a, b) => b.score - a.score || byText(a.trigger, b.trigger))[0];
    if (!best) continue;
    if (best.score < audience.minimumScore) reason = 'score-too-low';
    else if (facts.lastClosedAt !== null && facts.lastClosedAt + coolDown > at) reason = 'cool-down';
    else return { verdict: 'admitted', campaign, finding: best, reasons: matching.map((finding) => finding.trigger) };
  }
  return { verdict: 'refused', reasons: [reason] };
}

function standingRefusals(facts: AdmissionFacts): AdmissionReason[] {
  const reasons: AdmissionReason[] = [];
  if (facts.erased) reasons.push('erased');
  if (facts.addressRefused) reasons.push('address-refused');
  if (facts.openJourney) reasons.push('journey-open');
  if (facts.openComplaint) reasons.push('complaint-open');
  return reasons;
}
