import { z } from 'zod';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import type { Language } from './types.js';

declare const course: unique symbol;
/** A course as its file and the tables name it, for instance `how-tiers-work`. */
export type CourseRef = string & { readonly [course]: 'CourseRef' };
declare const enrolment: unique symbol;
export type EnrolmentId = string & { readonly [enrolment]: 'EnrolmentId' };

/** Lessons of one course; somebody reads it in a sitting or two. */
export const MAX_LESSONS = 12;
/** Paragraphs of a lesson, and characters of one. */
export const MAX_PARAGRAPHS = 12;
export const MAX_PARAGRAPH_CHARACTERS = 2_000;
/** Minutes that reading one lesson may take. */
export const MAX_LESSON_MINUTES = 60;
/** A quiz is short: it asks so many questions at least and at most. */
export const LEAST_QUESTIONS = 3;
export const MOST_QUESTIONS = 5;
/** Choices of one question at most. */
export const MOST_CHOICES = 6;
/** Points of one course; the books give no more (MAX_EDUCATION_POINTS). */
export const MAX_COURSE_POINTS = 10_000;
/** Tries at the quiz of one enrolment within one day of the customer's zone: who guesses has the lessons to read. */
export const MAX_TRIES_A_DAY = 3;
/** The version of the rule that says when a course is passed, kept with each decision. */
export const EDUCATION_RULES = 'education@1';

const MAX_TITLE_CHARACTERS = 120;
const MAX_SENTENCE_CHARACTERS = 500;

const ref = (what: string): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, `${what} is named in lower case with dashes, 2 to 40 characters`);
const wholeNumber = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);
const text = (most: number): z.ZodString =>
  z.string().trim().min(1).max(most, `write at most ${most} characters, or make two of it`);
/** The same in every language that customers read. */
const said = (most: number) => z.strictObject({ en: text(most), 'zh-CN': text(most) });
const paragraphs = z
  .array(text(MAX_PARAGRAPH_CHARACTERS))
  .min(1, 'write at least one paragraph')
  .max(MAX_PARAGRAPHS, `at most ${MAX_PARAGRAPHS} paragraphs; make two lessons of it`);

const lessonSchema = z.strictObject({
  lesson: ref('a lesson'),
  title: said(MAX_TITLE_CHARACTERS),
  /** how long reading it takes */
  minutes: wholeNumber('minutes', 1, MAX_LESSON_MINUTES),
  body: z.strictObject({ en: paragraphs, 'zh-CN': paragraphs }).superRefine((body, context) => {
    const [en, zh] = [body.en.length, body['zh-CN'].length];
    if (en !== zh)
      context.addIssue({
        code: 'custom',
        path: [en < zh ? 'en' : 'zh-CN'],
        message: `the lesson has ${en} paragraphs in en and ${zh} in zh-CN; translate each, one for one`,
      });
  }),
});

const questionSchema = z
  .strictObject({
    question: ref('a question'),
    asks: said(MAX_SENTENCE_CHARACTERS),
    choices: z
      .array(z.strictObject({ choice: ref('a choice'), says: said(MAX_SENTENCE_CHARACTERS) }))
      .min(2, 'a question has at least 2 choices')
      .max(MOST_CHOICES, `a question has at most ${MOST_CHOICES} choices`),
    right: z.string(),
    /** told with the result, whatever was chosen */
    because: said(MAX_SENTENCE_CHARACTERS),
  })
  .superRefine(({ choices, right }, context) => {
    const named = choices.map(({ choice }) => choice);
    tellTwins(context, named, (index) => ['choices', index, 'choice']);
    if (!named.includes(right))
      context.addIssue({
        code: 'custom',
        path: ['right'],
        message: `"${right}" is none of the choices; write one of ${named.join(', ')}`,
      });
  });

const courseSchema = z
  .strictObject({
    course: ref('a course'),
    title: said(MAX_TITLE_CHARACTERS),
    /** one or two sentences on what it is good for */
    about: said(MAX_SENTENCE_CHARACTERS),
    /** right answers that pass the quiz */
    passMark: wholeNumber('passMark', 1, MOST_QUESTIONS),
    /** points for passing, given once for each customer; left out: none */
    points: wholeNumber('points', 1, MAX_COURSE_POINTS).optional(),
    lessons: z
      .array(lessonSchema)
      .min(1, 'write at least one lesson')
      .max(MAX_LESSONS, `at most ${MAX_LESSONS} lessons; make two courses of it`),
    quiz: z
      .array(questionSchema)
      .min(LEAST_QUESTIONS, `a quiz has ${LEAST_QUESTIONS} to ${MOST_QUESTIONS} questions`)
      .max(MOST_QUESTIONS, `a quiz has ${LEAST_QUESTIONS} to ${MOST_QUESTIONS} questions`),
  })
  .superRefine(({ lessons, quiz, passMark }, context) => {
    tellTwins(
      context,
      lessons.map(({ lesson }) => lesson),
      (index) => ['lessons', index, 'lesson'],
    );
    tellTwins(
      context,
      quiz.map(({ question }) => question),
      (index) => ['quiz', index, 'question'],
    );
    if (passMark > quiz.length)
      context.addIssue({
        code: 'custom',
        path: ['passMark'],
        message: `nobody can pass: the quiz has ${quiz.length} questions; write 1 to ${quiz.length}`,
      });
  });

/** The second of two that have one name is the one to change. */
function tellTwins(
  context: z.RefinementCtx,
  names: readonly string[],
  path: (index: number) => (string | number)[],
): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index)
      context.addIssue({ code: 'custom', path: path(index), message: `"${name}" is there twice; rename one of them` });
  });
}

/** What a course's YAML says. */
export type CourseDefinition = z.output<typeof courseSchema>;
export type Lesson = CourseDefinition['lessons'][number];
export type Question = CourseDefinition['quiz'][number];
export type InBothLanguages = Record<Language, string>;

const COURSE_FILE = {
  schema: courseSchema,
  what: 'a course',
  beginsWith: 'course: how-tiers-work',
} satisfies FileKind;

/** Reads a course's YAML: all that is wrong at once. @param fileName only repeated in the problems */
export function readCourse(source: string, fileName: string): YamlReading<CourseDefinition> {
  return readYaml(COURSE_FILE, source, fileName);
}

/** Minutes that all lessons take together. */
export const courseMinutes = ({ lessons }: CourseDefinition): number =>
  lessons.reduce((sum, { minutes }) => sum + minutes, 0);

export type Answers = Readonly<Record<string, string>>;

/** The questions that are not answered by one of their choices, in the order of the quiz. */
export function unanswered({ quiz }: CourseDefinition, answers: Answers): string[] {
  return quiz
    .filter(({ question, choices }) => !choices.some(({ choice }) => choice === answers[question]))
    .map(({ question }) => question);
}

export interface QuizResult {
  /** right answers */
  score: number;
  outOf: number;
  passed: boolean;
}

/** Marks a quiz: passed from the pass mark on. What is not answered is not right. */
export function markQuiz({ quiz, passMark }: CourseDefinition, answers: Answers): QuizResult {
  const score = quiz.filter(({ question, right }) => answers[question] === right).length;
  return { score, outOf: quiz.length, passed: score >= passMark };
}
