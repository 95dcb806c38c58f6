import { courseMinutes, type CourseRef } from '../domain/course.js';
import { EDUCATION_STEP } from '../domain/journey-plan.js';
import type { Instant, Language } from '../domain/types.js';
import { CourseRefused, readCourseVersion } from '../store/courses.js';
import { creditReasons } from '../store/credit-standing.js';
import type { Database, Sql } from '../store/database.js';
import { enrol } from '../store/enrolments.js';
import { dataUntil } from '../store/installation.js';
import type { JourneyRow } from '../store/journeys.js';
import { readProducts } from '../store/products.js';
import { recommendedLast, recommendFor, type Recommendation } from '../store/recommendations.js';
import { creditLetterData, recordStanding } from './credit-letter.js';
import type { MessageData } from './message-templates.js';
import { productInLetter } from './recommendation.js';

/** A message of a journey, by its step. */
export interface AskedContent {
  journey: JourneyRow;
  message: string;
  at: Instant;
}

/**
 * What the message is about is settled with its claim: the product of an offer, the place in a course. A message that is
 * claimed again, days later perhaps, is settled again.
 * @returns why there is nothing to write about, or null
 */
export async function settleContent(sql: Sql, asked: AskedContent): Promise<string | null> {
  const { journey, message, at } = asked;
  if (isOffer(asked)) {
    // a bank that has published no products makes offers that name none
    if ((await readProducts(sql, { at })) === null) return null;
    return (await recommended(sql, asked)) === null ? 'nothing-suits' : null;
  }
  if (tellsOfStanding(asked)) {
    const warning = await creditReasons(sql, journey.customerRef, await dataUntil(sql));
    const key = `journey:${journey.journeyId}:standing`;
    if (warning.reasons.length > 0) await recordStanding(sql, key, journey.customerRef, warning, at);
    return null;
  }
  if (message !== EDUCATION_STEP || !journey.definition.education) return null;
  const course = journey.definition.education.course as CourseRef;
  const { customerRef, journeyId } = journey;
  try {
    const { completedAt } = await enrol(sql, { customerRef, course, journeyId, at, source: 'journey' });
    return completedAt === null ? null : 'course-completed';
  } catch (error) {
    if (error instanceof CourseRefused) return 'course-not-to-be-had';
    throw error;
  }
}

/** What a letter can speak of besides the customer, the bank and the manager; the product is the one of the claim. */
export async function contentOf(
  database: Database,
  asked: AskedContent,
  language: Language,
): Promise<Pick<MessageData, 'product' | 'course' | 'credit' | 'reasons'>> {
  const { journey, message } = asked;
  if (isOffer(asked)) {
    const offered = await recommendedLast(database, { customerRef: journey.customerRef, key: offerKey(asked) });
    if (!offered) return {};
    const course = offered.course === null ? {} : await courseWords(database, offered.course as CourseRef, language);
    return { product: productInLetter(offered, language), ...course };
  }
  if (message === EDUCATION_STEP && journey.definition.education)
    return courseWords(database, journey.definition.education.course as CourseRef, language);
  if (!tellsOfStanding(asked)) return {};
  const warning = await creditReasons(database, journey.customerRef, await dataUntil(database));
  const { reasons, credit } = creditLetterData(warning, language);
  // what detection found stands where nothing is about to fall
  return reasons.length > 0 ? { reasons, credit } : { credit };
}

/** The first letter of credit care says before it happens why the standing is about to fall, and what helps. */
function tellsOfStanding({ journey, message }: AskedContent): boolean {
  return journey.definition.playbook === 'credit' && message === journey.definition.steps[0]?.step;
}

function isOffer({ journey, message }: AskedContent): boolean {
  return journey.definition.steps.some(({ step, kind }) => step === message && kind === 'offer');
}

async function recommended(sql: Sql, asked: AskedContent): Promise<Recommendation | null> {
  const { journeyId, customerRef } = asked.journey;
  const asOf = await dataUntil(sql);
  return recommendFor(sql, { customerRef, journeyId, asOf, at: asked.at, key: offerKey(asked) });
}

const offerKey = ({ journey, message }: AskedContent): string => `journey:${journey.journeyId}:${message}`;

async function courseWords(
  database: Database,
  course: CourseRef,
  language: Language,
): Promise<Pick<MessageData, 'course'>> {
  const version = await readCourseVersion(database, course);
  if (!version) return {};
  return { course: { title: version.definition.title[language], minutes: courseMinutes(version.definition) } };
}
