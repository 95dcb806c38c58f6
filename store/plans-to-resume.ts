import { judgeInstalments } from '../domain/instalments.js';
import type { PlanRef, PlanStep } from '../domain/repayment-plan.js';
import type { CustomerRef, Instant, ZoneId } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';
import { deadline, planStep } from './plan-steps.js';
import { PLAN_COLUMNS, readInstalments, type InstalmentRow, type PlanRow } from './repayment-plans.js';
import { wasReminded } from './reminders.js';
import { repaid } from './repayments.js';

/** A plan that must have its run, or whose run must know of something. */
export interface PlanToResume {
  planRef: PlanRef;
  customerRef: CustomerRef;
  next: PlanStep;
  /** the last instalment that was missed, of which the customer may not have been told; null: none */
  missed: number | null;
  /** something was repaid, or a person has decided, which its run may not know */
  news: boolean;
}

/**
 * Plans that are not closed, and those that were closed of late, whose run may not have heard of it; by reference, at
 * most `limit` after the last one of the page before.
 * @param zone the bank's
 */
export async function plansToResume(
  sql: Sql,
  page: { after: PlanRef | null; limit: number; closedSince: Instant; zone: ZoneId },
): Promise<PlanToResume[]> {
  const { rows } = await sql.query<PlanRow>(
    `select ${PLAN_COLUMNS} from repayment_plans
      where agreed_at is not null and (approval_reasons = '{}' or approved_at is not null)
        and (closed_at is null or closed_at > $3) and ($1::text is null or plan_ref > $1)
      order by plan_ref limit $2`,
    [page.after, page.limit, timestamp(page.closedSince)],
  );
  const plans: PlanToResume[] = [];
  for (const plan of rows) plans.push(await toResume(sql, plan, page.zone));
  return plans;
}

/** What the run of a plan is started with. @param zone the bank's */
export async function toResume(sql: Sql, plan: PlanRow, zone: ZoneId): Promise<PlanToResume> {
  const { planRef, customerRef } = plan;
  const instalments = await readInstalments(sql, planRef);
  const missed = instalments.findLast(({ state }) => state === 'missed')?.number ?? null;
  const next = await planStep(sql, plan, instalments, zone);
  const news = plan.closedAt !== null || (await wouldPay(sql, plan, instalments));
  return { planRef, customerRef, next, missed, news };
}

/** Whether what was repaid pays for a further instalment. */
async function wouldPay(sql: Sql, plan: PlanRow, instalments: readonly InstalmentRow[]): Promise<boolean> {
  if (plan.state !== 'running') return false;
  const current = instalments.find(({ state }) => state === 'due')?.number ?? null;
  const { inTime, soFar } = await repaid(sql, plan, deadline(plan, instalments, current));
  const looking = { current, final: false, paidInTime: inTime, paidSoFar: soFar };
  const orders = (await wasReminded(sql, plan.planRef, current)) ? [false] : [true, false];
  return orders.some((missedFirst) => judgeInstalments(instalments, { ...looking, missedFirst }).length > 0);
}
