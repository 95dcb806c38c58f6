import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { CourseDefinition, CourseRef } from '../../domain/course.js';
import type { YamlReading } from '../../domain/definition-file.js';
import type { Instant } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { withBank } from './context.js';
import { addCourseEnrolment } from './course-enrolment.js';
import { byOption } from './line-option.js';
import { does, facts, iso, table, when, WrongUsage, type Answer } from './output.js';

const LESSONS = join(__dirname, '..', '..', 'campaigns', 'lessons');

/** `course list|show|validate|publish|progress|enrol` */
export function addCourse(program: Command): void {
  const course = program.command('course').description('online courses: their versions, and who is how far');
  addContent(course);
  addCourseEnrolment(course);
}

function addContent(course: Command): void {
  does(
    course
      .command('list')
      .description('courses at their newest version, and how many customers took and passed them')
      .addHelpText('after', '\nExample:\n  $ keepwell course list'),
    () => list(),
  );
  does<{ version?: string }>(
    course
      .command('show')
      .argument('<name>')
      .option('--version <n>', 'an older version (default: the newest)')
      .description('a version as it was published')
      .addHelpText('after', '\nExample:\n  $ keepwell course show safe-from-scams --version 1'),
    ([name = ''], options) => show(name, options.version),
  );
  does(
    course
      .command('validate')
      .argument('<file>', 'YAML of the course')
      .description('says what is wrong in a file, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell course validate campaigns/lessons/how-tiers-work/course.yaml'),
    ([file = '']) => validate(file),
  );
  does<{ by?: string }>(
    course
      .command('publish')
      .argument('<file>', 'YAML of the course')
      .option('--by <name>', 'who publishes (default: the user of this terminal)')
      .description('puts a course in force as its next version; who has begun goes on with the version begun')
      .addHelpText('after', '\nExample:\n  $ keepwell course publish campaigns/lessons/how-tiers-work/course.yaml'),
    ([file = ''], options) => publish(file, options.by),
  );
}

type Reading = YamlReading<CourseDefinition>;

async function readCourseFile(file: string): Promise<{ text: string; reading: Reading }> {
  const { readFile } = await import('node:fs/promises');
  const { readCourse } = await import('../../domain/course.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a course.`, { cause });
  });
  return { text, reading: readCourse(text, file) };
}

async function refused(reading: Reading & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

async function validate(file: string): Promise<Answer> {
  const { reading } = await readCourseFile(file);
  if (!reading.ok) return refused(reading);
  const { courseMinutes } = await import('../../domain/course.js');
  const { course, lessons, quiz, passMark } = reading.definition;
  const minutes = courseMinutes(reading.definition);
  const words = `${file} is a valid course "${course}": ${lessons.length} lessons of ${minutes} minutes together, ${passMark} of ${quiz.length} right answers pass.`;
  return { data: { ok: true, course, lessons: lessons.map(({ lesson }) => lesson), problems: [] }, text: () => words };
}

async function publish(file: string, by: string | undefined): Promise<Answer> {
  const publisher = await byOption(by);
  const { text, reading } = await readCourseFile(file);
  if (!reading.ok) return refused(reading);
  const { publishCourse } = await import('../../store/courses.js');
  const { definition } = reading;
  const publication = await withBank(({ database, now }) =>
    publishCourse(database, { definition, sourceText: text, at: now(), by: publisher }),
  );
  const { courseRef, version, isNew, newest } = publication;
  const words = isNew
    ? `${courseRef} version ${version} is published; customers begin with it, those under way go on with theirs.`
    : version === newest
      ? `This is ${courseRef} version ${version} already, nothing was changed.`
      : `This is ${courseRef} version ${version}, nothing was changed: version ${newest} stays in force; to go back to the older one, publish it with a change, for instance of a sentence.`;
  return { data: publication, text: () => words };
}

/**
 * Publishes the courses that Keepwell comes with, when it starts. One whose newest version somebody else published is the
 * bank's own and stays.
 * @param by who publishes what Keepwell comes with
 * @returns a sentence for each; a bank that can't have one keeps what it has, and the sentence says why
 * @throws Error in words when a file is not valid
 */
export async function publishShippedCourses(database: Database, at: Instant, by: string): Promise<string[]> {
  const { CourseRefused, publishCourse, readCourseVersion } = await import('../../store/courses.js');
  const words: string[] = [];
  for (const folder of (await readdir(LESSONS)).sort()) {
    const { text, reading } = await readCourseFile(join(LESSONS, folder, 'course.yaml'));
    if (!reading.ok) {
      const { describeProblems } = await import('../../domain/definition-file.js');
      throw new Error(`a course can't be published; correct it:\n${describeProblems(reading.problems)}`);
    }
    const { definition } = reading;
    const own = await readCourseVersion(database, definition.course as CourseRef);
    if (own && own.publishedBy !== by) {
      words.push(
        `Course ${own.courseRef} version ${own.version} of ${own.publishedBy} is in force; the one that Keepwell comes with is not published over it.`,
      );
      continue;
    }
    try {
      const { courseRef, newest, isNew } = await publishCourse(database, { definition, sourceText: text, at, by });
      words.push(`Course ${courseRef} version ${newest} is ${isNew ? 'published' : 'in force'}.`);
    } catch (error) {
      if (!(error instanceof CourseRefused)) throw error;
      words.push(`Course ${definition.course} is not published: ${error.message}.`);
    }
  }
  return words;
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation, now }) => {
    const { listCourses } = await import('../../store/reads/education.js');
    const courses = await listCourses(database, now());
    const rows = courses.map((c) => [
      c.courseRef,
      c.version,
      c.title.en,
      c.lessons,
      c.minutes,
      c.points,
      c.enrolled,
      c.completed,
      when(c.publishedAt, installation.zone),
      c.publishedBy,
    ]);
    const head = [
      'course',
      'version',
      'title',
      'lessons',
      'minutes',
      'points',
      'enrolled',
      'passed',
      'published',
      'by',
    ];
    const data = courses.map((course) => ({ ...course, publishedAt: iso(course.publishedAt) }));
    return {
      data,
      text: () => table(head, rows, 'No course is published yet; "keepwell course publish FILE" does it.'),
    };
  });
}

function show(name: string, version: string | undefined): Promise<Answer> {
  const wanted = version === undefined ? undefined : Number(version);
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted > 0))
    throw new WrongUsage(`"${version}" is not a version; versions are numbered 1, 2, 3.`);
  return withBank(async ({ database, installation }) => {
    const { readCourseVersion } = await import('../../store/courses.js');
    const { courseMinutes } = await import('../../domain/course.js');
    const found = await readCourseVersion(database, name as CourseRef, wanted);
    if (!found) {
      const what = wanted === undefined ? `course "${name}"` : `version ${wanted} of course "${name}"`;
      throw new Error(`there is no ${what}; "keepwell course list" shows what there is.`);
    }
    const { definition } = found;
    const text = facts([
      ['course', found.courseRef],
      ['version', found.version],
      ['title', `${definition.title.en} / ${definition.title['zh-CN']}`],
      ['about', definition.about.en],
      ...definition.lessons.map(
        ({ lesson, title, minutes }) => [`lesson ${lesson}`, `${title.en} (${minutes} min)`] as const,
      ),
      ['reading', `${courseMinutes(definition)} minutes`],
      ['quiz', `${definition.passMark} of ${definition.quiz.length} right answers pass`],
      ['points', definition.points ?? 'none'],
      ['published', `${when(found.publishedAt, installation.zone)} by ${found.publishedBy}`],
      ['digest', found.digest],
    ]);
    return { data: { ...found, publishedAt: iso(found.publishedAt) }, text: () => text };
  });
}
