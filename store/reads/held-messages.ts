import type { Sql } from '../database.js';

/** Kinds of reasons shown; there are fewer combinations than this in practice. */
const MAX_REASONS_SHOWN = 50;

/** How many messages the door holds back now, by what held them. */
export async function heldMessages(sql: Sql): Promise<{ reason: string; messages: number }[]> {
  const { rows } = await sql.query<{ reason: string; messages: number }>(
    `select coalesce(reason, '') as reason, count(*)::integer as messages from outreach
      where state = 'held' group by 1 order by 2 desc, 1 limit $1`,
    [MAX_REASONS_SHOWN],
  );
  return rows;
}
