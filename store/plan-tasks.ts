/** What a repayment plan asks of people. */
import { firstContactDue } from '../domain/first-contact.js';
import { planWorkflowId } from '../domain/repayment-plan.js';
import type { TaskKind } from '../domain/task.js';
import type { Instant } from '../domain/types.js';
import { one, type Sql } from './database.js';
import type { PlanRow } from './repayment-plans.js';
import { customerPlaces } from './task-places.js';
import { openTask } from './tasks.js';
import { closeTasks } from './withdrawn-tasks.js';

type PlanOfTasks = Pick<PlanRow, 'planRef' | 'customerRef' | 'journeyId'>;

interface PlanTask {
  kind: Extract<TaskKind, 'missed-instalment' | 'hardship' | 'plan-approval' | 'standing'>;
  /** what of the plan it is about: the end of its key */
  about: string;
}

export const missedInstalment = (number: number): PlanTask => ({
  kind: 'missed-instalment',
  about: `instalment-${number}:missed`,
});
export const HARDSHIP: PlanTask = { kind: 'hardship', about: 'broken' };
export const APPROVAL: PlanTask = { kind: 'plan-approval', about: 'approval' };
export const STANDING: PlanTask = { kind: 'standing', about: 'standing' };

/** Within so many working days of the customer's branch. */
export const PLAN_TASK_DAYS: Readonly<Record<PlanTask['kind'], number>> = {
  'missed-instalment': 3,
  hardship: 2,
  'plan-approval': 2,
  standing: 2,
};

/**
 * Puts it on the list of the journey's manager, else of the customer's own, else on the team leads'. An approval is on
 * the leads' list: the manager may well be who proposed the plan. The caller holds the customer's row.
 */
export async function openPlanTask(sql: Sql, plan: PlanOfTasks, { kind, about }: PlanTask, at: Instant): Promise<void> {
  const { planRef, customerRef, journeyId } = plan;
  const places = await customerPlaces(sql, [customerRef], at, journeyId);
  const { managerRef: nearest, ...place } = one(places, `customer ${customerRef}`);
  const managerRef = kind === 'plan-approval' ? null : nearest;
  const dueAt = firstContactDue(place, PLAN_TASK_DAYS[kind], at);
  const key = `${planWorkflowId(planRef)}:${about}`;
  await openTask(sql, { key, kind, customerRef, journeyId, managerRef, at, dueAt });
}

/** Takes one off the lists: what it is about is settled. @param by who answered it; null: nobody has to any more */
export const closePlanTask = (
  sql: Sql,
  { planRef, customerRef }: PlanOfTasks,
  { about }: PlanTask,
  at: Instant,
  by: string | null = null,
): Promise<void> =>
  closeTasks(
    sql,
    { customerRef, keys: `${planWorkflowId(planRef)}:${about}`, at },
    by === null ? undefined : { by, result: 'arranged' },
  );

/** Takes all that a plan asks of people off the lists: it is closed. */
export const withdrawPlanTasks = (sql: Sql, { planRef, customerRef }: PlanOfTasks, at: Instant): Promise<void> =>
  closeTasks(sql, { customerRef, keys: `${planWorkflowId(planRef)}:`, at });
