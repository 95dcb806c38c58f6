import type { ComplaintRef, CustomerRef, Instant, JourneyId, MessageClass } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export type OutreachState = 'claimed' | 'waiting' | 'sent' | 'refused' | 'unknown' | 'withheld';

export interface OutreachRow {
  key: string;
  messageId: string;
  state: OutreachState;
  attempts: number;
}

export interface OutreachClaim {
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  complaintRef: ComplaintRef | null;
  template: string;
  messageClass: MessageClass;
  messageId: string;
  at: Instant;
}

/** The row of a message, locked until the transaction ends. */
export async function lockOutreach(sql: Sql, key: string): Promise<OutreachRow | null> {
  const { rows } = await sql.query<OutreachRow>(
    `select outreach_key as key, message_id as "messageId", state, attempts from outreach where outreach_key = $1 for update`,
    [key],
  );
  return rows[0] ?? null;
}

/** Claims a message for one attempt; the Message-ID of the first attempt stays. */
export async function claimOutreach(sql: Sql, claim: OutreachClaim): Promise<void> {
  await sql.query(
    `insert into outreach (outreach_key, customer_ref, journey_id, complaint_ref, template, message_class, message_id,
                           state, attempts, claimed_at, claimed_wall)
     values ($1, $2, $3, $4, $5, $6, $7, 'claimed', 1, $8, clock_timestamp())
     on conflict (outreach_key) do update
       set state = 'claimed', attempts = outreach.attempts + 1, claimed_at = $8, claimed_wall = clock_timestamp()`,
    [
      claim.key,
      claim.customerRef,
      claim.journeyId,
      claim.complaintRef,
      claim.template,
      claim.messageClass,
      claim.messageId,
      timestamp(claim.at),
    ],
  );
}

/** A message that the door kept back for good. */
export async function withholdOutreach(sql: Sql, claim: OutreachClaim, reason: string): Promise<void> {
  await sql.query(
    `insert into outreach (outreach_key, customer_ref, journey_id, complaint_ref, template, message_class, message_id,
                           state, reason, settled_at)
     values ($1, $2, $3, $4, $5, $6, $7, 'withheld', $8, $9)
     on conflict (outreach_key) do update set state = 'withheld', reason = $8, settled_at = $9`,
    [
      claim.key,
      claim.customerRef,
      claim.journeyId,
      claim.complaintRef,
      claim.template,
      claim.messageClass,
      claim.messageId,
      reason,
      timestamp(claim.at),
    ],
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
