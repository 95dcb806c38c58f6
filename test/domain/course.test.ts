import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  courseMinutes,
  markQuiz,
  MAX_COURSE_POINTS,
  readCourse,
  unanswered,
  type CourseDefinition,
} from '../../domain/course.js';
import { MAX_EDUCATION_POINTS } from '../../store/goodwill.js';
import { COURSE } from '../setup/course.js';

const FOLDER = join(__dirname, '..', '..', 'campaigns', 'lessons');
const read = (text: string) => readCourse(text, 'course.yaml');
const definition = (text = COURSE): CourseDefinition => {
  const reading = read(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
};
/** Line and words of all that is wrong when a part of the good file is written differently. */
const faults = (from: string, to: string): string[] => {
  expect(COURSE).toContain(from);
  const reading = read(COURSE.replace(from, to));
  return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line} ${message}`);
};

describe('a course that can’t be is refused with the line and what to write', () => {
  test.each([
    [
      'a title without Chinese',
      'title: { en: Saving, zh-CN: 储蓄 }',
      'title: { en: Saving }',
      '3 title.zh-CN is missing; add it',
    ],
    [
      'an empty sentence',
      'about: { en: About saving, zh-CN: 关于储蓄 }',
      "about: { en: ' ', zh-CN: 关于储蓄 }",
      '4 about.en is empty; write something',
    ],
    [
      'a lesson of which a paragraph is not translated',
      'en: [One, Two]',
      'en: [One, Two, Three]',
      '11 lessons.0.body.zh-CN: the lesson has 3 paragraphs in en and 2 in zh-CN; translate each, one for one',
    ],
    [
      'a language that nobody reads',
      'zh-CN: 储蓄 }',
      'zh-CN: 储蓄, czech: Spoření }',
      '3 "czech" is not known in title; known here: en, zh-CN',
    ],
    [
      'a right answer that is none of the choices',
      'right: b1',
      'right: b9',
      '25 quiz.1.right: "b9" is none of the choices; write one of b1, b2',
    ],
    [
      'a choice twice',
      'choice: a2,',
      'choice: a1,',
      '19 quiz.0.choices.1.choice: "a1" is there twice; rename one of them',
    ],
    [
      'a question twice',
      'question: second',
      'question: first',
      '22 quiz.1.question: "first" is there twice; rename one of them',
    ],
    ['a lesson twice', 'lesson: later', 'lesson: now', '12 lessons.1.lesson: "now" is there twice; rename one of them'],
    [
      'a pass mark above the questions',
      'passMark: 2',
      'passMark: 4',
      '5 passMark: nobody can pass: the quiz has 3 questions; write 1 to 3',
    ],
    ['a pass mark of nothing', 'passMark: 2', 'passMark: 0', '5 passMark: passMark is at least 1'],
    ['more points than the books give', 'points: 100', 'points: 10001', '6 points: points is at most 10000'],
    ['a key that is misspelt', 'passMark: 2', 'passMrak: 2', '5 "passMrak" is not known; did you mean "passMark"?'],
    ['a lesson that takes no time', 'minutes: 2', 'minutes: 0', '10 lessons.0.minutes: minutes is at least 1'],
  ])('%s', (_what, from, to, said) => {
    expect(faults(from, to)).toContain(said);
  });

  test('a quiz of two questions, and what is no course at all', () => {
    const short = COURSE.slice(0, COURSE.indexOf('  - question: third'));
    expect(read(short)).toMatchObject({ ok: false, problems: [{ message: 'quiz: a quiz has 3 to 5 questions' }] });
    expect(read('42')).toMatchObject({
      ok: false,
      problems: [{ line: 1, message: 'this is not a course; begin with a line like "course: how-tiers-work"' }],
    });
  });
});

test('a course promises no more points than the books give', () =>
  expect(MAX_COURSE_POINTS).toBe(MAX_EDUCATION_POINTS));

test('a quiz is passed from the pass mark on, whatever is answered', () => {
  const course = definition();
  const answer = fc.constantFrom('a1', 'a2', 'b1', 'b2', 'c1', 'c2', '', 'x');
  fc.assert(
    fc.property(fc.record({ first: answer, second: answer, third: answer }), (answers) => {
      const right = [answers.first === 'a2', answers.second === 'b1', answers.third === 'c1'].filter(Boolean).length;
      expect(markQuiz(course, answers)).toEqual({ score: right, outOf: 3, passed: right >= 2 });
      const open = [!answers.first.startsWith('a'), !answers.second.startsWith('b'), !answers.third.startsWith('c')];
      expect(unanswered(course, answers)).toEqual(['first', 'second', 'third'].filter((_, i) => open[i]));
    }),
  );
  expect(unanswered(course, {})).toEqual(['first', 'second', 'third']);
});

describe('the shipped courses', () => {
  const folders = readdirSync(FOLDER).sort();
  test('are the three', () => expect(folders).toEqual(['credit-standing', 'how-tiers-work', 'safe-from-scams']));

  test.each(folders)(
    '%s is valid, bears its folder’s name, and has three lessons of two to four paragraphs in both languages',
    (folder) => {
      const course = definition(readFileSync(join(FOLDER, folder, 'course.yaml'), 'utf8'));
      expect(course.course).toBe(folder);
      expect(course.lessons).toHaveLength(3);
      expect(courseMinutes(course)).toBeGreaterThanOrEqual(9);
      for (const { body } of course.lessons)
        for (const language of ['en', 'zh-CN'] as const) {
          expect(body[language].length).toBeGreaterThanOrEqual(2);
          expect(body[language].length).toBeLessThanOrEqual(4);
          // a paragraph in the wrong language is no translation
          for (const paragraph of body[language]) expect(/\p{Script=Han}/u.test(paragraph)).toBe(language === 'zh-CN');
        }
      // help for who has trouble to pay is no prize
      expect(course.points === undefined).toBe(folder === 'credit-standing');
    },
  );
});
