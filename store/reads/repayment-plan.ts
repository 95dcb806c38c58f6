/** What people ask about repayment plans. */
import type { PlanRef, PlanState } from '../../domain/repayment-plan.js';
import type { CustomerRef, Instant, Minor, PlainDate } from '../../domain/types.js';
import type { Sql } from '../database.js';
import { PLAN_COLUMNS, type PlanRow } from '../repayment-plans.js';

/** A list shows at most this many plans at a time. */
export const MAX_PLANS_LISTED = 1000;

export interface PlanSummary extends PlanRow {
  instalments: number;
  /** kept, or made good later */
  paid: number;
  /** missed, and not paid since */
  missed: number;
  paidAmount: Minor;
  nextDue: PlainDate | null;
  endedBy: string | null;
  /** null: it was not asked for back */
  standing: 'asked' | 'granted' | 'refused' | null;
  standingAskedAt: Instant | null;
  standingAnsweredBy: string | null;
}

const SUMMARY = `
  select ${PLAN_COLUMNS}, i.*, ended_by as "endedBy", s.*
    from repayment_plans p
   cross join lateral (
     select count(*)::integer as instalments,
            count(*) filter (where state in ('kept', 'made-good'))::integer as paid,
            count(*) filter (where state = 'missed')::integer as missed,
            coalesce(sum(amount_minor) filter (where state in ('kept', 'made-good')), 0)::bigint as "paidAmount",
            min(due_on) filter (where state = 'due') as "nextDue"
       from instalments where plan_ref = p.plan_ref) i
    left join lateral (
     select coalesce(answer, 'asked') as standing, asked_at as "standingAskedAt", answered_by as "standingAnsweredBy"
       from standing_requests where plan_ref = p.plan_ref) s on true`;

export interface PlanFilter {
  state?: PlanState | undefined;
  customerRef?: CustomerRef | undefined;
  /** only those whose standing was asked for back and nobody has answered */
  unanswered?: boolean | undefined;
  /** plans older than this one: the last of the page before */
  after?: PlanRef | undefined;
  /** 1 to MAX_PLANS_LISTED */
  limit: number;
}

/** Plans, the newest first; `more` says that the list goes on after the last one. */
export async function listPlans(sql: Sql, filter: PlanFilter): Promise<{ plans: PlanSummary[]; more: boolean }> {
  const limit = Math.min(Math.max(1, filter.limit), MAX_PLANS_LISTED);
  const { rows } = await sql.query<PlanSummary>(
    `${SUMMARY}
      where ($1::text is null or state = $1) and ($2::text is null or customer_ref = $2)
        and ($3::text is null or plan_ref < $3) and (not $4 or standing = 'asked')
      order by plan_ref desc limit $5`,
    [filter.state ?? null, filter.customerRef ?? null, filter.after ?? null, filter.unanswered ?? false, limit + 1],
  );
  return { plans: rows.slice(0, limit), more: rows.length > limit };
}

/** One plan by its reference; null when there is none. */
export async function findPlan(sql: Sql, planRef: string): Promise<PlanSummary | null> {
  const { rows } = await sql.query<PlanSummary>(`${SUMMARY} where plan_ref = $1`, [planRef]);
  return rows[0] ?? null;
}

export interface PlanLetterSent {
  template: string;
  state: string;
  at: Instant | null;
}

/** The letters about a plan, in their order. */
export async function planLetters(sql: Sql, planRef: PlanRef): Promise<PlanLetterSent[]> {
  const { rows } = await sql.query<PlanLetterSent>(
    `select template, state || coalesce(': ' || reason, '') as state, coalesce(settled_at, claimed_at) as at
       from outreach where customer_ref = (select customer_ref from repayment_plans where plan_ref = $1)
        and starts_with(outreach_key, 'plan:' || $1 || ':') order by at nulls last`,
    [planRef],
  );
  return rows;
}
