import type { CampaignRef, Instant, JourneyId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export interface JourneyMove {
  moveId: string;
  fromVersion: number;
  toVersion: number;
  movedAt: Instant;
}

/** Puts an open journey under another version and remembers the move. */
export async function moveJourneyRow(
  sql: Sql,
  move: {
    journeyId: JourneyId;
    campaignRef: CampaignRef;
    from: number;
    to: number;
    step: string;
    at: Instant;
    by: string;
  },
): Promise<void> {
  const { journeyId, campaignRef, from, to, step, at, by } = move;
  await sql.query('update journeys set version = $2 where journey_id = $1 and closed_at is null', [journeyId, to]);
  await sql.query(
    `insert into journey_moves (journey_id, campaign_ref, from_version, to_version, step, moved_at, moved_by)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [journeyId, campaignRef, from, to, step, timestamp(at), by],
  );
}

/** The journey's last move that stands, or null. */
export async function lastMove(sql: Sql, journeyId: JourneyId): Promise<JourneyMove | null> {
  const { rows } = await sql.query<JourneyMove>(
    `select move_id as "moveId", from_version as "fromVersion", to_version as "toVersion", moved_at as "movedAt"
       from journey_moves where journey_id = $1 and undone_at is null order by move_id desc limit 1`,
    [journeyId],
  );
  return rows[0] ?? null;
}

/** Whether anything was handed over to the customer, or given to a manager to do, since the move. */
export async function contactedSince(sql: Sql, journeyId: JourneyId, since: Instant): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select 1 from outreach where journey_id = $1 and claimed_at >= $2
     union all
     select 1 from tasks where journey_id = $1 and opened_at >= $2 limit 1`,
    [journeyId, timestamp(since)],
  );
  return rowCount === 1;
}

export async function undoMove(sql: Sql, moveId: string, at: Instant): Promise<void> {
  await sql.query('update journey_moves set undone_at = $2 where move_id = $1', [moveId, timestamp(at)]);
}
