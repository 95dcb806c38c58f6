/** What the customers' pages have to know; they read and never write here. */
import type { ComplaintRef, CustomerRef, Instant, JourneyId, Language, ZoneId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';
import { surveyExpiry } from './surveys.js';

/** Open complaints shown on one page, newest first; more is a conversation for a person. */
export const MAX_COMPLAINTS_SHOWN = 20;

export interface PageCustomer {
  customerRef: CustomerRef;
  language: Language;
  zone: ZoneId;
}

/** Whom a page speaks to; null when the customer is unknown or was erased, since then the link is dead too. */
export async function readPageCustomer(sql: Sql, customerRef: CustomerRef): Promise<PageCustomer | null> {
  const { rows } = await sql.query<{ language: Language; zone: ZoneId }>(
    'select language, zone from customers where customer_ref = $1 and erased_at is null',
    [customerRef],
  );
  return rows[0] ? { customerRef, ...rows[0] } : null;
}

export interface PageSurvey {
  customer: PageCustomer;
  state: 'open' | 'answered' | 'expired' | 'over';
  /** business instant; null until the survey has been asked */
  expiresAt: Instant | null;
}

interface SurveyRow {
  customer_ref: CustomerRef;
  language: Language;
  zone: ZoneId;
  answered: boolean;
  over: boolean;
  expires_at: Instant | null;
}

/**
 * A journey's survey as its page shows it; null when there is no such journey or its customer was erased.
 * @param now business instant; from the instant of its expiry on a survey is expired
 */
export async function readPageSurvey(sql: Sql, journeyId: JourneyId, now: Instant): Promise<PageSurvey | null> {
  const { rows } = await sql.query<SurveyRow>(
    `select c.customer_ref, c.language, c.zone, s.answered_at is not null as answered,
            j.closed_at is not null as over, ${surveyExpiry('$2')} as expires_at
       from journeys j
       join customers c using (customer_ref)
       left join surveys s using (journey_id)
      where j.journey_id = $1 and c.erased_at is null`,
    [journeyId, timestamp(now)],
  );
  const row = rows[0];
  if (!row) return null;
  const customer = { customerRef: row.customer_ref, language: row.language, zone: row.zone };
  return { customer, state: surveyState(row, now), expiresAt: row.expires_at };
}

function surveyState(row: SurveyRow, now: Instant): PageSurvey['state'] {
  if (row.answered) return 'answered';
  if (row.expires_at !== null && now >= row.expires_at) return 'expired';
  return row.over ? 'over' : 'open';
}

export interface PageComplaint {
  complaintRef: ComplaintRef;
  openedAt: Instant;
  dueAt: Instant;
  step: 'open' | 'assigned' | 'escalated';
}

/** The customer's complaints that nobody has answered for good yet, newest first, at most MAX_COMPLAINTS_SHOWN. */
export async function readOpenComplaints(sql: Sql, customerRef: CustomerRef): Promise<PageComplaint[]> {
  const { rows } = await sql.query<{
    complaint_ref: ComplaintRef;
    opened_at: Instant;
    due_at: Instant;
    step: PageComplaint['step'];
  }>(
    `select complaint_ref, opened_at, due_at,
            case when escalated_at is not null then 'escalated'
                 when handler_ref is not null then 'assigned' else 'open' end as step
       from complaints
      where customer_ref = $1 and resolved_at is null
      order by opened_at desc, complaint_ref desc
      limit $2`,
    [customerRef, MAX_COMPLAINTS_SHOWN],
  );
  return rows.map((row) => ({
    complaintRef: row.complaint_ref,
    openedAt: row.opened_at,
    dueAt: row.due_at,
    step: row.step,
  }));
}

/** The receipt of a complaint that was taken under this key before, so that a page sent again shows the same number. */
export async function readComplaintReceipt(
  sql: Sql,
  customerRef: CustomerRef,
  complaintKey: string,
): Promise<{ complaintRef: ComplaintRef; dueAt: Instant } | null> {
  const { rows } = await sql.query<{ complaint_ref: ComplaintRef; due_at: Instant }>(
    'select complaint_ref, due_at from complaints where customer_ref = $1 and complaint_key = $2',
    [customerRef, complaintKey],
  );
  return rows[0] ? { complaintRef: rows[0].complaint_ref, dueAt: rows[0].due_at } : null;
}
