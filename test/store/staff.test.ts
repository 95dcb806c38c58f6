import { randomUUID } from 'node:crypto';
import {
  addMillis,
  days,
  instant,
  plainDate,
  type BranchRef,
  type CustomerRef,
  type ManagerRef,
} from '../../domain/types.js';
import { saveBranch, saveTeam } from '../../store/branches.js';
import { type Database } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { beginHandOver, handOver } from '../../store/handovers.js';
import { managerReturns, saveDelegation, saveManager } from '../../store/managers.js';
import { findTask, listTasks, spokenFacts } from '../../store/reads/task.js';
import { lockCustomers } from '../../store/first-contacts.js';
import { closeJourney } from '../../store/journeys.js';
import { customerToAssign, readAssignmentSnapshot } from '../../store/assignment.js';
import { assignManager } from '../../domain/assignment.js';
import { withdrawTasks } from '../../store/withdrawn-tasks.js';
import { readText } from '../../store/texts.js';
import { deferContact, openTask, recordTaskResult, snoozeTask, tasksToTell, taskTold } from '../../store/tasks.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** Monday 12 January 2026, ten in the morning in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = plainDate('2026-01-12');
const m = (ref: string): ManagerRef => ref as ManagerRef;

let database: TestDatabase;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await database.drop();
});

const branch = (ref: string, parent: string | null) =>
  saveBranch(database.app, {
    branchRef: ref as BranchRef,
    name: ref,
    parentRef: parent as BranchRef | null,
    region: null,
    zone: null,
    calendar: null,
  });
const call = (key: string, managerRef: string | null = 'm1', journeyId: string | null = null) =>
  openTask(database.app, {
    key,
    kind: 'call',
    customerRef: anna,
    journeyId: journeyId as never,
    managerRef: managerRef as ManagerRef | null,
    at: AT,
    dueAt: addMillis(AT, days(1)),
  });
const result = (taskId: string, by: string, more: Partial<Parameters<typeof recordTaskResult>[1]> = {}) =>
  recordTaskResult(database.app, {
    taskId,
    by: m(by),
    result: 'reached',
    reason: 'rate',
    callBackAt: null,
    note: null,
    at: AT,
    day: DAY,
    ...more,
  });

describe('branches stand in a tree', () => {
  test('in which none stands under itself, however far below', async () => {
    await branch('b2', 'b1');
    await branch('b3', 'b2');
    await expect(branch('b1', 'b3')).rejects.toThrow(
      'branch b1 would stand under itself; name a parent that is not below it',
    );
    await expect(branch('b1', 'b1')).rejects.toThrow('would stand under itself');
    await expect(
      database.owner.query(`update branches set parent_ref = 'b1' where branch_ref = 'b1'`),
    ).rejects.toThrow();
    await expect(branch('b4', 'nowhere')).rejects.toThrow('there is no branch "nowhere"');
    expect(await branch('b3', 'b1')).toEqual({ isNew: false });
  });

  test('also when two are moved under each other at once', async () => {
    await branch('b2', null);
    const moves = await Promise.allSettled([branch('b1', 'b2'), branch('b2', 'b1')]);
    expect(moves.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a task', () => {
  test('is done once, by who has it, and what was said is kept apart', async () => {
    const { taskId } = await call('k1');
    expect(await call('k1')).toEqual({ taskId, isNew: false });
    const note = { textId: randomUUID(), body: 'Another bank offers 2 %.' };
    expect(await result(taskId, 'm1', { note })).toMatchObject({ state: 'done', journeyWorkflowId: null });
    await expect(result(taskId, 'm1', { result: 'busy', reason: null })).rejects.toThrow(
      'was done already, by m1: reached',
    );
    expect(await findTask(database.app, taskId)).toMatchObject({
      doneBy: 'm1',
      result: 'reached',
      reason: 'rate',
      results: [{ attempt: 1, note: 'Another bank offers 2 %.' }],
    });
    expect(await readText(database.app, note.textId)).toMatchObject({ customerRef: anna });
    const { rows } = await database.owner.query(`select verdict, reasons, saw from decisions where kind = 'task'`);
    expect(rows).toMatchObject([{ verdict: 'reached', reasons: ['rate'], saw: { noteTextId: note.textId } }]);
    expect(JSON.stringify(rows)).not.toContain('Another bank');
  });

  test('of two who do it at once is done by one of them', async () => {
    const { taskId } = await call('k1');
    const both = await Promise.allSettled([result(taskId, 'm1'), result(taskId, 'm1', { result: 'refused' })]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('may be done by who stands in and by the team lead, and by nobody else', async () => {
    await saveTeam(database.app, { teamRef: 't-1', branchRef: 'b1' as BranchRef, name: 'Centre', leadRef: m('m2') }, [
      m('m1'),
    ]);
    await database.owner.query(
      `insert into managers select 'm' || i, 'b1', 'Manager', 'm@bank.example', '{en}', 9 from generate_series(3, 4) i`,
    );
    const away = { managerRef: m('m1'), from: DAY, to: DAY, at: AT, by: 'test' };
    await saveDelegation(database.app, { ...away, delegateRef: m('m3') });
    const one = await call('k1');
    await expect(result(one.taskId, 'm4')).rejects.toThrow(
      /is m1's: only who has it, who stands in for them, or the team lead m2 may do that, not m4/,
    );
    await expect(result(one.taskId, 'm3', { day: plainDate('2026-01-13') })).rejects.toThrow(/not m3/);
    await expect(result(one.taskId, 'nobody')).rejects.toThrow('there is no manager "nobody"');
    expect(await result(one.taskId, 'm3')).toMatchObject({ state: 'done' });
    const two = await call('k2');
    expect(await result(two.taskId, 'm2')).toMatchObject({ state: 'done' });
    // nobody has it: any team lead may
    const three = await call('k3', null);
    await expect(result(three.taskId, 'm1')).rejects.toThrow("is on the team leads' list");
    expect(await result(three.taskId, 'm2')).toMatchObject({ state: 'done' });
  });

  const complainAbout = (ref: string, customer: string = anna) =>
    database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source, narrative,
                               opened_at, opened_wall, due_at, rule_set)
       values ('K-' || $1, $1, $2, $1, $1, 'page', 'No.', now(), now(), now(), 'cn')`,
      [ref, customer],
    );

  test('is done and put off by nobody whom the customer has complained about, whoever has it', async () => {
    await saveTeam(database.app, { teamRef: 't-1', branchRef: 'b1' as BranchRef, name: 'Centre', leadRef: m('m2') }, [
      m('m1'),
    ]);
    await complainAbout('m1');
    const { taskId } = await call('k1');
    await expect(result(taskId, 'm1')).rejects.toThrow(/has complained about m1: somebody else does it/);
    const snooze = { taskId, by: m('m1'), until: addMillis(AT, days(2)), reason: 'later', at: AT, day: DAY };
    await expect(snoozeTask(database.app, snooze)).rejects.toThrow(/has complained about m1/);
    expect(await result(taskId, 'm2')).toMatchObject({ state: 'done' });
  });

  test('that nobody has is done by any manager where nobody leads, but for whom the customer complained about', async () => {
    const { taskId } = await call('k1', null);
    await complainAbout('m2');
    await expect(result(taskId, 'm2')).rejects.toThrow(/has complained about m2/);
    expect(await result(taskId, 'm1')).toMatchObject({ state: 'done' });
  });

  test('that is a first contact is called back once, within the working days of the customer’s tier', async () => {
    const { rows } = await database.owner.query<{ id: string }>(
      `insert into tasks (task_key, customer_ref, kind, manager_ref, opened_at, due_at)
       values ('first', 'canna', 'first-contact', 'm1', $1, $1) returning task_id as id`,
      [new Date(AT)],
    );
    const taskId = rows[0]?.id ?? '';
    const again = (n: number) => ({ result: 'call-back', reason: null, callBackAt: addMillis(AT, days(n)) });
    // an affluent customer: three working days, until Thursday 18:00 in Shanghai
    await expect(result(taskId, 'm1', again(4))).rejects.toThrow(/until 2026-01-15T10:00:00.000Z/);
    expect(await result(taskId, 'm1', again(3))).toMatchObject({ state: 'open', dueAt: addMillis(AT, days(3)) });
    await expect(result(taskId, 'm1', again(1))).rejects.toThrow('a first contact is called back once');
  });

  test('that wants a call back stays on the list, due then, and counts its tries', async () => {
    const { taskId } = await call('k1');
    const callBackAt = addMillis(AT, days(4));
    const again = { result: 'call-back', reason: null, callBackAt };
    expect(await result(taskId, 'm1', again)).toMatchObject({ state: 'open', dueAt: callBackAt });
    expect(await findTask(database.app, taskId)).toMatchObject({ dueAt: callBackAt, doneAt: null, attempts: 1 });
    for (let i = 0; i < 3; i += 1) await result(taskId, 'm1', again);
    await expect(result(taskId, 'm1', again)).rejects.toThrow(/was tried 4 times already/);
    expect(await result(taskId, 'm1', { result: 'busy', reason: null })).toMatchObject({
      state: 'done',
      result: 'busy',
    });
  });

  test('put off is not overdue until then', async () => {
    const { taskId } = await call('k1');
    const overdue = (at: number) =>
      listTasks(database.app, { overdueAt: instant(at), limit: 9 }).then((l) => l.tasks.length);
    const late = addMillis(AT, days(2));
    expect(await overdue(late)).toBe(1);
    const snooze = { taskId, by: m('m1'), until: addMillis(AT, days(3)), reason: 'at sea', at: AT, day: DAY };
    await snoozeTask(database.app, snooze);
    expect(await overdue(late)).toBe(0);
    expect(await overdue(addMillis(AT, days(3)))).toBe(1);
    await expect(snoozeTask(database.app, { ...snooze, until: addMillis(AT, days(40)) })).rejects.toThrow(
      /at most 30 days/,
    );
    await expect(snoozeTask(database.app, { ...snooze, by: m('m2') })).rejects.toThrow(/not m2/);
    // why is for who reads the one task
    expect(JSON.stringify(await listTasks(database.app, { limit: 9 }))).not.toContain('at sea');
    expect(await findTask(database.app, taskId)).toMatchObject({ snoozeReason: 'at sea' });
  });

  test('of an open journey is told to its run until that has heard of it', async () => {
    const { journeyId } = await admitted(database, anna, DAY, AT);
    const { taskId } = await call('k1', 'm1', journeyId);
    expect(await result(taskId, 'm1')).toMatchObject({ journeyWorkflowId: `journey:${journeyId}` });
    expect(await tasksToTell(database.app, 9)).toEqual([
      { taskId, result: 'reached', workflowId: `journey:${journeyId}` },
    ]);
    await taskTold(database.app, taskId, AT);
    expect(await tasksToTell(database.app, 9)).toEqual([]);
  });

  test('is not kept for telling where no run waits: of no journey, of one that closed, done before it or after', async () => {
    const untold = async () =>
      (await database.owner.query('select 1 from tasks where done_at is not null and told_at is null')).rowCount;
    await result((await call('k0')).taskId, 'm1');
    expect(await untold()).toBe(0);
    const { journeyId } = await admitted(database, anna, DAY, AT);
    const [before, after] = [await call('k1', 'm1', journeyId), await call('k2', 'm1', journeyId)];
    await result(before.taskId, 'm1');
    expect(await untold()).toBe(1);
    await closeJourney(database.app, journeyId, 'opted-out', 'the customer wants no more', AT);
    expect(await untold()).toBe(0);
    await result(after.taskId, 'm1');
    expect(await untold()).toBe(0);
  });

  test('is withdrawn while others write for the same customers, and nobody waits crosswise', async () => {
    const others = [await addCustomer(database, { ref: 'cz' }), anna];
    for (const customerRef of others) {
      const { journeyId } = await admitted(database, customerRef, DAY, AT);
      const task = { kind: 'call' as const, managerRef: m('m1'), at: AT, dueAt: AT };
      await openTask(database.app, { ...task, key: `call:${customerRef}`, customerRef, journeyId });
      await closeJourney(database.app, journeyId, 'opted-out', 'the customer wants no more', AT);
    }
    const waiting = async () =>
      (await database.owner.query(`select 1 from pg_locks where not granted and locktype = 'transactionid'`)).rowCount;
    const withdrawing = await database.app.transaction(async (sql) => {
      await lockCustomers(sql, others);
      const write = (ref: string) =>
        sql.query('update tasks set manager_ref = manager_ref where customer_ref = $1', [ref]);
      await write('canna');
      const begun = withdrawTasks(database.app, AT, () => undefined).catch((error: unknown) => error);
      while ((await waiting()) === 0);
      await write('cz');
      return { begun };
    });
    expect(await withdrawing.begun).toBe(2);
  });

  test('leaves a wrong number and a refusal behind as facts, which a later word takes back', async () => {
    const facts = () => spokenFacts(database.app, anna);
    expect(await facts()).toEqual({ wrongNumberAt: null, refusedAt: null });
    await result((await call('k1')).taskId, 'm1', { result: 'wrong-number', reason: null });
    expect(await facts()).toEqual({ wrongNumberAt: AT, refusedAt: null });
    const later = addMillis(AT, days(1));
    await result((await call('k2')).taskId, 'm1', { result: 'refused', reason: 'service', at: later });
    expect(await facts()).toEqual({ wrongNumberAt: null, refusedAt: later });
    await result((await call('k3')).taskId, 'm1', { at: addMillis(AT, days(2)) });
    expect(await facts()).toEqual({ wrongNumberAt: null, refusedAt: null });
  });

  test('"not before" is kept with who said it and why', async () => {
    const notBefore = addMillis(AT, days(9));
    await deferContact(database.app, { customerRef: anna, notBefore, reason: 'in hospital', by: m('m1'), at: AT });
    const { rows } = await database.owner.query(
      'select customer_ref, not_before, reason, set_by from contact_deferrals',
    );
    expect(rows).toEqual([{ customer_ref: anna, not_before: notBefore, reason: 'in hospital', set_by: 'm1' }]);
    const decided = await database.owner.query(`select verdict, saw from decisions where kind = 'deferral'`);
    expect(decided.rows).toEqual([{ verdict: 'not-before', saw: { notBefore, by: 'm1' } }]);
    const unknown = { notBefore, reason: 'x', at: AT };
    await expect(deferContact(database.app, { ...unknown, customerRef: anna, by: m('m9') })).rejects.toThrow(
      'no manager "m9"',
    );
    await expect(
      deferContact(database.app, { ...unknown, customerRef: 'cx' as CustomerRef, by: m('m1') }),
    ).rejects.toThrow('customer cx is not there');
  });
});

describe('a whole book is handed over', () => {
  /** m1 has 70 customers of their own, open journeys with the first 20 of them, and a call with the first ten. */
  async function book(): Promise<void> {
    const { owner } = database;
    for (let i = 0; i < 70; i += 1) {
      const ref = await addCustomer(database, { ref: `cb${String(i).padStart(2, '0')}` });
      if (i >= 20) continue;
      const { journeyId } = await admitted(database, ref, DAY, AT);
      await owner.query(`update journeys set manager_ref = 'm1' where journey_id = $1`, [journeyId]);
      if (i < 10)
        await owner.query(
          `insert into tasks (task_key, customer_ref, journey_id, kind, manager_ref, opened_at, due_at) values ($1, $2, $3, 'call', 'm1', now(), now())`,
          [`call:${i}`, ref, journeyId],
        );
    }
    await owner.query(`update customers set manager_ref = 'm1' where customer_ref like 'cb%'`);
    await owner.query(`update managers set capacity = 12 where manager_ref = 'm2'`);
    await saveManager(database.app, {
      managerRef: m('m3'),
      branchRef: 'b1' as BranchRef,
      teamRef: null,
      name: 'Zhao Min',
      email: 'zhao.min@bank.example',
      languages: ['en'],
      skills: null,
      segments: null,
      capacity: 6,
      workDays: null,
      worksFrom: null,
      worksTo: null,
      zone: null,
    });
    // these customers can't be served by m3
    await owner.query(`update customers set language = 'zh-CN' where customer_ref in ('cb21', 'cb22', 'cb23')`);
    await owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source, narrative,
                               opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'page:1', 'cb30', 'm2', 'complaint:1', 'page', 'No.', now(), now(), now(), 'cn')`,
    );
  }
  const request = { from: m('m1'), to: null, leftOn: DAY, by: 'chief', at: AT };
  const left = async () => {
    const { rows } = await database.owner.query<{ own: number; journeys: number; tasks: number }>(
      `select (select count(*)::int from customers where manager_ref = 'm1') as own,
              (select count(*)::int from journeys where manager_ref = 'm1' and closed_at is null) as journeys,
              (select count(*)::int from tasks where manager_ref = 'm1' and done_at is null) as tasks`,
    );
    return rows[0];
  };

  test('by the rules of assignment, each customer to one manager, and who could not be placed is listed', async () => {
    await book();
    const { handOverId } = await beginHandOver(database.app, request);
    const handed = await handOver(database.app, handOverId, AT);
    expect(handed).toHaveLength(70);
    const to = (ref: string | null) => handed.filter(({ toManager }) => toManager === ref);
    // 12 and 6 of the 20 journeys fit; then both are full, and nobody has room for the rest
    expect(to('m2').reduce((sum, each) => sum + each.journeys, 0)).toBe(12);
    expect(to('m3').reduce((sum, each) => sum + each.journeys, 0)).toBe(6);
    expect(to(null).filter(({ journeys }) => journeys === 1)).toHaveLength(2);
    for (const { reasons } of to(null)) expect(reasons).toContain('no-room');
    expect(await left()).toEqual({
      own: to(null).length,
      journeys: 2,
      tasks: to(null).reduce((sum, t) => sum + t.tasks, 0),
    });
    const { rows } = await database.owner.query(`select verdict from decisions where kind = 'hand-over'`);
    expect(rows).toHaveLength(70);
    const passes = await database.owner.query(
      `select 1 from task_passes where kind = 'hand-over' and from_manager = 'm1'`,
    );
    expect(passes.rowCount).toBe(10);
  });

  test('evenly where there is room, to nobody who was complained about or speaks another language', async () => {
    await book();
    await database.owner.query(`update managers set capacity = 100 where manager_ref <> 'm1'`);
    const { handOverId } = await beginHandOver(database.app, request);
    const handed = await handOver(database.app, handOverId, AT);
    expect(await left()).toEqual({ own: 0, journeys: 0, tasks: 0 });
    const counts = ['m2', 'm3'].map((ref) => handed.filter(({ toManager }) => toManager === ref).length);
    expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(4);
    const whose = (ref: string) => handed.find(({ customerRef }) => customerRef === ref)?.toManager;
    expect(['cb21', 'cb22', 'cb23'].map(whose)).toEqual(['m2', 'm2', 'm2']);
    expect(whose('cb30')).toBe('m3');
    // who has left gets nobody any more
    const { rows } = await database.owner.query(`select left_on from managers where manager_ref = 'm1'`);
    expect(rows).toEqual([{ left_on: DAY }]);
  });

  test('by nobody who is free: the tasks of who leaves go to the lead above, those of who stays do not', async () => {
    await book();
    await database.owner.query(
      `insert into managers values ('m4', 'b1', 'Sun Li', 'sun.li@bank.example', '{zh-CN,en}', 0)`,
    );
    await saveTeam(database.app, { teamRef: 't-1', branchRef: 'b1' as BranchRef, name: 'Centre', leadRef: m('m4') }, [
      m('m1'),
    ]);
    await database.owner.query('update managers set capacity = 0');
    const stays = await beginHandOver(database.app, { ...request, leftOn: null });
    await handOver(database.app, stays.handOverId, AT);
    expect(await left()).toMatchObject({ journeys: 20, tasks: 10 });
    const leaves = await beginHandOver(database.app, request);
    const handed = await handOver(database.app, leaves.handOverId, AT);
    expect(handed.filter(({ tasks, toManager }) => tasks > 0 && toManager === null)).toHaveLength(10);
    expect(await left()).toMatchObject({ journeys: 20, tasks: 0 });
    const { rows } = await database.owner.query(
      `select p.to_manager, t.manager_ref, count(*)::int as n from task_passes p join tasks t using (task_id)
        where p.kind = 'hand-over' group by 1, 2`,
    );
    expect(rows).toEqual([{ to_manager: 'm4', manager_ref: 'm4', n: 10 }]);
  });

  test('before the leaving day: nobody new comes to who is about to leave, until that is taken back', async () => {
    const asked = async () => {
      const { request } = await customerToAssign(database.app, anna, {}, AT);
      return assignManager({ ...request, dedicated: m('m1') }, await readAssignmentSnapshot(database.app, DAY));
    };
    expect(await asked()).toMatchObject({ managerRef: 'm1' });
    await beginHandOver(database.app, { ...request, leftOn: plainDate('2026-03-31') });
    expect(await asked()).toMatchObject({ managerRef: 'm2' });
    await managerReturns(database.app, m('m1'));
    expect(await asked()).toMatchObject({ managerRef: 'm1' });
    await expect(managerReturns(database.app, m('m1'))).rejects.toThrow('there is nothing to take back');
    await expect(managerReturns(database.app, m('m9'))).rejects.toThrow('there is no manager "m9"');
  });

  test('to one manager who is named, but for those whom they can not have', async () => {
    await book();
    await database.owner.query(`update managers set capacity = 100 where manager_ref = 'm3'`);
    const { handOverId } = await beginHandOver(database.app, { ...request, to: m('m3') });
    const handed = await handOver(database.app, handOverId, AT);
    const unplaced = handed.filter(({ toManager }) => toManager === null);
    expect(unplaced.map(({ customerRef, reasons }) => [customerRef, reasons])).toEqual(
      ['cb21', 'cb22', 'cb23'].map((ref) => [ref, ['language-not-spoken']]),
    );
    expect(handed.filter(({ toManager }) => toManager === 'm3')).toHaveLength(67);
  });

  test('goes on where it broke off, and does nothing twice', async () => {
    await book();
    await database.owner.query(`update managers set capacity = 100 where manager_ref = 'm2'`);
    const begun = await beginHandOver(database.app, request);
    let transactions = 0;
    const dying = Object.assign(Object.create(database.app) as Database, {
      transaction: (work: Parameters<Database['transaction']>[0]) => {
        transactions += 1;
        return transactions > 1 ? Promise.reject(new Error('the power went off')) : database.app.transaction(work);
      },
    });
    await expect(handOver(dying, begun.handOverId, AT)).rejects.toThrow('the power went off');
    expect(await left()).toMatchObject({ own: 20 });
    await expect(beginHandOver(database.app, { ...request, to: m('m2') })).rejects.toThrow(
      'a hand-over of m1 by assignment was begun and is not finished; finish that one first',
    );
    const again = await beginHandOver(database.app, request);
    expect(again).toEqual({ handOverId: begun.handOverId, resumed: true });
    expect(await handOver(database.app, again.handOverId, AT)).toHaveLength(70);
    expect(await left()).toEqual({ own: 0, journeys: 0, tasks: 0 });
    // finished: asking again begins a new one, which finds nobody
    const third = await beginHandOver(database.app, request);
    expect(third.handOverId).not.toBe(begun.handOverId);
    expect(await handOver(database.app, third.handOverId, AT)).toEqual([]);
  });

  test('to themselves or to nobody known is refused', async () => {
    await expect(beginHandOver(database.app, { ...request, to: m('m1') })).rejects.toThrow(
      "can't take over their own book",
    );
    await expect(beginHandOver(database.app, { ...request, to: m('m9') })).rejects.toThrow('there is no manager "m9"');
    await expect(beginHandOver(database.app, { ...request, from: m('m9') })).rejects.toThrow(
      'there is no manager "m9"',
    );
  });
});
