import type { ComplaintRef, CustomerRef, Instant, JourneyId, ManagerRef } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

export interface ComplaintRow {
  complaintRef: ComplaintRef;
  complaintKey: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  openedAt: Instant;
  dueAt: Instant;
  aboutManagerRef: ManagerRef | null;
  handlerRef: string | null;
  escalatedAt: Instant | null;
  escalatedTo: string | null;
  resolvedAt: Instant | null;
  resolution: string | null;
}

const COMPLAINT = `
  select complaint_ref as "complaintRef", complaint_key as "complaintKey", customer_ref as "customerRef",
         journey_id as "journeyId", opened_at as "openedAt", due_at as "dueAt", about_manager_ref as "aboutManagerRef",
         handler_ref as "handlerRef", escalated_at as "escalatedAt", escalated_to as "escalatedTo",
         resolved_at as "resolvedAt", resolution
    from complaints`;

export async function complaintByKey(sql: Sql, key: string): Promise<ComplaintRow | null> {
  const { rows } = await sql.query<ComplaintRow>(`${COMPLAINT} where complaint_key = $1`, [key]);
  return rows[0] ?? null;
}

/** @throws Error when there is no such complaint */
export async function complaintByRef(sql: Sql, ref: ComplaintRef): Promise<ComplaintRow> {
  const { rows } = await sql.query<ComplaintRow>(`${COMPLAINT} where complaint_ref = $1`, [ref]);
  return one(rows, `complaint ${ref}`);
}

export async function lockComplaint(sql: Sql, ref: ComplaintRef): Promise<ComplaintRow> {
  const { rows } = await sql.query<ComplaintRow>(`${COMPLAINT} where complaint_ref = $1 for update`, [ref]);
  return one(rows, `complaint ${ref}`);
}

/** Which of these runs belong to complaints that nobody has answered yet. */
export async function unansweredAmong(
  sql: Sql,
  workflowIds: readonly string[],
): Promise<{ complaintKey: string; customerRef: CustomerRef; source: NewComplaint['source'] }[]> {
  const { rows } = await sql.query<{ complaintKey: string; customerRef: CustomerRef; source: NewComplaint['source'] }>(
    `select complaint_key as "complaintKey", customer_ref as "customerRef", source
       from complaints where workflow_id = any($1) and resolved_at is null order by complaint_ref`,
    [workflowIds],
  );
  return rows;
}

export interface NewComplaint {
  complaintKey: string;
  workflowId: string;
  customerRef: CustomerRef;
  source: 'survey' | 'page' | 'staff';
  narrative: string;
  openedAt: Instant;
  dueAt: Instant;
  ruleSet: string;
}

/**
 * Opens a complaint and gives it its number. The caller holds the customer's row: from this commit on no promotion
 * leaves. The open journey is noted on it, and the manager
 * whom it may be about: the journey's, else the last one, else the customer's own.
 */
export async function insertComplaint(sql: Sql, complaint: NewComplaint): Promise<ComplaintRow> {
  await sql.query(
    `insert into complaints (complaint_ref, complaint_key, customer_ref, journey_id, about_manager_ref, workflow_id, source,
                             narrative, opened_at, opened_wall, due_at, rule_set)
     select 'K-' || to_char($6::timestamptz at time zone 'UTC', 'YYYY') || '-' || lpad(n::text, greatest(7, length(n::text)), '0'),
            $1, $2, j.journey_id, coalesce(j.manager_ref, last.manager_ref, c.manager_ref), $3, $4, $5, $6, clock_timestamp(), $7, $8
       from customers c
      cross join nextval('complaint_numbers') n
       left join journeys j on j.customer_ref = c.customer_ref and j.closed_at is null
       left join lateral (select manager_ref from journeys where customer_ref = c.customer_ref and manager_ref is not null
                           order by admitted_at desc limit 1) last on true
      where c.customer_ref = $2`,
    [
      complaint.complaintKey,
      complaint.customerRef,
      complaint.workflowId,
      complaint.source,
      complaint.narrative,
      timestamp(complaint.openedAt),
      timestamp(complaint.dueAt),
      complaint.ruleSet,
    ],
  );
  return one(
    await complaintByKey(sql, complaint.complaintKey).then((row) => (row ? [row] : [])),
    `complaint ${complaint.complaintKey}`,
  );
}

export async function complaintAcknowledged(sql: Sql, ref: ComplaintRef, at: Instant): Promise<void> {
  await sql.query('update complaints set acknowledged_at = coalesce(acknowledged_at, $2) where complaint_ref = $1', [
    ref,
    timestamp(at),
  ]);
}

export async function complaintAssigned(sql: Sql, ref: ComplaintRef, handlerRef: string, at: Instant): Promise<void> {
  await sql.query('update complaints set handler_ref = $2, assigned_at = $3 where complaint_ref = $1', [
    ref,
    handlerRef,
    timestamp(at),
  ]);
}

export async function complaintEscalated(sql: Sql, ref: ComplaintRef, to: string, at: Instant): Promise<void> {
  await sql.query('update complaints set escalated_at = $3, escalated_to = $2 where complaint_ref = $1', [
    ref,
    to,
    timestamp(at),
  ]);
}

export async function complaintResolved(
  sql: Sql,
  ref: ComplaintRef,
  by: string,
  resolution: string,
  at: Instant,
): Promise<void> {
  await sql.query(
    `update complaints set resolved_at = $4, resolved_wall = clock_timestamp(), resolved_by = $2, resolution = $3
      where complaint_ref = $1 and resolved_at is null`,
    [ref, by, resolution, timestamp(at)],
  );
}

/** Whether a complaint of the customer is open. */
export async function hasOpenComplaint(sql: Sql, customerRef: CustomerRef): Promise<boolean> {
  const { rowCount } = await sql.query(
    'select 1 from complaints where customer_ref = $1 and resolved_at is null limit 1',
    [customerRef],
  );
  return rowCount === 1;
}
