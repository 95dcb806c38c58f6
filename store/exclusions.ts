import {
  barsPlaybook,
  BARRED_FROM_CREDIT,
  EXCLUSION_RULES,
  refuseLift,
  type Exclusion,
  type ToLift,
} from '../domain/exclusion.js';
import type { CustomerRef, Instant, JourneyId } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { openJourneyOf } from './journeys.js';

/** Exclusions shown by one `listExclusions`. */
export const MAX_EXCLUSIONS_LISTED = 1000;

/** An order that the bank's rule refuses; the message says why. */
export class ExclusionRefused extends Error {
  override readonly name = 'ExclusionRefused';
}

/** An exclusion as it may be shown: its legal reason is recorded, and the application's role can't read it. */
export interface ExclusionRow {
  exclusionId: string;
  customerRef: CustomerRef;
  kind: Exclusion;
  excludedAt: Instant;
  excludedBy: string;
  liftedAt: Instant | null;
  liftedBy: string | null;
}

export interface NewExclusion {
  customerRef: CustomerRef;
  kind: Exclusion;
  /** the legal reason, 1 to MAX_LEGAL_REASON_CHARACTERS; nothing shows it */
  reason: string;
  /** a staff name, 1 to 100 characters */
  by: string;
  at: Instant;
}

export interface Excluded {
  exclusionId: string;
  /** the open journey that it ends, once its run is told */
  journey: { journeyId: JourneyId; workflowId: string } | null;
}

const ROW = `select exclusion_id as "exclusionId", customer_ref as "customerRef", kind, excluded_at as "excludedAt",
                    excluded_by as "excludedBy", lifted_at as "liftedAt", lifted_by as "liftedBy" from exclusions`;

/**
 * Excludes a customer: from the commit on nobody admits them, and the door for messages knows it. The run of an open
 * journey is told by the caller; where that fails, by the daily round.
 * @throws ExclusionRefused when there is no such customer, or they are excluded in this way already
 */
export function addExclusion(database: Database, exclusion: NewExclusion): Promise<Excluded> {
  const { customerRef, kind } = exclusion;
  return database.transaction(async (sql) => {
    const there = await sql.query('select 1 from customers where customer_ref = $1', [customerRef]);
    if (there.rowCount === 0) throw new ExclusionRefused(`there is no customer "${customerRef}"; check the reference`);
    await lockCustomer(sql, customerRef);
    const { rows } = await sql.query<ExclusionRow>(
      `${ROW} where customer_ref = $1 and kind = $2 and lifted_at is null`,
      [customerRef, kind],
    );
    const [standing] = rows;
    if (standing)
      throw new ExclusionRefused(
        `${customerRef} is excluded as ${kind} already, by ${standing.excludedBy} (${standing.exclusionId}); nothing was changed`,
      );
    return excludeWith(sql, exclusion);
  });
}

/** The same inside the transaction of a caller who holds the customer's row and knows that no such exclusion stands. */
export async function excludeWith(sql: Sql, exclusion: NewExclusion): Promise<Excluded> {
  const { customerRef, kind, reason, by, at } = exclusion;
  const { rows } = await unquoted(() =>
    sql.query<{ exclusionId: string }>(
      `insert into exclusions (customer_ref, kind, legal_reason, excluded_at, excluded_by)
       values ($1, $2, $3, $4, $5) returning exclusion_id as "exclusionId"`,
      [customerRef, kind, reason, timestamp(at), by],
    ),
  );
  const { exclusionId } = one(rows, 'the exclusion');
  const open = await openJourneyOf(sql, customerRef);
  const ends = open !== null && barsPlaybook([kind], open.definition.playbook);
  const journey = ends ? { journeyId: open.journeyId, workflowId: open.workflowId } : null;
  const journeyId = journey?.journeyId ?? null;
  await recordDecisions(sql, [
    {
      key: `exclusion:${exclusionId}:add`,
      customerRef,
      journeyId,
      kind: 'exclusion',
      verdict: kind,
      reasons: [],
      saw: { by, openJourney: open?.journeyId ?? null },
      result: { exclusionId, ends: journeyId },
      rules: EXCLUSION_RULES,
      at,
    },
  ]);
  return { exclusionId, journey };
}

/** Postgres quotes the row that it refuses: the reason must not get into a log that way. */
async function unquoted<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error) delete (error as { detail?: unknown }).detail;
    throw error;
  }
}

export interface Lift {
  exclusionId: string;
  /** 1 to MAX_LEGAL_REASON_CHARACTERS; as little shown as the reason for the exclusion */
  reason: string;
  by: string;
  at: Instant;
}

/**
 * Lifts an exclusion: the customer can be found and admitted again. What was withheld from them stays unsent.
 * @throws ExclusionRefused when there is none, it was lifted already, or its kind asks for a second person
 */
export function liftExclusion(database: Database, { exclusionId, reason, by, at }: Lift): Promise<ExclusionRow> {
  return database.transaction(async (sql) => {
    const seen = await readExclusion(sql, exclusionId);
    if (!seen)
      throw new ExclusionRefused(
        `there is no exclusion "${exclusionId}"; "keepwell exclusion list" shows what there is`,
      );
    await lockCustomer(sql, seen.customerRef);
    const standing: ToLift & ExclusionRow = one(
      (await sql.query<ExclusionRow>(`${ROW} where exclusion_id = $1 for update`, [exclusionId])).rows,
      `exclusion ${exclusionId}`,
    );
    const refused = refuseLift(standing, by);
    if (refused !== null) throw new ExclusionRefused(`${refused}; nothing was changed`);
    await unquoted(() =>
      sql.query(
        'update exclusions set lifted_at = greatest($2::timestamptz, excluded_at), lifted_by = $3, lift_reason = $4 where exclusion_id = $1',
        [exclusionId, timestamp(at), by, reason],
      ),
    );
    await recordDecisions(sql, [
      {
        key: `exclusion:${exclusionId}:lift`,
        customerRef: standing.customerRef,
        journeyId: null,
        kind: 'exclusion',
        verdict: 'lifted',
        reasons: [standing.kind],
        saw: { by, excludedBy: standing.excludedBy },
        result: { exclusionId },
        rules: EXCLUSION_RULES,
        at,
      },
    ]);
    const lifted = await readExclusion(sql, exclusionId);
    return one(lifted ? [lifted] : [], `exclusion ${exclusionId}`);
  });
}

/** @param exclusionId what somebody wrote: it need not be an id */
export async function readExclusion(sql: Sql, exclusionId: string): Promise<ExclusionRow | null> {
  const { rows } = await sql.query<ExclusionRow>(`${ROW} where exclusion_id::text = $1`, [exclusionId]);
  return rows[0] ?? null;
}

export interface ExclusionFilter {
  customerRef: CustomerRef | null;
  /** those that were lifted as well */
  lifted: boolean;
  /** 1 to MAX_EXCLUSIONS_LISTED */
  limit: number;
}

/** The newest first. */
export async function listExclusions(
  sql: Sql,
  { customerRef, lifted, limit }: ExclusionFilter,
): Promise<{ exclusions: ExclusionRow[]; more: boolean }> {
  const { rows } = await sql.query<ExclusionRow>(
    `${ROW} where ($1::text is null or customer_ref = $1) and ($2 or lifted_at is null)
      order by exclusion_id desc limit $3`,
    [customerRef, lifted, limit + 1],
  );
  return { exclusions: rows.slice(0, limit), more: rows.length > limit };
}

/** Open journeys of customers who are excluded from them: their runs may not have been told. */
export async function journeysOfExcluded(sql: Sql): Promise<{ journeyId: JourneyId; workflowId: string }[]> {
  const { rows } = await sql.query<{ journeyId: JourneyId; workflowId: string }>(
    `select distinct j.journey_id as "journeyId", j.workflow_id as "workflowId"
       from exclusions e
       join journeys j on j.customer_ref = e.customer_ref and j.closed_at is null
       join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
      where e.lifted_at is null and (v.definition ->> 'playbook' <> 'credit' or e.kind = any($1))
      order by 1`,
    [BARRED_FROM_CREDIT],
  );
  return rows;
}
