import type { Command } from 'commander';
import type { BranchRef, ManagerRef, ZoneId } from '../../domain/types.js';
import type { BranchRow } from '../../store/branches.js';
import { withBank } from './context.js';
import { lineOf } from './line-option.js';
import { does, table, WrongUsage, type Answer } from './output.js';

const MAX_NAME_CHARACTERS = 100;
const MAX_REGION_CHARACTERS = 60;
const BRANCH = /^[a-z0-9][a-z0-9-]{0,59}$/;
const TEAM = /^t-[a-z0-9-]{1,60}$/;
/** A team of more than this many has more than one lead. */
const MAX_MEMBERS = 100;

interface BranchOptions {
  name: string;
  parent?: string;
  region?: string;
  zone?: string;
  calendar?: string;
}

/** `branch list|tree|add|team` */
export function addBranch(program: Command): void {
  const branch = program.command('branch').description('branches, where they stand in the tree, and their teams');
  does(
    branch
      .command('list')
      .description('every branch with its region, clock and holidays')
      .addHelpText('after', '\nExample:\n  $ keepwell branch list'),
    () => list(),
  );
  does(
    branch
      .command('tree')
      .description('the tree of branches, with the teams and who leads them')
      .addHelpText('after', '\nExample:\n  $ keepwell branch tree'),
    () => tree(),
  );
  does<BranchOptions>(
    branch
      .command('add')
      .argument('<branch>', 'for instance b-leeds')
      .requiredOption('--name <name>', 'as people call it')
      .option('--parent <branch>', 'the branch above it')
      .option('--region <region>', 'default: that of the branch above')
      .option('--zone <zone>', "an IANA zone like Europe/London (default: the bank's)")
      .option('--calendar <country>', "whose holidays it keeps, for instance GB (default: the bank's jurisdiction)")
      .description('adds a branch; with a reference that is there, changes it')
      .addHelpText('after', '\nExample:\n  $ keepwell branch add b-leeds --name Leeds --parent b-london --calendar GB'),
    ([reference = ''], options) => add(reference, options),
  );
  does<{ branch: string; name: string; lead?: string; member?: string[] }>(
    branch
      .command('team')
      .argument('<team>', 'for instance t-leeds-1')
      .requiredOption('--branch <branch>', 'where it sits')
      .requiredOption('--name <name>', 'as people call it')
      .option('--lead <manager>', 'who leads it and gets what nobody did in time')
      .option('--member <manager...>', 'managers who are in it from now on')
      .description('adds a team; with a reference that is there, changes it')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell branch team t-leeds-1 --branch b-leeds --name "Leeds" --lead m1 --member m1 m2',
      ),
    ([reference = ''], options) => team(reference, options),
  );
}

function list(): Promise<Answer> {
  return withBank(async ({ database, installation }) => {
    const { readBranches } = await import('../../store/branches.js');
    const branches = await readBranches(database);
    const head = ['branch', 'name', 'under', 'region', 'zone', 'holidays', 'teams', 'managers', 'customers'];
    const rows = branches.map((b) => [
      b.branchRef,
      b.name,
      b.parentRef,
      b.region,
      b.zone ?? installation.zone,
      b.calendar ?? installation.jurisdiction,
      b.teams.length,
      b.managers,
      b.customers,
    ]);
    return { data: { branches }, text: () => table(head, rows, 'This bank has no branch.') };
  });
}

function tree(): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { readBranches } = await import('../../store/branches.js');
    const branches = await readBranches(database);
    const lines = branches.filter((b) => b.parentRef === null).flatMap((b) => treeLines(b, branches, ''));
    return { data: { branches }, text: () => (lines.length > 0 ? lines.join('\n') : 'This bank has no branch.') };
  });
}

function treeLines(branch: BranchRow, branches: readonly BranchRow[], indent: string): string[] {
  const below = branches.filter((each) => each.parentRef === branch.branchRef);
  const teams = branch.teams.map(
    ({ teamRef, leadRef, managers }) =>
      `${indent}  team ${teamRef}, led by ${leadRef ?? 'nobody'}: ${managers.join(', ') || 'nobody'}`,
  );
  const head = `${indent}${branch.branchRef}  ${branch.name}${branch.region ? ` (${branch.region})` : ''}`;
  return [head, ...teams, ...below.flatMap((each) => treeLines(each, branches, `${indent}  `))];
}

async function add(reference: string, options: BranchOptions): Promise<Answer> {
  if (!BRANCH.test(reference))
    throw new WrongUsage(`a branch is named in lower case with digits and dashes, like b-leeds, not "${reference}".`);
  const { zone, calendar } = options;
  if (zone !== undefined) await assertZone(zone);
  if (calendar !== undefined) await assertCalendar(calendar);
  const branch = {
    branchRef: reference as BranchRef,
    name: lineOf(options.name, '--name', MAX_NAME_CHARACTERS),
    parentRef: (options.parent ?? null) as BranchRef | null,
    region: options.region === undefined ? null : lineOf(options.region, '--region', MAX_REGION_CHARACTERS),
    zone: (zone ?? null) as ZoneId | null,
    calendar: calendar ?? null,
  };
  return withBank(async ({ database }) => {
    const { saveBranch } = await import('../../store/branches.js');
    const { isNew } = await saveBranch(database, branch);
    const words = `Branch ${reference} is ${isNew ? 'added' : 'changed'}.`;
    return { data: { ...branch, isNew }, text: () => words };
  });
}

/** @throws WrongUsage when nobody knows the zone */
export async function assertZone(zone: string): Promise<void> {
  const { Temporal } = await import('temporal-polyfill');
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  } catch {
    throw new WrongUsage(`"${zone}" is no zone; write an IANA name like Europe/London.`);
  }
}

async function assertCalendar(calendar: string): Promise<void> {
  const { isCalendar, nearCalendars } = await import('../../domain/holiday-calendars.js');
  if (isCalendar(calendar)) return;
  const near = nearCalendars(calendar);
  const hint = near.length > 0 ? `; did you mean ${near.join(', ')}?` : '; write a country like CN or GB.';
  throw new WrongUsage(`nobody knows the holidays of "${calendar}"${hint}`);
}

async function team(
  reference: string,
  options: { branch: string; name: string; lead?: string; member?: string[] },
): Promise<Answer> {
  if (!TEAM.test(reference))
    throw new WrongUsage(`a team is named t- with lower case, digits and dashes, like t-leeds-1, not "${reference}".`);
  const members = (options.member ?? []) as ManagerRef[];
  if (members.length > MAX_MEMBERS) throw new WrongUsage(`--member names at most ${MAX_MEMBERS} managers at once.`);
  const name = lineOf(options.name, '--name', MAX_NAME_CHARACTERS);
  const leadRef = (options.lead ?? null) as ManagerRef | null;
  return withBank(async ({ database }) => {
    const { assertBranch, saveTeam } = await import('../../store/branches.js');
    const { assertManager } = await import('../../store/managers.js');
    const saved = { teamRef: reference, branchRef: options.branch as BranchRef, name, leadRef };
    const { isNew } = await database.transaction(async (sql) => {
      await assertBranch(sql, options.branch);
      for (const manager of leadRef === null ? members : [leadRef, ...members]) await assertManager(sql, manager);
      return saveTeam(sql, saved, members);
    });
    const words = `Team ${reference} is ${isNew ? 'added' : 'changed'}${leadRef ? `; ${leadRef} leads it` : ''}.`;
    return { data: { ...saved, members, isNew }, text: () => words };
  });
}
