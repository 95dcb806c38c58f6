import type { CustomerRef, Instant, JourneyId, ManagerRef } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

export const TASK_KINDS = ['first-contact', 'call', 'visit', 'fraud-check', 'missed-instalment', 'hardship'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export interface NewTask {
  /** names the thing to do: the same key is the same task */
  key: string;
  kind: TaskKind;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  /** null: the team lead's list */
  managerRef: ManagerRef | null;
  at: Instant;
  dueAt: Instant;
}

/**
 * Puts a task on a manager's list, inside the caller's transaction. Asked again it changes nothing.
 * @returns the task's id, and whether this call made it
 */
export async function openTask(sql: Sql, task: NewTask): Promise<{ taskId: string; isNew: boolean }> {
  const { rowCount } = await sql.query(
    `insert into tasks (task_key, kind, customer_ref, journey_id, manager_ref, opened_at, due_at)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict (task_key) do nothing`,
    [
      task.key,
      task.kind,
      task.customerRef,
      task.journeyId,
      task.managerRef,
      timestamp(task.at),
      timestamp(task.dueAt),
    ],
  );
  const { rows } = await sql.query<{ taskId: string }>('select task_id as "taskId" from tasks where task_key = $1', [
    task.key,
  ]);
  return { ...one(rows, `task ${task.key}`), isNew: rowCount === 1 };
}
