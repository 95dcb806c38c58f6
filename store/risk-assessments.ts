import { Temporal } from 'temporal-polyfill';
import type { RiskAssessment } from '../domain/suitability.js';
import type { CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';

/** For so many months an assessment counts, at most (金融机构产品适当性管理办法, on assessments of investors). */
export const ASSESSMENT_MONTHS = 12;
/** Assessments of one customer on one day and within twelve months, at most (the same). */
export const MOST_ASSESSMENTS_A_DAY = 2;
export const MOST_ASSESSMENTS_A_YEAR = 8;

/** An assessment that can't be kept; the message says why and what to do. */
export class AssessmentRefused extends Error {
  override readonly name = 'AssessmentRefused';
}

export interface NewAssessment extends RiskAssessment {
  customerRef: CustomerRef;
  /** who assessed: a staff name, not shown to customers; 1 to 100 characters */
  by: string;
  at: Instant;
}

/** The last day on which an assessment of a day can count. */
export const assessmentEnd = (assessedOn: PlainDate): PlainDate =>
  Temporal.PlainDate.from(assessedOn).add({ months: ASSESSMENT_MONTHS }).toString() as PlainDate;

/**
 * Keeps what a customer was found to want to bear. From its commit on it counts for offers. The same assessment again
 * changes nothing; none is ever changed.
 * @returns false when it was there already
 * @throws AssessmentRefused when its days are impossible, or the customer was assessed too often
 */
export async function recordAssessment(database: Database, assessment: NewAssessment): Promise<boolean> {
  const { customerRef, appetite, assessedOn, validUntil, by, at } = assessment;
  const end = assessmentEnd(assessedOn);
  if (validUntil < assessedOn || validUntil > end)
    throw new AssessmentRefused(
      `an assessment of ${assessedOn} counts until a day from ${assessedOn} to ${end} (${ASSESSMENT_MONTHS} months at most), not until ${validUntil}.`,
    );
  return database.transaction(async (sql) => {
    await lockCustomer(sql, customerRef);
    const { rowCount } = await sql.query(
      `insert into risk_assessments (customer_ref, appetite, assessed_on, valid_until, assessed_by, recorded_at)
       values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
      [customerRef, appetite, assessedOn, validUntil, by, timestamp(at)],
    );
    if (rowCount === 0) return false;
    await assertNotTooOften(sql, customerRef, assessedOn);
    return true;
  });
}

/**
 * Asking until the answer suits would make the assessment worthless. One that is told late counts among those after it too:
 * of all twelve months in which it lies the fullest counts.
 */
async function assertNotTooOften(sql: Sql, customerRef: CustomerRef, on: PlainDate): Promise<void> {
  const { rows } = await sql.query<{ day: number; year: number }>(
    `with near as (
       select assessed_on from risk_assessments
        where customer_ref = $1 and assessed_on > $2::date - interval '12 months'
          and assessed_on < $2::date + interval '12 months'
     ), ends as (
       select distinct assessed_on as last from near where assessed_on >= $2
     )
     select (select count(*) from near where assessed_on = $2)::integer as day,
            (select max(within.number) from ends cross join lateral (
               select count(*) as number from near
                where assessed_on <= last and assessed_on > last - interval '12 months') within)::integer as year`,
    [customerRef, on],
  );
  const { day, year } = one(rows, 'the number of assessments');
  if (day > MOST_ASSESSMENTS_A_DAY || year > MOST_ASSESSMENTS_A_YEAR)
    throw new AssessmentRefused(
      `customer ${customerRef} was assessed as often as one may be (${MOST_ASSESSMENTS_A_DAY} times a day, ${MOST_ASSESSMENTS_A_YEAR} times in twelve months); the last assessment stands.`,
    );
}
