import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WALL_CLOCK } from '../../domain/business-clock.js';
import { instant } from '../../domain/types.js';
import { publishShippedCourses } from '../../client/cli/course.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const COURSE = join('campaigns', 'lessons', 'how-tiers-work', 'course.yaml');
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keepwell-education-'));
  database = await freshDatabase();
  await smallBank(database, WALL_CLOCK, '2026-01-20');
  for (const ref of ['c1', 'c2', 'c3']) await addCustomer(database, { ref });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const keepwell = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home: join(folder, 'home') }, args);

test('an operator publishes a course, enrols a customer, and sees how far they are', async () => {
  expect((await keepwell('course', 'list')).out).toContain('No course is published yet');
  expect((await keepwell('course', 'validate', COURSE)).out).toBe(
    `${COURSE} is a valid course "how-tiers-work": 3 lessons of 11 minutes together, 3 of 4 right answers pass.\n`,
  );
  const published = await keepwell('course', 'publish', COURSE, '--by', 'anna');
  expect(published).toMatchObject({ code: 0, err: '' });
  expect(published.out).toMatch(/^how-tiers-work version 1 is published; customers begin with it/);
  expect((await keepwell('course', 'publish', COURSE)).out).toContain('version 1 already, nothing was changed');
  expect((await keepwell('course', 'list')).out).toMatch(
    /how-tiers-work +1 +How your tier is decided +3 +11 +100 +0 +0 .* anna/,
  );
  expect((await keepwell('course', 'show', 'how-tiers-work')).out).toContain('3 of 4 right answers pass');

  expect((await keepwell('course', 'progress', 'c1')).out).toContain('c1 has begun no course.');
  const enrolled = await keepwell('course', 'enrol', 'c1', 'how-tiers-work');
  expect(enrolled.out).toMatch(/^c1 is enrolled in how-tiers-work version 1\.\n.*http:\/\/127\.0\.0\.1:8080\/learn\//);
  expect((await keepwell('course', 'enrol', 'c1', 'how-tiers-work')).out).toContain('already, and goes on with it');
  const progress = await keepwell('course', 'progress', 'c1', '--json');
  expect(JSON.parse(progress.out)).toMatchObject({
    customerRef: 'c1',
    enrolments: [{ courseRef: 'how-tiers-work', source: 'staff', lessons: 3, lessonsDone: [], completedAt: null }],
  });
}, 90_000);

test('a course with faults is told with line numbers, and not published', async () => {
  const text = await readFile(join(__dirname, '..', '..', COURSE), 'utf8');
  const file = join(folder, 'course.yaml');
  await writeFile(file, text.replace('right: little', 'right: nothing'));
  const line = text.slice(0, text.indexOf('right: little')).split('\n').length;
  const bad = await keepwell('course', 'publish', file);
  expect([bad.code, bad.err]).toEqual([1, '']);
  expect(bad.out).toContain(
    `course.yaml:${line}:12 quiz.0.right: "nothing" is none of the choices; write one of all, half, little`,
  );
}, 60_000);

test('what Keepwell comes with is published when it starts, and found again the next time', async () => {
  const publish = () => publishShippedCourses(database.app, instant(Date.now()), 'npm start');
  expect(await publish()).toContain('Course safe-from-scams version 1 is published.');
  // anna has published one of them, and it is hers from then on
  expect(await publish()).toEqual([
    'Course credit-standing version 1 is in force.',
    'Course how-tiers-work version 1 of anna is in force; the one that Keepwell comes with is not published over it.',
    'Course safe-from-scams version 1 is in force.',
  ]);
  await database.owner.query(
    `update course_versions set digest = repeat('0', 64), published_by = case course_ref when 'safe-from-scams' then 'ben' else published_by end`,
  );
  const upgraded = await publish();
  expect(upgraded[0]).toBe('Course credit-standing version 2 is published.');
  for (const own of upgraded.slice(1)) expect(own).toMatch(/version 1 of (anna|ben) is in force/);
  expect((await database.owner.query('select from course_versions')).rowCount).toBe(4);
});

const SALON = [
  ...['event', 'create', '--kind', 'salon', '--title-en', 'Tea and markets', '--title-zh', '茶与市场'],
  ...['--place', 'Branch Centre', '--starts', '2099-03-20T14:00', '--ends', '2099-03-20T16:00', '--by', 'anna'],
];

test('staff announce an event, answer for customers, add seats and call it off', async () => {
  expect((await keepwell('event', 'list')).out).toContain('No events; "keepwell event create" announces one.');
  const created = await keepwell(...SALON, '--seats', '1', '--json');
  const { eventRef, startsAt } = JSON.parse(created.out) as { eventRef: string; startsAt: string };
  expect([eventRef, startsAt]).toEqual(['E-2099-0000001', '2099-03-20T06:00:00.000Z']);
  expect((await keepwell('event', 'rsvp', eventRef, 'c1')).out).toBe(`c1 has a seat at ${eventRef}.\n`);
  expect((await keepwell('event', 'rsvp', eventRef, 'c2')).out).toContain('c2 is number 1 on the waiting list');
  expect((await keepwell('event', 'rsvp', eventRef, 'c3')).out).toContain('c3 is number 2 on the waiting list');
  expect((await keepwell('event', 'rsvp', eventRef, 'c3')).out).toContain('already');
  expect((await keepwell('event', 'cancel-rsvp', eventRef, 'c1')).out).toContain('From the waiting list c2 got a seat');
  const more = await keepwell('event', 'seats', eventRef, '2', '--json');
  expect(JSON.parse(more.out)).toEqual({ eventRef, seats: 2, promoted: ['c3'] });
  const fewer = await keepwell('event', 'seats', eventRef, '1');
  expect([fewer.code, fewer.err]).toEqual([
    1,
    `keepwell: 2 have a seat at ${eventRef} and keep it; name 2 seats or more.\n`,
  ]);
  const shown = await keepwell('event', 'show', eventRef);
  expect(shown.out).toContain('2 of 2 taken, 0 wait, 0 came');
  expect(shown.out).toMatch(/2 +c2 +seated/);
  expect((await keepwell('event', 'list')).out).toMatch(
    /salon +Tea and markets +2099-03-20 14:00 Asia\/Shanghai +Branch Centre +2 of 2 +0 +all +open/,
  );
  expect((await keepwell('event', 'attend', eventRef, 'c2')).err).toContain('the doors of');
  expect((await keepwell('event', 'close', eventRef)).err).toContain('is not over yet');
  expect((await keepwell('event', 'cancel', eventRef)).out).toBe(`${eventRef} is cancelled; 2 will be told by mail.\n`);
}, 120_000);

test('after the end attendance is closed', async () => {
  const begun = new Date(Date.now() - 3 * 3_600_000);
  await database.owner.query(
    `insert into events (event_ref, title_en, title_zh, kind, place, starts_at, ends_at, zone, seats, rsvp_until, created_at, created_by)
     values ('E-2026-0009999', 'Past', '过去', 'talk', 'Hall', $1, $2, 'Asia/Shanghai', 5, $1, $1, 't')`,
    [begun, new Date(begun.getTime() + 3_600_000)],
  );
  await database.owner.query(
    `insert into event_rsvps (event_ref, customer_ref, state, position, rsvp_at, seated_at)
     select 'E-2026-0009999', 'c' || n, 'seated', n, $1, $1 from generate_series(1, 2) n`,
    [begun],
  );
  expect((await keepwell('event', 'attend', 'E-2026-0009999', 'c1')).out).toBe('c1 came to E-2026-0009999.\n');
  expect((await keepwell('event', 'close', 'E-2026-0009999')).out).toBe(
    'E-2026-0009999 is closed: 1 came, 1 did not.\n',
  );
  expect((await keepwell('event', 'list', '--all')).out).toContain('closed, 1 came');
}, 60_000);

test.each([
  [['course', 'show', 'nothing'], 1, 'there is no course "nothing"'],
  [['course', 'show', 'how-tiers-work', '--version', '0'], 2, '"0" is not a version'],
  [['course', 'enrol', 'c99', 'how-tiers-work'], 1, 'there is no customer "c99"'],
  [['course', 'enrol', 'c1', 'nothing'], 1, 'there is no course "nothing"'],
  [['course', 'publish', 'nothing.yaml'], 1, '"nothing.yaml" can\'t be read (there is no such file)'],
  [['event', 'show', 'E-2026-1'], 1, 'there is no event "E-2026-1"'],
  [['event', 'rsvp', 'E-2026-1', 'c1'], 1, 'there is no event "E-2026-1"'],
  [['event', 'seats', 'E-2026-1', 'many'], 2, 'seats are a whole number'],
  [[...SALON, '--seats', 'many'], 2, '--seats is a whole number'],
  [[...SALON, '--seats', '0'], 1, 'seats are a whole number from 1 to 2000, not 0'],
  [[...SALON, '--seats', '5', '--zone', 'Asia/Nowhere'], 2, 'look at the zone too'],
  [
    [...SALON, '--seats', '5', '--starts', '2099-03-29T02:30', '--zone', 'Europe/Prague'],
    2,
    'that is there once on that day',
  ],
  [[...SALON, '--seats', '5', '--kind', 'party'], 2, '--kind is talk, salon, course-day'],
])('what is not right is said in a sentence: %j', async (args, code, words) => {
  const ended = await keepwell(...args);
  expect([ended.code, ended.out]).toEqual([code, '']);
  expect(ended.err).toContain(words);
});
