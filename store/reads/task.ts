/** What people ask about tasks. Notes and other free words are not in a list: only who reads one task sees them. */
import type { TaskKind } from '../../domain/task.js';
import type { CustomerRef, Instant, JourneyId, ManagerRef } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';

/** A list shows at most this many tasks at a time. */
export const MAX_TASKS_LISTED = 1000;

export interface TaskSummary {
  taskId: string;
  kind: TaskKind;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  /** null: on the team leads' list */
  managerRef: ManagerRef | null;
  openedAt: Instant;
  dueAt: Instant;
  /** tries that left it open, and the one that ended it */
  attempts: number;
  passes: number;
  escalatedAt: Instant | null;
  snoozedUntil: Instant | null;
  doneAt: Instant | null;
  doneBy: string | null;
  result: string | null;
  reason: string | null;
}

const SUMMARY = `
  select task_id as "taskId", kind, customer_ref as "customerRef", journey_id as "journeyId",
         manager_ref as "managerRef", opened_at as "openedAt", due_at as "dueAt",
         (select count(*)::int from task_results r where r.task_id = tasks.task_id) as attempts,
         (select count(*)::int from task_passes p where p.task_id = tasks.task_id) as passes,
         escalated_at as "escalatedAt", snoozed_until as "snoozedUntil",
         done_at as "doneAt", done_by as "doneBy", result, reason
    from tasks`;

export interface TaskFilter {
  managerRef?: ManagerRef | undefined;
  customerRef?: CustomerRef | undefined;
  /** open ones that were due before this instant and are not put off until later */
  overdueAt?: Instant | undefined;
  /** those that are done too */
  all?: boolean | undefined;
  /** the last of the page before */
  after?: string | undefined;
  /** 1 to MAX_TASKS_LISTED */
  limit: number;
}

/** Tasks, those due first on top; `more` says that the list goes on after the last one. */
export async function listTasks(sql: Sql, filter: TaskFilter): Promise<{ tasks: TaskSummary[]; more: boolean }> {
  const limit = Math.min(Math.max(1, filter.limit), MAX_TASKS_LISTED);
  const { rows } = await sql.query<TaskSummary>(
    `${SUMMARY}
      where ($1::text is null or manager_ref = $1) and ($2::text is null or customer_ref = $2)
        and ($3::timestamptz is null
             or (done_at is null and due_at < $3 and (snoozed_until is null or snoozed_until <= $3)))
        and ($4 or done_at is null)
        and ($5::text is null or (due_at, task_id) > (select due_at, task_id from tasks where task_id::text = $5))
      order by due_at, task_id limit $6`,
    [
      filter.managerRef ?? null,
      filter.customerRef ?? null,
      filter.overdueAt === undefined ? null : timestamp(filter.overdueAt),
      filter.all ?? false,
      filter.after ?? null,
      limit + 1,
    ],
  );
  return { tasks: rows.slice(0, limit), more: rows.length > limit };
}

export interface TaskResultRecord {
  attempt: number;
  result: string;
  reason: string | null;
  by: ManagerRef;
  at: Instant;
  callBackAt: Instant | null;
  /** what was noted; null: nothing, or erased since */
  note: string | null;
}

export interface TaskPassRecord {
  from: ManagerRef | null;
  to: ManagerRef | null;
  kind: string;
  dueBefore: Instant;
  at: Instant;
}

export interface TaskView extends TaskSummary {
  /** why it is put off, in free words */
  snoozeReason: string | null;
  results: TaskResultRecord[];
  passed: TaskPassRecord[];
}

/** One task with all that came of it; null when there is none. */
export async function findTask(sql: Sql, taskId: string): Promise<TaskView | null> {
  const { rows } = await sql.query<TaskSummary & { snoozeReason: string | null }>(
    `select s.*, snooze_reason as "snoozeReason" from (${SUMMARY}) s join tasks on task_id = "taskId"
      where task_id::text = $1`,
    [taskId],
  );
  const [task] = rows;
  if (!task) return null;
  const results = await sql.query<TaskResultRecord>(
    `select attempt, result, reason, recorded_by as by, recorded_at as at, call_back_at as "callBackAt", body as note
       from task_results left join texts on text_id = note_text_id where task_id = $1 order by attempt`,
    [task.taskId],
  );
  const passed = await sql.query<TaskPassRecord>(
    `select from_manager as from, to_manager as to, kind, due_before as "dueBefore", passed_at as at
       from task_passes where task_id = $1 order by pass`,
    [task.taskId],
  );
  return { ...task, results: results.rows, passed: passed.rows };
}

/** What calls and visits told of how a customer can be spoken to. */
export interface SpokenFacts {
  /** the last call reached a stranger; null: it did not, or none was made */
  wrongNumberAt: Instant | null;
  /** the customer's last word was that they don't want to be spoken to */
  refusedAt: Instant | null;
}

/** The facts that follow from a customer's tasks: the last result counts. */
export async function spokenFacts(sql: Sql, customerRef: CustomerRef): Promise<SpokenFacts> {
  const { rows } = await sql.query<{ result: string; at: Instant }>(
    `select r.result, recorded_at as at from task_results r join tasks using (task_id)
      where customer_ref = $1 and r.result <> 'busy' order by recorded_at desc, attempt desc limit 1`,
    [customerRef],
  );
  const [last] = rows;
  return {
    wrongNumberAt: last?.result === 'wrong-number' ? last.at : null,
    refusedAt: last?.result === 'refused' ? last.at : null,
  };
}
