import type { Instant } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { holdDoor } from './door-locks.js';
import { PauseRefused } from './pauses.js';

export interface OutboundStop {
  stopId: string;
  stoppedAt: Instant;
  stoppedBy: string;
  reason: string;
}

/** The stop that is in force, or null when messages may leave. */
export async function openStop(sql: Sql): Promise<OutboundStop | null> {
  const { rows } = await sql.query<OutboundStop>(
    `select stop_id as "stopId", stopped_at as "stoppedAt", stopped_by as "stoppedBy", reason
       from outbound_stops where resumed_at is null`,
  );
  return rows[0] ?? null;
}

/**
 * The kill switch: from the commit on nothing is claimed, of whatever class and campaign. What was claimed before may
 * still be handed over, for one lease at the most.
 * @throws PauseRefused when everything is stopped already
 */
export function stopOutbound(
  database: Database,
  stop: { at: Instant; by: string; reason: string },
): Promise<OutboundStop> {
  return database.transaction(async (sql) => {
    await holdDoor(sql, null);
    const standing = await openStop(sql);
    if (standing)
      throw new PauseRefused(
        `everything outbound is stopped already, since ${new Date(standing.stoppedAt).toISOString()} by ${standing.stoppedBy}`,
      );
    await sql.query('insert into outbound_stops (stopped_at, stopped_by, reason) values ($1, $2, $3)', [
      timestamp(stop.at),
      stop.by,
      stop.reason,
    ]);
    const made = await openStop(sql);
    return one(made ? [made] : [], 'the stop');
  });
}

/** @returns the stop that is over @throws PauseRefused when nothing is stopped */
export function resumeOutbound(database: Database, end: { at: Instant; by: string }): Promise<OutboundStop> {
  return database.transaction(async (sql) => {
    await holdDoor(sql, null);
    const standing = await openStop(sql);
    if (!standing) throw new PauseRefused('nothing is stopped: messages leave as they are due');
    await sql.query(
      'update outbound_stops set resumed_at = greatest($2::timestamptz, stopped_at), resumed_by = $3 where stop_id = $1',
      [standing.stopId, timestamp(end.at), end.by],
    );
    return standing;
  });
}

/** Stops that ended since an instant. */
export async function stopsOverSince(sql: Sql, since: Instant): Promise<string[]> {
  const { rows } = await sql.query<{ stopId: string }>(
    'select stop_id as "stopId" from outbound_stops where resumed_at >= $1 order by resumed_at',
    [timestamp(since)],
  );
  return rows.map(({ stopId }) => stopId);
}
