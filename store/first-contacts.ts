import {
  ASSIGNMENT_RULES,
  assignManager,
  explainAssignment,
  type Assignment,
  type AssignmentRequest,
} from '../domain/assignment.js';
import {
  FIRST_CONTACT_RULES,
  firstContactDays,
  firstContactDue,
  MOST_MANAGERS,
  teamLeadOf,
} from '../domain/first-contact.js';
import type { Json } from '../domain/canonical-json.js';
import type { CustomerRef, Instant, JourneyId, ManagerRef, PlainDate } from '../domain/types.js';
import {
  customersToAssign,
  customerToAssign,
  lockAssignmentSnapshot,
  sawManagers,
  withNeeds,
  type AssignmentNeeds,
  type BankSnapshot,
  type CustomerToAssign,
} from './assignment.js';
import { complainedAbout } from './complained-about.js';
import { timestamp, type Sql } from './database.js';
import { recordDecisions, type Decision } from './decisions.js';
import { assignJourney, type JourneyRow } from './journeys.js';
import { openTask } from './tasks.js';

/**
 * Finds who looks after a journey's customer, reserves the room for it and puts the first contact on that manager's
 * list, all in the caller's transaction, which holds the customer's row. In a closed journey nobody has to do anything.
 */
export async function assignToJourney(
  sql: Sql,
  journey: JourneyRow,
  at: Instant,
): Promise<{ assignment: Assignment; saw: Record<string, Json>; rules: string }> {
  const { customerRef, journeyId } = journey;
  const customer = await customerToAssign(sql, customerRef, journey.definition.assignment, at);
  const { request } = customer;
  const explained = explainAssignment(request, await lockAssignmentSnapshot(sql, request.day));
  const { assignment } = explained;
  if (assignment.kind === 'assigned') {
    const { managerRef } = assignment;
    await assignJourney(sql, journeyId, managerRef);
    const dueAt = dueOf(customer, at);
    const key = `first-contact:${journeyId}`;
    if (journey.closedAt === null)
      await openTask(sql, { key, kind: 'first-contact', customerRef, journeyId, managerRef, at, dueAt });
  }
  return { assignment, saw: { ...sawManagers(explained), day: request.day }, rules: ASSIGNMENT_RULES };
}

const dueOf = ({ place, rank, highestRank }: CustomerToAssign, at: Instant): Instant =>
  firstContactDue(place, firstContactDays(rank, highestRank), at);

/** First contacts passed on in one transaction: their customers' rows stay locked so long, and nobody else assigns. */
const PASSED_AT_ONCE = 50;

interface ContactToPass {
  taskId: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  managerRef: ManagerRef | null;
  dueAt: Instant;
  /** the team lead has it already */
  escalatedAt: Instant | null;
  needs: AssignmentNeeds | null;
  /** null: the journey has ended */
  openJourneyId: JourneyId | null;
  journeyManager: ManagerRef | null;
  /** managers who had it, in order; the present one is not among them */
  had: ManagerRef[];
  passes: number;
  /** of these, to a next manager because it was late */
  lateBefore: number;
}

/** Of tasks `t`: those that are late, and those whose customer has complained about who has them, late or not. */
const TO_PASS = `t.kind = 'first-contact' and t.done_at is null and (
  (t.escalated_at is null and t.due_at < $1 and (t.snoozed_until is null or t.snoozed_until <= $1))
  or t.manager_ref = any (${complainedAbout('t.customer_ref')}))`;

/**
 * Passes on a batch of first contacts that are overdue: to the next manager by the rules of assignment, once, and then to
 * the team lead, where it stays, marked. One whose customer has complained about who has it is passed on at once. The
 * journey goes with it to the next manager. Once done it finds them no more.
 * @returns how many went where; both 0 when nothing is left
 */
export async function passOverdueContacts(sql: Sql, at: Instant): Promise<{ passed: number; escalated: number }> {
  const { rows } = await sql.query<{ customerRef: CustomerRef }>(
    `select customer_ref as "customerRef" from tasks t where ${TO_PASS} group by customer_ref order by min(due_at), 1 limit $2`,
    [timestamp(at), PASSED_AT_ONCE],
  );
  const customerRefs = rows.map((row) => row.customerRef);
  if (customerRefs.length === 0) return { passed: 0, escalated: 0 };
  await lockCustomers(sql, customerRefs);
  const customers = await customersToAssign(sql, customerRefs, at);
  const firstDay = customers.map(({ request }) => request.day).sort()[0] as PlainDate;
  const snapshot = await lockAssignmentSnapshot(sql, firstDay);
  const tasks = await lockOverdue(sql, customerRefs, at);
  const decisions: Decision[] = [];
  for (const task of tasks) {
    const customer = customers.find(({ request }) => request.customerRef === task.customerRef);
    if (customer) decisions.push(await passOn(sql, task, customer, snapshot, at));
  }
  await recordDecisions(sql, decisions);
  const passed = decisions.filter(({ reasons }) => reasons.includes('next-manager')).length;
  return { passed, escalated: decisions.length - passed };
}

/** Locks customers' rows in the order of their references, as everybody does who takes more than one. */
export async function lockCustomers(sql: Sql, customerRefs: readonly CustomerRef[]): Promise<void> {
  await sql.query('select 1 from customers where customer_ref = any($1) order by customer_ref for no key update', [
    customerRefs,
  ]);
}

async function lockOverdue(sql: Sql, customerRefs: readonly CustomerRef[], at: Instant): Promise<ContactToPass[]> {
  const { rows } = await sql.query<ContactToPass>(
    `select task_id as "taskId", t.customer_ref as "customerRef", t.journey_id as "journeyId",
            t.manager_ref as "managerRef", due_at as "dueAt", t.escalated_at as "escalatedAt", v.definition -> 'assignment' as needs,
            j.journey_id as "openJourneyId", j.manager_ref as "journeyManager",
            array(select from_manager from task_passes p
                   where p.task_id = t.task_id and from_manager is not null order by pass) as had,
            (select count(*)::int from task_passes p where p.task_id = t.task_id) as passes,
            (select count(*)::int from task_passes p
              where p.task_id = t.task_id and p.kind = 'next-manager') as "lateBefore"
       from tasks t
       left join journeys j on j.journey_id = t.journey_id and j.closed_at is null
       left join campaign_versions v on v.campaign_ref = j.campaign_ref and v.version = j.version
      where ${TO_PASS} and t.customer_ref = any($2) order by t.customer_ref, task_id for update of t`,
    [timestamp(at), customerRefs],
  );
  return rows;
}

async function passOn(
  sql: Sql,
  task: ContactToPass,
  customer: CustomerToAssign,
  snapshot: BankSnapshot,
  at: Instant,
): Promise<Decision> {
  const had = task.managerRef === null ? task.had : [...task.had, task.managerRef];
  const { day, complainedAbout: notThese } = customer.request;
  const complained = task.managerRef !== null && notThese.includes(task.managerRef);
  const goesOn = complained ? task.escalatedAt === null : task.lateBefore + 1 < MOST_MANAGERS;
  const next = goesOn ? nextManager(customer, task.needs ?? {}, had, snapshot) : null;
  // not back to somebody who was late with it
  const to = next ?? teamLeadOf(had.at(-1) ?? null, snapshot, day, [...notThese, ...had]);
  const dueAt = next ? dueOf(customer, at) : task.dueAt;
  await sql.query(
    `update tasks set manager_ref = $2, due_at = $3, snoozed_until = null, snooze_reason = null, escalated_at = $4
      where task_id = $1`,
    [task.taskId, to, timestamp(dueAt), next ? null : timestamp(at)],
  );
  const whom = next ? 'next-manager' : 'team-lead';
  // a pass for a complaint is no lateness of anybody
  const kind = next && complained ? 'complaint' : whom;
  await insertPass(sql, { ...task, pass: task.passes + 1, to, kind, at });
  if (next && task.openJourneyId) await moveJourney(sql, task.openJourneyId, task.journeyManager, next, snapshot);
  return {
    key: `task:${task.taskId}:pass-${task.passes + 1}`,
    customerRef: task.customerRef,
    journeyId: task.journeyId,
    kind: 'first-contact',
    verdict: to ?? 'team-leads',
    reasons: [complained ? 'complained-about' : 'overdue', whom],
    saw: { from: task.managerRef, had, dueBefore: task.dueAt, dueAt },
    result: { to },
    rules: FIRST_CONTACT_RULES,
    at,
  };
}

function nextManager(
  { request }: CustomerToAssign,
  needs: AssignmentNeeds,
  had: readonly ManagerRef[],
  snapshot: BankSnapshot,
): ManagerRef | null {
  const asked: AssignmentRequest = { ...withNeeds(request, needs), had };
  const assignment = assignManager(asked, snapshot);
  return assignment.kind === 'assigned' ? assignment.managerRef : null;
}

/** The journey takes its room along; the snapshot is kept true for the next one of the batch. */
async function moveJourney(
  sql: Sql,
  journeyId: JourneyId,
  from: ManagerRef | null,
  to: ManagerRef,
  snapshot: BankSnapshot,
): Promise<void> {
  await assignJourney(sql, journeyId, to);
  for (const manager of snapshot.managers) {
    if (manager.managerRef === from) manager.openJourneys -= 1;
    if (manager.managerRef === to) manager.openJourneys += 1;
  }
}

export interface NewPass {
  taskId: string;
  pass: number;
  managerRef: ManagerRef | null;
  to: ManagerRef | null;
  kind: 'next-manager' | 'team-lead' | 'complaint' | 'hand-over';
  dueAt: Instant;
  at: Instant;
}

/** Remembers who had a task and who has it now. */
export async function insertPass(sql: Sql, pass: NewPass): Promise<void> {
  await sql.query(
    `insert into task_passes (task_id, pass, from_manager, to_manager, kind, due_before, passed_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [pass.taskId, pass.pass, pass.managerRef, pass.to, pass.kind, timestamp(pass.dueAt), timestamp(pass.at)],
  );
}
