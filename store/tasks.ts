import { firstContactDays, firstContactDue, teamLeadOf } from '../domain/first-contact.js';
import { mayWorkOn } from '../domain/task-hands.js';
import {
  judgeResult,
  judgeSnooze,
  TASK_RULES,
  type TaskAnswer,
  type TaskKind,
  type TaskState,
} from '../domain/task.js';
import type { BranchRef, CustomerRef, Instant, JourneyId, ManagerRef, PlainDate } from '../domain/types.js';
import { assertManager } from './managers.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { insertText } from './texts.js';
import { complainedAbout } from './complained-about.js';
import { customersToAssign, readAssignmentSnapshot } from './assignment.js';

export { TASK_KINDS, type TaskKind } from '../domain/task.js';

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
    [task.key, task.kind, task.customerRef, task.journeyId, task.managerRef, timestamp(task.at), timestamp(task.dueAt)],
  );
  const { rows } = await sql.query<{ taskId: string }>('select task_id as "taskId" from tasks where task_key = $1', [
    task.key,
  ]);
  return { ...one(rows, `task ${task.key}`), isNew: rowCount === 1 };
}

interface LockedTask extends TaskState {
  taskId: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  managerRef: ManagerRef | null;
  branchRef: BranchRef | null;
  complainedAbout: ManagerRef[];
}

/**
 * A task with its customer's row and its own locked, for who may work on it.
 * @throws Error in words when there is no such task or manager, or the task is not theirs to do
 */
async function lockTaskFor(
  sql: Sql,
  { taskId, by, day, at }: { taskId: string; by: ManagerRef; day: PlainDate; at: Instant },
): Promise<LockedTask> {
  const { rows: found } = await sql.query<{ customerRef: CustomerRef }>(
    'select customer_ref as "customerRef" from tasks where task_id::text = $1',
    [taskId],
  );
  const [task] = found;
  if (!task) throw new Error(`there is no task "${taskId}"; "keepwell task list" shows what there is`);
  await assertManager(sql, by);
  const { branchRef } = await lockCustomer(sql, task.customerRef);
  const { rows } = await sql.query<Omit<LockedTask, 'branchRef' | 'callBackBy'>>(
    `select task_id as "taskId", kind, customer_ref as "customerRef", journey_id as "journeyId",
            manager_ref as "managerRef", due_at as "dueAt",
            case when done_at is not null then jsonb_build_object('by', done_by, 'result', result) end as done,
            (select count(*)::int from task_results r where r.task_id = tasks.task_id) as attempts,
            (select count(*)::int from task_results r
              where r.task_id = tasks.task_id and r.result = 'call-back') as "callBacks",
            ${complainedAbout('tasks.customer_ref')} as "complainedAbout"
       from tasks where task_id = $1 for update`,
    [taskId],
  );
  const row = one(rows, `task ${taskId}`);
  const callBackBy = row.kind === 'first-contact' ? await firstContactBy(sql, row.customerRef, at) : null;
  const locked = { ...row, branchRef: branchRef as BranchRef | null, callBackBy };
  await assertMayWork(sql, locked, by, day);
  return locked;
}

/** By when a first contact that is asked for now has to be made. */
async function firstContactBy(sql: Sql, customerRef: CustomerRef, at: Instant): Promise<Instant> {
  const { place, rank, highestRank } = one(await customersToAssign(sql, [customerRef], at), `customer ${customerRef}`);
  return firstContactDue(place, firstContactDays(rank, highestRank), at);
}

async function assertMayWork(sql: Sql, task: LockedTask, by: ManagerRef, day: PlainDate): Promise<void> {
  const { taskId, managerRef } = task;
  if (task.complainedAbout.includes(by))
    throw new Error(
      `the customer of task ${taskId} has complained about ${by}: somebody else does it, the team lead for instance`,
    );
  const snapshot = await readAssignmentSnapshot(sql, day);
  if (mayWorkOn(by, task, snapshot, day)) return;
  const lead = teamLeadOf(managerRef, snapshot, day, task.complainedAbout);
  const whose = managerRef === null ? "is on the team leads' list" : `is ${managerRef}'s`;
  throw new Error(
    `task ${taskId} ${whose}: only who has it, who stands in for them${lead ? `, or the team lead ${lead}` : ' or a team lead'} may do that, not ${by}`,
  );
}

export interface TaskDone extends TaskAnswer {
  taskId: string;
  by: ManagerRef;
  /** free words, kept under an id that the caller chose; only the id is told to others */
  note: { textId: string; body: string } | null;
  at: Instant;
  /** the bank's day */
  day: PlainDate;
}

export interface TaskReceipt {
  taskId: string;
  customerRef: CustomerRef;
  result: string;
  /** `open`: it stays on the list, due then */
  state: 'done' | 'open';
  dueAt: Instant;
  /** the run of the open journey that waits for it; null: nobody has to be told */
  journeyWorkflowId: string | null;
}

/**
 * Writes down what came of a task, once, with its decision.
 * @throws Error in words when it was done already, is not theirs to do, or the result does not fit
 */
export function recordTaskResult(database: Database, done: TaskDone): Promise<TaskReceipt> {
  return database.transaction(async (sql) => {
    const task = await lockTaskFor(sql, done);
    const verdict = judgeResult(task, done, done.at);
    if (verdict.kind === 'refused') throw new Error(`${verdict.words}.`);
    const { customerRef, journeyId } = task;
    const note = done.note;
    if (note) await insertText(sql, { ...note, customerRef, receivedAt: done.at });
    const attempt = task.attempts + 1;
    await insertResult(sql, done, verdict, attempt);
    const dueAt = verdict.kind === 'open' ? verdict.dueAt : task.dueAt;
    const closed = verdict.kind === 'closed';
    const journeyWorkflowId = closed && journeyId ? await openWorkflow(sql, journeyId) : null;
    await sql.query(
      // where no run waits for it, nobody has to be told
      `update tasks set due_at = $2, snoozed_until = null, snooze_reason = null,
                        done_at = $3, done_by = $4, result = $5, reason = $6, told_at = $7
        where task_id = $1`,
      [
        task.taskId,
        timestamp(dueAt),
        closed ? timestamp(done.at) : null,
        closed ? done.by : null,
        closed ? verdict.result : null,
        closed ? verdict.reason : null,
        closed && journeyWorkflowId === null ? timestamp(done.at) : null,
      ],
    );
    const state = closed ? ('done' as const) : ('open' as const);
    const decision = { verdict: verdict.result, reasons: verdict.reason === null ? [] : [verdict.reason] };
    const saw = { task: task.kind, by: done.by, attempt, state, dueAt, noteTextId: note?.textId ?? null };
    await decide(sql, task, `result-${attempt}`, decision, saw, done.at);
    return { taskId: task.taskId, customerRef, result: verdict.result, state, dueAt, journeyWorkflowId };
  });
}

async function insertResult(
  sql: Sql,
  done: TaskDone,
  { result, reason }: { result: string; reason: string | null },
  attempt: number,
): Promise<void> {
  await sql.query(
    `insert into task_results (task_id, attempt, result, reason, note_text_id, recorded_by, recorded_at, call_back_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      done.taskId,
      attempt,
      result,
      reason,
      done.note?.textId ?? null,
      done.by,
      timestamp(done.at),
      done.callBackAt === null ? null : timestamp(done.callBackAt),
    ],
  );
}

async function openWorkflow(sql: Sql, journeyId: JourneyId): Promise<string | null> {
  const { rows } = await sql.query<{ workflowId: string }>(
    'select workflow_id as "workflowId" from journeys where journey_id = $1 and closed_at is null',
    [journeyId],
  );
  return rows[0]?.workflowId ?? null;
}

export interface TaskSnooze {
  taskId: string;
  by: ManagerRef;
  until: Instant;
  /** 1 to 1,000 characters */
  reason: string;
  at: Instant;
  day: PlainDate;
}

/** Puts a task off. @throws Error in words when it is done, not theirs, or put off for too long */
export function snoozeTask(database: Database, snooze: TaskSnooze): Promise<void> {
  return database.transaction(async (sql) => {
    const task = await lockTaskFor(sql, snooze);
    const wrong = judgeSnooze(task, snooze.until, snooze.at);
    if (wrong !== null) throw new Error(`${wrong}.`);
    await sql.query('update tasks set snoozed_until = $2, snooze_reason = $3 where task_id = $1', [
      task.taskId,
      timestamp(snooze.until),
      snooze.reason,
    ]);
    const saw = { task: task.kind, by: snooze.by, until: snooze.until, dueAt: task.dueAt };
    await decide(sql, task, `snooze-${snooze.at}`, { verdict: 'snoozed', reasons: [] }, saw, snooze.at);
  });
}

async function decide(
  sql: Sql,
  { taskId, customerRef, journeyId }: LockedTask,
  step: string,
  told: { verdict: string; reasons: string[] },
  saw: Record<string, string | number | null>,
  at: Instant,
): Promise<void> {
  const key = `task:${taskId}:${step}`;
  await recordDecisions(sql, [
    { key, customerRef, journeyId, kind: 'task', ...told, saw, result: { done: true }, rules: TASK_RULES, at },
  ]);
}

export interface Deferral {
  customerRef: CustomerRef;
  notBefore: Instant;
  /** 1 to 1,000 characters */
  reason: string;
  by: ManagerRef;
  at: Instant;
}

/**
 * "Not before", said by a manager: from this commit on the door for messages knows it. An earlier time takes a later one
 * back.
 * @throws Error in words when there is no such manager or customer
 */
export function deferContact(database: Database, deferral: Deferral): Promise<void> {
  const { customerRef, notBefore, reason, by, at } = deferral;
  return database.transaction(async (sql) => {
    await assertManager(sql, by);
    await lockCustomer(sql, customerRef);
    const { rows } = await sql.query<{ id: string }>(
      `insert into contact_deferrals (customer_ref, not_before, reason, set_by, set_at)
       values ($1, $2, $3, $4, $5) returning deferral_id as id`,
      [customerRef, timestamp(notBefore), reason, by, timestamp(at)],
    );
    const told = { kind: 'deferral', verdict: 'not-before', reasons: [], saw: { notBefore, by }, result: {} };
    const key = `deferral:${one(rows, 'the deferral').id}`;
    await recordDecisions(sql, [{ key, customerRef, journeyId: null, ...told, rules: TASK_RULES, at }]);
  });
}

/** Done tasks of open journeys whose runs have not been told. */
export async function tasksToTell(
  sql: Sql,
  limit: number,
): Promise<{ taskId: string; result: string; workflowId: string }[]> {
  const { rows } = await sql.query<{ taskId: string; result: string; workflowId: string }>(
    `select task_id as "taskId", result, workflow_id as "workflowId" from tasks join journeys using (journey_id)
      where done_at is not null and told_at is null and closed_at is null order by task_id limit $1`,
    [limit],
  );
  return rows;
}

/** The journey's run has heard what came of a task. */
export async function taskTold(sql: Sql, taskId: string, at: Instant): Promise<void> {
  await sql.query('update tasks set told_at = coalesce(told_at, $2) where task_id = $1', [taskId, timestamp(at)]);
}
