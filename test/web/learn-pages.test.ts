import { WorkflowNotFoundError } from '@temporalio/common';
import { randomUUID } from 'node:crypto';
import { MAX_TRIES_A_DAY } from '../../domain/course.js';
import type { CourseRef } from '../../domain/course.js';
import { readProgramme } from '../../domain/points-programme.js';
import { instant, type CustomerRef, type JourneyId } from '../../domain/types.js';
import { enrol } from '../../store/enrolments.js';
import { publishProgramme } from '../../store/points-programmes.js';
import { publishTestCourse, RIGHT, WRONG } from '../setup/course.js';
import { away, nonceOf, NOW, post, startWeb, type WebTest } from './web-setup.js';

const PROGRAMME = `
programme: test-points
currency: CZK
since: 1994-01-01
rules:
  - { rule: cards, direction: spent, categories: [card], pointsPer: 10, monthlyCap: 1000 }
validityMonths: 12
noticeBefore: 30 days
`;

let web: WebTest;
beforeAll(async () => void (web = await startWeb()));
beforeEach(async () => {
  await web.reset();
  await web.db.owner.query('truncate course_versions, points_programmes cascade');
  await publishTestCourse(web.db, NOW - 1);
});
afterAll(() => web.close());

const page = (path = '', customer = 'c1') => `${web.link('learn', customer)}${path}`;
const get = async (path = '', customer = 'c1') => web.app.inject({ url: page(path, customer) });
const begin = (customer = 'c1', course = 'saving') =>
  post(web.app, page(`/${course}`, customer), { nonce: '', lang: 'en' });
const readLesson = (lesson: string, course = 'saving') =>
  post(web.app, page(`/${course}/lesson/${lesson}`), { nonce: '', lang: 'en' });
async function quizForm(course = 'saving'): Promise<string> {
  await begin('c1', course);
  await readLesson('now', course);
  await readLesson('later', course);
  return nonceOf((await get(`/${course}/quiz`)).body);
}
const send = (nonce: string, answers: Record<string, string>, course = 'saving') =>
  post(web.app, page(`/${course}/quiz`), {
    nonce,
    lang: 'en',
    ...Object.fromEntries(Object.entries(answers).map(([question, choice]) => [`answer-${question}`, choice])),
  });
const kept = async () =>
  (
    await web.db.owner.query<{ kept: unknown }>(
      `select jsonb_build_object('enrolments', (select jsonb_agg(e) from course_enrolments e),
         'lessons', (select jsonb_agg(l) from lesson_progress l), 'attempts', (select jsonb_agg(q) from quiz_attempts q)) as kept`,
    )
  ).rows[0]?.kept;

test('a customer begins a course, reads its lessons, takes the quiz, and sees why each answer is right', async () => {
  const list = await get();
  expect(list.statusCode).toBe(200);
  expect(list.body).toContain('Saving');
  expect(list.body).toContain('2 lessons, about 5 minutes');
  expect(list.body).toContain('Not begun');
  expect((await get('/saving')).body).toContain('100 points when you pass');
  // before beginning there is nothing to read or to answer
  for (const path of ['/saving/lesson/now', '/saving/quiz']) expect((await get(path)).statusCode).toBe(303);
  const begun = await begin();
  expect([begun.statusCode, begun.headers.location]).toEqual([303, page('/saving')]);
  expect((await get('/saving')).body).toContain('The quiz opens once you have read every lesson');
  const lesson = await get('/saving/lesson/now');
  expect(lesson.body).toContain('One');
  expect(lesson.body).toContain(page('/saving/lesson/later'));
  expect((await readLesson('now')).headers.location).toBe(page('/saving/lesson/later'));
  expect((await get()).body).toContain('1 of 2 lessons read');
  expect((await get('/saving/quiz')).statusCode).toBe(303);
  const last = await get('/saving/lesson/later');
  // what a lesson says is text, whatever it looks like
  expect(last.body).toContain('&lt;b&gt;Bold&lt;/b&gt;');
  expect(last.body).toContain(page('/saving/lesson/now'));
  expect((await readLesson('later')).headers.location).toBe(page('/saving'));
  expect((await get('/saving')).body).toContain(page('/saving/quiz'));
  const quiz = await get('/saving/quiz');
  expect(quiz.body).toContain('3 questions; 2 right answers pass. You have 3 tries a day.');
  expect(quiz.body).not.toMatch(/Because of|<script/);
  const result = await send(nonceOf(quiz.body), { ...RIGHT, third: 'c2' });
  expect(result.statusCode).toBe(200);
  expect(result.body).toContain('You have passed');
  expect(result.body).toContain('2 of 3 answers are right.');
  // no points programme is in force yet
  expect(result.body).toContain('100 points come to your points account as soon as our points programme begins');
  expect(result.body).not.toContain('in your points account now');
  for (const because of ['Because of A', 'Because of B', 'Because of C']) expect(result.body).toContain(because);
  expect(result.body).toContain('Not right');
  expect((await get()).body).toContain('Passed');
  expect((await get('/saving/quiz')).statusCode).toBe(303);
  expect(web.temporal.calls).toEqual([]);
});

test('points are told when they are given, and not promised again by another edition of the course', async () => {
  const reading = readProgramme(PROGRAMME, 'p.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const { definition } = reading;
  await publishProgramme(web.db.app, { definition, sourceText: PROGRAMME, at: instant(NOW - 1), by: 'test' });
  // a posting is never taken away: this course is no other test's
  const edition = (points: number) =>
    publishTestCourse(web.db, NOW - 1, (text) =>
      text.replace('course: saving', 'course: paid').replace('points: 100', `points: ${points}`),
    );
  await edition(100);
  const given = await send(await quizForm('paid'), RIGHT, 'paid');
  expect(given.body).toContain('100 points are in your points account now, once for each course.');
  await edition(300);
  expect((await get('/paid')).body).toContain('There is a new edition of this course.');
  await begin('c1', 'paid');
  expect((await get('/paid')).body).not.toContain('points when you pass');
  const again = await send(await quizForm('paid'), RIGHT, 'paid');
  expect(again.body).toContain('You have passed');
  expect(again.body).not.toContain('points account');
});

test('opening any page, twice and with anything in its address, changes nothing', async () => {
  await begin();
  await readLesson('now');
  const before = await kept();
  const paths = [
    '',
    '/saving',
    '/saving/lesson/now',
    '/saving/lesson/later',
    '/saving/quiz',
    '/saving/quiz?answer-first=a2',
  ];
  for (const path of [...paths, ...paths])
    for (const method of ['GET', 'HEAD'] as const)
      expect((await web.app.inject({ method, url: page(path) })).statusCode).toBeLessThan(400);
  expect(await kept()).toEqual(before);
  for (const path of ['/nothing', '/saving/lesson/nothing', '/nothing/quiz'])
    for (const answer of [await get(path), await post(web.app, page(path), { nonce: randomUUID() })])
      expect([path, answer.statusCode]).toEqual([path, 404]);
});

test('in Chinese it is Chinese, and the events are a link away', async () => {
  const list = (await get('', 'c2')).body;
  expect(list).toContain('为您准备的课程');
  expect(list).toContain('关于储蓄');
  await begin('c2');
  expect((await get('/saving/lesson/now', 'c2')).body).toContain('我已读完');
  const events = /href="(\/events\/[^"]+)"/.exec(list)?.[1] ?? '';
  expect((await web.app.inject({ url: events })).body).toContain('讲座与沙龙');
});

test('a link for something else, an expired one and a forged one are refused, also when posted to', async () => {
  const cases: [string, number][] = [
    [web.link('preferences').replace('/preferences/', '/learn/'), 404],
    [web.link('learn', 'c1', NOW - 1), 410],
    [`${web.link('learn')}A`, 404],
    [web.link('learn', 'c999'), 404],
  ];
  for (const [link, status] of cases)
    for (const path of ['/saving', '/saving/lesson/now', '/saving/quiz']) {
      expect((await web.app.inject({ url: `${link}${path}` })).statusCode).toBe(status);
      expect((await post(web.app, `${link}${path}`, { nonce: randomUUID() })).statusCode).toBe(status);
    }
  expect(await kept()).toMatchObject({ enrolments: null });
});

describe('the quiz’s form', () => {
  test('sent twice is one try; a question left out is asked for, with what was chosen kept', async () => {
    const nonce = await quizForm();
    const missing = await send(nonce, { first: 'a2', second: 'b9' });
    expect(missing.statusCode).toBe(422);
    expect(missing.body.match(/Please choose an answer to this question/g)).toHaveLength(3);
    expect(missing.body).toMatch(/value="a2"[^>]*checked/);
    for (let i = 0; i < 2; i += 1) {
      const wrong = await send(nonce, WRONG);
      expect(wrong.body).toContain('Not passed this time');
      expect(wrong.body).toContain('You have 2 more tries today.');
    }
    expect(await kept()).toMatchObject({ attempts: [{ attempt: 1, score: 0, passed: false }] });
    expect((await send('no number', RIGHT)).body).toContain('This page had lost its number');
  });

  test('after MAX_TRIES_A_DAY tries says when to try again, and takes none', async () => {
    const nonce = await quizForm();
    for (let n = 0; n < MAX_TRIES_A_DAY; n += 1) await send(randomUUID(), WRONG);
    const refused = await send(nonce, RIGHT);
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('You have used your tries for today.');
    expect(refused.body).toMatch(/value="a2"[^>]*checked/);
    expect((await get()).body).not.toContain('Passed');
  });

  test('keeps what was chosen while the database is away', async () => {
    const nonce = await quizForm();
    const gone = Object.assign(new Error('gone'), { code: '57P01' });
    const spy = jest.spyOn(web.db.app, 'query').mockRejectedValue(gone);
    const failed = await send(nonce, RIGHT);
    spy.mockRestore();
    expect(failed.statusCode).toBe(503);
    expect(failed.body).toContain(`name="nonce" value="${nonce}"`);
    expect(failed.body).toContain('name="answer-first" value="a2"');
    expect(await kept()).toMatchObject({ attempts: null });
    expect((await send(nonce, RIGHT)).body).toContain('You have passed');
  });
});

describe('a journey that waits for the course', () => {
  const enrolledByJourney = () =>
    web.db.app.transaction((sql) =>
      enrol(sql, {
        customerRef: 'c1' as CustomerRef,
        course: 'saving' as CourseRef,
        journeyId: web.journeyId as JourneyId,
        at: instant(NOW),
        source: 'journey',
      }),
    );
  const told = async () =>
    (await web.db.owner.query<{ told: boolean }>('select told_at is not null as told from course_enrolments')).rows;

  test('is told when it is passed, once, and by number only', async () => {
    const { enrolmentId } = await enrolledByJourney();
    const nonce = await quizForm();
    await send(nonce, WRONG);
    expect(web.temporal.calls).toEqual([]);
    await send(nonce, RIGHT);
    await send(nonce, RIGHT);
    expect(web.temporal.calls).toEqual([
      { what: 'signal', workflowId: `journey:${web.journeyId}`, args: [expect.anything(), { enrolmentId }] },
    ]);
    expect(JSON.stringify(web.temporal.calls[0]?.args[0])).toContain('courseCompleted');
    expect(await told()).toEqual([{ told: true }]);
  });

  test('that can’t be told now changes nothing for the customer, and is told later', async () => {
    await enrolledByJourney();
    const nonce = await quizForm();
    web.temporal.failWith = away();
    expect((await send(nonce, RIGHT)).body).toContain('You have passed');
    expect(await told()).toEqual([{ told: false }]);
    web.temporal.failWith = new WorkflowNotFoundError('workflow execution already completed', 'w', undefined);
    await send(nonce, RIGHT);
    expect(await told()).toEqual([{ told: true }]);
  });
});
