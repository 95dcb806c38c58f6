import type { CampaignDefinition } from '../domain/campaign.js';
import type { Trigger } from '../domain/trigger-names.js';
import type {
  CampaignRef,
  CustomerRef,
  FindingId,
  Instant,
  JourneyId,
  ManagerRef,
  Outcome,
  PlainDate,
  TierRef,
} from '../domain/types.js';
import { readToday } from '../domain/campaign-upgrade.js';
import { one, timestamp, type Sql } from './database.js';

export interface JourneyRow {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  campaignRef: CampaignRef;
  version: number;
  asOf: PlainDate;
  workflowId: string;
  step: string;
  stepsDone: string[];
  managerRef: ManagerRef | null;
  tierAtStart: TierRef;
  tierRankAtStart: number;
  admittedAt: Instant;
  goalMetAt: Instant | null;
  goalDaysHeld: number;
  closedAt: Instant | null;
  outcome: Outcome | null;
  definition: CampaignDefinition;
}

const JOURNEY = `
  select journey_id as "journeyId", j.customer_ref as "customerRef", j.campaign_ref as "campaignRef", j.version,
         as_of as "asOf", workflow_id as "workflowId", step, steps_done as "stepsDone", j.manager_ref as "managerRef",
         tier_at_start as "tierAtStart", t.rank as "tierRankAtStart", admitted_at as "admittedAt",
         goal_met_at as "goalMetAt", coalesce((goal_evidence ->> 'daysHeld')::int, 0) as "goalDaysHeld",
         closed_at as "closedAt", outcome, v.definition
    from journeys j
    join tiers t on t.tier_ref = j.tier_at_start
    join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version`;

async function journeyRows(sql: Sql, where: string, values: readonly unknown[] = []): Promise<JourneyRow[]> {
  const { rows } = await sql.query<JourneyRow>(`${JOURNEY} where ${where}`, values);
  return rows.map((row) => ({ ...row, definition: readToday(row.definition) }));
}

export async function readJourney(sql: Sql, journeyId: JourneyId): Promise<JourneyRow> {
  return one(await journeyRows(sql, 'journey_id = $1', [journeyId]), `journey ${journeyId}`);
}

export interface NewJourney {
  customerRef: CustomerRef;
  campaignRef: CampaignRef;
  version: number;
  findingId: FindingId | null;
  asOf: PlainDate;
  tierRef: TierRef;
  at: Instant;
}

/**
 * Adds an open journey; its workflow's id is made of the journey's.
 * @returns null when the customer has an open journey already: the database allows one
 */
export async function insertJourney(sql: Sql, journey: NewJourney): Promise<JourneyId | null> {
  const { rows } = await sql.query<{ journey_id: JourneyId }>(
    `with made as (select uuidv7() as id)
     insert into journeys (journey_id, workflow_id, customer_ref, campaign_ref, version, finding_id, as_of, tier_at_start, admitted_at)
     select id, 'journey:' || id, $1, $2, $3, $4, $5, $6, $7 from made
     on conflict do nothing returning journey_id`,
    [
      journey.customerRef,
      journey.campaignRef,
      journey.version,
      journey.findingId,
      journey.asOf,
      journey.tierRef,
      timestamp(journey.at),
    ],
  );
  return rows[0]?.journey_id ?? null;
}

export interface JourneyToStart {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  campaignRef: CampaignRef;
  version: number;
}

/** Journeys that were admitted but whose workflow was not seen to start, oldest first. */
export async function journeysToStart(sql: Sql, limit: number): Promise<JourneyToStart[]> {
  const { rows } = await sql.query<JourneyToStart>(
    `select journey_id as "journeyId", customer_ref as "customerRef", campaign_ref as "campaignRef", version
       from journeys where started_at is null and closed_at is null order by journey_id limit $1`,
    [limit],
  );
  return rows;
}

export async function journeyStarted(sql: Sql, journeyIds: readonly JourneyId[], at: Instant): Promise<void> {
  await sql.query('update journeys set started_at = coalesce(started_at, $2) where journey_id = any($1)', [
    journeyIds,
    timestamp(at),
  ]);
}

/** The journey's place in words, for lists: they read the table, not the runs. */
export async function projectStep(
  sql: Sql,
  journeyId: JourneyId,
  step: string,
  words: string,
  at: Instant,
): Promise<void> {
  await sql.query(
    `update journeys set step = $2, step_words = $3, started_at = coalesce(started_at, $4)
      where journey_id = $1 and closed_at is null`,
    [journeyId, step, words, timestamp(at)],
  );
}

/** A step of the campaign is behind the journey: sent, dropped, or with the manager. */
export async function stepDone(sql: Sql, journeyId: JourneyId, step: string): Promise<void> {
  await sql.query(
    'update journeys set steps_done = array_append(steps_done, $2) where journey_id = $1 and not steps_done @> array[$2]',
    [journeyId, step],
  );
}

export async function assignJourney(sql: Sql, journeyId: JourneyId, managerRef: ManagerRef): Promise<void> {
  await sql.query('update journeys set manager_ref = $2 where journey_id = $1', [journeyId, managerRef]);
}

export async function closeJourney(
  sql: Sql,
  journeyId: JourneyId,
  outcome: Outcome,
  words: string,
  at: Instant,
): Promise<void> {
  await sql.query(
    `update journeys set outcome = $2, closed_at = $4, step = 'closed', step_words = $3
      where journey_id = $1 and closed_at is null`,
    [journeyId, outcome, words, timestamp(at)],
  );
  // what the door held back for the journey waits for nothing any more
  await sql.query(
    `update outreach set state = 'withheld', settled_at = $2, held_until = null, reason = concat_ws(', ', reason, 'journey-closed')
      where journey_id = $1 and state = 'held'`,
    [journeyId, timestamp(at)],
  );
  // its run waits for no task any more
  await sql.query('update tasks set told_at = $2 where journey_id = $1 and done_at is not null and told_at is null', [
    journeyId,
    timestamp(at),
  ]);
}

/** Which of these workflows belong to journeys that the records still call open. */
export async function openAmong(sql: Sql, workflowIds: readonly string[]): Promise<JourneyId[]> {
  const { rows } = await sql.query<{ journey_id: JourneyId }>(
    'select journey_id from journeys where workflow_id = any($1) and closed_at is null order by journey_id',
    [workflowIds],
  );
  return rows.map((row) => row.journey_id);
}

/** Marks the goal as met, once. @returns false when it was met before or the journey has ended */
export async function markGoalMet(
  sql: Sql,
  journeyId: JourneyId,
  evidence: { by: string; daysHeld: number; periodEnd: PlainDate },
  at: Instant,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update journeys set goal_met_at = $3, goal_evidence = $2
      where journey_id = $1 and goal_met_at is null and closed_at is null`,
    [journeyId, JSON.stringify(evidence), timestamp(at)],
  );
  return rowCount === 1;
}

/**
 * Open journeys with a goal to watch (those of the tier playbook whose tier can be lost), by customer.
 * @param customerRefs of these customers alone; all without it
 */
export function journeysWithGoal(sql: Sql, customerRefs?: readonly CustomerRef[]): Promise<JourneyRow[]> {
  return journeyRows(
    sql,
    `closed_at is null and goal_met_at is null and t.rank > 0 and v.definition ->> 'playbook' = 'tier'
       and ($1::text[] is null or j.customer_ref = any($1)) order by j.customer_ref`,
    [customerRefs ?? null],
  );
}

/** Journeys whose goal is met and whose workflow is still open: it may not have been told yet. */
export async function journeysToTell(sql: Sql): Promise<{ journeyId: JourneyId; workflowId: string }[]> {
  const { rows } = await sql.query<{ journeyId: JourneyId; workflowId: string }>(
    `select journey_id as "journeyId", workflow_id as "workflowId" from journeys
      where goal_met_at is not null and closed_at is null order by journey_id`,
  );
  return rows;
}

/** What was found on the day that led to the journey, the gravest first. */
export async function triggersFound(sql: Sql, journey: Pick<JourneyRow, 'customerRef' | 'asOf'>): Promise<Trigger[]> {
  const { rows } = await sql.query<{ trigger: Trigger }>(
    'select trigger from findings where customer_ref = $1 and as_of = $2 order by score desc, trigger',
    [journey.customerRef, journey.asOf],
  );
  return rows.map((row) => row.trigger);
}

/** The customer's open journey, of whatever campaign; there is at most one. */
export async function openJourneyOf(sql: Sql, customerRef: CustomerRef): Promise<JourneyRow | null> {
  const [journey] = await journeyRows(sql, 'j.customer_ref = $1 and closed_at is null', [customerRef]);
  return journey ?? null;
}

/**
 * Journeys of a campaign, or of all, that have something to hear, by id: open ones, and closed ones whose last letter is
 * held. Those after `after`, at most `limit`.
 */
export function journeysToHear(
  sql: Sql,
  { campaignRef, after, limit }: { campaignRef: CampaignRef | null; after: JourneyId | null; limit: number },
): Promise<JourneyRow[]> {
  return journeyRows(
    sql,
    `(closed_at is null or exists (select 1 from outreach o where o.journey_id = j.journey_id and o.state = 'held'))
       and ($1::text is null or j.campaign_ref = $1) and ($2::uuid is null or journey_id > $2)
      order by journey_id limit $3`,
    [campaignRef, after, limit],
  );
}
