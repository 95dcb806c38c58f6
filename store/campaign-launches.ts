import { launchVerdict, type LaunchCandidate, type WhatWasRead } from '../domain/campaign-launch.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { readToday } from '../domain/campaign-upgrade.js';
import { points, type CampaignRef, type Instant } from '../domain/types.js';
import { lockCampaign, publishCampaign, readCampaignVersion } from './campaigns.js';
import type { CampaignVersion, NewCampaignVersion, Publication } from './campaigns.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { fundCampaign } from './rewards.js';

/** A launch that four eyes forbid, or that has been overtaken; the message says why and what to do. */
export class LaunchRefused extends Error {
  override readonly name = 'LaunchRefused';
}

export interface LaunchRequest {
  campaignRef: CampaignRef;
  /** what the second person has read */
  read: WhatWasRead;
  at: Instant;
  /** the second person: a staff name, not shown to customers */
  by: string;
}

export interface Launch {
  campaignRef: CampaignRef;
  version: number;
  /** false: somebody had launched this version before, and nothing was changed */
  isNew: boolean;
  launchedBy: string;
  launchedAt: Instant;
  publishedBy: string;
}

/**
 * Puts a proposed version in force for new journeys and brings the budget of its reward to what it says. Publishers and
 * launchers of one campaign wait for each other: of two who launch at once one does, and the other is told by whom.
 * @throws LaunchRefused by the rules of `launchVerdict`
 * @throws BudgetPromised when the budget is smaller than what is promised and given already
 */
export function launchCampaign(database: Database, { campaignRef, read, at, by }: LaunchRequest): Promise<Launch> {
  return database.transaction(async (sql) => {
    await lockCampaign(sql, campaignRef);
    const verdict = launchVerdict(campaignRef, await candidates(sql, campaignRef), read, by);
    if (verdict.kind === 'refused') throw new LaunchRefused(verdict.why);
    const { version, publishedBy, launchedBy, launchedAt } = verdict.candidate;
    if (launchedBy !== null && launchedAt !== null)
      return { campaignRef, version, isNew: false, launchedBy, launchedAt, publishedBy };
    await sql.query(
      'insert into campaign_launches (campaign_ref, version, launched_at, launched_by) values ($1, $2, $3, $4)',
      [campaignRef, version, timestamp(at), by],
    );
    const { reward, priority } = await definitionOf(sql, campaignRef, version);
    await sql.query('update campaigns set priority = $2 where campaign_ref = $1', [campaignRef, priority]);
    if (reward) await fundCampaign(sql, { campaignRef, version }, points(reward.budget), at);
    return { campaignRef, version, isNew: true, launchedBy: by, launchedAt: at, publishedBy };
  });
}

async function candidates(sql: Sql, campaignRef: CampaignRef): Promise<LaunchCandidate[]> {
  const { rows } = await sql.query<LaunchCandidate>(
    `select version, digest, published_by as "publishedBy", published_at as "publishedAt",
            launched_by as "launchedBy", launched_at as "launchedAt"
       from campaign_versions left join campaign_launches using (campaign_ref, version)
      where campaign_ref = $1`,
    [campaignRef],
  );
  return rows;
}

async function definitionOf(sql: Sql, campaignRef: CampaignRef, version: number): Promise<CampaignDefinition> {
  const { rows } = await sql.query<{ definition: CampaignDefinition }>(
    'select definition from campaign_versions where campaign_ref = $1 and version = $2',
    [campaignRef, version],
  );
  return readToday(one(rows, `version ${version} of ${campaignRef}`).definition);
}

/** The version that new journeys begin with; null when none was launched yet, or there is no such campaign. */
export async function readCampaignInForce(sql: Sql, campaignRef: CampaignRef): Promise<CampaignVersion | null> {
  const { rows } = await sql.query<{ version: number }>(
    'select version from campaign_launches where campaign_ref = $1 order by version desc limit 1',
    [campaignRef],
  );
  const [inForce] = rows;
  return inForce ? readCampaignVersion(sql, campaignRef, inForce.version) : null;
}

/**
 * Publishes and launches in one go, under two names: for set-ups that are no real bank's (tests, the demo, the made-up
 * bank), where nobody's money waits for a second look.
 */
export async function publishAndLaunch(
  database: Database,
  version: NewCampaignVersion,
  launchedBy: string,
): Promise<Publication> {
  const publication = await publishCampaign(database, version);
  const { campaignRef } = publication;
  const read = { version: publication.version };
  if (publication.version === publication.newest)
    await launchCampaign(database, { campaignRef, read, at: version.at, by: launchedBy });
  return publication;
}

/** Whether a second person has launched the version. */
export async function isLaunched(sql: Sql, campaignRef: CampaignRef, version: number): Promise<boolean> {
  const { rowCount } = await sql.query('select 1 from campaign_launches where campaign_ref = $1 and version = $2', [
    campaignRef,
    version,
  ]);
  return rowCount === 1;
}
