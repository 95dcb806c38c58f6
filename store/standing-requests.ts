import { planWorkflowId, type PlanRef } from '../domain/repayment-plan.js';
import type { CustomerRef, Instant } from '../domain/types.js';
import { timestamp, type Database, type Sql } from './database.js';
import { closePlanTask, STANDING, withdrawPlanTasks } from './plan-tasks.js';
import { PlanRefused, recordPlanDecision, withPlan, type PlanOrder } from './repayment-plans.js';

/** That a customer gets the credit standing back, once a plan was kept. */
export interface StandingRequest {
  planRef: PlanRef;
  customerRef: CustomerRef;
  askedAt: Instant;
  answer: 'granted' | 'refused' | null;
  answeredAt: Instant | null;
  answeredBy: string | null;
  reason: string | null;
}

/** The request of a plan; null when nothing was asked for. */
export async function readStandingRequest(sql: Sql, planRef: PlanRef): Promise<StandingRequest | null> {
  const { rows } = await sql.query<StandingRequest>(
    `select plan_ref as "planRef", customer_ref as "customerRef", asked_at as "askedAt", answer,
            answered_at as "answeredAt", answered_by as "answeredBy", reason
       from standing_requests where plan_ref = $1`,
    [planRef],
  );
  return rows[0] ?? null;
}

/**
 * A person answers for the standing, once; with it the plan is closed.
 * @param order.reason why it is refused; null: it is granted
 * @throws PlanRefused when nothing was asked for, or it was answered otherwise
 */
export function answerStanding(
  database: Database,
  { planRef, by, reason, at }: Omit<PlanOrder, 'zone'> & { reason: string | null },
): Promise<{ request: StandingRequest; isNew: boolean }> {
  return withPlan(database, planRef, async (sql, plan) => {
    const { customerRef, journeyId } = plan;
    const asked = await readStandingRequest(sql, planRef);
    if (!asked)
      throw new PlanRefused(`the standing is asked for back when all instalments of ${planRef} are paid; they are not`);
    const answer = reason === null ? 'granted' : 'refused';
    if (asked.answer === answer) return { request: asked, isNew: false };
    if (asked.answer !== null) throw new PlanRefused(`the standing of ${planRef} was ${asked.answer} already`);
    await sql.query(
      `update standing_requests set answer = $2, answered_at = $3, answered_by = $4, reason = $5 where plan_ref = $1`,
      [planRef, answer, timestamp(at), by, reason],
    );
    await sql.query('update repayment_plans set closed_at = $2 where plan_ref = $1', [planRef, timestamp(at)]);
    await closePlanTask(sql, plan, STANDING, at, by);
    await withdrawPlanTasks(sql, plan, at);
    const key = `${planWorkflowId(planRef)}:standing`;
    const told = { customerRef, journeyId, verdict: answer, reasons: [], saw: { by }, result: { answer }, at };
    await recordPlanDecision(sql, { ...told, key });
    const request = { ...asked, answer, answeredAt: at, answeredBy: by, reason } as const;
    return { request, isNew: true };
  });
}
