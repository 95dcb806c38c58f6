import { admit, type Admission, type AdmissionFacts, type PublishedCampaign } from './admission.js';
import type { CampaignDefinition } from './campaign.js';
import { addMillis, millis, type CampaignRef, type CustomerRef, type Instant } from './types.js';

/** Hexadecimal digits of the digest that make the lot: 48 bits, which a number holds exactly. */
const LOT_DIGITS = 12;

/** What the lot is drawn of: the customer and the campaign, and neither the journey nor the version, so that it stays. */
export const lotText = (campaignRef: CampaignRef, customerRef: CustomerRef): string =>
  `holdout:${campaignRef}:${customerRef}`;

/**
 * Whether the lot leaves the customer alone. A larger share holds out the same customers and some more.
 * @param digest  SHA-256 of `lotText`, in hex
 * @param percent 0 to 100
 */
export function drawnOut(digest: string, percent: number): boolean {
  const lot = parseInt(digest.slice(0, LOT_DIGITS), 16) / 16 ** LOT_DIGITS;
  return lot < percent / 100;
}

/** Until when a customer who is left alone is followed: as long as the campaign's journey would last by its plan. */
export function holdoutEnd(
  { survey, goal }: Pick<CampaignDefinition, 'survey' | 'goal'>,
  admittedAt: Instant,
): Instant {
  return addMillis(admittedAt, millis(survey.after + survey.expires + goal.within));
}

const isCare = ({ definition }: PublishedCampaign): boolean => definition.playbook === 'credit';

/**
 * Admission of a customer who is, or was, left alone. While they are followed no campaign of the tier playbook takes
 * them, or there would be nothing to compare with; afterwards those campaigns' cool-down runs as after a journey with the
 * outcome `control`. Credit care takes them at any time: help is not withheld.
 * @param followedUntil undefined: the customer was never left alone
 */
export function admitBesideHoldout(
  facts: AdmissionFacts,
  campaigns: readonly PublishedCampaign[],
  followedUntil: Instant | undefined,
  at: Instant,
): Admission {
  const admission = admit(facts, campaigns, at);
  if (followedUntil === undefined || admission.verdict === 'refused' || isCare(admission.campaign)) return admission;
  const others = campaigns.filter((campaign) => !isCare(campaign));
  const last = facts.lastClosedAt !== null && facts.lastClosedAt > followedUntil;
  const after: AdmissionFacts = last ? facts : { ...facts, lastClosedAt: followedUntil, lastOutcome: 'control' };
  const again: Admission =
    followedUntil > at ? { verdict: 'refused', reasons: ['held-out'] } : admit(after, others, at);
  if (again.verdict === 'admitted') return again;
  const care = admit(facts, campaigns.filter(isCare), at);
  return care.verdict === 'admitted' ? care : again;
}
