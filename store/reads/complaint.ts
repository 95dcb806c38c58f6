/** What people ask about complaints. The customer's words are not in a list: only who reads one complaint sees them. */
import type { ComplaintRef, CustomerRef, Instant, JourneyId } from '../../domain/types.js';
import type { Sql } from '../database.js';

/** A list shows at most this many complaints at a time. */
export const MAX_COMPLAINTS_LISTED = 1000;

export interface ComplaintSummary {
  complaintRef: ComplaintRef;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  workflowId: string;
  source: string;
  ruleSet: string;
  openedAt: Instant;
  dueAt: Instant;
  acknowledgedAt: Instant | null;
  handlerRef: string | null;
  aboutManagerRef: string | null;
  escalatedAt: Instant | null;
  escalatedTo: string | null;
  resolvedAt: Instant | null;
  resolvedBy: string | null;
  /** letters that did not reach the customer, by template and why: somebody has to write on paper */
  undelivered: string[];
}

const SUMMARY = `
  select complaint_ref as "complaintRef", customer_ref as "customerRef", journey_id as "journeyId",
         workflow_id as "workflowId", source, rule_set as "ruleSet", opened_at as "openedAt", due_at as "dueAt",
         acknowledged_at as "acknowledgedAt", handler_ref as "handlerRef", about_manager_ref as "aboutManagerRef",
         escalated_at as "escalatedAt", escalated_to as "escalatedTo", resolved_at as "resolvedAt",
         resolved_by as "resolvedBy",
         array(select template || ': ' || coalesce(reason, o.state) from outreach o
                where o.complaint_ref = complaints.complaint_ref and o.state in ('withheld', 'refused', 'unknown')
                order by settled_at) as undelivered
    from complaints`;

export interface ComplaintFilter {
  open?: boolean | undefined;
  customerRef?: CustomerRef | undefined;
  /** complaints due later than this one: the last of the page before */
  after?: ComplaintRef | undefined;
  /** 1 to MAX_COMPLAINTS_LISTED */
  limit: number;
}

/** Complaints, those due first on top; `more` says that the list goes on after the last one. */
export async function listComplaints(
  sql: Sql,
  filter: ComplaintFilter,
): Promise<{ complaints: ComplaintSummary[]; more: boolean }> {
  const limit = Math.min(Math.max(1, filter.limit), MAX_COMPLAINTS_LISTED);
  const { rows } = await sql.query<ComplaintSummary>(
    `${SUMMARY}
      where (not $1 or resolved_at is null)
        and ($2::text is null or customer_ref = $2)
        and ($3::text is null or (due_at, complaint_ref) > (select due_at, complaint_ref from complaints where complaint_ref = $3))
      order by due_at, complaint_ref limit $4`,
    [filter.open ?? false, filter.customerRef ?? null, filter.after ?? null, limit + 1],
  );
  return { complaints: rows.slice(0, limit), more: rows.length > limit };
}

/** One complaint by its reference; null when there is none. */
export async function findComplaint(sql: Sql, complaintRef: string): Promise<ComplaintSummary | null> {
  const { rows } = await sql.query<ComplaintSummary>(`${SUMMARY} where complaint_ref = $1`, [complaintRef]);
  return rows[0] ?? null;
}
