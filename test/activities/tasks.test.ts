import { smtpMailDoor, type MailDoor } from '../../activities/mail.js';
import { journeyActivities, type JourneyActivities } from '../../activities/journey.js';
import { passOverdueTasks, sendTaskDigests } from '../../activities/tasks.js';
import {
  addMillis,
  days,
  instant,
  millis,
  plainDate,
  type CustomerRef,
  type Instant,
  type JourneyId,
  type ManagerRef,
  type ZoneId,
} from '../../domain/types.js';
import { verifyDecisions } from '../../store/decisions.js';
import { closeJourney } from '../../store/journeys.js';
import { saveDelegation, saveLeave } from '../../store/managers.js';
import { findTask, listTasks, type TaskView } from '../../store/reads/task.js';
import { openTask, recordTaskResult, snoozeTask } from '../../store/tasks.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** Monday 12 January 2026, ten in the morning in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12';
const shanghai = (day: string, time: string): Instant => instant(Date.parse(`${day}T${time}:00+08:00`));
const quiet = (): void => undefined;

let database: TestDatabase;
let server: MailServer;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
  server = await startMailServer();
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await server.close();
  await database.drop();
});

/** m3 leads the team of m1 and m2, and has no room for journeys of their own. */
async function team(): Promise<void> {
  const { owner } = database;
  await owner.query(`insert into managers values ('m3', 'b1', 'Zhao Min', 'zhao.min@bank.example', '{zh-CN,en}', 0)`);
  await owner.query(`insert into teams values ('t-1', 'b1', 'Centre', 'm3')`);
  await owner.query(`update managers set team_ref = 't-1'`);
}

const deps = (mail: MailDoor = smtpMailDoor(server.url, 'Test Bank <service@bank.example>')) => ({
  database: database.app,
  bank: { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } },
  mail,
  mailDomain: 'bank.example',
});

async function opened(ref: CustomerRef, at: Instant = AT) {
  const journey = await admitted(database, ref, DAY, at);
  await journeyActivities(deps()).openJourney({ journeyId: journey.journeyId, attempt: 1, at });
  const [task] = (await listTasks(database.app, { customerRef: ref, limit: 1 })).tasks;
  if (!task) throw new Error('no first contact was opened');
  return { ...journey, task };
}
const tier = (ref: string, name: string): Promise<unknown> =>
  database.owner.query(`insert into tier_history values ($1, '2026-01-02', $2, 'test')`, [ref, name]);
async function look(taskId: string): Promise<TaskView> {
  const task = await findTask(database.app, taskId);
  if (!task) throw new Error('the task is gone');
  return task;
}
const pass = (at: Instant) => passOverdueTasks(deps(), at, quiet);
const digests = (at: Instant, mail?: MailDoor) => sendTaskDigests(deps(mail), at, quiet);
const managerOf = async (journeyId: string): Promise<string | undefined> => {
  const { rows } = await database.owner.query<{ ref: string }>(
    'select manager_ref as ref from journeys where journey_id = $1',
    [journeyId],
  );
  return rows[0]?.ref;
};

describe('the first contact', () => {
  test.each([
    ['private', '2026-01-13', 'one'],
    ['affluent', '2026-01-15', 'three'],
    ['mass', '2026-01-21', 'seven'],
  ])('with a %s customer is due at the close of %s: %s working days on', async (name, day) => {
    await tier(anna, name);
    const { task, journeyId } = await opened(anna);
    expect(task).toMatchObject({
      kind: 'first-contact',
      journeyId,
      managerRef: 'm1',
      dueAt: shanghai(day, '18:00'),
    });
  });

  test('is due after the holidays, and a make-up Saturday counts', async () => {
    await tier(anna, 'affluent');
    // the Spring Festival of 2026 is 15 to 23 February; Saturday 14 and 28 February are worked
    const { task } = await opened(anna, shanghai('2026-02-13', '10:00'));
    expect(task.dueAt).toBe(shanghai('2026-02-25', '18:00'));
  });

  test("is counted by the holidays and the clock of the customer's branch", async () => {
    await tier(anna, 'private');
    await database.owner.query(`update branches set zone = 'Europe/London', calendar = 'GB'`);
    const { task } = await opened(anna, instant(Date.UTC(2026, 3, 2, 10)));
    // Thursday before Easter: Friday and Monday are bank holidays
    expect(task.dueAt).toBe(Date.UTC(2026, 3, 7, 17));
  });

  test('that is not made in time passes to the next manager, then to the team lead, and stays there, marked', async () => {
    await team();
    const { task, journeyId } = await opened(anna);
    expect(await pass(task.dueAt)).toEqual({ passed: 0, escalated: 0, withdrawn: 0 });
    const late = addMillis(task.dueAt, millis(1));
    expect(await pass(late)).toEqual({ passed: 1, escalated: 0, withdrawn: 0 });
    expect(await pass(late)).toEqual({ passed: 0, escalated: 0, withdrawn: 0 });
    // it was late on Thursday evening: three more working days
    expect(await look(task.taskId)).toMatchObject({
      managerRef: 'm2',
      dueAt: shanghai('2026-01-20', '18:00'),
      escalatedAt: null,
      passed: [{ from: 'm1', to: 'm2', kind: 'next-manager', dueBefore: task.dueAt, at: late }],
    });
    expect(await managerOf(journeyId)).toBe('m2');

    const later = shanghai('2026-01-21', '06:00');
    expect(await pass(later)).toEqual({ passed: 0, escalated: 1, withdrawn: 0 });
    expect(await look(task.taskId)).toMatchObject({
      managerRef: 'm3',
      dueAt: shanghai('2026-01-20', '18:00'),
      escalatedAt: later,
      passed: [{}, { from: 'm2', to: 'm3', kind: 'team-lead' }],
    });
    expect(await pass(addMillis(later, days(30)))).toEqual({ passed: 0, escalated: 0, withdrawn: 0 });
    const { rows } = await database.owner.query(
      `select verdict, reasons, rules from decisions where kind = 'first-contact' order by sequence`,
    );
    expect(rows).toEqual([
      { verdict: 'm2', reasons: ['overdue', 'next-manager'], rules: 'first-contact@1' },
      { verdict: 'm3', reasons: ['overdue', 'team-lead'], rules: 'first-contact@1' },
    ]);
  });

  test('goes straight to the team lead where no other manager fits, and to all leads where nobody leads', async () => {
    await team();
    await database.owner.query(`update managers set capacity = 0 where manager_ref = 'm2'`);
    const { task } = await opened(anna);
    const late = addMillis(task.dueAt, days(1));
    expect(await pass(late)).toMatchObject({ passed: 0, escalated: 1 });
    expect(await look(task.taskId)).toMatchObject({ managerRef: 'm3', escalatedAt: late });

    const ben = await addCustomer(database, { ref: 'cben' });
    const other = await opened(ben);
    await database.owner.query('update teams set lead_ref = null');
    expect(await pass(late)).toMatchObject({ passed: 0, escalated: 1 });
    expect(await look(other.task.taskId)).toMatchObject({ managerRef: null, escalatedAt: late });
  });

  test('is passed on to nobody whom the customer has complained about, manager or lead', async () => {
    await team();
    const { task } = await opened(anna);
    for (const ref of ['m2', 'm3'])
      await database.owner.query(
        `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                                 narrative, opened_at, opened_wall, due_at, rule_set)
         values ('K-' || $1, $1, 'canna', $1, $1, 'page', 'No.', now(), now(), now(), 'cn')`,
        [ref],
      );
    expect(await pass(addMillis(task.dueAt, days(1)))).toMatchObject({ passed: 0, escalated: 1 });
    expect((await look(task.taskId)).managerRef).toBeNull();
  });

  const complainAbout = (...refs: string[]) =>
    Promise.all(
      refs.map((ref) =>
        database.owner.query(
          `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                                   narrative, opened_at, opened_wall, due_at, rule_set)
           values ('K-' || $1, $1, 'canna', $1, $1, 'page', 'No.', now(), now(), now(), 'cn')`,
          [ref],
        ),
      ),
    );

  test('leaves whom the customer complains about at once, with the journey, and counts as nobody’s lateness', async () => {
    await team();
    const { task, journeyId } = await opened(anna);
    await complainAbout('m1');
    expect(await pass(AT)).toEqual({ passed: 1, escalated: 0, withdrawn: 0 });
    expect(await pass(AT)).toEqual({ passed: 0, escalated: 0, withdrawn: 0 });
    expect(await look(task.taskId)).toMatchObject({
      managerRef: 'm2',
      escalatedAt: null,
      passed: [{ from: 'm1', to: 'm2', kind: 'complaint' }],
    });
    expect(await managerOf(journeyId)).toBe('m2');
    await complainAbout('m2');
    expect(await pass(AT)).toEqual({ passed: 0, escalated: 1, withdrawn: 0 });
    expect(await look(task.taskId)).toMatchObject({ managerRef: 'm3', escalatedAt: AT });
    // also when the lead has it already
    await complainAbout('m3');
    expect(await pass(AT)).toEqual({ passed: 0, escalated: 1, withdrawn: 0 });
    expect((await look(task.taskId)).managerRef).toBeNull();
    const { rows } = await database.owner.query(
      `select reasons from decisions where kind = 'first-contact' order by sequence`,
    );
    expect(rows).toEqual([
      { reasons: ['complained-about', 'next-manager'] },
      { reasons: ['complained-about', 'team-lead'] },
      { reasons: ['complained-about', 'team-lead'] },
    ]);
  });

  test('of a lead who was late goes to the lead above, else to all leads, and never back to them', async () => {
    await team();
    await database.owner.query(`update managers set capacity = 0 where manager_ref <> 'm3'`);
    await database.owner.query(`update managers set capacity = 9 where manager_ref = 'm3'`);
    const { task } = await opened(anna);
    expect(task.managerRef).toBe('m3');
    const late = addMillis(task.dueAt, days(1));
    expect(await pass(late)).toMatchObject({ escalated: 1 });
    expect(await look(task.taskId)).toMatchObject({ managerRef: null, escalatedAt: late });
  });

  test('of many at once passes on within the room that the next managers have', async () => {
    await team();
    const tasks: string[] = [];
    for (let i = 0; i < 60; i += 1)
      tasks.push((await opened(await addCustomer(database, { ref: `c${i}` }))).task.taskId);
    expect(await pass(shanghai('2026-01-16', '06:00'))).toEqual({ passed: 1, escalated: 59, withdrawn: 0 });
    const { rows } = await database.owner.query(
      `select manager_ref as ref, count(*)::int as n from journeys where closed_at is null group by 1 order by 1`,
    );
    expect(rows).toEqual([
      { ref: 'm1', n: 59 },
      { ref: 'm2', n: 1 },
    ]);
  });

  test("of a journey that has ended is nobody's task any more", async () => {
    const { task, journeyId } = await opened(anna);
    await closeJourney(database.app, journeyId, 'opted-out', 'the customer wants no more', AT);
    expect(await pass(addMillis(task.dueAt, days(1)))).toEqual({ passed: 0, escalated: 0, withdrawn: 1 });
    expect(await look(task.taskId)).toMatchObject({ result: 'withdrawn', doneBy: 'keepwell' });
  });

  test('and whatever else is to do of a customer who has died is nobody’s task any more', async () => {
    const { task } = await opened(anna);
    const hardship = { kind: 'hardship' as const, journeyId: null, managerRef: null, at: AT, dueAt: AT };
    await openTask(database.app, { ...hardship, key: 'hardship', customerRef: anna });
    await database.owner.query(
      `insert into exclusions (customer_ref, kind, legal_reason, excluded_at, excluded_by)
       values ('canna', 'deceased', 'a certificate', now(), 'test')`,
    );
    expect(await pass(addMillis(task.dueAt, days(1)))).toEqual({ passed: 0, escalated: 0, withdrawn: 2 });
    expect(await look(task.taskId)).toMatchObject({ result: 'withdrawn' });
  });

  test('that was put off is passed on when that is over, not before', async () => {
    const { task } = await opened(anna);
    const by = 'm1' as ManagerRef;
    const until = addMillis(task.dueAt, days(1));
    await snoozeTask(database.app, {
      taskId: task.taskId,
      by,
      until,
      reason: 'on a train',
      at: AT,
      day: plainDate(DAY),
    });
    expect(await pass(addMillis(until, millis(-1)))).toMatchObject({ passed: 0 });
    expect(await pass(until)).toMatchObject({ passed: 1 });
  });

  test('that was made is passed on to nobody', async () => {
    const { task } = await opened(anna);
    const done = { result: 'reached', reason: 'rate', callBackAt: null, note: null, at: AT, day: plainDate(DAY) };
    await recordTaskResult(database.app, { ...done, taskId: task.taskId, by: 'm1' as ManagerRef });
    expect(await pass(addMillis(task.dueAt, days(9)))).toEqual({ passed: 0, escalated: 0, withdrawn: 0 });
  });
});

describe('the daily digest', () => {
  const morning = shanghai('2026-01-15', '06:00');
  /** A call for Anna on m1's list. */
  const call = (key: string, dueAt: Instant, managerRef: string | null = 'm1') =>
    openTask(database.app, {
      key,
      kind: 'call',
      customerRef: anna,
      journeyId: null,
      managerRef: managerRef as ManagerRef | null,
      at: AT,
      dueAt,
    });

  test('tells each manager what is overdue, due today and not put off any more, once a day, with no name', async () => {
    await call('late', shanghai('2026-01-14', '18:00'));
    await call('today', shanghai('2026-01-15', '23:59'));
    await call('tomorrow', shanghai('2026-01-16', '09:00'));
    const { taskId } = await call('snoozed', shanghai('2026-01-13', '18:00'));
    const snooze = { by: 'm1' as ManagerRef, reason: 'later', at: AT, day: plainDate(DAY) };
    await snoozeTask(database.app, { ...snooze, taskId, until: shanghai('2026-01-15', '09:00') });
    expect(await digests(morning)).toEqual({ sent: 1, waiting: 0, refused: 0, unknown: 0, skipped: 0 });
    expect(await digests(addMillis(morning, millis(60_000)))).toMatchObject({ sent: 0, skipped: 1 });
    expect(server.received).toHaveLength(1);
    const [mail] = server.received;
    expect(mail).toMatchObject({ to: 'wang.fang@bank.example', messageClass: 'staff' });
    expect(mail?.subject).toBe('2026-01-15 待办事项 3 项，其中 1 项已逾期');
    expect(mail?.text).toContain('2026-01-14 18:00  canna  电话联系（已逾期）');
    expect(mail?.text).toContain('2026-01-15 23:59  canna  电话联系（今日到期）');
    expect(mail?.text).toContain('2026-01-13 18:00  canna  电话联系（延后至今日）');
    expect(mail?.text).not.toContain('2026-01-16 09:00');
    for (const part of [mail?.subject, mail?.text, mail?.html]) expect(part).not.toContain('Zhang Wei');
    // on the next day it comes again, with what is due then
    expect(await digests(addMillis(morning, days(1)))).toMatchObject({ sent: 1 });
    expect(server.received[1]?.subject).toContain('4 项');
  });

  test('of a manager on whose list nothing is due is not sent', async () => {
    await call('later', shanghai('2026-01-20', '18:00'));
    expect(await digests(morning)).toEqual({ sent: 0, waiting: 0, refused: 0, unknown: 0, skipped: 0 });
    expect(server.received).toEqual([]);
  });

  test('goes to who stands in while the manager is on leave, and says whose list it is', async () => {
    await call('today', shanghai('2026-01-15', '18:00'));
    const managerRef = 'm1' as ManagerRef;
    const away = { managerRef, from: plainDate('2026-01-15'), to: plainDate('2026-01-15'), at: AT, by: 'test' };
    await saveLeave(database.app, away);
    await saveDelegation(database.app, { ...away, delegateRef: 'm2' as ManagerRef });
    await database.owner.query(`update managers set languages = '{en}' where manager_ref = 'm2'`);
    expect(await digests(morning)).toMatchObject({ sent: 1 });
    expect(server.received[0]).toMatchObject({ to: 'li.jun@bank.example', subject: '1 task is due on 2026-01-15' });
    expect(server.received[0]?.text).toContain("These tasks are m1's, for whom you stand in.");
  });

  test('of the team leads goes to the lead nearest to the customer, and none comes on a day without work', async () => {
    await team();
    await call('leads', shanghai('2026-01-15', '18:00'), null);
    expect(await digests(shanghai('2026-01-17', '06:00'))).toMatchObject({ sent: 0 });
    expect(await digests(shanghai('2026-01-19', '06:00'))).toMatchObject({ sent: 1 });
    expect(server.received[0]).toMatchObject({ to: 'zhao.min@bank.example' });
  });

  test('of who is gone or was complained about goes to the lead above', async () => {
    await team();
    await call('gone', shanghai('2026-01-15', '18:00'));
    await database.owner.query(`update managers set left_on = '2026-01-14' where manager_ref = 'm1'`);
    const ben = await addCustomer(database, { ref: 'cben' });
    await database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                               narrative, opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'k', 'cben', 'm2', 'k', 'page', 'No.', now(), now(), now(), 'cn')`,
    );
    const his = { kind: 'call' as const, customerRef: ben, journeyId: null, managerRef: 'm2' as ManagerRef, at: AT };
    await openTask(database.app, { ...his, key: 'his', dueAt: shanghai('2026-01-15', '12:00') });
    expect(await digests(morning)).toMatchObject({ sent: 1 });
    expect(server.received[0]).toMatchObject({ to: 'zhao.min@bank.example' });
    expect(server.received[0]?.text).toMatch(/cben[^]*canna/);
  });

  test('names the first hundred tasks of each list and counts the others, however many there are', async () => {
    for (const [ref, n] of [
      ['m1', 103],
      ['m2', 2],
    ])
      await database.owner.query(
        `insert into tasks (task_key, customer_ref, kind, manager_ref, opened_at, due_at)
         select $1 || i, 'canna', 'call', $1, $3, $3::timestamptz + i * interval '1 minute' from generate_series(1, $2::int) i`,
        [ref, n, new Date(shanghai('2026-01-15', '04:59'))],
      );
    expect(await digests(morning)).toMatchObject({ sent: 2 });
    const sent = (to: string) => server.received.find((mail) => mail.to.startsWith(to));
    // one minute each from five o'clock on: by six, 60 are late
    expect(sent('wang.fang')?.subject).toBe('2026-01-15 待办事项 103 项，其中 60 项已逾期');
    expect(sent('wang.fang')?.text).toContain('另有 3 项未列出');
    expect(sent('wang.fang')?.text.match(/canna/g)).toHaveLength(100);
    expect(sent('wang.fang')?.text).toContain('2026-01-15 06:39');
    expect(sent('wang.fang')?.text).not.toContain('2026-01-15 06:40');
    expect(sent('li.jun')?.subject).toContain('2 项');
  });

  test('that a crash left unsure is not sent a second time', async () => {
    await call('today', shanghai('2026-01-15', '18:00'));
    const dying: MailDoor = { deliver: () => Promise.reject(new Error('the worker died')) };
    await expect(digests(morning, dying)).rejects.toThrow('the worker died');
    // the lease of the dead worker is over
    await database.owner.query(`update manager_digests set claimed_wall = claimed_wall - interval '1 minute'`);
    expect(await digests(morning)).toMatchObject({ sent: 0, skipped: 1 });
    expect(server.received).toEqual([]);
    const { rows } = await database.owner.query('select state from manager_digests');
    expect(rows).toEqual([{ state: 'unknown' }]);
  });

  test('that no server took is tried again under the same Message-ID', async () => {
    await call('today', shanghai('2026-01-15', '18:00'));
    server.dropNext(1);
    expect(await digests(morning)).toMatchObject({ sent: 0, waiting: 1 });
    expect(await digests(morning)).toMatchObject({ sent: 1, waiting: 0 });
    expect(server.received).toHaveLength(1);
    const { rows } = await database.owner.query('select state, attempts, message_id as id from manager_digests');
    expect(rows).toMatchObject([{ state: 'sent', attempts: 2 }]);
    expect(server.received[0]?.messageId).toBe(`<${(rows[0] as { id: string }).id}>`);
  });

  test('of two workers at once is sent by one of them', async () => {
    await call('today', shanghai('2026-01-15', '18:00'));
    const both = await Promise.all([digests(morning), digests(morning)]);
    expect(both.map(({ sent }) => sent).sort()).toEqual([0, 1]);
    expect(server.received).toHaveLength(1);
  });

  test('does not leave the bank while everything outbound is stopped', async () => {
    await call('today', shanghai('2026-01-15', '18:00'));
    await database.owner.query(
      `insert into outbound_stops (stopped_at, stopped_by, reason) values (now(), 'test', 'a test')`,
    );
    expect(await digests(morning)).toMatchObject({ sent: 0, skipped: 1 });
    await database.owner.query(`update outbound_stops set resumed_at = stopped_at, resumed_by = 'test'`);
    expect(await digests(morning)).toMatchObject({ sent: 1 });
  });
});

describe('a call of a journey', () => {
  /** A journey that asks for a call, with its first contact made. */
  async function asked(): Promise<{ journeyId: JourneyId; call: () => ReturnType<JourneyActivities['openStepTask']> }> {
    const call = `  - step: call\n    kind: call\n    follows: outreach\n    wait: 3 days\n    dueWorkingDays: 3\n    waitFor: 6 days\n`;
    const text = await shippedCampaign('keep-your-tier', (shipped) =>
      shipped.replace('  # A suitable product.', `${call}  # A suitable product.`),
    );
    const version = await publishText(database, text, AT);
    const { journeyId } = await opened(anna);
    await database.owner.query('update journeys set version = $2 where journey_id = $1', [journeyId, version]);
    return { journeyId, call: () => journeyActivities(deps()).openStepTask({ journeyId, step: 'call', at: AT }) };
  }
  const firstContact = async (result: string, reason: string | null) => {
    const [task] = (await listTasks(database.app, { customerRef: anna, limit: 1 })).tasks;
    const done = { result, reason, callBackAt: null, note: null, at: AT, day: plainDate(DAY) };
    await recordTaskResult(database.app, { ...done, taskId: task?.taskId ?? '', by: 'm1' as ManagerRef });
  };

  test('is a task of the manager', async () => {
    const { call } = await asked();
    const { taskId } = await call();
    expect(await look(taskId ?? '')).toMatchObject({ kind: 'call', managerRef: 'm1' });
  });

  test('is on the team lead’s list when the customer has complained about the manager', async () => {
    const { call } = await asked();
    await database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                               narrative, opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'k', 'canna', 'm1', 'k', 'page', 'No.', now(), now(), now(), 'cn')`,
    );
    const { taskId } = await call();
    expect(await look(taskId ?? '')).toMatchObject({ managerRef: null });
  });

  test.each([
    ['wrong-number', null],
    ['refused', 'service'],
  ])('is not asked for after "%s": the step is done, and why is written down', async (result, reason) => {
    const { call, journeyId } = await asked();
    await firstContact(result, reason);
    expect(await call()).toEqual({ taskId: null, why: result });
    expect(await call()).toEqual({ taskId: null, why: result });
    expect((await listTasks(database.app, { customerRef: anna, limit: 9 })).tasks).toEqual([]);
    const { rows } = await database.owner.query(
      `select d.verdict, d.reasons, j.steps_done @> '{call}' as done from decisions d join journeys j using (journey_id)
        where j.journey_id = $1 and d.decision_key like '%:task-call'`,
      [journeyId],
    );
    expect(rows).toEqual([{ verdict: 'not-asked', reasons: [result], done: true }]);
  });
});
