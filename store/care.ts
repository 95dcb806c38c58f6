import { CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { PlainDate } from '../domain/types.js';
import type { Sql } from './database.js';
import { openPlan } from './open-plan.js';

/** Open journeys of the tier playbook whose customers are in credit trouble: found on the day, or with a repayment plan. */
export async function tierJourneysInTrouble(sql: Sql, asOf: PlainDate): Promise<{ workflowId: string }[]> {
  const { rows } = await sql.query<{ workflowId: string }>(
    `select j.workflow_id as "workflowId"
       from journeys j join campaign_versions v using (campaign_ref, version)
      where j.closed_at is null and v.definition ->> 'playbook' = 'tier'
        and (exists (select 1 from findings f where f.customer_ref = j.customer_ref and f.as_of = $1 and f.trigger = any($2))
             or ${openPlan('j.customer_ref')})
      order by j.journey_id`,
    [asOf, CREDIT_TRIGGERS],
  );
  return rows;
}
