import type { CourseDefinition, CourseRef } from '../domain/course.js';
import type { Instant } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';

/** Any number that nobody else uses as an advisory lock: it makes "the next version" a number that nobody else takes. */
const PUBLISH_LOCK = 7_114_130;
/** Courses of one bank; a customer's list shows them all. */
export const MAX_COURSES = 50;

/** A course that can't be published, or can't be taken as somebody asked; the message says why and what to do. */
export class CourseRefused extends Error {
  override readonly name = 'CourseRefused';
}

export interface CourseToPublish {
  definition: CourseDefinition;
  /** the file as it was edited, comments included */
  sourceText: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface CoursePublication {
  courseRef: CourseRef;
  version: number;
  /** false: this definition had been published before and was not touched */
  isNew: boolean;
  /** the version that customers begin from now on */
  newest: number;
}

/**
 * Publishes a course as its next version. A version never changes: the same definition again gives the version there is,
 * even when a newer one is in force. Who has begun goes on with the version begun. Publishers wait for each other.
 * @throws CourseRefused when there are MAX_COURSES already
 */
export function publishCourse(database: Database, course: CourseToPublish): Promise<CoursePublication> {
  const { definition, sourceText, at, by } = course;
  const courseRef = definition.course as CourseRef;
  const digest = definitionDigest(definition);
  return database.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [PUBLISH_LOCK]);
    const { rows } = await sql.query<{ newest: number | null; same: number | null; others: number }>(
      `select max(version) filter (where course_ref = $1) as newest,
              max(version) filter (where course_ref = $1 and digest = $2) as same,
              (count(distinct course_ref) filter (where course_ref <> $1))::integer as others
         from course_versions`,
      [courseRef, digest],
    );
    const { newest, same, others } = one(rows, 'the newest version');
    if (same !== null) return { courseRef, version: same, isNew: false, newest: newest ?? same };
    if (others >= MAX_COURSES)
      throw new CourseRefused(`there are ${MAX_COURSES} courses already; publish this as a version of one of them`);
    const version = (newest ?? 0) + 1;
    await sql.query(
      `insert into course_versions (course_ref, version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [courseRef, version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    return { courseRef, version, isNew: true, newest: version };
  });
}

export interface CourseVersion {
  courseRef: CourseRef;
  version: number;
  definition: CourseDefinition;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version of a course, or null when there is none.
 * @param version the newest when left out
 */
export async function readCourseVersion(
  sql: Sql,
  courseRef: CourseRef,
  version?: number,
): Promise<CourseVersion | null> {
  const { rows } = await sql.query<CourseVersion>(
    `select course_ref as "courseRef", version, definition, digest, published_at as "publishedAt",
            published_by as "publishedBy"
       from course_versions where course_ref = $1 and ($2::integer is null or version = $2)
      order by version desc limit 1`,
    [courseRef, version ?? null],
  );
  return rows[0] ?? null;
}
