import type { Command } from 'commander';
import type { CustomerRef, Instant, ManagerRef } from '../../domain/types.js';
import type { TaskSummary, TaskView } from '../../store/reads/task.js';
import { withBank } from './context.js';
import { limitOption } from './journey.js';
import { does, facts, iso, table, when, type Answer } from './output.js';

interface ListOptions {
  manager?: string;
  customer?: string;
  overdue?: boolean;
  all?: boolean;
  limit: string;
  after?: string;
}

/** `task list|show` */
export function addTaskReads(task: Command): void {
  does<ListOptions>(
    task
      .command('list')
      .option('--manager <manager>', 'only those on this list')
      .option('--customer <customer>', "only this customer's")
      .option('--overdue', 'only those that are late and not put off')
      .option('--all', 'those that are done too')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .option('--after <task>', 'the last task of the page before')
      .description('tasks, those due first on top')
      .addHelpText('after', '\nExample:\n  $ keepwell task list --manager m1 --overdue'),
    (_args, options) => list(options),
  );
  does(
    task
      .command('show')
      .argument('<task>', "a task's id")
      .description('one task: who had it, what came of it, what was noted')
      .addHelpText('after', '\nExample:\n  $ keepwell task show 0198c1d2-0000-7000-8000-000000000001'),
    ([id = '']) => show(id),
  );
}

async function list(options: ListOptions): Promise<Answer> {
  const { listTasks, MAX_TASKS_LISTED } = await import('../../store/reads/task.js');
  const limit = limitOption(options.limit, MAX_TASKS_LISTED);
  return withBank(async ({ database, installation, now }) => {
    const at = now();
    const { tasks, more } = await listTasks(database, {
      managerRef: options.manager as ManagerRef | undefined,
      customerRef: options.customer as CustomerRef | undefined,
      overdueAt: options.overdue ? at : undefined,
      all: options.all,
      after: options.after,
      limit,
    });
    const { zone } = installation;
    const head = ['task', 'kind', 'customer', 'manager', 'due', 'state', 'tries'];
    const rows = tasks.map((t) => [
      t.taskId,
      t.kind,
      t.customerRef,
      t.managerRef ?? 'team leads',
      when(t.dueAt, zone),
      stateWords(t, at, zone),
      t.attempts,
    ]);
    const last = tasks.at(-1)?.taskId;
    const next = more ? `\n\nThere are more: add --after ${last}` : '';
    const text = async (): Promise<string> => `${await table(head, rows, 'No such task.')}${next}`;
    return { data: { tasks: tasks.map(forPrograms), next: more ? last : null }, text };
  });
}

/** Where a task stands, for people; `at` is business time. */
function stateWords(task: TaskSummary, at: Instant, zone: string): string {
  if (task.doneAt !== null) return `${task.result}${task.reason ? ` (${task.reason})` : ''}`;
  const marked = task.escalatedAt === null ? '' : ', with the team lead';
  if (task.snoozedUntil !== null && task.snoozedUntil > at)
    return `put off until ${when(task.snoozedUntil, zone)}${marked}`;
  return `${task.dueAt < at ? 'OVERDUE' : 'open'}${marked}`;
}

function forPrograms(task: TaskSummary): object {
  return {
    ...task,
    openedAt: iso(task.openedAt),
    dueAt: iso(task.dueAt),
    escalatedAt: iso(task.escalatedAt),
    snoozedUntil: iso(task.snoozedUntil),
    doneAt: iso(task.doneAt),
  };
}

function show(id: string): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { findTask } = await import('../../store/reads/task.js');
    const task = await findTask(database, id);
    if (!task) throw new Error(`there is no task "${id}"; "keepwell task list" shows what there is.`);
    const data = {
      ...forPrograms(task),
      results: task.results.map((r) => ({ ...r, at: iso(r.at), callBackAt: iso(r.callBackAt) })),
      passed: task.passed.map((p) => ({ ...p, at: iso(p.at), dueBefore: iso(p.dueBefore) })),
    };
    return { data, text: () => taskForPeople(task, now(), installation.zone) };
  });
}

async function taskForPeople(task: TaskView, at: Instant, zone: string): Promise<string> {
  const parts = [
    facts([
      ['task', task.taskId],
      ['kind', task.kind],
      ['customer', task.customerRef],
      ['journey', task.journeyId],
      ['manager', task.managerRef ?? 'team leads'],
      ['opened', when(task.openedAt, zone)],
      ['due', when(task.dueAt, zone)],
      ['state', stateWords(task, at, zone)],
      ['put off because', task.snoozeReason],
    ]),
    await table(
      ['tried', 'by', 'result', 'reason', 'call back', 'note'],
      task.results.map((r) => [when(r.at, zone), r.by, r.result, r.reason, when(r.callBackAt, zone), r.note]),
      'Nobody has tried yet.',
    ),
    await table(
      ['passed on', 'from', 'to', 'as', 'was due'],
      task.passed.map((p) => [when(p.at, zone), p.from, p.to ?? 'team leads', p.kind, when(p.dueBefore, zone)]),
      'It was never passed on.',
    ),
  ];
  return parts.join('\n\n');
}
