import { tierOfJourney, type AdmissionReason } from '../domain/admission.js';
import { BY_HAND_RULES, refusalsByHand } from '../domain/admission-by-hand.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { fraudQuestion } from '../domain/fraud-check.js';
import type { CampaignRef, CustomerRef, Instant, JourneyId, PlainDate } from '../domain/types.js';
import { lockAdmissionFacts } from './admissions.js';
import type { Database } from './database.js';
import { openPause } from './pauses.js';
import { recordDecisions } from './decisions.js';
import { askFraudChecks } from './fraud-checks.js';
import { holdoutRefusals } from './holdouts.js';
import { insertJourney } from './journeys.js';

export interface AdmissionByHand {
  customerRef: CustomerRef;
  campaign: { campaignRef: CampaignRef; version: number; definition: CampaignDefinition };
  /** the day whose tier counts */
  asOf: PlainDate;
  at: Instant;
  /** the member of staff who asks */
  by: string;
}

export type AdmittedByHand = { verdict: 'admitted'; journeyId: JourneyId } | { verdict: 'refused'; reasons: Refused[] };

type Refused = AdmissionReason | 'started-today' | 'campaign-paused';

/**
 * Adds an open journey because a person asks for it, and writes down who asked, or why not. Its workflow is started by
 * the caller; where that fails, the next round starts it.
 * @throws Error in words when there is no such customer, or no tier of theirs on the day
 */
export function admitByHand(database: Database, request: AdmissionByHand): Promise<AdmittedByHand> {
  const { customerRef, campaign, asOf, at, by } = request;
  const { campaignRef, version, definition } = campaign;
  return database.transaction(async (sql) => {
    const [facts] = await lockAdmissionFacts(sql, [customerRef], asOf);
    if (!facts)
      throw new Error(`there is no customer "${customerRef}" with a tier on ${asOf}; check the reference and the day.`);
    const reasons: Refused[] = refusalsByHand(facts, definition);
    reasons.push(...(await holdoutRefusals(sql, campaign, customerRef, at)));
    if ((await openPause(sql, campaignRef)) !== null) reasons.push('campaign-paused');
    if (fraudQuestion(facts, asOf) === 'ask') await askFraudChecks(sql, [customerRef], asOf, at);
    const tierRef = tierOfJourney(facts, definition.detection.triggers) ?? facts.tierRef;
    const journey = { customerRef, campaignRef, version, findingId: null, asOf, tierRef, at };
    const journeyId = reasons.length === 0 ? await insertJourney(sql, journey) : null;
    // the database allows one journey of a campaign for a customer and a day
    if (reasons.length === 0 && journeyId === null) reasons.push('started-today');
    const verdict = journeyId === null ? 'refused' : 'admitted';
    const { findings, ...seen } = facts;
    await recordDecisions(sql, [
      {
        key: `admission:by-hand:${customerRef}:${at}`,
        customerRef,
        journeyId,
        kind: 'admission',
        verdict,
        reasons: ['by-hand', ...reasons],
        saw: { ...seen, findings: findings.length, campaign: `${campaignRef}@${version}`, by },
        result: journeyId === null ? {} : { journeyId, campaign: campaignRef, version },
        rules: BY_HAND_RULES,
        at,
      },
    ]);
    return journeyId === null ? { verdict: 'refused', reasons } : { verdict: 'admitted', journeyId };
  });
}
