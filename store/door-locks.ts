import type { CampaignRef } from '../domain/types.js';
import type { Sql } from './database.js';

/** Any number that no other advisory lock uses. */
const DOOR_LOCK = 7_114_022;
/** The whole house's door; campaigns' own are told by the hash of their name (two that share one merely wait together). */
const WHOLE_HOUSE = 0;

/**
 * Taken by each claim of a message, after the customer's row, and let go with its transaction. Whatever closes the door
 * for many at once takes the same locks alone: once that has committed, nothing is claimed any more that it forbids.
 */
export async function passDoor(sql: Sql, campaignRef: CampaignRef | null): Promise<void> {
  await sql.query(
    `select pg_advisory_xact_lock_shared($1, door)
       from (select $2::int as door union all select hashtext($3) where $3::text is not null) doors`,
    [DOOR_LOCK, WHOLE_HOUSE, campaignRef],
  );
}

/** Waits until no claim is under way and lets none begin until the transaction ends. @param campaignRef null: the house */
export async function holdDoor(sql: Sql, campaignRef: CampaignRef | null): Promise<void> {
  if (campaignRef === null) await sql.query('select pg_advisory_xact_lock($1, $2)', [DOOR_LOCK, WHOLE_HOUSE]);
  else await sql.query('select pg_advisory_xact_lock($1, hashtext($2))', [DOOR_LOCK, campaignRef]);
}
