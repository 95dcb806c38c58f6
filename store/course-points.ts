/** Points for courses that were passed. */
import type { CourseRef, EnrolmentId } from '../domain/course.js';
import { points, type CustomerRef, type Instant } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import type { Database, Sql } from './database.js';
import { educate } from './goodwill.js';
import { NoProgramme } from './points-programmes.js';

interface ForCourse {
  customerRef: CustomerRef;
  courseRef: CourseRef;
}

const postingKey = ({ courseRef, customerRef }: ForCourse): string => `educate:${courseRef}:${customerRef}`;

/** Whether a course has given a customer its points or owes them already, by whatever edition: it gives no others. */
export async function pointsSettled(sql: Sql, customerRef: CustomerRef, courseRef: CourseRef): Promise<boolean> {
  const { rowCount } = await sql.query(
    `select 1 from postings where idempotency_key = $1
     union all
     select 1 from course_enrolments where customer_ref = $2 and course_ref = $3 and points_owed is not null limit 1`,
    [postingKey({ courseRef, customerRef }), customerRef, courseRef],
  );
  return rowCount === 1;
}

/** Posts a course's points; `before`: an earlier version of the course gave them. */
export async function giveCoursePoints(
  sql: Sql,
  { customerRef, courseRef }: ForCourse,
  amount: number,
  at: Instant,
): Promise<'given' | 'before' | 'owed'> {
  const { rowCount } = await sql.query('select 1 from postings where idempotency_key = $1', [
    postingKey({ customerRef, courseRef }),
  ]);
  if (rowCount !== 0) return 'before';
  try {
    await educate(sql, { customerRef, course: courseRef, points: points(amount), at });
    return 'given';
  } catch (error) {
    // nothing was written yet: the course is passed all the same, and a later round posts what is owed
    if (error instanceof NoProgramme) return 'owed';
    throw error;
  }
}

/** Completed enrolments looked after in one go. */
const OWED_BATCH = 200;

/**
 * Posts points that were owed because no points programme was in force when the course was passed.
 * @returns how many enrolments owe none any more; 0 while there is no programme
 */
export async function postOwedPoints(database: Database, at: Instant): Promise<number> {
  const { rows } = await database.query<ForCourse & { enrolmentId: EnrolmentId; owed: number }>(
    `select enrolment_id as "enrolmentId", customer_ref as "customerRef", course_ref as "courseRef", points_owed as owed
       from course_enrolments where points_owed is not null order by enrolment_id limit $1`,
    [OWED_BATCH],
  );
  let settled = 0;
  for (const enrolment of rows) {
    const became = await database.transaction(async (sql) => {
      const { erased } = await lockCustomer(sql, enrolment.customerRef);
      const outcome = erased ? 'before' : await giveCoursePoints(sql, enrolment, enrolment.owed, at);
      if (outcome !== 'owed')
        await sql.query('update course_enrolments set points_owed = null where enrolment_id = $1', [
          enrolment.enrolmentId,
        ]);
      return outcome;
    });
    if (became === 'owed') return settled;
    settled += 1;
  }
  return settled;
}
