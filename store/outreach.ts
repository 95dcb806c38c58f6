import type { CampaignRef, ComplaintRef, CustomerRef, Instant, JourneyId, MessageClass } from '../domain/types.js';
import type { ContactChannel } from '../domain/contact-policy.js';
import { timestamp, type Sql } from './database.js';

export type OutreachState = 'held' | 'claimed' | 'waiting' | 'sent' | 'refused' | 'unknown' | 'withheld';

export interface OutreachRow {
  key: string;
  messageId: string;
  state: OutreachState;
  attempts: number;
  channel: ContactChannel;
}

export interface OutreachClaim {
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  complaintRef: ComplaintRef | null;
  campaignRef: CampaignRef | null;
  template: string;
  messageClass: MessageClass;
  messageId: string;
  /** by which it goes, or would go */
  channel: ContactChannel;
  at: Instant;
}

/** The row of a message, locked until the transaction ends. */
export async function lockOutreach(sql: Sql, key: string): Promise<OutreachRow | null> {
  const { rows } = await sql.query<OutreachRow>(
    `select outreach_key as key, message_id as "messageId", state, attempts, channel from outreach where outreach_key = $1 for update`,
    [key],
  );
  return rows[0] ?? null;
}

const COLUMNS = `insert into outreach (outreach_key, customer_ref, journey_id, complaint_ref, campaign_ref, template,
                                       message_class, message_id, channel,`;
const columns = (claim: OutreachClaim): unknown[] => [
  claim.key,
  claim.customerRef,
  claim.journeyId,
  claim.complaintRef,
  claim.campaignRef,
  claim.template,
  claim.messageClass,
  claim.messageId,
  claim.channel,
];

/** Claims a message for one attempt; the Message-ID of the first attempt stays. */
export async function claimOutreach(sql: Sql, claim: OutreachClaim): Promise<void> {
  await sql.query(
    `${COLUMNS} state, attempts, claimed_at, claimed_wall)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'claimed', 1, $10, clock_timestamp())
     on conflict (outreach_key) do update
       set state = 'claimed', attempts = outreach.attempts + 1, channel = $9, claimed_at = $10, claimed_wall = clock_timestamp(),
           held_until = null, reason = null`,
    [...columns(claim), timestamp(claim.at)],
  );
}

/** A message that the door keeps back for now. @param until null: nobody can say */
export async function holdOutreach(
  sql: Sql,
  claim: OutreachClaim,
  reason: string,
  until: Instant | null,
): Promise<void> {
  await sql.query(
    `${COLUMNS} state, reason, held_until)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'held', $10, $11)
     on conflict (outreach_key) do update set state = 'held', channel = $9, reason = $10, held_until = $11`,
    [...columns(claim), reason, until === null ? null : timestamp(until)],
  );
}

/** A message that is kept back for good. */
export async function withholdOutreach(sql: Sql, claim: OutreachClaim, reason: string): Promise<void> {
  await sql.query(
    `${COLUMNS} state, reason, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'withheld', $10, $11)
     on conflict (outreach_key) do update
       set state = 'withheld', channel = $9, reason = $10, settled_at = $11, held_until = null`,
    [...columns(claim), reason, timestamp(claim.at)],
  );
}

/** What became of a claimed message; one that was settled by another attempt stays as it is. */
export async function settleOutreach(
  sql: Sql,
  key: string,
  settled: {
    state: OutreachState;
    subject: string | null;
    reason: string | null;
    serverAnswer: string | null;
    at: Instant;
  },
): Promise<void> {
  await sql.query(
    `update outreach set state = $2, subject = coalesce($3, subject), reason = $4, server_answer = $5, settled_at = $6
      where outreach_key = $1 and state = 'claimed'`,
    [key, settled.state, settled.subject, settled.reason, settled.serverAnswer, timestamp(settled.at)],
  );
}

/** A held message that is not sent any more. @returns what held it; null when it was never asked for */
export async function dropHeldOutreach(
  sql: Sql,
  key: string,
  at: Instant,
): Promise<{ template: string; reason: string | null } | null> {
  const { rows } = await sql.query<{ template: string; reason: string | null }>(
    `update outreach set state = 'withheld', settled_at = $2, held_until = null
      where outreach_key = $1 and state = 'held' returning template, reason`,
    [key, timestamp(at)],
  );
  return rows[0] ?? null;
}
