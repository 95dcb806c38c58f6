import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCampaign } from '../../domain/campaign-file.js';
import type { CampaignRef, Instant } from '../../domain/types.js';
import { recordApproval } from '../../store/approvals.js';
import { publishAndLaunch } from '../../store/campaign-launches.js';
import { definitionDigest } from '../../store/definition-digest.js';
import type { TestDatabase } from './database.js';

/** The text of a shipped campaign, edited. */
export async function shippedCampaign(name: string, edit: (text: string) => string = (text) => text): Promise<string> {
  return edit(await readFile(join(__dirname, '..', '..', 'campaigns', `${name}.yaml`), 'utf8'));
}

/** Puts a text in force as the next version of its campaign. @returns the version */
export async function publishText({ owner }: TestDatabase, text: string, at: Instant): Promise<number> {
  const read = readCampaign(text, 'test.yaml');
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const { definition } = read;
  const digest = definitionDigest(definition);
  const campaignRef = definition.campaign as CampaignRef;
  await recordApproval(owner, { campaignRef, digest, by: 'compliance', at, reason: 'a test' });
  const proposed = { definition, digest, sourceText: text, at, by: 'test' };
  const { version } = await publishAndLaunch(owner, proposed, 'second');
  return version;
}
