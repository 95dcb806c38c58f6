import type { CustomerRef, Instant, JourneyId, SurveyId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export interface SurveyRow {
  surveyId: SurveyId;
  expiresAt: Instant;
  answeredAt: Instant | null;
  score: number | null;
}

/** The journey's survey; asked once, however often the step is tried. */
export async function openSurvey(
  sql: Sql,
  journeyId: JourneyId,
  customerRef: CustomerRef,
  at: Instant,
  expiresAt: Instant,
): Promise<void> {
  await sql.query(
    `insert into surveys (journey_id, customer_ref, asked_at, expires_at) values ($1, $2, $3, $4) on conflict (journey_id) do nothing`,
    [journeyId, customerRef, timestamp(at), timestamp(expiresAt)],
  );
}

export async function surveyReminded(sql: Sql, journeyId: JourneyId): Promise<void> {
  await sql.query('update surveys set reminders = reminders + 1 where journey_id = $1', [journeyId]);
}

/**
 * When a survey `s` of a journey `j` expires: while the campaign is paused, as much later as the pause has lasted; its end
 * writes that down.
 * @param at SQL of the business instant that it is asked at
 */
export const surveyExpiry = (at: string): string =>
  `s.expires_at + coalesce((select greatest(${at}::timestamptz - greatest(p.paused_at, s.asked_at), interval '0')
                             from campaign_pauses p
                            where p.campaign_ref = j.campaign_ref and p.resumed_at is null and p.paused_at < s.expires_at),
                          interval '0')`;

/** The journey's survey, locked until the transaction ends. */
export async function lockSurvey(sql: Sql, journeyId: JourneyId, at: Instant): Promise<SurveyRow | null> {
  const { rows } = await sql.query<SurveyRow>(
    `select survey_id as "surveyId", ${surveyExpiry('$2')} as "expiresAt", answered_at as "answeredAt", score
       from surveys s join journeys j using (journey_id) where journey_id = $1 for update of s`,
    [journeyId, timestamp(at)],
  );
  return rows[0] ?? null;
}

export async function answerSurvey(
  sql: Sql,
  surveyId: SurveyId,
  score: number,
  comment: string | null,
  at: Instant,
): Promise<void> {
  await sql.query(
    'update surveys set score = $2, comment = $3, answered_at = $4 where survey_id = $1 and answered_at is null',
    [surveyId, score, comment, timestamp(at)],
  );
}
