import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { signLink, type LinkPurpose } from '../../config/links.js';
import { unanswered, type Answers, type CourseRef, type EnrolmentId, type Lesson } from '../../domain/course.js';
import { addMillis, days, type CustomerRef, type Language } from '../../domain/types.js';
import { enrol, enrolmentTold, lessonDone, takeQuiz, type QuizTaken } from '../../store/enrolments.js';
import {
  courseOfCustomer,
  customerEnrolments,
  journeyToTell,
  listCourses,
  type CourseOfCustomer,
  type EnrolmentSummary,
} from '../../store/reads/education.js';
import { visitor } from './complaint.js';
import { educationWords } from './education-words.js';
import { formLanguage, formMemory, keepingForm, readNonce, sendingId } from './form.js';
import {
  CoursePage,
  CoursesPage,
  everyLessonRead,
  lessonAddress,
  LessonPage,
  QuizPage,
  ResultPage,
  type LearnFrame,
  type QuizForm,
} from './learn-pages.js';
import { Page, Problems, sendPage } from './page.js';
import { logged, PageRefusal } from './refusal.js';
import { addressOf, URLS } from './urls.js';
import { openVisit, PATH_PART_MAX_CHARS, tokenParams, type App, type Visit, type Web } from './web.js';
import { wordsIn } from './words.js';

/** A link from one page of a customer to another works for so many days. */
const SIBLING_DAYS = 1;
/** Fields of the quiz are named by their question. */
const ANSWER = 'answer-';

const pathPart = z.string().min(1).max(PATH_PART_MAX_CHARS);
const courseParams = tokenParams.extend({ course: pathPart });
const lessonParams = courseParams.extend({ lesson: pathPart });
const quizBody = formMemory.catchall(z.string());

/** A customer's courses: reading changes nothing; beginning, "I have read this" and the quiz are sent. */
export function learnRoutes(app: App, web: Web): void {
  app.get(URLS.learn, { schema: { params: tokenParams } }, async (request, reply) => {
    const { visit, frame, customerRef } = await opened(web, request.params.token);
    const mine = await customerEnrolments(web.database, customerRef);
    const courses = (await listCourses(web.database, visit.now)).map((course) => ({
      course,
      mine: shown(mine.filter(({ courseRef }) => courseRef === course.courseRef)),
    }));
    const eventsUrl = siblingAddress(web, visit, 'events');
    return sendPage(reply, 200, <CoursesPage frame={frame} courses={courses} eventsUrl={eventsUrl} />);
  });

  app.get(URLS.course, { schema: { params: courseParams } }, async (request, reply) => {
    const { frame, course } = await openedCourse(web, request.params);
    return sendPage(reply, 200, <CoursePage frame={frame} course={course} />);
  });
  app.post(URLS.course, { schema: { params: courseParams, body: formMemory } }, async (request, reply) =>
    keeping(web, request, reply, request.body, async () => {
      const { visit, frame, customerRef, course } = await openedCourse(web, request.params);
      const courseRef = course.definition.course as CourseRef;
      await web.database.transaction((sql) =>
        enrol(sql, { customerRef, course: courseRef, journeyId: null, at: visit.now, source: 'self' }),
      );
      return reply.redirect(addressOf(URLS.course, { token: frame.token, course: courseRef }), 303);
    }),
  );

  lessonRoutes(app, web);
  quizRoutes(app, web);
}

function lessonRoutes(app: App, web: Web): void {
  app.get(URLS.lesson, { schema: { params: lessonParams } }, async (request, reply) => {
    const { frame, course } = await openedCourse(web, request.params);
    const lesson = lessonOf(frame, course, request.params.lesson);
    if (course.enrolment === null) return reply.redirect(addressOf(URLS.course, request.params), 303);
    return sendPage(reply, 200, <LessonPage frame={frame} course={course} lesson={lesson} />);
  });
  app.post(URLS.lesson, { schema: { params: lessonParams, body: formMemory } }, async (request, reply) =>
    keeping(web, request, reply, request.body, async () => {
      const { visit, frame, customerRef, course } = await openedCourse(web, request.params);
      const { lesson } = lessonOf(frame, course, request.params.lesson);
      const toCourse = addressOf(URLS.course, request.params);
      if (course.enrolment === null) return reply.redirect(toCourse, 303);
      await lessonDone(web.database, {
        customerRef,
        enrolmentId: course.enrolment.enrolmentId,
        lesson,
        at: visit.now,
      });
      const { lessons, course: courseRef } = course.definition;
      const next = lessons[lessons.findIndex((known) => known.lesson === lesson) + 1];
      return reply.redirect(next ? lessonAddress(frame, courseRef, next.lesson) : toCourse, 303);
    }),
  );
}

function quizRoutes(app: App, web: Web): void {
  app.get(URLS.quiz, { schema: { params: courseParams } }, async (request, reply) => {
    const { frame, course } = await openedCourse(web, request.params);
    const { enrolment } = course;
    if (enrolment === null || enrolment.completedAt !== null || !everyLessonRead(course))
      return reply.redirect(addressOf(URLS.course, request.params), 303);
    const form: QuizForm = { nonce: randomUUID(), answers: {}, open: [], problem: null };
    return sendPage(reply, 200, <QuizPage frame={frame} course={course} form={form} />);
  });
  app.post(URLS.quiz, { schema: { params: courseParams, body: quizBody } }, async (request, reply) =>
    keeping(web, request, reply, request.body, () => sendQuiz(web, request, reply, request.params, request.body)),
  );
}

async function sendQuiz(
  web: Web,
  request: FastifyRequest,
  reply: FastifyReply,
  params: z.output<typeof courseParams>,
  body: z.output<typeof quizBody>,
): Promise<FastifyReply> {
  const { visit, frame, customerRef, course } = await openedCourse(web, params);
  const { definition, enrolment } = course;
  const toCourse = addressOf(URLS.course, params);
  if (enrolment === null) return reply.redirect(toCourse, 303);
  const { nonce, isNew } = readNonce(body.nonce);
  const answers: Answers = Object.fromEntries(
    definition.quiz.map(({ question }) => [question, body[`${ANSWER}${question}`] ?? '']),
  );
  const again = (status: number, form: Partial<QuizForm>): Promise<FastifyReply> => {
    const shownForm = { nonce, answers, open: [], problem: null, ...form };
    return sendPage(reply, status, <QuizPage frame={frame} course={course} form={shownForm} />);
  };
  const open = unanswered(definition, answers);
  if (isNew || open.length > 0) return again(422, { open, problem: isNew ? wordsIn(frame.language).formOld : null });
  const { enrolmentId } = enrolment;
  const key = sendingId(nonce, enrolmentId, ...Object.values(answers));
  const taken: QuizTaken = await takeQuiz(web.database, { customerRef, enrolmentId, answers, key, at: visit.now });
  if (taken.kind === 'completed') return reply.redirect(toCourse, 303);
  if (taken.kind === 'refused') {
    if (taken.reason === 'no-tries-left')
      return again(409, { problem: educationWords(frame.language).learn.noTriesLeft });
    return reply.redirect(toCourse, 303);
  }
  if (taken.passed) await tellJourney(web, enrolmentId, visit, request);
  return sendPage(reply, 200, <ResultPage frame={frame} course={course} result={taken} />);
}

/** The completion is stored before this: a journey that can't be told now is told by the next daily round. */
async function tellJourney(web: Web, enrolmentId: EnrolmentId, visit: Visit, request: FastifyRequest): Promise<void> {
  try {
    const waiting = await journeyToTell(web.database, enrolmentId);
    if (waiting === null) return;
    await web.door.courseCompleted(waiting.workflowId, enrolmentId);
    await enrolmentTold(web.database, enrolmentId, visit.now);
  } catch (error) {
    request.log.error({ ...logged(error), enrolmentId }, 'a journey could not be told of a completed course');
  }
}

interface Opened {
  visit: Visit;
  customerRef: CustomerRef;
  frame: LearnFrame;
}

async function opened(web: Web, token: string): Promise<Opened> {
  const visit = await openVisit(web, 'learn', token);
  const { customerRef, language } = await visitor(web, visit);
  return { visit, customerRef, frame: { language, bank: visit.installation.bankName, token } };
}

async function openedCourse(
  web: Web,
  { token, course: courseRef }: z.output<typeof courseParams>,
): Promise<Opened & { course: CourseOfCustomer }> {
  const all = await opened(web, token);
  const course = await courseOfCustomer(web.database, all.customerRef, courseRef as CourseRef, all.visit.now);
  if (!course) throw new PageRefusal(404, 'notFound', all.frame.language);
  return { ...all, course };
}

function lessonOf({ language }: LearnFrame, { definition }: CourseOfCustomer, name: string): Lesson {
  const lesson = definition.lessons.find((known) => known.lesson === name);
  if (!lesson) throw new PageRefusal(404, 'notFound', language);
  return lesson;
}

/** Of several enrolments in one course the one that is under way, else the newest. */
const shown = (mine: EnrolmentSummary[]): EnrolmentSummary | null =>
  mine.find(({ completedAt }) => completedAt === null) ?? mine[0] ?? null;

/** The page of another purpose for the same customer. */
export function siblingAddress(web: Web, { now, subject }: Visit, purpose: LinkPurpose & ('learn' | 'events')): string {
  const expiresAt = addMillis(now, days(SIBLING_DAYS));
  return addressOf(URLS[purpose], { token: signLink(web.surroundings.linkSecret, { purpose, subject, expiresAt }) });
}

/** Fields that a form of these pages has at most: those of a quiz, and its memory. */
const MAX_FIELDS = 12;

/**
 * Runs what a form asks for. When a server is away the visitor is asked to send it once more, and all that was chosen is
 * kept in the page meanwhile.
 */
export function keeping(
  web: Web,
  request: FastifyRequest,
  reply: FastifyReply,
  fields: Readonly<Record<string, string | undefined>>,
  work: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const language: Language = formLanguage(request, fields['lang']);
  const words = wordsIn(language);
  const bank = web.known.installation?.bankName ?? '';
  const again = (problem: string) => (
    <Page language={language} bank={bank} title={words.refusals.away[0] ?? ''}>
      <Problems language={language} problems={[problem]} />
      <form method="post">
        {Object.entries(fields)
          .slice(0, MAX_FIELDS)
          .map(([name, value]) => (
            <input type="hidden" name={name} value={value ?? ''} />
          ))}
        <button type="submit">{words.send}</button>
      </form>
    </Page>
  );
  return keepingForm(request, reply, language, work, again);
}
