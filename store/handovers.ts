import {
  ASSIGNMENT_RULES,
  explainAssignment,
  type AssignmentRequest,
  type AssignmentRefusal,
} from '../domain/assignment.js';
import { teamLeadOf } from '../domain/first-contact.js';
import type { CustomerRef, Instant, JourneyId, ManagerRef, PlainDate } from '../domain/types.js';
import {
  customersToAssign,
  lockAssignments,
  lockAssignmentSnapshot,
  withNeeds,
  type AssignmentNeeds,
  type BankSnapshot,
} from './assignment.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions, type Decision } from './decisions.js';
import { insertPass, lockCustomers } from './first-contacts.js';
import { assignJourney } from './journeys.js';
import { assertManager, managerLeft } from './managers.js';

/** Customers handed over in one transaction: their rows stay locked so long, and nobody else assigns. */
const HANDED_AT_ONCE = 50;

export interface HandOverRequest {
  from: ManagerRef;
  /** null: by the rules of assignment */
  to: ManagerRef | null;
  /** the first day on which `from` is no manager any more; null: they stay, without this book */
  leftOn: PlainDate | null;
  by: string;
  at: Instant;
}

export interface HandOver {
  handOverId: string;
  /** it was begun before and goes on where that stopped */
  resumed: boolean;
}

/** Placed or, with a null manager, not placed. */
export interface HandedCustomer {
  customerRef: CustomerRef;
  toManager: ManagerRef | null;
  own: boolean;
  journeys: number;
  tasks: number;
  reasons: string[];
}

/**
 * Begins to hand over the whole book of a manager: the customers whose own manager they are, open journeys and open
 * tasks. One that was begun with the same receiver and not finished goes on.
 * @throws Error in words when a manager is not there, or another hand-over of the same book is not finished
 */
export function beginHandOver(database: Database, request: HandOverRequest): Promise<HandOver> {
  const { from, to, leftOn, by, at } = request;
  return database.transaction(async (sql) => {
    if (from === to) throw new Error(`${from} can't take over their own book; name somebody else`);
    await assertManager(sql, from);
    if (to !== null) await assertManager(sql, to);
    // whoever is assigned now is seen by the first batch, and from this commit on nobody new comes
    await lockAssignments(sql);
    if (leftOn !== null) await managerLeft(sql, from, leftOn);
    const { rowCount } = await sql.query(
      `insert into hand_overs (from_manager, to_manager, asked_by, begun_at) values ($1, $2, $3, $4)
       on conflict (from_manager) where finished_at is null do nothing`,
      [from, to, by, timestamp(at)],
    );
    const { rows } = await sql.query<{ handOverId: string; to: ManagerRef | null }>(
      `select hand_over_id as "handOverId", to_manager as to from hand_overs where from_manager = $1 and finished_at is null`,
      [from],
    );
    const open = one(rows, `the hand-over of ${from}`);
    if (open.to !== to)
      throw new Error(
        `a hand-over of ${from} ${open.to === null ? 'by assignment' : `to ${open.to}`} was begun and is not finished; finish that one first`,
      );
    return { handOverId: open.handOverId, resumed: rowCount === 0 };
  });
}

/** Hands over batch by batch until nothing is left to look at. What a crash leaves is done by the next call. */
export async function handOver(database: Database, handOverId: string, at: Instant): Promise<HandedCustomer[]> {
  for (;;) {
    const done = await database.transaction((sql) => handBatch(sql, handOverId, at));
    if (done) return readHandedCustomers(database, handOverId);
  }
}

/** Every customer of a hand-over, by reference. */
export async function readHandedCustomers(sql: Sql, handOverId: string): Promise<HandedCustomer[]> {
  const { rows } = await sql.query<HandedCustomer>(
    `select customer_ref as "customerRef", to_manager as "toManager", own, journeys, tasks, reasons
       from hand_over_customers where hand_over_id = $1 order by customer_ref`,
    [handOverId],
  );
  return rows;
}

interface OpenHandOver {
  handOverId: string;
  from: ManagerRef;
  to: ManagerRef | null;
  reached: string;
}

/** @returns whether nobody was left */
async function handBatch(sql: Sql, handOverId: string, at: Instant): Promise<boolean> {
  const { rows } = await sql.query<OpenHandOver & { finished: boolean }>(
    `select hand_over_id as "handOverId", from_manager as from, to_manager as to, reached,
            finished_at is not null as finished
       from hand_overs where hand_over_id = $1 for update`,
    [handOverId],
  );
  const open = one(rows, `hand-over ${handOverId}`);
  if (open.finished) return true;
  const customerRefs = await nextCustomers(sql, open);
  if (customerRefs.length === 0) {
    await sql.query('update hand_overs set finished_at = $2 where hand_over_id = $1', [handOverId, timestamp(at)]);
    return true;
  }
  await lockCustomers(sql, customerRefs);
  const customers = await customersToAssign(sql, customerRefs, at);
  const firstDay = customers.map(({ request }) => request.day).sort()[0] as PlainDate;
  const snapshot = await lockAssignmentSnapshot(sql, firstDay, true);
  const books = await lockBooks(sql, open, customerRefs);
  const decisions: Decision[] = [];
  for (const book of books) {
    const customer = customers.find(({ request }) => request.customerRef === book.customerRef);
    if (customer) decisions.push(await handCustomer(sql, open, book, customer.request, snapshot, at));
  }
  await recordDecisions(sql, decisions);
  await sql.query('update hand_overs set reached = $2 where hand_over_id = $1', [handOverId, customerRefs.at(-1)]);
  return false;
}

async function nextCustomers(sql: Sql, { from, reached }: OpenHandOver): Promise<CustomerRef[]> {
  const { rows } = await sql.query<{ ref: CustomerRef }>(
    `select customer_ref as ref from customers where manager_ref = $1 and customer_ref > $2
     union select customer_ref from journeys where manager_ref = $1 and closed_at is null and customer_ref > $2
     union select customer_ref from tasks where manager_ref = $1 and done_at is null and customer_ref > $2
     order by 1 limit $3`,
    [from, reached, HANDED_AT_ONCE],
  );
  return rows.map((row) => row.ref);
}

interface Book {
  customerRef: CustomerRef;
  own: boolean;
  journeyId: JourneyId | null;
  needs: AssignmentNeeds | null;
  tasks: { taskId: string; dueAt: Instant; passes: number }[];
}

async function lockBooks(sql: Sql, { from }: OpenHandOver, customerRefs: readonly CustomerRef[]): Promise<Book[]> {
  await sql.query(
    `select 1 from tasks where manager_ref = $1 and done_at is null and customer_ref = any($2)
      order by customer_ref, task_id for update`,
    [from, customerRefs],
  );
  const { rows } = await sql.query<Book>(
    `select c.customer_ref as "customerRef", coalesce(c.manager_ref = $1, false) as own, j.journey_id as "journeyId",
            v.definition -> 'assignment' as needs,
            (select coalesce(jsonb_agg(jsonb_build_object('taskId', task_id,
                      'dueAt', (extract(epoch from due_at) * 1000)::bigint,
                      'passes', (select count(*) from task_passes p where p.task_id = t.task_id)) order by task_id), '[]')
               from tasks t where t.customer_ref = c.customer_ref and t.manager_ref = $1 and done_at is null) as tasks
       from customers c
       left join journeys j on j.customer_ref = c.customer_ref and j.closed_at is null and j.manager_ref = $1
       left join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
      where c.customer_ref = any($2) order by c.customer_ref`,
    [from, customerRefs],
  );
  return rows;
}

/**
 * One customer's share of the book goes to one manager; where nobody fits it stays, and the list says why. The tasks of
 * who leaves don't stay: then they are the team lead's.
 */
async function handCustomer(
  sql: Sql,
  { handOverId, from, to, reached }: OpenHandOver,
  book: Book,
  request: AssignmentRequest,
  snapshot: BankSnapshot,
  at: Instant,
): Promise<Decision> {
  const asked: AssignmentRequest = {
    ...withNeeds(request, book.needs ?? {}),
    dedicated: request.dedicated === from ? null : request.dedicated,
    had: [from],
    takes: book.journeyId ? 'journey' : 'book',
  };
  const { managerRef, reasons } = to === null ? placed(asked, snapshot) : placedWith(to, asked, snapshot);
  const stays = managerRef === null && !isLeaving(from, snapshot);
  const tasksTo = stays ? from : (managerRef ?? leadFor(from, request, snapshot));
  if (managerRef !== null) await move(sql, book, from, managerRef, snapshot, at);
  else if (!stays) await moveTasks(sql, book, from, tasksTo, at);
  await sql.query(
    `insert into hand_over_customers (hand_over_id, customer_ref, to_manager, own, journeys, tasks, reasons)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [handOverId, book.customerRef, managerRef, book.own, book.journeyId ? 1 : 0, book.tasks.length, reasons],
  );
  const saw = { from, own: book.own, journeyId: book.journeyId, tasks: book.tasks.length, after: reached };
  return {
    key: `hand-over:${handOverId}:${book.customerRef}`,
    customerRef: book.customerRef,
    journeyId: book.journeyId,
    kind: 'hand-over',
    verdict: managerRef ?? 'not-placed',
    reasons,
    saw,
    result: { to: managerRef, tasksTo },
    rules: ASSIGNMENT_RULES,
    at,
  };
}

interface Placing {
  managerRef: ManagerRef | null;
  reasons: string[];
}

function placed(request: AssignmentRequest, snapshot: BankSnapshot): Placing {
  const { assignment } = explainAssignment(request, snapshot);
  return assignment.kind === 'assigned' ? assignment : { managerRef: null, reasons: assignment.reasons };
}

/** The same rules, asked about one manager. */
function placedWith(to: ManagerRef, request: AssignmentRequest, snapshot: BankSnapshot): Placing {
  const { refused } = explainAssignment(request, snapshot);
  const against: AssignmentRefusal[] | undefined = refused.find((each) => each.managerRef === to)?.reasons;
  return against ? { managerRef: null, reasons: against } : { managerRef: to, reasons: ['named'] };
}

const isLeaving = (from: ManagerRef, { managers }: BankSnapshot): boolean =>
  managers.some(({ managerRef, leftOn }) => managerRef === from && leftOn !== null);

const leadFor = (
  from: ManagerRef,
  { day, complainedAbout }: AssignmentRequest,
  snapshot: BankSnapshot,
): ManagerRef | null => teamLeadOf(from, snapshot, day, [...complainedAbout, from]);

async function moveTasks(sql: Sql, { tasks }: Book, from: ManagerRef, to: ManagerRef | null, at: Instant) {
  for (const { taskId, dueAt, passes } of tasks) {
    await sql.query('update tasks set manager_ref = $2 where task_id = $1', [taskId, to]);
    await insertPass(sql, { taskId, pass: passes + 1, managerRef: from, to, kind: 'hand-over', dueAt, at });
  }
}

async function move(
  sql: Sql,
  book: Book,
  from: ManagerRef,
  to: ManagerRef,
  snapshot: BankSnapshot,
  at: Instant,
): Promise<void> {
  if (book.own)
    await sql.query('update customers set manager_ref = $2 where customer_ref = $1', [book.customerRef, to]);
  if (book.journeyId) await assignJourney(sql, book.journeyId, to);
  await moveTasks(sql, book, from, to, at);
  // the snapshot is kept true for the next customer of the batch
  for (const manager of snapshot.managers) {
    const sign = manager.managerRef === to ? 1 : manager.managerRef === from ? -1 : 0;
    manager.openJourneys += book.journeyId ? sign : 0;
    manager.book += book.own ? sign : 0;
  }
}
