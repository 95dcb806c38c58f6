/** What the pages of courses look like; learn.tsx says what they do. */
import { MAX_TRIES_A_DAY, type Answers, type Lesson } from '../../domain/course.js';
import type { Language } from '../../domain/types.js';
import type { CoursePoints, QuizTaken } from '../../store/enrolments.js';
import type { CourseOfCustomer, CourseSummary, EnrolmentSummary } from '../../store/reads/education.js';
import { educationWords, numberIn } from './education-words.js';
import { FieldProblem, FormMemory, Page, Problems } from './page.js';
import { addressOf, URLS } from './urls.js';
import { wordsIn } from './words.js';

/** What every page of a customer's courses knows. */
export interface LearnFrame {
  language: Language;
  bank: string;
  token: string;
}

const courseAddress = ({ token }: LearnFrame, course: string): string => addressOf(URLS.course, { token, course });
export const lessonAddress = ({ token }: LearnFrame, course: string, lesson: string): string =>
  addressOf(URLS.lesson, { token, course, lesson });

export function CoursesPage(props: {
  frame: LearnFrame;
  courses: { course: CourseSummary; mine: EnrolmentSummary | null }[];
  eventsUrl: string;
}) {
  const { frame, courses } = props;
  const { language } = frame;
  const words = educationWords(language).learn;
  return (
    <Page language={language} bank={frame.bank} title={words.title}>
      <p>{words.lead}</p>
      {courses.length === 0 ? <p>{words.none}</p> : null}
      <ul class="cards">
        {courses.map(({ course, mine }) => (
          <li>
            <h2>
              <a href={courseAddress(frame, course.courseRef)}>{course.title[language]}</a>
            </h2>
            <p>{course.about[language]}</p>
            <p class="quiet">{words.size(course.lessons, course.minutes)}</p>
            <p>
              <strong>{progressWords(language, mine)}</strong>
            </p>
          </li>
        ))}
      </ul>
      <p class="turns">
        <a href={props.eventsUrl}>{words.toEvents}</a>
      </p>
    </Page>
  );
}

function progressWords(language: Language, mine: EnrolmentSummary | null): string {
  const words = educationWords(language).learn;
  if (mine === null) return words.notBegun;
  return mine.completedAt === null ? words.underWay(mine.lessonsDone.length, mine.lessons) : words.completed;
}

export function CoursePage({ frame, course }: { frame: LearnFrame; course: CourseOfCustomer }) {
  const { definition, enrolment, version, newest, pointsToCome } = course;
  const { language } = frame;
  const words = educationWords(language).learn;
  const isDone = enrolment !== null && enrolment.completedAt !== null;
  const mayBegin = enrolment === null || (isDone && newest > version);
  return (
    <Page language={language} bank={frame.bank} title={definition.title[language]}>
      <p>{definition.about[language]}</p>
      {isDone ? <p>{words.completedWords}</p> : null}
      {!isDone && pointsToCome !== null ? <p class="quiet">{words.points(numberIn(language, pointsToCome))}</p> : null}
      <h2>{words.lessons}</h2>
      <ol>
        {definition.lessons.map(({ lesson, title, minutes }) => (
          <li>
            {enrolment === null ? (
              title[language]
            ) : (
              <a href={lessonAddress(frame, definition.course, lesson)}>{title[language]}</a>
            )}{' '}
            <span class="quiet">
              {words.minutes(minutes)}
              {enrolment?.lessonsDone.includes(lesson) ? ` · ${words.read}` : ''}
            </span>
          </li>
        ))}
      </ol>
      {enrolment !== null && !isDone ? <QuizLink frame={frame} course={course} /> : null}
      {isDone && mayBegin ? <p>{words.newer}</p> : null}
      {mayBegin ? (
        <form method="post">
          <FormMemory nonce="" language={language} />
          <button type="submit">{isDone ? words.beginNewer : words.begin}</button>
        </form>
      ) : null}
      <p class="turns">
        <a href={addressOf(URLS.learn, { token: frame.token })}>{words.toCourses}</a>
      </p>
    </Page>
  );
}

function QuizLink({ frame, course }: { frame: LearnFrame; course: CourseOfCustomer }) {
  const words = educationWords(frame.language).learn;
  if (!everyLessonRead(course)) return <p class="quiet">{words.lessonsLeft}</p>;
  return (
    <p>
      <a href={addressOf(URLS.quiz, { token: frame.token, course: course.definition.course })}>{words.toQuiz}</a>
    </p>
  );
}

export const everyLessonRead = ({ definition, enrolment }: CourseOfCustomer): boolean =>
  definition.lessons.every(({ lesson }) => enrolment?.lessonsDone.includes(lesson));

export function LessonPage(props: { frame: LearnFrame; course: CourseOfCustomer; lesson: Lesson }) {
  const { frame, course, lesson } = props;
  const { lessons, course: courseRef } = course.definition;
  const { language } = frame;
  const words = educationWords(language).learn;
  const at = lessons.indexOf(lesson);
  const [previous, next] = [lessons[at - 1], lessons[at + 1]];
  const isRead = course.enrolment?.lessonsDone.includes(lesson.lesson);
  return (
    <Page language={language} bank={frame.bank} title={lesson.title[language]}>
      <p class="quiet">
        {course.definition.title[language]} · {at + 1}/{lessons.length} · {words.minutes(lesson.minutes)}
      </p>
      {lesson.body[language].map((paragraph) => (
        <p>{paragraph}</p>
      ))}
      {isRead ? (
        <p class="quiet">{words.read}</p>
      ) : (
        <form method="post">
          <FormMemory nonce="" language={language} />
          <button type="submit">{words.done}</button>
        </form>
      )}
      <p class="turns">
        {previous ? <a href={lessonAddress(frame, courseRef, previous.lesson)}>{words.previous}</a> : null}
        {next ? <a href={lessonAddress(frame, courseRef, next.lesson)}>{words.next}</a> : null}
        <a href={courseAddress(frame, courseRef)}>{words.toCourse}</a>
      </p>
    </Page>
  );
}

export interface QuizForm {
  nonce: string;
  answers: Answers;
  /** questions without an answer */
  open: readonly string[];
  problem: string | null;
}

export function QuizPage(props: { frame: LearnFrame; course: CourseOfCustomer; form: QuizForm }) {
  const { frame, course, form } = props;
  const { language } = frame;
  const words = educationWords(language).learn;
  const { quiz, passMark, title } = course.definition;
  const problems = [...(form.problem === null ? [] : [form.problem]), ...(form.open.length > 0 ? [words.choose] : [])];
  return (
    <Page language={language} bank={frame.bank} title={`${words.quiz}: ${title[language]}`}>
      <p>{words.quizLead(quiz.length, passMark, MAX_TRIES_A_DAY)}</p>
      <Problems language={language} problems={problems} />
      <form method="post">
        <FormMemory nonce={form.nonce} language={language} />
        {quiz.map(({ question, asks, choices }) => (
          <fieldset aria-describedby={form.open.includes(question) ? `${question}-problem` : undefined}>
            <legend>{asks[language]}</legend>
            <FieldProblem
              id={`${question}-problem`}
              problem={form.open.includes(question) ? words.choose : undefined}
            />
            <div class="answers">
              {choices.map(({ choice, says }) => (
                <label class="choice">
                  <input
                    type="radio"
                    name={`answer-${question}`}
                    value={choice}
                    required
                    checked={form.answers[question] === choice}
                  />
                  <span>{says[language]}</span>
                </label>
              ))}
            </div>
          </fieldset>
        ))}
        <button type="submit">{wordsIn(language).send}</button>
      </form>
      <p class="turns">
        <a href={courseAddress(frame, course.definition.course)}>{words.toCourse}</a>
      </p>
    </Page>
  );
}

/** What was given before is not told again: it would read as a second time. */
function PointsTold({ language, told }: { language: Language; told: CoursePoints | null }) {
  if (told === null || told.became === 'before') return null;
  const { pointsGiven, pointsOwed } = educationWords(language).learn;
  const points = numberIn(language, told.points);
  return <p>{told.became === 'given' ? pointsGiven(points) : pointsOwed(points)}</p>;
}

export function ResultPage(props: {
  frame: LearnFrame;
  course: CourseOfCustomer;
  result: QuizTaken & { kind: 'marked' };
}) {
  const { frame, course, result } = props;
  const { language } = frame;
  const words = educationWords(language).learn;
  const { quiz, course: courseRef } = course.definition;
  return (
    <Page language={language} bank={frame.bank} title={result.passed ? words.passed : words.failed}>
      <p>{words.score(result.score, result.outOf)}</p>
      <PointsTold language={language} told={result.points} />
      {result.passed ? null : <p>{words.triesLeft(result.triesLeft)}</p>}
      <ul class="cards">
        {quiz.map(({ question, asks, choices, right, because }) => (
          <li>
            <p>
              <strong>{asks[language]}</strong>
            </p>
            <p>
              {words.yourAnswer}:{' '}
              {choices.find(({ choice }) => choice === result.answers[question])?.says[language] ?? '–'} ·{' '}
              <strong>{result.answers[question] === right ? words.right : words.wrong}</strong>
            </p>
            <p class="quiet">{because[language]}</p>
          </li>
        ))}
      </ul>
      <p class="turns">
        {!result.passed && result.triesLeft > 0 ? (
          <a href={addressOf(URLS.quiz, { token: frame.token, course: courseRef })}>{words.again}</a>
        ) : null}
        <a href={courseAddress(frame, courseRef)}>{words.toCourse}</a>
        <a href={addressOf(URLS.learn, { token: frame.token })}>{words.toCourses}</a>
      </p>
    </Page>
  );
}
