import type { CustomerRef } from '../domain/types.js';
import type { Sql } from './database.js';

/** Whose promotions a withdrawal speaks of: of the channel that it came by, or of every one that reaches the customer. */
export type WithdrawnFrom = 'any-channel' | 'every-channel';

/**
 * The workflow of the open journey that promotes and has to hear of a withdrawn consent to promotions, or null. A
 * withdrawal from before the journey was admitted is no news to it; one since then is told again when it is said again.
 *  - any-channel: somebody answered a message of ours with "stop", and meant it;
 *  - every-channel: somebody chose on the page where promotions go; while one channel is left the journey goes on by it.
 */
export async function journeyToTell(
  sql: Sql,
  customerRef: CustomerRef,
  withdrawn: WithdrawnFrom,
): Promise<string | null> {
  const { rows } = await sql.query<{ workflow_id: string }>(
    `select j.workflow_id
       from journeys j
       join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
      where j.customer_ref = $1 and j.closed_at is null and v.definition ->> 'playbook' is distinct from 'credit'
        and exists (select 1 from consents s where s.customer_ref = j.customer_ref and s.purpose = 'promotional'
                       and s.channel <> 'call' and not s.granted and s.changed_at >= j.admitted_at)
        and ($2 = 'any-channel'
          or not exists (select 1 from consents s where s.customer_ref = j.customer_ref and s.purpose = 'promotional'
                            and s.channel <> 'call' and s.granted
                            and (s.channel = 'email' or exists (
                              select 1 from contact_addresses a
                               where a.customer_ref = s.customer_ref and a.channel = s.channel))))`,
    [customerRef, withdrawn],
  );
  return rows[0]?.workflow_id ?? null;
}
