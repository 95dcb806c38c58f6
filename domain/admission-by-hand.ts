import { inAudience, tierOfJourney, type AdmissionFacts, type AdmissionReason } from './admission.js';
import type { CampaignDefinition } from './campaign.js';
import { barsPlaybook } from './exclusion.js';
import { fraudQuestion } from './fraud-check.js';

export const BY_HAND_RULES = 'admission-by-hand@2';

/** A person may start what detection would not: the score, the triggers and the cool-down are theirs to judge. */
export type ByHandFacts = Omit<AdmissionFacts, 'customerRef' | 'lastClosedAt' | 'lastOutcome'>;

/**
 * What stands against a journey that a person wants to start; nothing when the list is empty. One open journey for a
 * customer, no journey during a complaint, none for who is excluded or perhaps being cheated, nobody to write to, and no tier
 * to lose or to win back: these nobody may pass over.
 */
export function refusalsByHand(
  facts: ByHandFacts,
  { audience, playbook, detection }: Pick<CampaignDefinition, 'audience' | 'playbook' | 'detection'>,
): AdmissionReason[] {
  const reasons: AdmissionReason[] = [];
  if (facts.erased) reasons.push('erased');
  if (facts.addressRefused) reasons.push('address-refused');
  if (facts.openJourney) reasons.push('journey-open');
  if (facts.openComplaint) reasons.push('complaint-open');
  if (barsPlaybook(facts.exclusions, playbook)) reasons.push('excluded');
  if (fraudQuestion(facts, facts.asOf) !== 'none') reasons.push('fraud-check-open');
  const hasTier = tierOfJourney(facts, detection.triggers) !== null;
  if (!hasTier || !inAudience(facts, audience)) reasons.push('not-in-audience');
  if (facts.inCreditCare && playbook !== 'credit') reasons.push('credit-care');
  return reasons;
}
