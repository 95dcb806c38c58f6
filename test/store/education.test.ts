import { MAX_TRIES_A_DAY, type Answers, type CourseRef, type EnrolmentId } from '../../domain/course.js';
import { readProgramme } from '../../domain/points-programme.js';
import { addMillis, instant, millis, type CustomerRef, type Instant, type JourneyId } from '../../domain/types.js';
import { CourseRefused, MAX_COURSES, readCourseVersion } from '../../store/courses.js';
import { postOwedPoints } from '../../store/course-points.js';
import { verifyDecisions } from '../../store/decisions.js';
import { enrol, enrolmentTold, lessonDone, takeQuiz, type EnrolmentRequest } from '../../store/enrolments.js';
import { closeJourney } from '../../store/journeys.js';
import { customerAccount, issuanceFor, ledgerBalance } from '../../store/ledger.js';
import { publishProgramme } from '../../store/points-programmes.js';
import {
  completedButUntold,
  courseOfCustomer,
  customerEnrolments,
  journeyToTell,
  listCourses,
} from '../../store/reads/education.js';
import { publishTestCourse, RIGHT, WRONG } from '../setup/course.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 10, 24, 2));
const later = (hours: number): Instant => addMillis(AT, millis(hours * 3_600_000));
const SAVING = 'saving' as CourseRef;
const PROGRAMME = `
programme: test-points
currency: CNY
since: 2026-11-01
rules:
  - { rule: cards, direction: spent, categories: [card], pointsPer: 10, monthlyCap: 1000 }
validityMonths: 12
noticeBefore: 30 days
`;

let database: TestDatabase;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-11-24');
  anna = await addCustomer(database, { ref: 'canna' });
  await publishTestCourse(database, AT);
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await database.drop();
});

async function programmeThere(at: Instant = AT): Promise<void> {
  const reading = readProgramme(PROGRAMME, 'p.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  await publishProgramme(database.app, { definition: reading.definition, sourceText: PROGRAMME, at, by: 'test' });
}
const enrolled = (more: Partial<EnrolmentRequest> = {}) =>
  database.app.transaction((sql) =>
    enrol(sql, { customerRef: anna, course: SAVING, journeyId: null, at: AT, source: 'self', ...more }),
  );
const read = (enrolmentId: EnrolmentId, lesson: string, at = AT) =>
  lessonDone(database.app, { customerRef: anna, enrolmentId, lesson, at });
async function readAll(enrolmentId: EnrolmentId): Promise<void> {
  for (const lesson of ['now', 'later']) await read(enrolmentId, lesson);
}
let sendings = 0;
const quiz = (enrolmentId: EnrolmentId, answers: Answers = RIGHT, at = AT, key = `k${(sendings += 1)}`) =>
  takeQuiz(database.app, { customerRef: anna, enrolmentId, answers, key, at });
const has = (): Promise<bigint> => ledgerBalance(database.app, customerAccount(anna));
const mine = () => customerEnrolments(database.app, anna);
async function passed(): Promise<EnrolmentId> {
  const { enrolmentId } = await enrolled();
  await readAll(enrolmentId);
  await quiz(enrolmentId);
  return enrolmentId;
}
const journeyOf = async (asOf = '2026-11-24'): Promise<JourneyId> =>
  (await admitted(database, anna, asOf, AT)).journeyId;

describe('a course’s versions', () => {
  test('are never changed: the same again is the version there is, another text the next', async () => {
    expect(await publishTestCourse(database, AT)).toEqual({ courseRef: SAVING, version: 1, isNew: false, newest: 1 });
    const other = (text: string) => text.replace('About saving', 'All about saving');
    expect(await publishTestCourse(database, AT, other)).toMatchObject({ version: 2, isNew: true });
    expect(await publishTestCourse(database, AT)).toMatchObject({ version: 1, isNew: false, newest: 2 });
    expect((await readCourseVersion(database.app, SAVING, 1))?.definition.about.en).toBe('About saving');
    expect((await readCourseVersion(database.app, SAVING))?.definition.about.en).toBe('All about saving');
    await expect(database.app.query('update course_versions set digest = digest')).rejects.toThrow(/permission denied/);
  });

  test('by two publishers at once are one after the other', async () => {
    const changes = ['A', 'B', 'C', 'D'].map((word) => (text: string) => text.replace('About', word));
    const done = await Promise.all(changes.map((change) => publishTestCourse(database, AT, change)));
    expect(done.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5]);
  });

  test('who has begun goes on with the version begun; who begins now takes the newest', async () => {
    const first = await enrolled();
    await publishTestCourse(database, AT, (text) => text.replace('lesson: later', 'lesson: afterwards'));
    expect(await enrolled()).toEqual({ ...first, isNew: false });
    await readAll(first.enrolmentId);
    expect(await quiz(first.enrolmentId)).toMatchObject({ kind: 'marked', passed: true });
    expect(await courseOfCustomer(database.app, anna, SAVING, AT)).toMatchObject({ version: 1, newest: 2 });
    const again = await enrolled();
    expect(again).toMatchObject({ isNew: true, version: 2, completedAt: null });
    await expect(read(again.enrolmentId, 'later')).rejects.toThrow('course saving has no lesson "later"');
  });

  test('a bank has MAX_COURSES courses, each of them in the list', async () => {
    for (let n = 1; n < MAX_COURSES; n += 1)
      await publishTestCourse(database, AT, (text) => text.replace('course: saving', `course: saving-${n}`));
    const one = publishTestCourse(database, AT, (text) => text.replace('course: saving', 'course: too-much'));
    await expect(one).rejects.toThrow(CourseRefused);
    await publishTestCourse(database, AT, (text) => text.replace('About', 'On'));
    const courses = await listCourses(database.app, AT);
    expect(courses).toHaveLength(MAX_COURSES);
    expect(courses[0]).toMatchObject({
      courseRef: SAVING,
      version: 2,
      lessons: 2,
      minutes: 5,
      points: 100,
      enrolled: 0,
    });
  }, 60_000);
});

describe('a customer enrols', () => {
  test('once, however often and from how many sides at once', async () => {
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => enrolled()));
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(all.map(({ enrolmentId }) => enrolmentId)).size).toBe(1);
    expect(await mine()).toMatchObject([{ source: 'self', version: 1, lessons: 2, questions: 3, lessonsDone: [] }]);
  });

  test('into a course that is there, and never once erased', async () => {
    await expect(enrolled({ course: 'nothing' as CourseRef })).rejects.toThrow('there is no course "nothing"');
    await database.owner.query('update customers set erased_at = now()');
    await expect(enrolled()).rejects.toThrow('customer canna was erased and takes no course');
    await database.owner.query('update customers set erased_at = null');
  });

  test('and reads lessons in any order, each counted once; those of another customer are none of theirs', async () => {
    const { enrolmentId } = await enrolled();
    await read(enrolmentId, 'later', AT);
    await read(enrolmentId, 'now', later(1));
    await read(enrolmentId, 'later', later(2));
    expect((await mine())[0]?.lessonsDone).toEqual(['later', 'now']);
    const ben = await addCustomer(database, { ref: 'cben' });
    const stranger = { customerRef: ben, enrolmentId, at: AT };
    await expect(lessonDone(database.app, { ...stranger, lesson: 'now' })).rejects.toThrow(CourseRefused);
    await expect(takeQuiz(database.app, { ...stranger, answers: RIGHT, key: 'k' })).rejects.toThrow(CourseRefused);
  });
});

describe('the quiz', () => {
  test('opens when every lesson is read, and wants every question answered', async () => {
    const { enrolmentId } = await enrolled();
    await read(enrolmentId, 'now');
    expect(await quiz(enrolmentId)).toEqual({ kind: 'refused', reason: 'lessons-left' });
    await read(enrolmentId, 'later');
    expect(await quiz(enrolmentId, { first: 'a2', second: 'b1' })).toEqual({ kind: 'refused', reason: 'unanswered' });
    expect((await mine())[0]).toMatchObject({ attempts: 0, completedAt: null });
    expect(await quiz(enrolmentId, { ...RIGHT, third: 'c2' })).toMatchObject({
      kind: 'marked',
      score: 2,
      passed: true,
    });
    expect((await mine())[0]).toMatchObject({ attempts: 1, bestScore: 2, completedAt: AT });
    expect(await quiz(enrolmentId)).toEqual({ kind: 'completed' });
  });

  test('can be tried MAX_TRIES_A_DAY times in a day of the customer’s zone, and the same sending is one try', async () => {
    const { enrolmentId } = await enrolled();
    await readAll(enrolmentId);
    // 23:30 in Shanghai
    const evening = later(13.5);
    for (let n = 1; n <= MAX_TRIES_A_DAY; n += 1) {
      const told = { kind: 'marked', score: 0, passed: false, triesLeft: MAX_TRIES_A_DAY - n };
      expect(await quiz(enrolmentId, WRONG, evening, `try${n}`)).toMatchObject(told);
      expect(await quiz(enrolmentId, WRONG, evening, `try${n}`)).toMatchObject(told);
    }
    expect(await quiz(enrolmentId, RIGHT, evening)).toEqual({ kind: 'refused', reason: 'no-tries-left' });
    expect((await mine())[0]).toMatchObject({ attempts: MAX_TRIES_A_DAY, completedAt: null });
    // half an hour later it is tomorrow
    expect(await quiz(enrolmentId, RIGHT, later(14))).toMatchObject({ kind: 'marked', passed: true });
  });

  test('sent many times at once, tries are counted exactly', async () => {
    const { enrolmentId } = await enrolled();
    await readAll(enrolmentId);
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => quiz(enrolmentId, WRONG)));
    expect(all.filter(({ kind }) => kind === 'marked')).toHaveLength(MAX_TRIES_A_DAY);
  });
});

describe('points for a course', () => {
  test('are posted once, with the completion, whoever sends what how often', async () => {
    await programmeThere();
    const { enrolmentId } = await enrolled();
    await readAll(enrolmentId);
    expect(await has()).toBe(0n);
    const all = await Promise.all([1, 2, 3, 4].map((n) => quiz(enrolmentId, RIGHT, AT, `k${n % 2}`)));
    expect(all.filter(({ kind }) => kind === 'marked').length).toBeGreaterThan(0);
    expect([await has(), await ledgerBalance(database.app, issuanceFor('education'))]).toEqual([100n, -100n]);
    const { rows } = await database.owner.query<{ saw: object; result: object; reasons: string[] }>(
      `select saw, result, reasons from decisions where decision_key = $1`,
      [`enrolment:${enrolmentId}:completed`],
    );
    expect(rows).toMatchObject([
      {
        saw: { course: 'saving', version: 1, attempt: 1, score: 3, passMark: 2 },
        result: { points: 100 },
        reasons: [],
      },
    ]);
  });

  test('are not given again for a newer version, not even when that gives others', async () => {
    await programmeThere();
    await passed();
    await publishTestCourse(database, AT, (text) => text.replace('points: 100', 'points: 300'));
    await passed();
    expect(await mine()).toMatchObject([{ version: 2, completedAt: AT }, { version: 1 }]);
    expect(await has()).toBe(100n);
  });

  test('are told as what they became: given, given before by another edition, or owed, and the same to whoever sends it again', async () => {
    const pass = async (key: string) => {
      const { enrolmentId } = await enrolled();
      await readAll(enrolmentId);
      expect(await quiz(enrolmentId, WRONG)).toMatchObject({ passed: false, points: null });
      const taken = await quiz(enrolmentId, RIGHT, AT, key);
      expect(await quiz(enrolmentId, RIGHT, AT, key)).toMatchObject({ points: 'points' in taken ? taken.points : 0 });
      return 'points' in taken ? taken.points : taken.kind;
    };
    const toCome = async () => (await courseOfCustomer(database.app, anna, SAVING, AT))?.pointsToCome;
    const edition = (points: number) =>
      publishTestCourse(database, AT, (text) => text.replace('points: 100', `points: ${points}`));
    expect(await toCome()).toBe(100);
    expect(await pass('first')).toEqual({ became: 'owed', points: 100 });
    await edition(300);
    expect(await toCome()).toBeNull();
    // what is owed already is not owed twice
    expect(await pass('second')).toEqual({ became: 'before', points: 300 });
    await programmeThere();
    expect(await postOwedPoints(database.app, later(1))).toBe(1);
    expect(await has()).toBe(100n);
    await edition(500);
    expect(await pass('third')).toEqual({ became: 'before', points: 500 });
    expect([await toCome(), await has()]).toEqual([null, 100n]);
    await publishTestCourse(database, AT, (text) => text.replace('course: saving', 'course: other'));
    const { enrolmentId } = await enrolled({ course: 'other' as CourseRef });
    await readAll(enrolmentId);
    expect(await quiz(enrolmentId, RIGHT)).toMatchObject({ points: { became: 'given', points: 100 } });
  });

  test('of a course that gives none are none', async () => {
    await programmeThere();
    await publishTestCourse(database, AT, (text) => text.replace('points: 100\n', ''));
    await passed();
    expect(await has()).toBe(0n);
  });

  test('are owed while no programme is in force, and posted by the round once there is one', async () => {
    await passed();
    expect((await mine())[0]?.completedAt).toBe(AT);
    expect(await has()).toBe(0n);
    expect(await postOwedPoints(database.app, later(1))).toBe(0);
    await programmeThere();
    expect(await postOwedPoints(database.app, later(2))).toBe(1);
    expect(await postOwedPoints(database.app, later(3))).toBe(0);
    expect(await has()).toBe(100n);
  });
});

describe('a journey', () => {
  test('enrols, is answered the same on a retry, and is owed a word once the course is passed, until it is told', async () => {
    const journeyId = await journeyOf();
    const first = await enrolled({ journeyId, source: 'journey' });
    expect(first).toMatchObject({ isNew: true, completedAt: null });
    expect(await enrolled({ journeyId, source: 'journey' })).toEqual({ ...first, isNew: false });
    expect(await completedButUntold(database.app, null, 10)).toEqual([]);
    await readAll(first.enrolmentId);
    await quiz(first.enrolmentId);
    const owed = { enrolmentId: first.enrolmentId, courseRef: SAVING, journeyId };
    expect(await completedButUntold(database.app, null, 10)).toMatchObject([owed]);
    expect(await completedButUntold(database.app, first.enrolmentId, 10)).toEqual([]);
    expect(await journeyToTell(database.app, first.enrolmentId)).toMatchObject(owed);
    expect(await enrolled({ journeyId, source: 'journey' })).toEqual({ ...first, isNew: false, completedAt: AT });
    await enrolmentTold(database.app, first.enrolmentId, AT);
    expect(await completedButUntold(database.app, null, 10)).toEqual([]);
  });

  test('of another customer takes nobody', async () => {
    const ben = await addCustomer(database, { ref: 'cben' });
    const { journeyId } = await admitted(database, ben, '2026-11-24', AT);
    await expect(enrolled({ journeyId, source: 'journey' })).rejects.toThrow(/foreign key/);
    await enrolled();
    await expect(enrolled({ journeyId, source: 'journey' })).rejects.toThrow(/foreign key/);
  });

  test('takes over what the customer had begun', async () => {
    const { enrolmentId } = await enrolled();
    await read(enrolmentId, 'now');
    const journeyId = await journeyOf();
    expect(await enrolled({ journeyId, source: 'journey' })).toMatchObject({ enrolmentId, isNew: false });
    await read(enrolmentId, 'later');
    await quiz(enrolmentId);
    expect(await completedButUntold(database.app, null, 10)).toMatchObject([{ enrolmentId, journeyId }]);
  });

  test('does not send a customer through a version that was passed: its enrolment is complete at once', async () => {
    const before = await passed();
    const journeyId = await journeyOf();
    const now = await enrolled({ journeyId, source: 'journey', at: later(1) });
    expect(now).toMatchObject({ isNew: true, completedAt: later(1) });
    expect(now.enrolmentId).not.toBe(before);
    expect(await enrolled({ journeyId, source: 'journey', at: later(2) })).toEqual({ ...now, isNew: false });
    expect(await completedButUntold(database.app, null, 10)).toMatchObject([{ enrolmentId: now.enrolmentId }]);
    // by themselves they are shown what they have passed
    expect(await enrolled()).toMatchObject({ isNew: false, version: 1 });
    await publishTestCourse(database, AT, (text) => text.replace('About', 'On'));
    await closeJourney(database.app, journeyId, 'retained', 'kept', AT);
    const next = await journeyOf('2026-11-25');
    expect(await enrolled({ journeyId: next, source: 'journey' })).toMatchObject({ version: 2, completedAt: null });
  });

  test('that has ended is told nothing', async () => {
    const journeyId = await journeyOf();
    const { enrolmentId } = await enrolled({ journeyId, source: 'journey' });
    await readAll(enrolmentId);
    await closeJourney(database.app, journeyId, 'retained', 'kept', AT);
    await quiz(enrolmentId);
    expect(await completedButUntold(database.app, null, 10)).toEqual([]);
    expect(await journeyToTell(database.app, enrolmentId)).toBeNull();
  });
});
