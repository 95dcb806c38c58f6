import type { Command } from 'commander';
import type { CourseRef } from '../../domain/course.js';
import type { CustomerRef } from '../../domain/types.js';
import { withBank, type BankDesk } from './context.js';
import { does, iso, table, when, type Answer } from './output.js';

/** The link to a customer's courses works for so many days. */
const LINK_DAYS = 90;

/** `course progress|enrol` */
export function addCourseEnrolment(course: Command): void {
  does(
    course
      .command('progress')
      .argument('<customer>', 'for instance c42')
      .description("a customer's courses: lessons read, tries at the quiz, passed or not; and the link to them")
      .addHelpText('after', '\nExample:\n  $ keepwell course progress c42'),
    ([customer = '']) => progress(customer),
  );
  does(
    course
      .command('enrol')
      .argument('<customer>', 'for instance c42')
      .argument('<course>', 'for instance how-tiers-work')
      .description('enrols a customer into the newest version, and gives the link to send; twice is once')
      .addHelpText('after', '\nExample:\n  $ keepwell course enrol c42 how-tiers-work'),
    ([customer = '', name = '']) => enrolCustomer(customer, name),
  );
}

/** @throws Error in words when there is no such customer */
async function customerThere({ database }: BankDesk, reference: string): Promise<CustomerRef> {
  const { readPageCustomer } = await import('../../store/page-reads.js');
  const customer = await readPageCustomer(database, reference as CustomerRef);
  if (customer) return customer.customerRef;
  throw new Error(`there is no customer "${reference}", or no longer; check the reference (it begins with c).`);
}

/** The page of a customer's courses. */
async function learnLink({ surroundings, now }: BankDesk, subject: CustomerRef): Promise<string> {
  const { linkUrl, signLink } = await import('../../config/links.js');
  const { addMillis, days } = await import('../../domain/types.js');
  const expiresAt = addMillis(now(), days(LINK_DAYS));
  return linkUrl(
    surroundings.webUrl,
    'learn',
    signLink(surroundings.linkSecret, { purpose: 'learn', subject, expiresAt }),
  );
}

function progress(reference: string): Promise<Answer> {
  return withBank(async (desk) => {
    const customerRef = await customerThere(desk, reference);
    const { customerEnrolments } = await import('../../store/reads/education.js');
    const enrolments = await customerEnrolments(desk.database, customerRef);
    const { zone } = desk.installation;
    const rows = enrolments.map((e) => [
      e.courseRef,
      e.version,
      e.journeyId === null ? e.source : `journey ${e.journeyId}`,
      when(e.enrolledAt, zone),
      `${e.lessonsDone.length} of ${e.lessons}`,
      e.attempts === 0 ? 'not tried' : `${e.bestScore} of ${e.questions} in ${e.attempts} tries`,
      e.completedAt === null ? 'under way' : `passed ${when(e.completedAt, zone)}`,
    ]);
    const head = ['course', 'version', 'enrolled by', 'at', 'lessons read', 'quiz', 'state'];
    const link = await learnLink(desk, customerRef);
    const data = {
      customerRef,
      link,
      enrolments: enrolments.map((e) => ({ ...e, enrolledAt: iso(e.enrolledAt), completedAt: iso(e.completedAt) })),
    };
    const none = `${customerRef} has begun no course.`;
    return {
      data,
      text: async () => `${await table(head, rows, none)}\n\nThe customer's page, for ${LINK_DAYS} days: ${link}`,
    };
  });
}

function enrolCustomer(reference: string, name: string): Promise<Answer> {
  return withBank(async (desk) => {
    const customerRef = await customerThere(desk, reference);
    const { enrol } = await import('../../store/enrolments.js');
    const at = desk.now();
    const enrolled = await desk.database.transaction((sql) =>
      enrol(sql, { customerRef, course: name as CourseRef, journeyId: null, at, source: 'staff' }),
    );
    const link = await learnLink(desk, customerRef);
    const { isNew, version, completedAt } = enrolled;
    const how = isNew
      ? `${customerRef} is enrolled in ${name} version ${version}.`
      : completedAt === null
        ? `${customerRef} was enrolled in ${name} version ${version} already, and goes on with it.`
        : `${customerRef} has passed ${name} version ${version} already; nothing was changed.`;
    const data = { ...enrolled, completedAt: iso(completedAt), customerRef, course: name, link };
    return { data, text: () => `${how}\nThe customer's page, for ${LINK_DAYS} days: ${link}` };
  });
}
