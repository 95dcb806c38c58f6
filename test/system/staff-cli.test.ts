import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import type { CustomerRef, Instant, ManagerRef } from '../../domain/types.js';
import { openTask } from '../../store/tasks.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

// each command is a process of its own, and some tests run a dozen
jest.setTimeout(180_000);

let folder: string;
let database: TestDatabase;
let anna: CustomerRef;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-staff-'));
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, '2026-01-20');
  anna = await addCustomer(database, { ref: 'canna' });
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);
const json = async (...args: string[]) =>
  JSON.parse((await keepwell(...args, '--json')).out) as Record<string, unknown>;
/** A day so many days from now, as the bank's clock shows it: it runs as the wall's does. */
const day = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
const call = async (journeyId: string | null = null, dueIn = 1): Promise<string> => {
  const at = Date.now() as Instant;
  const task = {
    key: `call:${dueIn}`,
    kind: 'call',
    customerRef: anna,
    journeyId,
    managerRef: 'm1' as ManagerRef,
  } as const;
  const opened = await openTask(database.app, {
    ...task,
    journeyId: journeyId as never,
    at,
    dueAt: (at + dueIn * 86_400_000) as Instant,
  });
  return opened.taskId;
};

test('a manager sees what there is to do, does it, and is told when it was done already', async () => {
  expect((await keepwell('task', 'list')).out).toBe('No such task.\n');
  const taskId = await call();
  const late = await call(null, -1);
  expect((await keepwell('task', 'list', '--manager', 'm1')).out).toMatch(
    /call +canna +m1 +\S+ \S+ +OVERDUE[\s\S]+open/,
  );
  expect(await json('task', 'list', '--overdue')).toMatchObject({ tasks: [{ taskId: late }], next: null });
  expect((await keepwell('task', 'list', '--manager', 'm2')).out).toBe('No such task.\n');

  const wrong = await keepwell('task', 'done', taskId, '--result', 'cheated', '--by', 'm1');
  expect(wrong).toMatchObject({ code: 1 });
  expect(wrong.err).toContain('"cheated" is no result of a call; write one of reached, busy');
  const theirs = await keepwell('task', 'done', taskId, '--result', 'busy', '--by', 'm2');
  expect(theirs.err).toContain("is m1's: only who has it");
  const done = await keepwell(
    'task',
    'done',
    taskId,
    '--result',
    'reached',
    '--reason',
    'rate',
    '--by',
    'm1',
    '--note',
    'wants 2 %',
  );
  expect(done).toMatchObject({ code: 0, out: 'The task is done: reached.\n', err: '' });
  expect((await keepwell('task', 'done', taskId, '--result', 'busy', '--by', 'm1')).err).toContain(
    'was done already, by m1',
  );
  expect((await keepwell('task', 'show', taskId)).out).toMatch(/state +reached \(rate\)[\s\S]+wants 2 %/);
  expect((await keepwell('task', 'show', 'nothing')).err).toContain('there is no task "nothing"');

  const again = await keepwell(
    'task',
    'done',
    late,
    '--result',
    'call-back',
    '--at',
    `${day(3)}T09:00:00Z`,
    '--by',
    'm1',
  );
  expect(again.out).toMatch(/^call-back is written down; the task stays on the list, due /);
  const snoozed = await keepwell('task', 'snooze', late, '--until', day(5), '--reason', 'at sea', '--by', 'm1');
  expect(snoozed.out).toBe(`The task is put off until ${day(5)} 00:00.\n`);
  expect((await keepwell('task', 'list')).out).toContain(`put off until ${day(5)} 00:00`);
  expect((await keepwell('task', 'snooze', late, '--until', day(90), '--reason', 'x', '--by', 'm1')).err).toContain(
    'at most 30 days',
  );
});

test('a task of a journey that can not be told now is done all the same, and the round will tell it', async () => {
  const { journeyId } = await admitted(database, anna, '2026-01-20', Date.now());
  const taskId = await call(journeyId);
  const done = await keepwell('task', 'done', taskId, '--result', 'wrong-number', '--by', 'm1');
  expect(done).toMatchObject({ code: 0, out: 'The task is done: wrong-number.\n' });
  expect(done.err).toMatch(/the journey was not told yet \(Temporal does not answer.*\); the daily round tells it\./);
});

test('a manager lets a customer alone for a while', async () => {
  const deferred = await keepwell(
    'task',
    'defer',
    'canna',
    '--not-before',
    day(9),
    '--reason',
    'in hospital',
    '--by',
    'm1',
  );
  expect(deferred.out).toBe(`Nothing is sent to canna before ${day(9)} 00:00.\n`);
  const { rows } = await database.owner.query(`select not_before from contact_deferrals`);
  expect(rows).toEqual([{ not_before: Date.parse(`${day(9)}T00:00:00+08:00`) }]);
  expect(
    (await keepwell('task', 'defer', 'canna', '--not-before', '2199-01-01', '--reason', 'x', '--by', 'm1')).code,
  ).toBe(2);
});

test('branches and teams are added, stand in a tree, and stay one', async () => {
  await keepwell('branch', 'add', 'b-south', '--name', 'South', '--parent', 'b1', '--region', 'coast');
  const leeds = ['branch', 'add', 'b-leeds', '--name', 'Leeds', '--parent', 'b-south'];
  await keepwell(...leeds, '--zone', 'Europe/London', '--calendar', 'GB');
  expect(
    (
      await keepwell(
        'branch',
        'team',
        't-south',
        '--branch',
        'b-south',
        '--name',
        'South',
        '--lead',
        'm2',
        '--member',
        'm1',
        'm2',
      )
    ).out,
  ).toBe('Team t-south is added; m2 leads it.\n');
  expect((await keepwell('branch', 'tree')).out).toBe(
    ['b1  Centre', '  b-south  South (coast)', '    team t-south, led by m2: m1, m2', '    b-leeds  Leeds', ''].join(
      '\n',
    ),
  );
  expect((await keepwell('branch', 'list')).out).toMatch(/b-leeds +Leeds +b-south +– +Europe\/London +GB/);
  const circle = await keepwell('branch', 'add', 'b1', '--name', 'Centre', '--parent', 'b-leeds');
  expect(circle).toMatchObject({ code: 1, err: expect.stringContaining('would stand under itself') as string });
  expect((await keepwell(...leeds, '--zone', 'Mars')).err).toContain('"Mars" is no zone; write an IANA name');
  expect((await keepwell(...leeds, '--calendar', 'Atlantis')).err).toContain('nobody knows the holidays of "Atlantis"');
  expect((await keepwell('branch', 'team', 'south', '--branch', 'b1', '--name', 'x')).err).toContain(
    'a team is named t-',
  );
  // what is not named stays as it was
  await keepwell('branch', 'add', 'b-leeds', '--name', 'Leeds City');
  expect((await keepwell('branch', 'list')).out).toMatch(/b-leeds +Leeds City +b-south +– +Europe\/London +GB/);
});

test('managers are added with what they can and when they work, go on leave, and hand over their book', async () => {
  const li = [
    'manager',
    'add',
    'm7',
    '--branch',
    'b1',
    '--name',
    'Li Na',
    '--email',
    'li.na@bank.example',
    '--language',
    'zh-CN',
    'en',
  ];
  expect(
    (
      await keepwell(
        ...li,
        '--capacity',
        '40',
        '--skill',
        'hardship',
        '--segment',
        'private',
        '--days',
        'mon,sat',
        '--hours',
        '09:00-13:00',
      )
    ).out,
  ).toBe('Manager m7 is added.\n');
  await keepwell('manager', 'certificate', 'm7', '--name', 'wealth', '--from', day(-1), '--until', day(300));
  await keepwell('manager', 'leave', 'm7', '--from', day(-1), '--to', day(30), '--by', 'chief');
  await keepwell('manager', 'delegate', 'm7', '--to', 'm1', '--from', day(-1), '--until', day(30), '--by', 'chief');
  const { out } = await keepwell('manager', 'show', 'm7');
  for (const line of [
    /skills +hardship/,
    /serves +private/,
    /works +Mon Sat, 09:00 to 13:00 in Asia\/Shanghai/,
    /today +on leave, m1 stands in/,
    /certificates +wealth \(/,
    /journeys +0 of 40/,
  ])
    expect(out).toMatch(line);
  expect((await keepwell('manager', 'list')).out).toMatch(
    /m7 +Li Na +b1 +– +zh-CN en +0 of 40 +0 +0 +on leave, m1 stands in/,
  );
  for (const [args, words] of [
    [[...li, '--capacity', '-1'], '--capacity is a whole number from 0 to 10000'],
    [[...li, '--capacity', '1', '--hours', '13:00-09:00'], '--hours are from and to on one day'],
    [[...li, '--capacity', '1', '--days', 'mo'], '--days are some of mon,tue'],
    [[...li, '--capacity', '1', '--segment', 'gold'], 'there is no tier "gold"; this bank has mass, affluent, private'],
    [['manager', 'leave', 'm7', '--from', '2026-02-02', '--to', '2026-02-01'], '--to 2026-02-01 is before --from'],
    [
      ['manager', 'delegate', 'm7', '--to', 'm7', '--from', day(0), '--until', day(1)],
      'nobody stands in for themselves',
    ],
    [['manager', 'show', 'm9'], 'there is no manager "m9"; "keepwell manager list"'],
  ] as [string[], string][])
    expect((await keepwell(...args)).err).toContain(words);

  const explained = await keepwell('manager', 'explain', 'canna');
  expect(explained.out).toMatch(/would look after canna[\s\S]+m7 /);
  expect(await json('manager', 'explain', 'canna')).toMatchObject({
    customerRef: 'canna',
    refused: expect.arrayContaining([expect.objectContaining({ managerRef: 'm7' })]) as unknown,
  });

  await call();
  await database.owner.query(`update customers set manager_ref = 'm1'`);
  // who can do it does not depend on the day on which the test runs
  await database.owner.query(`update managers set work_days = '{1,2,3,4,5,6,7}'`);
  await database.owner.query(`update branches set calendar = 'XX'`);
  const handed = await keepwell('manager', 'hand-over', 'm1', '--by', 'chief');
  expect(handed).toMatchObject({ code: 0, err: '' });
  expect(handed.out).toMatch(/^m1: 1 of 1 customers are handed over; no manager any more from/);
  expect(handed.out).toMatch(/m2 +1 +0 +1/);
  const nobody = await keepwell('manager', 'hand-over', 'm2', '--to', 'm1', '--stays', '--by', 'chief');
  expect(nobody).toMatchObject({ code: 1 });
  expect(nobody.out).toMatch(/m2: 0 of 1 customers[\s\S]+canna +yes +0 +1 /);
});

test('a manager who leaves is shown with the day, and that is taken back', async () => {
  expect((await keepwell('manager', 'hand-over', 'm1', '--left-on', day(40))).out).toContain(
    'no manager any more from',
  );
  expect((await keepwell('manager', 'list')).out).toContain(`leaves on ${day(40)}`);
  expect((await keepwell('manager', 'returns', 'm1')).out).toContain('m1 is a manager of the bank');
  expect((await keepwell('manager', 'list')).out).not.toContain('leaves on');
  expect((await keepwell('manager', 'returns', 'm1')).err).toContain('there is nothing to take back');
});

test('why a task is put off is told to who reads it, and not in a list', async () => {
  const taskId = await call();
  await keepwell('task', 'snooze', taskId, '--until', day(3), '--reason', 'at sea', '--by', 'm1');
  expect((await keepwell('task', 'list', '--json')).out).not.toContain('at sea');
  expect((await keepwell('task', 'show', taskId, '--json')).out).toContain('at sea');
});
