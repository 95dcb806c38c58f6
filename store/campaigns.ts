import type { PublishedCampaign } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { points, type CampaignRef, type Instant } from '../domain/types.js';
import { refuseUnapprovedReward } from './approvals.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';
import { fundCampaign } from './rewards.js';

/** Campaigns shown by `listCampaigns`; a bank that has more has lost sight of them. */
export const MAX_CAMPAIGNS_LISTED = 500;

export interface NewCampaignVersion {
  definition: CampaignDefinition;
  /** the file as it was edited, comments included */
  sourceText: string;
  digest: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface Publication {
  campaignRef: CampaignRef;
  version: number;
  /** false: this definition had been published before and was not touched */
  isNew: boolean;
  /** the version that new journeys begin with */
  newest: number;
}

/**
 * Publishes a definition as the campaign's next version. A version never changes: the same definition again gives the
 * version there is, even when a newer one is in force. Publishers of one campaign wait for each other.
 * The budget of its reward is brought to what it says now.
 * @throws BudgetPromised when the budget is smaller than what is promised and given already
 * @throws RewardNotApproved when the bank's jurisdiction forbids its reward and compliance has not approved this version
 */
export function publishCampaign(database: Database, publication: NewCampaignVersion): Promise<Publication> {
  const { definition, sourceText, digest, at, by } = publication;
  const campaignRef = definition.campaign as CampaignRef;
  return database.transaction(async (sql) => {
    await sql.query(
      'insert into campaigns (campaign_ref, priority) values ($1, $2) on conflict (campaign_ref) do nothing',
      [campaignRef, definition.priority],
    );
    // the lock on the campaign's row makes "the next version" a number that nobody else takes; who only refers to the
    // campaign (a reservation that holds a share of its budget) does not wait for it
    await sql.query('select 1 from campaigns where campaign_ref = $1 for no key update', [campaignRef]);
    const { rows } = await sql.query<{ newest: number | null; same: number | null }>(
      `select max(version) as newest, max(version) filter (where digest = $2) as same
         from campaign_versions where campaign_ref = $1`,
      [campaignRef, digest],
    );
    const { newest, same } = one(rows, 'the newest version');
    if (same !== null) return { campaignRef, version: same, isNew: false, newest: newest ?? same };
    await refuseUnapprovedReward(sql, definition, definitionDigest(definition));
    const version = (newest ?? 0) + 1;
    await sql.query(
      `insert into campaign_versions (campaign_ref, version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [campaignRef, version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    await sql.query('update campaigns set priority = $2 where campaign_ref = $1', [campaignRef, definition.priority]);
    if (definition.reward) await fundCampaign(sql, { campaignRef, version }, points(definition.reward.budget), at);
    return { campaignRef, version, isNew: true, newest: version };
  });
}

export interface CampaignVersion extends PublishedCampaign {
  sourceText: string;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version of a campaign, or null when there is none.
 * @param version the newest when left out
 */
export async function readCampaignVersion(
  sql: Sql,
  campaignRef: CampaignRef,
  version?: number,
): Promise<CampaignVersion | null> {
  const { rows } = await sql.query<CampaignVersion>(
    `select campaign_ref as "campaignRef", version, definition, source_text as "sourceText", digest,
            published_at as "publishedAt", published_by as "publishedBy"
       from campaign_versions
      where campaign_ref = $1 and ($2::integer is null or version = $2)
      order by version desc limit 1`,
    [campaignRef, version ?? null],
  );
  return rows[0] ?? null;
}

export interface CampaignSummary {
  campaignRef: CampaignRef;
  priority: number;
  version: number;
  playbook: string;
  publishedAt: Instant;
  publishedBy: string;
  openJourneys: number;
  closedJourneys: number;
}

/** Campaigns at their newest version, the first to choose customers on top; at most MAX_CAMPAIGNS_LISTED. */
export async function listCampaigns(sql: Sql): Promise<CampaignSummary[]> {
  const { rows } = await sql.query<CampaignSummary>(
    `with counted as (
       select campaign_ref, count(*) filter (where closed_at is null)::integer as open,
              count(closed_at)::integer as closed
         from journeys group by campaign_ref
     ), newest as (
       select distinct on (campaign_ref) campaign_ref, version, definition ->> 'playbook' as playbook,
              published_at, published_by
         from campaign_versions order by campaign_ref, version desc
     )
     select c.campaign_ref as "campaignRef", c.priority, n.version, n.playbook, n.published_at as "publishedAt",
            n.published_by as "publishedBy", coalesce(j.open, 0) as "openJourneys", coalesce(j.closed, 0) as "closedJourneys"
       from campaigns c join newest n using (campaign_ref) left join counted j using (campaign_ref)
      order by c.priority desc, c.campaign_ref limit $1`,
    [MAX_CAMPAIGNS_LISTED],
  );
  return rows;
}
