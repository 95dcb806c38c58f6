import type { AdmissionFacts, AdmissionReason } from './admission.js';
import type { CampaignDefinition } from './campaign.js';

export const BY_HAND_RULES = 'admission-by-hand@1';

/** A person may start what detection would not: the score, the triggers and the cool-down are theirs to judge. */
export type ByHandFacts = Pick<
  AdmissionFacts,
  'tierRank' | 'erased' | 'addressRefused' | 'openJourney' | 'openComplaint' | 'inCreditCare'
>;

/**
 * What stands against a journey that a person wants to start; nothing when the list is empty. One open journey for a
 * customer, no journey during a complaint, nobody to write to, and no tier to lose: these nobody may pass over.
 */
export function refusalsByHand(
  facts: ByHandFacts,
  { audience, playbook }: Pick<CampaignDefinition, 'audience' | 'playbook'>,
): AdmissionReason[] {
  const reasons: AdmissionReason[] = [];
  if (facts.erased) reasons.push('erased');
  if (facts.addressRefused) reasons.push('address-refused');
  if (facts.openJourney) reasons.push('journey-open');
  if (facts.openComplaint) reasons.push('complaint-open');
  if (audience.tiers === 'all-but-lowest' && facts.tierRank === 0) reasons.push('not-in-audience');
  if (facts.inCreditCare && playbook !== 'credit') reasons.push('credit-care');
  return reasons;
}
