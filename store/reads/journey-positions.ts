/** Where open journeys of a campaign stand, by what was recorded of them. Nothing is written here. */
import type { CampaignRef, CustomerRef, Instant, JourneyId } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';
import { surveyExpiry } from '../surveys.js';

export interface JourneyPlace {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  workflowId: string;
  version: number;
  step: string;
  stepsDone: string[];
  surveyAsked: boolean;
  /** it was answered or has expired */
  surveyOver: boolean;
  /** a call, a visit or a course of the journey is waited for */
  waiting: boolean;
}

/** Open journeys of a campaign, by id; those after `after`, at most `limit`. */
export async function journeyPlaces(
  sql: Sql,
  asked: { campaignRef: CampaignRef; after: JourneyId | null; limit: number; at: Instant },
): Promise<JourneyPlace[]> {
  const { rows } = await sql.query<JourneyPlace>(
    `select j.journey_id as "journeyId", j.customer_ref as "customerRef", j.workflow_id as "workflowId", j.version, j.step,
            j.steps_done as "stepsDone", s.journey_id is not null or o.settled_at is not null as "surveyAsked",
            -- a survey whose letter did not leave is over as soon as that is settled
            coalesce(s.answered_at is not null or ${surveyExpiry('$4')} <= $4 or o.state not in ('sent', 'unknown'), false) as "surveyOver",
            exists (select 1 from tasks t where t.task_key = 'journey:' || j.journey_id || ':' || j.step and t.done_at is null)
              or (j.step = 'education' and exists (select 1 from course_enrolments e
                                                    where e.journey_id = j.journey_id and e.completed_at is null)) as waiting
       from journeys j left join surveys s using (journey_id)
       left join outreach o on o.outreach_key = 'journey:' || j.journey_id || ':survey' and o.settled_at is not null
      where j.campaign_ref = $1 and j.closed_at is null and ($2::uuid is null or j.journey_id > $2)
      order by j.journey_id limit $3`,
    [asked.campaignRef, asked.after, asked.limit, timestamp(asked.at)],
  );
  return rows;
}
