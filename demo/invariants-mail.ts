import { CLAIM_LEASE_MS } from '../activities/mail.js';
import { wallTime } from '../domain/business-clock.js';
import type { Instant } from '../domain/types.js';
import type { Finding } from './invariants.js';
import type { AcceptedMail } from './mailbox.js';
import type { Stage } from './stage.js';

/**
 * By the mailbox: no Message-ID twice, and no letter that no row of the outbox tells of (the same letter under a second
 * Message-ID would be one). A statutory letter may come again under its own where a crash left the first sending unsure.
 */
export async function noMessageIdTwice(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const { rows } = await stage.owner.query<{ id: string; unsure: boolean }>(
    `select '<' || message_id || '>' as id, message_class = 'statutory' and attempts > 1 as unsure from outreach
     union all select '<' || message_id || '>', false from manager_digests`,
  );
  const outbox = new Map(rows.map((row) => [row.id, row.unsure]));
  const times = new Map<string, number>();
  for (const { messageId } of mails) times.set(messageId, (times.get(messageId) ?? 0) + 1);
  const against = [...times].flatMap(([id, count]) => {
    if (!outbox.has(id)) return [`${id} was accepted and is in no outbox`];
    return count > 1 && !outbox.get(id) ? [`${id} was accepted ${count} times`] : [];
  });
  return { looked: mails.length, against };
}

/**
 * The promotions among the letters: what is called one, and whatever was written from a campaign's offer, whatever class
 * that was sent under.
 */
async function promotionsOf(stage: Stage, mails: AcceptedMail[]): Promise<AcceptedMail[]> {
  const { rows } = await stage.owner.query<{ id: string }>(
    `select '<' || message_id || '>' as id from outreach
      where template in (select step ->> 'template' from campaign_versions, jsonb_array_elements(definition -> 'steps') step
                          where step ->> 'kind' = 'offer')`,
  );
  const offers = new Set(rows.map((row) => row.id));
  return mails.filter((mail) => mail.messageClass === 'promotional' || offers.has(mail.messageId));
}

/** No promotion is accepted after its customer said no to them, but for what was claimed before, within the lease. */
export async function noPromotionAfterOptOut(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const { rows } = await stage.owner.query<{ email: string; at: Instant }>(
    `select email, changed_at as at from consents join customers using (customer_ref)
      where purpose = 'promotional' and not granted and consents.source like 'page:%'`,
  );
  const promotions = await promotionsOf(stage, mails);
  const against = rows.flatMap(({ email, at }) => {
    const said = wallTime(stage.clock, at);
    return promotions
      .filter((mail) => mail.to === email && mail.acceptedAt > said + CLAIM_LEASE_MS)
      .map((mail) => `${mail.messageId} was accepted after the customer had unsubscribed`);
  });
  return { looked: rows.length, against };
}

interface ComplaintTimes {
  email: string;
  opened: number;
  resolved: number | null;
}

/** By the mailbox's instants. What was claimed before the complaint's commit may overtake it, within the lease. */
export async function noPromotionDuringComplaint(stage: Stage, mails: AcceptedMail[]): Promise<Finding> {
  const { rows: complaints } = await stage.owner.query<ComplaintTimes>(
    'select email, opened_wall as opened, resolved_wall as resolved from complaints join customers using (customer_ref)',
  );
  const { rows: claims } = await stage.owner.query<{ id: string; claimed: number }>(
    `select '<' || message_id || '>' as id, claimed_wall as claimed from outreach where message_class = 'promotional' and claimed_wall is not null`,
  );
  const claimed = new Map(claims.map((claim) => [claim.id, claim.claimed]));
  const promotions = await promotionsOf(stage, mails);
  const against = promotions.flatMap((mail) => {
    const during = complaints.filter(
      (complaint) =>
        complaint.email === mail.to &&
        mail.acceptedAt > complaint.opened &&
        (complaint.resolved === null || mail.acceptedAt < complaint.resolved),
    );
    const at = claimed.get(mail.messageId);
    const inFlight = (opened: number): boolean =>
      at !== undefined && at <= opened && mail.acceptedAt - at <= CLAIM_LEASE_MS;
    return during
      .filter((complaint) => !inFlight(complaint.opened))
      .map(() => `${mail.messageId} was accepted while a complaint was open`);
  });
  // a promotion that waited or was dropped shows that there was something to hold
  const { rows: held } = await stage.owner.query(
    `select 1 from decisions where kind = 'message' and reasons ? 'complaint-open' limit 1`,
  );
  return { looked: held.length === 0 ? 0 : promotions.length, against };
}
