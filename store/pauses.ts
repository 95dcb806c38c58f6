import type { CampaignRef, Instant } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { holdDoor } from './door-locks.js';

export interface CampaignPause {
  pauseId: string;
  campaignRef: CampaignRef;
  pausedAt: Instant;
  pausedBy: string;
  reason: string;
  resumedAt: Instant | null;
}

/** Somebody asked for a pause or its end where there is nothing to do; the message says how things stand. */
export class PauseRefused extends Error {}

const PAUSE = `select pause_id as "pauseId", campaign_ref as "campaignRef", paused_at as "pausedAt", paused_by as "pausedBy",
                      reason, resumed_at as "resumedAt" from campaign_pauses`;

/** The pause that a campaign is in, or null. */
export async function openPause(sql: Sql, campaignRef: CampaignRef): Promise<CampaignPause | null> {
  const { rows } = await sql.query<CampaignPause>(`${PAUSE} where campaign_ref = $1 and resumed_at is null`, [
    campaignRef,
  ]);
  return rows[0] ?? null;
}

/**
 * Closes the door for a campaign: from the commit on none of its messages is claimed. What was claimed before may still be
 * handed over, for one lease at the most.
 * @throws PauseRefused when there is no such campaign, or it is paused already
 */
export function pauseCampaign(
  database: Database,
  pause: { campaignRef: CampaignRef; at: Instant; by: string; reason: string },
): Promise<CampaignPause> {
  const { campaignRef, at, by, reason } = pause;
  return database.transaction(async (sql) => {
    await holdDoor(sql, campaignRef);
    const { rowCount } = await sql.query('select 1 from campaigns where campaign_ref = $1', [campaignRef]);
    if (rowCount === 0)
      throw new PauseRefused(`there is no campaign "${campaignRef}"; "keepwell campaign list" shows what there is`);
    const standing = await openPause(sql, campaignRef);
    if (standing)
      throw new PauseRefused(
        `${campaignRef} is paused already, since ${new Date(standing.pausedAt).toISOString()} by ${standing.pausedBy}`,
      );
    await sql.query(
      'insert into campaign_pauses (campaign_ref, paused_at, paused_by, reason) values ($1, $2, $3, $4)',
      [campaignRef, timestamp(at), by, reason],
    );
    const made = await openPause(sql, campaignRef);
    return one(made ? [made] : [], `the pause of ${campaignRef}`);
  });
}

/**
 * Opens the door again, and gives back to surveys that are out and to rewards that are reserved what the pause took from
 * them.
 * @returns the pause that is over
 * @throws PauseRefused when the campaign is not paused
 */
export function resumeCampaign(
  database: Database,
  end: { campaignRef: CampaignRef; at: Instant; by: string },
): Promise<CampaignPause & { resumedAt: Instant }> {
  const { campaignRef, at, by } = end;
  return database.transaction(async (sql) => {
    await holdDoor(sql, campaignRef);
    const standing = await openPause(sql, campaignRef);
    if (!standing) throw new PauseRefused(`${campaignRef} is not paused; there is nothing to resume`);
    const resumedAt = Math.max(at, standing.pausedAt) as Instant;
    await sql.query('update campaign_pauses set resumed_at = $2, resumed_by = $3 where pause_id = $1', [
      standing.pauseId,
      timestamp(resumedAt),
      by,
    ]);
    await sql.query(
      `update surveys s
          set expires_at = expires_at + ($3::timestamptz - greatest($2::timestamptz, asked_at))
         from journeys j
        where j.journey_id = s.journey_id and j.campaign_ref = $1 and j.closed_at is null
          and s.answered_at is null and s.expires_at > $2`,
      [campaignRef, timestamp(standing.pausedAt), timestamp(resumedAt)],
    );
    await sql.query(
      `update reward_reservations set expires_at = expires_at + ($3::timestamptz - greatest($2::timestamptz, reserved_at))
        where campaign_ref = $1 and settled_at is null`,
      [campaignRef, timestamp(standing.pausedAt), timestamp(resumedAt)],
    );
    return { ...standing, resumedAt };
  });
}

/** Pauses that stand, or ended since an instant, in the order in which they began. */
export async function pausesSince(sql: Sql, since: Instant): Promise<CampaignPause[]> {
  const { rows } = await sql.query<CampaignPause>(
    `${PAUSE} where resumed_at is null or resumed_at >= $1 order by paused_at, pause_id`,
    [timestamp(since)],
  );
  return rows;
}

/** Campaigns that are paused now, by name. */
export async function pausedCampaigns(sql: Sql): Promise<CampaignRef[]> {
  const { rows } = await sql.query<{ ref: CampaignRef }>(
    'select campaign_ref as ref from campaign_pauses where resumed_at is null order by 1',
  );
  return rows.map(({ ref }) => ref);
}
