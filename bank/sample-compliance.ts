import type { CampaignDefinition } from '../domain/campaign.js';
import { needsApproval } from '../domain/gift-rules.js';
import type { CampaignRef, Instant } from '../domain/types.js';
import { recordApproval } from '../store/approvals.js';
import { launchCampaign } from '../store/campaign-launches.js';
import type { Publication } from '../store/campaigns.js';
import { definitionDigest } from '../store/definition-digest.js';
import type { Database, Sql } from '../store/database.js';
import { readInstallation } from '../store/installation.js';
import { SAMPLE_BANK_NAME } from './sample-bank.js';

/** Who approves in the sample bank: a name that no real approval bears. */
export const SAMPLE_COMPLIANCE = 'sample-compliance';
/** Who launches there: a name that no real second person bears. */
export const SAMPLE_SECOND_PERSON = 'sample-second-person';

/**
 * Approves a campaign that is about to be published in the sample bank, which is made up and has no compliance officer.
 * In any other bank it does nothing: there a person approves, or the campaign waits.
 */
export async function approveInSampleBank(sql: Sql, definition: CampaignDefinition, at: Instant): Promise<void> {
  const { campaign, reward } = definition;
  const installation = await readInstallation(sql);
  if (installation?.bankName !== SAMPLE_BANK_NAME) return;
  if (!reward || !needsApproval(installation.jurisdiction, reward.for)) return;
  await recordApproval(sql, {
    campaignRef: campaign as CampaignRef,
    digest: definitionDigest(definition),
    by: SAMPLE_COMPLIANCE,
    at,
    reason: 'A made-up bank, whose points nobody can spend.',
  });
}

/**
 * Launches what was just published in the sample bank, which has no second person.
 * @returns whether the version is in force by now; in any other bank it waits for somebody
 */
export async function launchInSampleBank(
  database: Database,
  { campaignRef, version, newest, inForce }: Publication,
  at: Instant,
): Promise<boolean> {
  if (inForce !== null && inForce >= version) return inForce === version;
  const installation = await readInstallation(database);
  if (installation?.bankName !== SAMPLE_BANK_NAME || version !== newest) return false;
  await launchCampaign(database, { campaignRef, read: { version }, at, by: SAMPLE_SECOND_PERSON });
  return true;
}
