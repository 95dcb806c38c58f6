import { oneLine } from '../domain/line.js';
import { lotExpiresOn } from '../domain/points-programme.js';
import { points, type CustomerRef, type Instant, type PlainDate, type Points } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { one, type Sql } from './database.js';
import { answeredBefore, recordDecisions } from './decisions.js';
import { customerAccount, issuanceFor, post, type Posted, type PostingRequest } from './ledger.js';
import { bankDay, NoProgramme, programmeInForce } from './points-programmes.js';

/** Points of one goodwill; who thinks that a customer is owed more gives money, as redress. */
export const MAX_GOODWILL_POINTS = 50_000;
/** Points of one course. */
export const MAX_EDUCATION_POINTS = 10_000;
/** Characters of what a goodwill is for, and of the name of who gives it. */
export const MAX_MEMO_CHARACTERS = 200;
export const MAX_BY_CHARACTERS = 100;

const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/;

/** Points that can't be given; the message says why and what to do. */
export class PointsRefused extends Error {
  override readonly name = 'PointsRefused';
}

export interface Goodwill {
  customerRef: CustomerRef;
  /** 1 to MAX_GOODWILL_POINTS */
  points: Points;
  /** names the debt: the number of a complaint, a letter, a case; points are given once for each */
  reference: string;
  /** a staff name, kept in the record of decisions; not shown to customers */
  by: string;
  /** why, for the statement; no personal data */
  memo: string;
  at: Instant;
}

export interface Given extends Posted {
  /** the last day on which they can be spent; null: they were posted before points expired */
  expiresOn: PlainDate | null;
}

/**
 * Gives a customer points because the bank wants to make up for something, once for each reference, and writes down who
 * did it. Inside the caller's transaction.
 * @throws PointsRefused | NoProgramme | PostingConflict when the reference was used for something else
 */
export async function goodwill(sql: Sql, given: Goodwill): Promise<Given> {
  const { customerRef, reference, at } = given;
  const amount = within(given.points, MAX_GOODWILL_POINTS);
  const by = line(given.by, 'who gives it', MAX_BY_CHARACTERS);
  const memo = line(given.memo, 'what it is for', MAX_MEMO_CHARACTERS);
  named(reference, 'a reference');
  const key = `goodwill:${reference}`;
  const { expiresOn, rules } = await openTo(sql, customerRef, at);
  const told = { key, kind: 'goodwill', from: issuanceFor('goodwill'), to: customerAccount(customerRef) } as const;
  const posted = await give(sql, { ...told, amount, memo, at, expiresOn });
  if (!(await answeredBefore(sql, key)))
    await recordDecisions(sql, [
      {
        key,
        customerRef,
        journeyId: null,
        kind: 'goodwill',
        verdict: 'granted',
        reasons: [],
        saw: { reference, by, memo, points: String(amount) },
        result: { postingId: String(posted.postingId), expiresOn: posted.expiresOn },
        rules,
        at,
      },
    ]);
  return posted;
}

export interface Educated {
  customerRef: CustomerRef;
  /** 1 to MAX_EDUCATION_POINTS */
  points: Points;
  /** points are given once for each course and customer */
  course: string;
  at: Instant;
}

/**
 * Gives a customer the points of a course that was passed. Inside the caller's transaction.
 * @throws PointsRefused | NoProgramme | PostingConflict when the course gave another number of points before
 */
export async function educate(sql: Sql, { customerRef, points: asked, course, at }: Educated): Promise<Given> {
  const amount = within(asked, MAX_EDUCATION_POINTS);
  named(course, 'a course');
  const { expiresOn } = await openTo(sql, customerRef, at);
  const key = `educate:${course}:${customerRef}`;
  const told = { key, kind: 'educate', from: issuanceFor('education'), to: customerAccount(customerRef) } as const;
  return give(sql, { ...told, amount, memo: course, at, expiresOn });
}

/** What was posted first keeps its day, whatever the programme says now. */
async function give(sql: Sql, request: PostingRequest): Promise<Given> {
  const posted = await post(sql, request);
  const { rows } = await sql.query<{ expiresOn: PlainDate | null }>(
    'select expires_on as "expiresOn" from postings where posting_id = $1',
    [posted.postingId],
  );
  return { ...posted, ...one(rows, 'the posting') };
}

/** Holds the customer's row, and tells until when points that are given now are good. */
async function openTo(
  sql: Sql,
  customerRef: CustomerRef,
  at: Instant,
): Promise<{ expiresOn: PlainDate; rules: string }> {
  const { erased } = await lockCustomer(sql, customerRef);
  if (erased) throw new PointsRefused(`customer ${customerRef} was erased and gets no points`);
  const on = await bankDay(sql, at);
  const programme = await programmeInForce(sql, on);
  if (!programme) throw new NoProgramme(on);
  const { definition, version } = programme;
  return { expiresOn: lotExpiresOn(definition, on), rules: `${definition.programme}@${version}` };
}

function within(asked: Points, most: number): Points {
  if (asked < 1n || asked > BigInt(most))
    throw new PointsRefused(`points are a whole number from 1 to ${most}, not ${asked}`);
  return points(asked);
}

function named(text: string, what: string): void {
  if (!REFERENCE.test(text))
    throw new PointsRefused(`${what} is 1 to 40 letters, digits and dashes, like K-2026-0000042; not "${text}"`);
}

function line(text: string, what: string, most: number): string {
  const said = oneLine(text, most);
  if (said === null) throw new PointsRefused(`say ${what} in one line of 1 to ${most} characters`);
  return said;
}
