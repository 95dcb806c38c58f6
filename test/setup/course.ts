import { readCourse } from '../../domain/course.js';
import { instant } from '../../domain/types.js';
import { publishCourse } from '../../store/courses.js';
import type { TestDatabase } from './database.js';

/** Two lessons, three questions of which two right ones pass, and 100 points. Line 1 is empty. */
export const COURSE = `
course: saving
title: { en: Saving, zh-CN: 储蓄 }
about: { en: About saving, zh-CN: 关于储蓄 }
passMark: 2
points: 100
lessons:
  - lesson: now
    title: { en: Saving now, zh-CN: 现在储蓄 }
    minutes: 2
    body: { en: [One, Two], zh-CN: [一, 二] }
  - lesson: later
    title: { en: Saving later, zh-CN: 以后储蓄 }
    minutes: 3
    body: { en: [<b>Bold</b>], zh-CN: [三] }
quiz:
  - question: first
    asks: { en: First?, zh-CN: 第一题？ }
    choices: [{ choice: a1, says: { en: A one, zh-CN: 甲一 } }, { choice: a2, says: { en: A two, zh-CN: 甲二 } }]
    right: a2
    because: { en: Because of A, zh-CN: 因为甲 }
  - question: second
    asks: { en: Second?, zh-CN: 第二题？ }
    choices: [{ choice: b1, says: { en: B one, zh-CN: 乙一 } }, { choice: b2, says: { en: B two, zh-CN: 乙二 } }]
    right: b1
    because: { en: Because of B, zh-CN: 因为乙 }
  - question: third
    asks: { en: Third?, zh-CN: 第三题？ }
    choices: [{ choice: c1, says: { en: C one, zh-CN: 丙一 } }, { choice: c2, says: { en: C two, zh-CN: 丙二 } }]
    right: c1
    because: { en: Because of C, zh-CN: 因为丙 }
`;
export const RIGHT = { first: 'a2', second: 'b1', third: 'c1' };
export const WRONG = { first: 'a1', second: 'b2', third: 'c2' };

/** Publishes the course of the tests. @param change of its text, for another version */
export async function publishTestCourse(
  { app }: Pick<TestDatabase, 'app'>,
  at: number,
  change: (text: string) => string = (text) => text,
) {
  const text = change(COURSE);
  const reading = readCourse(text, 'course.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return publishCourse(app, { definition: reading.definition, sourceText: text, at: instant(at), by: 'test' });
}
