import { createHash } from 'node:crypto';
import { heartbeat } from '@temporalio/activity';
import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import { dateIn } from '../domain/calendar.js';
import { digestReason, endOfDay, type DigestData } from '../domain/task-digest.js';
import { digestReader, listOf, type TaskPlace } from '../domain/task-hands.js';
import { addMillis, days, type Instant, type ManagerRef, type PlainDate, type ZoneId } from '../domain/types.js';
import { readAssignmentSnapshot, type BankSnapshot } from '../store/assignment.js';
import { passOverdueContacts } from '../store/first-contacts.js';
import {
  claimDigest,
  digestReaders,
  dueLists,
  duePlaces,
  settleDigest,
  type DigestList,
  type DigestReader,
  type DueList,
} from '../store/manager-digests.js';
import { taskTold, tasksToTell } from '../store/tasks.js';
import { withdrawTasks } from '../store/withdrawn-tasks.js';
import { taskDone } from '../workflows/contract.js';
import { now } from './dependencies.js';
import { CLAIM_LEASE_MS } from './mail.js';
import { renderMessage } from './message-templates.js';
import type { OutreachDependencies } from './outreach.js';

export interface TaskDependencies extends OutreachDependencies {
  workflows: WorkflowClient;
}

export interface PassedOn {
  /** first contacts that the next manager has now */
  passed: number;
  /** first contacts that the team lead has now */
  escalated: number;
  /** tasks that had lost their sense */
  withdrawn: number;
}

/** Digests of this run by what became of them; `skipped`: settled before, or held by the kill switch. */
export interface DigestCounts {
  sent: number;
  waiting: number;
  refused: number;
  unknown: number;
  skipped: number;
}

/** The daily round's work on tasks. Each may be run twice and does its work once. */
export function taskActivities(deps: TaskDependencies) {
  return {
    passOverdueTasks: (): Promise<PassedOn> => passOverdueTasks(deps, now(deps.bank), heartbeat),
    sendTaskDigests: (): Promise<DigestCounts> => sendTaskDigests(deps, now(deps.bank), heartbeat),
    tellTasksDone: (): Promise<{ told: number }> => tellTasksDone(deps, now(deps.bank), heartbeat),
  };
}
export type TaskActivities = ReturnType<typeof taskActivities>;

/** Passes on first contacts that nobody made in time, batch by batch, and clears what nobody has to do any more. */
export async function passOverdueTasks(
  { database }: Pick<TaskDependencies, 'database'>,
  at: Instant,
  beat: (progress: object) => void,
): Promise<PassedOn> {
  const count = { passed: 0, escalated: 0, withdrawn: await withdrawTasks(database, at, beat) };
  for (;;) {
    const { passed, escalated } = await database.transaction((sql) => passOverdueContacts(sql, at));
    if (passed + escalated === 0) return count;
    count.passed += passed;
    count.escalated += escalated;
    beat(count);
  }
}

/** Tasks told in one round trip to the server. */
const TOLD_AT_ONCE = 100;

/** Tells journeys of tasks that were done while Temporal could not be reached; the run that has ended needs no telling. */
export async function tellTasksDone(
  { database, workflows }: Pick<TaskDependencies, 'database' | 'workflows'>,
  at: Instant,
  beat: (progress: object) => void,
): Promise<{ told: number }> {
  let told = 0;
  for (;;) {
    const tasks = await tasksToTell(database, TOLD_AT_ONCE);
    if (tasks.length === 0) return { told };
    for (const { taskId, result, workflowId } of tasks) {
      await workflows
        .getHandle(workflowId)
        .signal(taskDone, { taskId, result })
        .catch((error: unknown) => {
          if (!(error instanceof WorkflowNotFoundError)) throw error;
        });
      await taskTold(database, taskId, at);
    }
    told += tasks.length;
    beat({ told });
  }
}

/** A digest lists at most this many tasks; the others are counted. */
export const MOST_TASKS_LISTED = 100;
/** Zones differ by up to 26 hours; what is due later is due on no manager's today. */
const HORIZON = days(2);

/** One mail for each list on which something is due, once a day, to who has the list or stands in. */
export async function sendTaskDigests(
  deps: Pick<TaskDependencies, 'database' | 'bank' | 'mail' | 'mailDomain'>,
  at: Instant,
  beat: (progress: object) => void,
): Promise<DigestCounts> {
  const count: DigestCounts = { sent: 0, waiting: 0, refused: 0, unknown: 0, skipped: 0 };
  const today = dateIn(deps.bank.zone, at);
  // a day earlier: somewhere it is still yesterday
  const snapshot = await readAssignmentSnapshot(deps.database, dateIn(deps.bank.zone, addMillis(at, days(-1))));
  const before = addMillis(at, HORIZON);
  const readers = await digestReaders(deps.database);
  const lists = [...byList(await duePlaces(deps.database, before), snapshot, today)].flatMap(
    ([managerRef, places]) => readingOf(managerRef, places, snapshot, readers, at) ?? [],
  );
  const due = await dueLists(deps.database, lists, { before, at, most: MOST_TASKS_LISTED });
  for (const list of lists) {
    const told = due.get(list.managerRef);
    if (!told) continue;
    count[await sendDigest(deps, letterOf(list, told, at), at)] += 1;
    beat(count);
  }
  return count;
}

function byList(places: readonly TaskPlace[], snapshot: BankSnapshot, today: PlainDate): Map<ManagerRef, TaskPlace[]> {
  const lists = new Map<ManagerRef, TaskPlace[]>();
  for (const place of places) {
    const managerRef = listOf(place, snapshot, today);
    if (managerRef) lists.set(managerRef, [...(lists.get(managerRef) ?? []), place]);
  }
  return lists;
}

/** A list that somebody reads today. */
interface Reading extends DigestList {
  day: PlainDate;
  zone: ZoneId;
  reader: DigestReader;
}

/** Who reads a list and when their day ends; null when nobody reads it today. */
function readingOf(
  managerRef: ManagerRef,
  places: readonly TaskPlace[],
  snapshot: BankSnapshot,
  readers: readonly DigestReader[],
  at: Instant,
): Reading | null {
  const owner = snapshot.managers.find((manager) => manager.managerRef === managerRef);
  if (!owner) return null;
  const { zone } = owner;
  const day = dateIn(zone, at);
  const readerRef = digestReader(managerRef, snapshot, day);
  const reader = readers.find((each) => each.managerRef === readerRef);
  return reader ? { managerRef, places, ends: endOfDay(zone, day), day, zone, reader } : null;
}

interface Letter {
  managerRef: ManagerRef;
  day: PlainDate;
  reader: DigestReader;
  digest: DigestData;
}

/** What a list's mail says today. */
function letterOf({ managerRef, day, zone, reader }: Reading, due: DueList, at: Instant): Letter {
  const time = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    dateStyle: 'short',
    timeStyle: 'short',
    hourCycle: 'h23',
  });
  const digest = {
    manager: { name: reader.name },
    day,
    count: due.count,
    more: due.count - due.tasks.length,
    overdue: due.overdue,
    for: reader.managerRef === managerRef ? '' : managerRef,
    tasks: due.tasks.map((task) => ({
      customer: task.customerRef,
      kind: task.kind,
      due: time.format(task.dueAt).replace(',', ''),
      reason: digestReason(task, at),
    })),
  };
  return { managerRef, day, reader, digest };
}

async function sendDigest(
  deps: Pick<TaskDependencies, 'database' | 'bank' | 'mail' | 'mailDomain'>,
  { managerRef, day, reader, digest }: Letter,
  at: Instant,
): Promise<keyof DigestCounts> {
  const id = createHash('sha256').update(`task-digest:${managerRef}:${day}`).digest('hex').slice(0, 32);
  const messageId = `${id}@${deps.mailDomain}`;
  const data = { bank: { name: deps.bank.name }, digest };
  // written before the claim: a template that is broken claims nothing
  const rendered = renderMessage({ template: 'task-digest', language: reader.language, data });
  const deadline = Date.now() + CLAIM_LEASE_MS;
  const claim = { managerRef, day, sentTo: reader.managerRef, messageId, tasks: digest.count, at };
  const claimed = await deps.database.transaction((sql) => claimDigest(sql, { ...claim, leaseMs: CLAIM_LEASE_MS }));
  if (!claimed) return 'skipped';
  const headers = { 'X-Keepwell-Class': 'staff' };
  const delivery = await deps.mail.deliver(
    { ...rendered, headers, to: reader.email, messageId: `<${messageId}>` },
    deadline,
  );
  const states = { accepted: 'sent', later: 'waiting', refused: 'refused', unknown: 'unknown' } as const;
  const state = states[delivery.kind];
  await settleDigest(deps.database, { messageId, state, serverAnswer: delivery.answer, at });
  return state;
}
