import { planWorkflowId, type PlanRef } from '../domain/repayment-plan.js';
import type { Sql } from './database.js';

/** The key of the letter that reminds of an instalment. */
export const reminderKey = (planRef: PlanRef, instalment: number | null): string =>
  `${planWorkflowId(planRef)}:${instalment}:reminder`;

/** Whether the letter that reminds of an instalment was asked for: from then on money is meant for that one. */
export async function wasReminded(sql: Sql, planRef: PlanRef, instalment: number | null): Promise<boolean> {
  const { rowCount } = await sql.query('select 1 from outreach where outreach_key = $1', [
    reminderKey(planRef, instalment),
  ]);
  return rowCount === 1;
}
