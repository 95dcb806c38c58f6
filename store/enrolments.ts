/** Who takes which course, how far they are, and what passing it sets off. */
import { dateIn } from '../domain/calendar.js';
import {
  EDUCATION_RULES,
  markQuiz,
  MAX_TRIES_A_DAY,
  unanswered,
  type Answers,
  type CourseDefinition,
  type CourseRef,
  type EnrolmentId,
  type QuizResult,
} from '../domain/course.js';
import type { CustomerRef, Instant, JourneyId, ZoneId } from '../domain/types.js';
import { giveCoursePoints, pointsSettled } from './course-points.js';
import { CourseRefused, readCourseVersion } from './courses.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { answeredBefore, recordDecisions } from './decisions.js';

export type EnrolmentSource = 'journey' | 'self' | 'staff';

export interface EnrolmentRequest {
  customerRef: CustomerRef;
  course: CourseRef;
  /** the journey that waits for the completion; null: none does */
  journeyId: JourneyId | null;
  at: Instant;
  source: EnrolmentSource;
}

export interface Enrolled {
  enrolmentId: EnrolmentId;
  /** false: it was there before */
  isNew: boolean;
  version: number;
  /** set: there is nothing to wait for */
  completedAt: Instant | null;
}

interface Enrolment {
  enrolmentId: EnrolmentId;
  customerRef: CustomerRef;
  courseRef: CourseRef;
  version: number;
  journeyId: JourneyId | null;
  completedAt: Instant | null;
}

const COLUMNS = `enrolment_id as "enrolmentId", customer_ref as "customerRef", course_ref as "courseRef", version,
  journey_id as "journeyId", completed_at as "completedAt"`;

/**
 * Enrols a customer into a course's newest version, inside the caller's transaction; the customer's row is locked. Said
 * again it answers the same enrolment. A course that is under way is gone on with, at the version begun, and a journey
 * takes it over. A customer who has passed the newest version is not sent through it again: a journey gets an enrolment
 * that is complete at once, anybody else the one there is.
 * @throws CourseRefused when there is no such course or the customer was erased
 */
export async function enrol(sql: Sql, request: EnrolmentRequest): Promise<Enrolled> {
  const { customerRef, course, journeyId, at, source } = request;
  const { erased } = await lockCustomer(sql, customerRef);
  if (erased) throw new CourseRefused(`customer ${customerRef} was erased and takes no course`);
  const newest = await readCourseVersion(sql, course);
  if (!newest)
    throw new CourseRefused(`there is no course "${course}"; "keepwell course list" shows those that are published`);
  const { rows } = await sql.query<Enrolment>(
    `select ${COLUMNS} from course_enrolments
      where customer_ref = $1 and course_ref = $2 and (journey_id = $3 or completed_at is null or version = $4)
      order by journey_id = $3 desc nulls last, completed_at is not null, enrolled_at desc limit 1`,
    [customerRef, course, journeyId, newest.version],
  );
  const before = rows[0];
  const isTakenOver = before?.completedAt === null && journeyId !== null && before.journeyId !== journeyId;
  if (before && isTakenOver)
    await sql.query('update course_enrolments set journey_id = $2 where enrolment_id = $1', [
      before.enrolmentId,
      journeyId,
    ]);
  const isAnswered = before && (before.completedAt === null || journeyId === null || before.journeyId === journeyId);
  if (isAnswered) return { ...answerOf(before), isNew: false };
  const completedAt = before ? at : null;
  const inserted = await sql.query<Enrolment>(
    `insert into course_enrolments (customer_ref, course_ref, version, journey_id, source, enrolled_at, completed_at)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [
      customerRef,
      course,
      newest.version,
      journeyId,
      source,
      timestamp(at),
      completedAt === null ? null : timestamp(completedAt),
    ],
  );
  const enrolment = one(inserted.rows, 'the enrolment');
  const reasons = before ? ['passed-before'] : [];
  await decide(sql, enrolment, 'enrolled', reasons, { source }, { completed: before ? 1 : 0 }, at);
  return { ...answerOf(enrolment), isNew: true };
}

const answerOf = ({ enrolmentId, version, completedAt }: Enrolment): Omit<Enrolled, 'isNew'> => ({
  enrolmentId,
  version,
  completedAt,
});

function decide(
  sql: Sql,
  { enrolmentId, customerRef, journeyId, courseRef, version }: Enrolment,
  verdict: 'enrolled' | 'completed',
  reasons: string[],
  saw: Record<string, string | number>,
  result: Record<string, string | number | null>,
  at: Instant,
): Promise<void> {
  const key = verdict === 'completed' ? completedKey(enrolmentId) : `enrolment:${enrolmentId}:${verdict}`;
  const told = { key, customerRef, journeyId, kind: 'education', verdict, reasons, rules: EDUCATION_RULES, at };
  return recordDecisions(sql, [{ ...told, saw: { course: courseRef, version, ...saw }, result }]);
}

const completedKey = (enrolmentId: EnrolmentId): string => `enrolment:${enrolmentId}:completed`;

/** The customer's own enrolment with its course, the customer's row locked. @throws CourseRefused when it is none of theirs */
async function lockEnrolment(
  sql: Sql,
  customerRef: CustomerRef,
  enrolmentId: EnrolmentId,
): Promise<{ enrolment: Enrolment; definition: CourseDefinition; zone: ZoneId }> {
  const { zone } = await lockCustomer(sql, customerRef);
  const { rows } = await sql.query<Enrolment & { definition: CourseDefinition }>(
    `select ${COLUMNS}, definition from course_enrolments join course_versions using (course_ref, version)
      where enrolment_id = $1 and customer_ref = $2`,
    [enrolmentId, customerRef],
  );
  const row = rows[0];
  if (!row) throw new CourseRefused(`customer ${customerRef} has no enrolment ${enrolmentId}`);
  const { definition, ...enrolment } = row;
  return { enrolment, definition, zone };
}

/**
 * Writes down that a lesson was read; the first time stays.
 * @throws CourseRefused when the course has no such lesson, or the enrolment is another customer's
 */
export function lessonDone(
  database: Database,
  done: { customerRef: CustomerRef; enrolmentId: EnrolmentId; lesson: string; at: Instant },
): Promise<void> {
  const { customerRef, enrolmentId, lesson, at } = done;
  return database.transaction(async (sql) => {
    const { definition } = await lockEnrolment(sql, customerRef, enrolmentId);
    if (!definition.lessons.some((known) => known.lesson === lesson))
      throw new CourseRefused(`course ${definition.course} has no lesson "${lesson}"`);
    await sql.query(
      `insert into lesson_progress (enrolment_id, lesson_ref, done_at) values ($1, $2, $3) on conflict do nothing`,
      [enrolmentId, lesson, timestamp(at)],
    );
  });
}

export interface QuizSent {
  customerRef: CustomerRef;
  enrolmentId: EnrolmentId;
  answers: Answers;
  /** names the sending: the same key is the same try */
  key: string;
  at: Instant;
}

/** What a course's points became when it was passed: posted, owed until a points programme is in force, or given before. */
export interface CoursePoints {
  became: 'given' | 'owed' | 'before';
  /** how many the course gives */
  points: number;
}

export type QuizTaken =
  /** `points` null: it was not passed, or the course gives none */
  | (QuizResult & { kind: 'marked'; answers: Answers; triesLeft: number; points: CoursePoints | null })
  /** it was passed before, in another sending */
  | { kind: 'completed' }
  | { kind: 'refused'; reason: 'lessons-left' | 'unanswered' | 'no-tries-left' };

interface Attempt {
  key: string;
  answers: Answers;
  score: number;
  passed: boolean;
  isToday: boolean;
}

/**
 * Marks a try at the quiz, once for each key. Passing completes the enrolment and posts the course's points in the same
 * transaction; points are given once for each course and customer, whatever version is passed.
 * @throws CourseRefused when the enrolment is another customer's
 */
export function takeQuiz(database: Database, sent: QuizSent): Promise<QuizTaken> {
  const { customerRef, enrolmentId, answers, key, at } = sent;
  return database.transaction(async (sql): Promise<QuizTaken> => {
    const { enrolment, definition, zone } = await lockEnrolment(sql, customerRef, enrolmentId);
    const today = dateIn(zone, at);
    const attempts = await readAttempts(sql, enrolmentId, today);
    const triedToday = attempts.filter(({ isToday }) => isToday).length;
    const outOf = definition.quiz.length;
    const same = attempts.find((attempt) => attempt.key === key);
    if (same) {
      const told = { answers: same.answers, score: same.score, outOf, passed: same.passed };
      const points = same.passed ? await pointsOfBefore(sql, enrolmentId, definition) : null;
      return { kind: 'marked', ...told, triesLeft: MAX_TRIES_A_DAY - triedToday, points };
    }
    if (enrolment.completedAt !== null) return { kind: 'completed' };
    if (await lessonsLeft(sql, enrolmentId, definition)) return { kind: 'refused', reason: 'lessons-left' };
    if (unanswered(definition, answers).length > 0) return { kind: 'refused', reason: 'unanswered' };
    if (triedToday >= MAX_TRIES_A_DAY) return { kind: 'refused', reason: 'no-tries-left' };
    const result = markQuiz(definition, answers);
    const attempt = attempts.length + 1;
    await sql.query(
      `insert into quiz_attempts (enrolment_id, attempt, attempt_key, attempted_at, attempted_on, answers, score, passed)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [enrolmentId, attempt, key, timestamp(at), today, JSON.stringify(answers), result.score, result.passed],
    );
    const points = result.passed
      ? await complete(sql, enrolment, definition, { attempt, score: result.score, at })
      : null;
    const triesLeft = MAX_TRIES_A_DAY - triedToday - 1;
    return { kind: 'marked', ...result, answers, triesLeft, points };
  });
}

async function readAttempts(sql: Sql, enrolmentId: EnrolmentId, today: string): Promise<Attempt[]> {
  const { rows } = await sql.query<Attempt>(
    `select attempt_key as key, answers, score, passed, attempted_on = $2 as "isToday" from quiz_attempts where enrolment_id = $1`,
    [enrolmentId, today],
  );
  return rows;
}

async function lessonsLeft(sql: Sql, enrolmentId: EnrolmentId, { lessons }: CourseDefinition): Promise<boolean> {
  const { rows } = await sql.query<{ done: number }>(
    'select count(*)::integer as done from lesson_progress where enrolment_id = $1 and lesson_ref = any($2)',
    [enrolmentId, lessons.map(({ lesson }) => lesson)],
  );
  return one(rows, 'the lessons done').done < lessons.length;
}

async function complete(
  sql: Sql,
  enrolment: Enrolment,
  definition: CourseDefinition,
  { attempt, score, at }: { attempt: number; score: number; at: Instant },
): Promise<CoursePoints | null> {
  const { points = 0, passMark } = definition;
  const became = points === 0 ? 'none' : await settlePoints(sql, enrolment, points, at);
  await sql.query('update course_enrolments set completed_at = $2, points_owed = $3 where enrolment_id = $1', [
    enrolment.enrolmentId,
    timestamp(at),
    became === 'owed' ? points : null,
  ]);
  const result = { points: became === 'given' ? points : 0, became };
  await decide(
    sql,
    enrolment,
    'completed',
    became === 'owed' ? ['no-programme'] : [],
    { attempt, score, passMark },
    result,
    at,
  );
  return became === 'none' ? null : { became, points };
}

/** Points are given once for each course: what another edition of it owes already is not owed again. */
async function settlePoints(
  sql: Sql,
  enrolment: Enrolment,
  points: number,
  at: Instant,
): Promise<CoursePoints['became']> {
  const { customerRef, courseRef } = enrolment;
  return (await pointsSettled(sql, customerRef, courseRef)) ? 'before' : giveCoursePoints(sql, enrolment, points, at);
}

/** What the sending that passed was answered. */
async function pointsOfBefore(
  sql: Sql,
  enrolmentId: EnrolmentId,
  { points }: CourseDefinition,
): Promise<CoursePoints | null> {
  const before = await answeredBefore<{ became: CoursePoints['became'] | 'none' }>(sql, completedKey(enrolmentId));
  return !before || before.became === 'none' || points === undefined ? null : { became: before.became, points };
}

/** Writes down that the journey's run was told of a completion; the first time stays. */
export async function enrolmentTold(sql: Sql, enrolmentId: EnrolmentId, at: Instant): Promise<void> {
  await sql.query(
    'update course_enrolments set told_at = coalesce(told_at, $2) where enrolment_id = $1 and completed_at is not null',
    [enrolmentId, timestamp(at)],
  );
}
