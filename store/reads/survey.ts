/** How customers answer surveys. */
import type { CampaignRef } from '../../domain/types.js';
import type { Sql } from '../database.js';

export interface SurveyResponses {
  /** a letter certainly left, or the answer came */
  asked: number;
  answered: number;
  /** nobody knows whether the letter arrived, and no answer came: silence that says nothing, and is not in `asked` */
  deliveryUnknown: number;
  /** the letter was held back or refused */
  notAsked: number;
}

/** Of one campaign, or of all; the response rate is answered ÷ asked. */
export async function surveyResponses(sql: Sql, campaignRef: CampaignRef | null = null): Promise<SurveyResponses> {
  const { rows } = await sql.query<SurveyResponses>(
    `select count(*) filter (where response in ('asked', 'answered'))::int as asked,
            count(*) filter (where response = 'answered')::int as answered,
            count(*) filter (where response = 'delivery-unknown')::int as "deliveryUnknown",
            count(*) filter (where response = 'not-asked')::int as "notAsked"
       from survey_responses where $1::text is null or campaign_ref = $1`,
    [campaignRef],
  );
  return rows[0] ?? { asked: 0, answered: 0, deliveryUnknown: 0, notAsked: 0 };
}
