import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import type { CampaignRef, Instant } from '../../domain/types.js';
import { recordApproval } from '../../store/approvals.js';
import { publishAndLaunch } from '../../store/campaign-launches.js';
import { definitionDigest } from '../../store/definition-digest.js';
import type { TestDatabase } from './database.js';

/** Puts the shipped campaign in force as it is but for a holdout of so many percent (none: without). @returns the version */
export async function launchWithHoldout(
  { owner }: TestDatabase,
  percent: number | null,
  at: Instant,
): Promise<{ version: number; definition: CampaignDefinition }> {
  const file = join(__dirname, '..', '..', 'campaigns', 'keep-your-tier.yaml');
  const holdout = percent === null ? '' : `holdout:\n  percent: ${percent}\n\n`;
  const sourceText = (await readFile(file, 'utf8')).replace('detection:\n', `${holdout}detection:\n`);
  const reading = readCampaign(sourceText, file);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { definition } = reading;
  const digest = definitionDigest(definition);
  const campaignRef = definition.campaign as CampaignRef;
  await recordApproval(owner, { campaignRef, digest, by: 'compliance', at, reason: 'a test' });
  const { version } = await publishAndLaunch(owner, { definition, sourceText, digest, at, by: 'test' }, 'second');
  return { version, definition };
}
