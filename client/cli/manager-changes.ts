import type { Command } from 'commander';
import type { BranchRef, ManagerRef, PlainDate, TierRef, ZoneId } from '../../domain/types.js';
import type { NewManager } from '../../store/managers.js';
import { assertZone } from './branch.js';
import { withBank } from './context.js';
import { dayOption } from './detect.js';
import { byOption, lineOf } from './line-option.js';
import { does, WrongUsage, type Answer } from './output.js';

const MANAGER = /^[a-z0-9][a-z0-9-]{0,59}$/;
const LANGUAGE = /^[a-z]{2}(-[A-Z]{2})?$/;
const SKILL = /^[a-z0-9][a-z0-9-]{0,59}$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const EMAIL = /^[^\s@<>]{1,64}@[^\s@<>]{1,190}$/;
const MAX_NAME_CHARACTERS = 100;
const MAX_CAPACITY = 10_000;
/** Languages, skills or tiers of one manager. */
const MAX_LISTED = 50;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
/** Leave is noted for at most so many days; who stays away longer has left. */
const MAX_LEAVE_DAYS = 732;

interface AddOptions {
  branch: string;
  name: string;
  email: string;
  language: string[];
  capacity: string;
  team?: string;
  skill?: string[];
  segment?: string[];
  days?: string;
  hours?: string;
  zone?: string;
}

/** `manager add|certificate|leave|delegate` */
export function addManagerChanges(manager: Command): void {
  does<AddOptions>(
    manager
      .command('add')
      .argument('<manager>', 'for instance m7')
      .requiredOption('--branch <branch>', 'where they sit')
      .requiredOption('--name <name>', 'as customers read it')
      .requiredOption('--email <address>', 'where the daily digest goes')
      .requiredOption('--language <language...>', 'for instance zh-CN en')
      .requiredOption('--capacity <n>', 'journeys that they can look after at once, 0 to 10000')
      .option('--team <team>', 'the team they are in')
      .option('--skill <skill...>', 'for instance hardship')
      .option('--segment <tier...>', 'tiers that they serve (default: all)')
      .option('--days <days>', "for instance mon,tue,sat (default: the calendar's working days)")
      .option('--hours <hours>', 'for instance 09:00-13:00 (default: 09:00-18:00)')
      .option('--zone <zone>', "an IANA zone (default: the branch's)")
      .description('adds a manager; with a reference that is there, changes them')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell manager add m7 --branch b1 --name "Li Na" --email li.na@bank.example --language zh-CN en --capacity 40',
      ),
    ([reference = ''], options) => add(reference, options),
  );
  does<{ name: string; from: string; until: string }>(
    manager
      .command('certificate')
      .argument('<manager>', 'for instance m7')
      .requiredOption('--name <certificate>', 'for instance wealth-advice')
      .requiredOption('--from <day>', 'the first day')
      .requiredOption('--until <day>', 'the last day')
      .description('notes a certificate; of the same first day, changes how long it holds')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell manager certificate m7 --name wealth-advice --from 2026-01-01 --until 2026-12-31',
      ),
    ([reference = ''], options) => certificate(reference, options),
  );
  does<{ from: string; to: string; by?: string }>(
    manager
      .command('leave')
      .argument('<manager>', 'for instance m7')
      .requiredOption('--from <day>', 'the first day')
      .requiredOption('--to <day>', 'the last day')
      .option('--by <name>', 'who notes it (default: the user of this terminal)')
      .description('notes when a manager is away; of the same first day, changes the last one')
      .addHelpText('after', '\nExample:\n  $ keepwell manager leave m7 --from 2026-12-21 --to 2026-12-31'),
    ([reference = ''], options) => leave(reference, options),
  );
  does<{ to: string; from: string; until: string; by?: string }>(
    manager
      .command('delegate')
      .argument('<manager>', 'who is away')
      .requiredOption('--to <manager>', 'who stands in')
      .requiredOption('--from <day>', 'the first day')
      .requiredOption('--until <day>', 'the last day')
      .option('--by <name>', 'who says so (default: the user of this terminal)')
      .description("names who does a manager's tasks and reads their digest; of two for a day the newer counts")
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell manager delegate m7 --to m8 --from 2026-12-21 --until 2026-12-31',
      ),
    ([reference = ''], options) => delegate(reference, options),
  );
}

async function add(reference: string, options: AddOptions): Promise<Answer> {
  const manager = readManager(reference, options);
  if (manager.zone !== null) await assertZone(manager.zone);
  return withBank(async ({ database }) => {
    const { saveManager } = await import('../../store/managers.js');
    const { isNew } = await saveManager(database, manager);
    return { data: { ...manager, isNew }, text: () => `Manager ${reference} is ${isNew ? 'added' : 'changed'}.` };
  });
}

function readManager(reference: string, options: AddOptions): NewManager {
  if (!MANAGER.test(reference))
    throw new WrongUsage(`a manager is named in lower case with digits and dashes, like m7, not "${reference}".`);
  const capacity = Number(options.capacity);
  if (!Number.isInteger(capacity) || capacity < 0 || capacity > MAX_CAPACITY)
    throw new WrongUsage(`--capacity is a whole number from 0 to ${MAX_CAPACITY}, not "${options.capacity}".`);
  if (!EMAIL.test(options.email)) throw new WrongUsage(`--email is an address like li.na@bank.example.`);
  const [worksFrom, worksTo] = options.hours === undefined ? [null, null] : hoursOf(options.hours);
  return {
    managerRef: reference as ManagerRef,
    branchRef: options.branch as BranchRef,
    teamRef: options.team ?? null,
    name: lineOf(options.name, '--name', MAX_NAME_CHARACTERS),
    email: options.email,
    languages: listOf('--language', options.language, LANGUAGE, 'zh-CN or en'),
    skills: options.skill ? listOf('--skill', options.skill, SKILL, 'hardship') : null,
    segments: options.segment ? (listOf('--segment', options.segment, SKILL, 'private') as TierRef[]) : null,
    capacity,
    workDays: options.days === undefined ? null : daysOf(options.days),
    worksFrom,
    worksTo,
    zone: (options.zone ?? null) as ZoneId | null,
  };
}

function listOf(option: string, given: string[], form: RegExp, example: string): string[] {
  const wrong = given.find((each) => !form.test(each));
  if (wrong !== undefined) throw new WrongUsage(`${option} "${wrong}" is none; write for instance ${example}.`);
  const all = [...new Set(given)];
  if (all.length > MAX_LISTED) throw new WrongUsage(`${option} takes at most ${MAX_LISTED} at once.`);
  return all;
}

function daysOf(text: string): number[] {
  const numbers = text.split(',').map((day) => DAYS.indexOf(day.trim().toLowerCase()) + 1);
  if (numbers.includes(0)) throw new WrongUsage(`--days are some of ${DAYS.join(',')}, with commas, not "${text}".`);
  return [...new Set(numbers)].sort();
}

function hoursOf(text: string): [string, string] {
  const [from = '', to = '', ...rest] = text.split('-');
  if (rest.length > 0 || !TIME.test(from) || !TIME.test(to) || from >= to)
    throw new WrongUsage(`--hours are from and to on one day, like 09:00-13:00, not "${text}".`);
  return [from, to];
}

async function spanOf(first: string, last: string, lastOption: string): Promise<[PlainDate, PlainDate]> {
  const [from, to] = [await dayOption(first), await dayOption(last)];
  if (to < from)
    throw new WrongUsage(`${lastOption} ${to} is before --from ${from}; the last day is not before the first.`);
  return [from, to];
}

async function certificate(reference: string, options: { name: string; from: string; until: string }): Promise<Answer> {
  const [name = ''] = listOf('--name', [options.name], SKILL, 'wealth-advice');
  const [validFrom, validUntil] = await spanOf(options.from, options.until, '--until');
  return withBank(async ({ database }) => {
    const { assertManager, saveCertificate } = await import('../../store/managers.js');
    await assertManager(database, reference);
    const noted = { managerRef: reference as ManagerRef, name, validFrom, validUntil };
    await saveCertificate(database, noted);
    return { data: noted, text: () => `${reference} holds ${name} from ${validFrom} to ${validUntil}.` };
  });
}

async function leave(reference: string, options: { from: string; to: string; by?: string }): Promise<Answer> {
  const [from, to] = await spanOf(options.from, options.to, '--to');
  const { daysBetween } = await import('../../domain/types.js');
  if (daysBetween(from, to) > MAX_LEAVE_DAYS)
    throw new WrongUsage(
      `a leave has at most ${MAX_LEAVE_DAYS} days; hand the book over with "keepwell manager hand-over".`,
    );
  const by = await byOption(options.by);
  return withBank(async ({ database, now }) => {
    const { assertManager, saveLeave } = await import('../../store/managers.js');
    await assertManager(database, reference);
    await saveLeave(database, { managerRef: reference as ManagerRef, from, to, at: now(), by });
    return { data: { managerRef: reference, from, to }, text: () => `${reference} is away from ${from} to ${to}.` };
  });
}

async function delegate(
  reference: string,
  options: { to: string; from: string; until: string; by?: string },
): Promise<Answer> {
  const [from, to] = await spanOf(options.from, options.until, '--until');
  if (options.to === reference)
    throw new WrongUsage('nobody stands in for themselves; name another manager with --to.');
  const by = await byOption(options.by);
  return withBank(async ({ database, now }) => {
    const { assertManager, saveDelegation } = await import('../../store/managers.js');
    await assertManager(database, reference);
    await assertManager(database, options.to);
    const delegateRef = options.to as ManagerRef;
    await saveDelegation(database, { managerRef: reference as ManagerRef, delegateRef, from, to, at: now(), by });
    const words = `${options.to} stands in for ${reference} from ${from} to ${to}.`;
    return { data: { managerRef: reference, delegateRef, from, to }, text: () => words };
  });
}
