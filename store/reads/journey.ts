/** What people ask about journeys: a list, and all that was recorded about one. Nothing is written here. */
import type { CampaignRef, CustomerRef, Instant, JourneyId, Outcome, PlainDate } from '../../domain/types.js';
import type { Sql } from '../database.js';

/** A list shows at most this many journeys at a time. */
export const MAX_JOURNEYS_LISTED = 1000;
/** A journey stays under 150 events; more records than this of one kind are not its story any more. */
export const MAX_RECORDS_READ = 500;

export interface JourneySummary {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  campaignRef: CampaignRef;
  version: number;
  step: string;
  stepWords: string;
  managerRef: string | null;
  admittedAt: Instant;
  goalMetAt: Instant | null;
  closedAt: Instant | null;
  outcome: Outcome | null;
}

const SUMMARY = `
  select journey_id as "journeyId", customer_ref as "customerRef", campaign_ref as "campaignRef", version, step,
         step_words as "stepWords", manager_ref as "managerRef", admitted_at as "admittedAt",
         goal_met_at as "goalMetAt", closed_at as "closedAt", outcome
    from journeys`;

export interface JourneyFilter {
  state?: 'open' | 'closed' | undefined;
  outcome?: Outcome | undefined;
  customerRef?: CustomerRef | undefined;
  /** journeys older than this one: the last of the page before */
  after?: JourneyId | undefined;
  /** 1 to MAX_JOURNEYS_LISTED */
  limit: number;
}

/** Journeys, the newest first; `more` says that the list goes on after the last one. */
export async function listJourneys(
  sql: Sql,
  filter: JourneyFilter,
): Promise<{ journeys: JourneySummary[]; more: boolean }> {
  const limit = Math.min(Math.max(1, filter.limit), MAX_JOURNEYS_LISTED);
  const { rows } = await sql.query<JourneySummary>(
    `${SUMMARY}
      where ($1::text is null or (closed_at is null) = ($1 = 'open'))
        and ($2::text is null or outcome = $2)
        and ($3::text is null or customer_ref = $3)
        and ($4::uuid is null or journey_id < $4)
      order by journey_id desc limit $5`,
    [filter.state ?? null, filter.outcome ?? null, filter.customerRef ?? null, filter.after ?? null, limit + 1],
  );
  return { journeys: rows.slice(0, limit), more: rows.length > limit };
}

export interface JourneyRecord extends JourneySummary {
  workflowId: string;
  tierAtStart: string;
  asOf: PlainDate;
  startedAt: Instant | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A journey by its id, or the newest one of the customer of that reference; null when there is none. */
export async function findJourney(sql: Sql, idOrCustomer: string): Promise<JourneyRecord | null> {
  const column = UUID.test(idOrCustomer) ? 'journey_id' : 'customer_ref';
  const { rows } = await sql.query<JourneyRecord>(
    `select journey_id as "journeyId", customer_ref as "customerRef", campaign_ref as "campaignRef", version, step,
            step_words as "stepWords", manager_ref as "managerRef", admitted_at as "admittedAt",
            goal_met_at as "goalMetAt", closed_at as "closedAt", outcome, workflow_id as "workflowId",
            tier_at_start as "tierAtStart", as_of as "asOf", started_at as "startedAt"
       from journeys where ${column} = $1 order by journey_id desc limit 1`,
    [idOrCustomer],
  );
  return rows[0] ?? null;
}

export interface DecisionRecord {
  key: string;
  kind: string;
  verdict: string;
  reasons: string[];
  saw: Record<string, unknown>;
  rules: string;
  at: Instant;
}
export interface OutreachRecord {
  key: string;
  template: string;
  messageClass: string;
  state: string;
  attempts: number;
  at: Instant | null;
}
export interface ComplaintRecord {
  complaintRef: string;
  openedAt: Instant;
  dueAt: Instant;
  handlerRef: string | null;
  escalatedTo: string | null;
  resolvedAt: Instant | null;
}
export interface PostingRecord {
  key: string;
  points: bigint;
  memo: string;
  at: Instant;
}
export interface SurveyRecord {
  askedAt: Instant;
  expiresAt: Instant;
  reminders: number;
  answeredAt: Instant | null;
  score: number | null;
}

/** All that was recorded about a journey, each kind in the order of time and at most MAX_RECORDS_READ of it. */
export interface JourneyRecords {
  journey: JourneyRecord;
  decisions: DecisionRecord[];
  outreach: OutreachRecord[];
  survey: SurveyRecord | null;
  complaints: ComplaintRecord[];
  postings: PostingRecord[];
}

export async function readJourneyRecords(sql: Sql, journey: JourneyRecord): Promise<JourneyRecords> {
  const { rows: decisions } = await sql.query<DecisionRecord>(
    `select decision_key as key, kind, verdict, reasons, saw, rules, decided_at as at
       from decisions
      where journey_id = $1
         -- letters about a complaint belong to the complaint, and that to the journey
         or (customer_ref = $2 and saw ->> 'complaintRef' in (select complaint_ref from complaints where journey_id = $1))
      order by sequence limit $3`,
    [journey.journeyId, journey.customerRef, MAX_RECORDS_READ],
  );
  const { rows: outreach } = await sql.query<OutreachRecord>(
    `select outreach_key as key, template, message_class as "messageClass", state, attempts,
            coalesce(settled_at, claimed_at) as at
       from outreach where journey_id = $1 order by 6, 1 limit $2`,
    [journey.journeyId, MAX_RECORDS_READ],
  );
  const { rows: surveys } = await sql.query<SurveyRecord>(
    `select asked_at as "askedAt", expires_at as "expiresAt", reminders, answered_at as "answeredAt", score
       from surveys where journey_id = $1`,
    [journey.journeyId],
  );
  const { rows: complaints } = await sql.query<ComplaintRecord>(
    `select complaint_ref as "complaintRef", opened_at as "openedAt", due_at as "dueAt", handler_ref as "handlerRef",
            escalated_to as "escalatedTo", resolved_at as "resolvedAt"
       from complaints where journey_id = $1 order by opened_at, 1 limit $2`,
    [journey.journeyId, MAX_RECORDS_READ],
  );
  const { rows: postings } = await sql.query<PostingRecord>(
    `select idempotency_key as key, amount as points, memo, posted_at as at
       from postings where idempotency_key = 'reward:' || $1 || ':' || $2 and posted_at between $3 and coalesce($4::timestamptz, 'infinity')
      order by posting_id limit $5`,
    [
      journey.campaignRef,
      journey.customerRef,
      new Date(journey.admittedAt),
      journey.closedAt === null ? null : new Date(journey.closedAt),
      MAX_RECORDS_READ,
    ],
  );
  return { journey, decisions, outreach, survey: surveys[0] ?? null, complaints, postings };
}
