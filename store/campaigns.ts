import type { PublishedCampaign } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { readToday } from '../domain/campaign-upgrade.js';
import { versionState, type VersionState } from '../domain/campaign-launch.js';
import type { CampaignRef, Instant } from '../domain/types.js';
import { refuseUnapprovedReward } from './approvals.js';
import { timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';

/** Campaigns shown by `listCampaigns`; a bank that has more has lost sight of them. */
export const MAX_CAMPAIGNS_LISTED = 500;
export const MAX_VERSIONS_LISTED = 500;

export interface NewCampaignVersion {
  definition: CampaignDefinition;
  /** the file as it was edited, comments included */
  sourceText: string;
  digest: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
  /** the version that the file was edited from; when a newer one is there by now, nothing is published */
  editedFrom?: number;
}

export interface Publication {
  campaignRef: CampaignRef;
  version: number;
  /** false: this definition had been published before and was not touched */
  isNew: boolean;
  newest: number;
  /** the version that new journeys begin with; null: none was launched yet */
  inForce: number | null;
}

/** Somebody else was faster; the message says who, and what to do. */
export class PublishedMeanwhile extends Error {
  override readonly name = 'PublishedMeanwhile';
}

/** The definition names tiers that this bank doesn't have, or that nobody can be in. */
export class TierUnknown extends Error {
  override readonly name = 'TierUnknown';
}

/**
 * Publishes a definition as the campaign's next version: a proposal, until a second person launches it. A version never
 * changes: the same definition again gives the version there is. Publishers of one campaign wait for each other.
 * @throws PublishedMeanwhile when a newer version than `editedFrom` is there
 * @throws RewardNotApproved when the bank's jurisdiction forbids its reward and compliance has not approved this version,
 * or the same person did
 * @throws TierUnknown when the bank doesn't have its tiers
 */
export function publishCampaign(database: Database, publication: NewCampaignVersion): Promise<Publication> {
  const { definition, sourceText, digest, at, by } = publication;
  const campaignRef = definition.campaign as CampaignRef;
  return database.transaction(async (sql) => {
    await sql.query(
      'insert into campaigns (campaign_ref, priority) values ($1, $2) on conflict (campaign_ref) do nothing',
      [campaignRef, definition.priority],
    );
    await lockCampaign(sql, campaignRef);
    const { newest, same, inForce } = await versionsThere(sql, campaignRef, digest);
    if (same !== null) return { campaignRef, version: same, isNew: false, newest: newest?.version ?? same, inForce };
    refuseOvertaken(campaignRef, newest, publication.editedFrom);
    await refuseUnknownTiers(sql, definition);
    await refuseUnapprovedReward(sql, definition, definitionDigest(definition), by);
    const version = (newest?.version ?? 0) + 1;
    await sql.query(
      `insert into campaign_versions (campaign_ref, version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [campaignRef, version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    return { campaignRef, version, isNew: true, newest: version, inForce };
  });
}

/**
 * The lock on the campaign's row makes "the next version" a number that nobody else takes, and a launch one that nobody
 * else decides; who only refers to the campaign (a reservation that holds a share of its budget) does not wait for it.
 */
export async function lockCampaign(sql: Sql, campaignRef: CampaignRef): Promise<void> {
  await sql.query('select 1 from campaigns where campaign_ref = $1 for no key update', [campaignRef]);
}

interface NewestVersion {
  version: number;
  publishedBy: string;
}

async function versionsThere(
  sql: Sql,
  campaignRef: CampaignRef,
  digest: string,
): Promise<{ newest: NewestVersion | null; same: number | null; inForce: number | null }> {
  const { rows } = await sql.query<NewestVersion & { same: number | null; inForce: number | null }>(
    `select version, published_by as "publishedBy",
            max(version) filter (where digest = $2) over () as same,
            (select max(version) from campaign_launches where campaign_ref = $1) as "inForce"
       from campaign_versions where campaign_ref = $1 order by version desc limit 1`,
    [campaignRef, digest],
  );
  const [newest] = rows;
  return { newest: newest ?? null, same: newest?.same ?? null, inForce: newest?.inForce ?? null };
}

function refuseOvertaken(campaignRef: CampaignRef, newest: NewestVersion | null, editedFrom?: number): void {
  if (editedFrom === undefined) return;
  const there = newest?.version ?? 0;
  if (there === editedFrom) return;
  throw new PublishedMeanwhile(
    there > editedFrom
      ? `version ${there} of ${campaignRef} was published by ${newest?.publishedBy} while you edited version ${editedFrom}; take over what it changes ("keepwell campaign show ${campaignRef} --version ${there}") and publish your file with --from ${there}`
      : `${campaignRef} has no version ${editedFrom}; ${there === 0 ? 'nothing is published yet: leave --from out' : `the newest is ${there}`}`,
  );
}

/** Which tiers there are only a bank knows: without one nobody is in any, and the next publication is asked again. */
async function refuseUnknownTiers(sql: Sql, { campaign, audience: { tiers } }: CampaignDefinition): Promise<void> {
  const { rows } = await sql.query<{ ref: string; rank: number }>(
    'select tier_ref as ref, rank from tiers order by rank',
  );
  if (rows.length === 0) return;
  const known = rows.map(({ ref }) => ref);
  const say = (what: string): never => {
    throw new TierUnknown(`${campaign} can't be published: ${what}`);
  };
  if (tiers === 'all-but-lowest' && rows.length === 1)
    say(
      `audience.tiers is all-but-lowest, and this bank has one tier (${known.join()}): nobody could belong; write all`,
    );
  if (typeof tiers === 'string') return;
  const unknown = tiers.filter((tier) => !known.includes(tier));
  if (unknown.length > 0)
    say(`audience.tiers names ${unknown.join(', ')}, and this bank has ${known.join(', ')}; write some of these`);
}

export interface CampaignVersion extends PublishedCampaign {
  sourceText: string;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
  state: VersionState;
  /** null: nobody launched it */
  launchedAt: Instant | null;
  launchedBy: string | null;
}

const VERSION = `
  select v.campaign_ref as "campaignRef", v.version, definition, source_text as "sourceText", digest,
         published_at as "publishedAt", published_by as "publishedBy",
         launched_at as "launchedAt", launched_by as "launchedBy", f.in_force as "inForce"
    from campaign_versions v
    left join campaign_launches using (campaign_ref, version)
   cross join lateral (select max(version) as in_force from campaign_launches l where l.campaign_ref = v.campaign_ref) f`;

async function versionRows(sql: Sql, where: string, values: readonly unknown[]): Promise<CampaignVersion[]> {
  const { rows } = await sql.query<Omit<CampaignVersion, 'state'> & { inForce: number | null }>(
    `${VERSION} where ${where}`,
    values,
  );
  return rows.map(({ inForce, ...row }) => ({
    ...row,
    state: versionState(row.version, inForce),
    definition: readToday(row.definition),
  }));
}

/**
 * One version of a campaign, or null when there is none.
 * @param version the newest when left out, launched or not
 */
export async function readCampaignVersion(
  sql: Sql,
  campaignRef: CampaignRef,
  version?: number,
): Promise<CampaignVersion | null> {
  const [found] = await versionRows(
    sql,
    'v.campaign_ref = $1 and ($2::integer is null or v.version = $2) order by v.version desc limit 1',
    [campaignRef, version ?? null],
  );
  return found ?? null;
}

/** All versions of a campaign, the oldest first; at most MAX_VERSIONS_LISTED, the newest of them. */
export async function readCampaignVersions(sql: Sql, campaignRef: CampaignRef): Promise<CampaignVersion[]> {
  const found = await versionRows(sql, 'v.campaign_ref = $1 order by v.version desc limit $2', [
    campaignRef,
    MAX_VERSIONS_LISTED,
  ]);
  return found.reverse();
}

export interface CampaignSummary {
  campaignRef: CampaignRef;
  priority: number;
  playbook: string;
  /** null: none was launched yet */
  inForce: number | null;
  launchedAt: Instant | null;
  launchedBy: string | null;
  /** the newest version that waits for a second person; null: none does */
  proposed: number | null;
  proposedBy: string | null;
  openJourneys: number;
  closedJourneys: number;
}

/** Campaigns with the version in force and the one proposed, the first to choose customers on top; at most MAX_CAMPAIGNS_LISTED. */
export async function listCampaigns(sql: Sql): Promise<CampaignSummary[]> {
  const { rows } = await sql.query<CampaignSummary>(
    `with counted as (
       select campaign_ref, count(*) filter (where closed_at is null)::integer as open,
              count(closed_at)::integer as closed
         from journeys group by campaign_ref
     ), newest as (
       select distinct on (campaign_ref) campaign_ref, version, definition ->> 'playbook' as playbook, published_by
         from campaign_versions order by campaign_ref, version desc
     ), in_force as (
       select distinct on (campaign_ref) campaign_ref, l.version, launched_at, launched_by, definition ->> 'playbook' as playbook
         from campaign_launches l join campaign_versions using (campaign_ref, version) order by campaign_ref, l.version desc
     )
     select c.campaign_ref as "campaignRef", c.priority, coalesce(f.playbook, n.playbook) as playbook,
            f.version as "inForce", f.launched_at as "launchedAt", f.launched_by as "launchedBy",
            case when n.version > coalesce(f.version, 0) then n.version end as proposed,
            case when n.version > coalesce(f.version, 0) then n.published_by end as "proposedBy",
            coalesce(j.open, 0) as "openJourneys", coalesce(j.closed, 0) as "closedJourneys"
       from campaigns c join newest n using (campaign_ref) left join in_force f using (campaign_ref)
       left join counted j using (campaign_ref)
      order by c.priority desc, c.campaign_ref limit $1`,
    [MAX_CAMPAIGNS_LISTED],
  );
  return rows;
}

/** Calendars of holidays that the campaigns in force keep. */
export async function calendarsInForce(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ calendar: string }>(
    `select distinct v.definition #>> '{contact,calendar}' as calendar
       from campaign_versions v
       join (select campaign_ref, max(version) as version from campaign_launches group by 1) l using (campaign_ref, version)
      where v.definition #>> '{contact,calendar}' is not null order by 1`,
  );
  return rows.map(({ calendar }) => calendar);
}
