/** What customers' pages and staff ask about courses and enrolments; nothing is written here. */
import type { CourseDefinition, CourseRef, EnrolmentId, InBothLanguages } from '../../domain/course.js';
import type { CustomerRef, Instant, JourneyId } from '../../domain/types.js';
import { MAX_COURSES } from '../courses.js';
import type { Sql } from '../database.js';
import { timestamp } from '../database.js';
import { pointsSettled } from '../course-points.js';
import type { EnrolmentSource } from '../enrolments.js';

/** Enrolments of one customer that are shown, the newest first. */
export const MAX_ENROLMENTS_LISTED = 200;

export interface CourseSummary {
  courseRef: CourseRef;
  version: number;
  title: InBothLanguages;
  about: InBothLanguages;
  lessons: number;
  /** of all lessons */
  minutes: number;
  points: number | null;
  publishedAt: Instant;
  publishedBy: string;
  /** enrolments of all versions, and of these those that are complete */
  enrolled: number;
  completed: number;
}

/** Courses at their newest version that had been published by then, by reference; at most MAX_COURSES. */
export async function listCourses(sql: Sql, at: Instant): Promise<CourseSummary[]> {
  const { rows } = await sql.query<CourseSummary>(
    `with newest as (
       select distinct on (course_ref) course_ref, version, definition, published_at, published_by
         from course_versions where published_at <= $1 order by course_ref, version desc
     ), counted as (
       select course_ref, count(*)::integer as enrolled, count(completed_at)::integer as completed
         from course_enrolments group by course_ref
     )
     select n.course_ref as "courseRef", n.version, n.definition -> 'title' as title, n.definition -> 'about' as about,
            jsonb_array_length(n.definition -> 'lessons') as lessons,
            (select sum((l ->> 'minutes')::integer)::integer from jsonb_array_elements(n.definition -> 'lessons') l) as minutes,
            (n.definition ->> 'points')::integer as points, n.published_at as "publishedAt",
            n.published_by as "publishedBy", coalesce(c.enrolled, 0) as enrolled, coalesce(c.completed, 0) as completed
       from newest n left join counted c using (course_ref) order by n.course_ref limit $2`,
    [timestamp(at), MAX_COURSES],
  );
  return rows;
}

export interface EnrolmentSummary {
  enrolmentId: EnrolmentId;
  courseRef: CourseRef;
  version: number;
  journeyId: JourneyId | null;
  source: EnrolmentSource;
  enrolledAt: Instant;
  completedAt: Instant | null;
  /** names of the lessons read */
  lessonsDone: string[];
  lessons: number;
  /** tries at the quiz, and the best of them; null: none yet */
  attempts: number;
  bestScore: number | null;
  questions: number;
}

const ENROLMENT = `
  select e.enrolment_id as "enrolmentId", e.course_ref as "courseRef", e.version, e.journey_id as "journeyId", e.source,
         e.enrolled_at as "enrolledAt", e.completed_at as "completedAt",
         array(select lesson_ref from lesson_progress p where p.enrolment_id = e.enrolment_id order by done_at, lesson_ref) as "lessonsDone",
         jsonb_array_length(v.definition -> 'lessons') as lessons,
         (select count(*)::integer from quiz_attempts q where q.enrolment_id = e.enrolment_id) as attempts,
         (select max(score) from quiz_attempts q where q.enrolment_id = e.enrolment_id) as "bestScore",
         jsonb_array_length(v.definition -> 'quiz') as questions
    from course_enrolments e join course_versions v using (course_ref, version)`;

/** A customer's enrolments, the newest first; at most MAX_ENROLMENTS_LISTED. */
export async function customerEnrolments(sql: Sql, customerRef: CustomerRef): Promise<EnrolmentSummary[]> {
  const { rows } = await sql.query<EnrolmentSummary>(
    `${ENROLMENT} where e.customer_ref = $1 order by e.enrolled_at desc, e.enrolment_id desc limit $2`,
    [customerRef, MAX_ENROLMENTS_LISTED],
  );
  return rows;
}

export interface CourseOfCustomer {
  definition: CourseDefinition;
  version: number;
  newest: number;
  /** null: not begun */
  enrolment: EnrolmentSummary | null;
  /** what passing it would still give the customer; null: nothing, or some edition of it has given points or owes them */
  pointsToCome: number | null;
}

/**
 * A course as its customer's page shows it: the version under way, else the version completed last, else the newest; null
 * when there is no such course.
 */
export async function courseOfCustomer(
  sql: Sql,
  customerRef: CustomerRef,
  courseRef: CourseRef,
  at: Instant,
): Promise<CourseOfCustomer | null> {
  const { rows: mine } = await sql.query<EnrolmentSummary>(
    `${ENROLMENT} where e.customer_ref = $1 and e.course_ref = $2
      order by e.completed_at is null desc, e.completed_at desc limit 1`,
    [customerRef, courseRef],
  );
  const enrolment = mine[0] ?? null;
  const { rows } = await sql.query<{ definition: CourseDefinition; version: number; newest: number }>(
    `select version, definition, max(version) over () as newest from course_versions
      where course_ref = $1 and published_at <= $3 order by version = $2 desc nulls last, version desc limit 1`,
    [courseRef, enrolment?.version ?? null, timestamp(at)],
  );
  const course = rows[0];
  if (!course) return null;
  const { points = null } = course.definition;
  const isSettled = points === null || (await pointsSettled(sql, customerRef, courseRef));
  return { ...course, enrolment, pointsToCome: isSettled ? null : points };
}

export interface CompletedForJourney {
  enrolmentId: EnrolmentId;
  courseRef: CourseRef;
  journeyId: JourneyId;
  workflowId: string;
}

const UNTOLD = `
  select e.enrolment_id as "enrolmentId", e.course_ref as "courseRef", e.journey_id as "journeyId",
         j.workflow_id as "workflowId"
    from course_enrolments e join journeys j using (journey_id)
   where e.completed_at is not null and e.told_at is null and j.closed_at is null`;

/** Enrolments of open journeys that are complete and of which the run was not told yet, in order; the next ones after `after`. */
export async function completedButUntold(
  sql: Sql,
  after: EnrolmentId | null,
  limit: number,
): Promise<CompletedForJourney[]> {
  const { rows } = await sql.query<CompletedForJourney>(
    `${UNTOLD} and ($1::uuid is null or e.enrolment_id > $1) order by e.enrolment_id limit $2`,
    [after, limit],
  );
  return rows;
}

/** The run that waits for this completion; null: none does, or it was told. */
export async function journeyToTell(sql: Sql, enrolmentId: EnrolmentId): Promise<CompletedForJourney | null> {
  const { rows } = await sql.query<CompletedForJourney>(`${UNTOLD} and e.enrolment_id = $1`, [enrolmentId]);
  return rows[0] ?? null;
}
