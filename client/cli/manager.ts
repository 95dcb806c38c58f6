import type { Command } from 'commander';
import type { CustomerRef, ManagerRef, PlainDate } from '../../domain/types.js';
import type { HandedCustomer } from '../../store/handovers.js';
import type { ManagerRecord } from '../../store/reads/manager.js';
import { withBank, type BankDesk } from './context.js';
import { byOption } from './line-option.js';
import { addManagerChanges } from './manager-changes.js';
import { does, facts, table, WrongUsage, type Answer } from './output.js';

/** `manager list|show|explain|add|certificate|leave|delegate|hand-over|returns` */
export function addManager(program: Command): void {
  const manager = program
    .command('manager')
    .description('relationship managers: what they can, when they work, whom they have');
  does<{ branch?: string }>(
    manager
      .command('list')
      .option('--branch <branch>', 'only those of one branch')
      .description('every manager with what they look after today')
      .addHelpText('after', '\nExample:\n  $ keepwell manager list --branch b-london'),
    (_args, options) => list(options.branch),
  );
  does(
    manager
      .command('show')
      .argument('<manager>', 'for instance m7')
      .description('one manager: skills, certificates, hours, leave, who stands in, load')
      .addHelpText('after', '\nExample:\n  $ keepwell manager show m7'),
    ([reference = '']) => show(reference),
  );
  does(
    manager
      .command('explain')
      .argument('<customer>', "the customer's reference, for instance c42")
      .description('who would look after a customer now, and why each other manager would not')
      .addHelpText('after', '\nExample:\n  $ keepwell manager explain c42'),
    ([customer = '']) => explain(customer),
  );
  addManagerChanges(manager);
  does<{ to?: string; leftOn?: string; stays?: boolean; by?: string }>(
    manager
      .command('hand-over')
      .argument('<manager>', 'whose whole book is handed over')
      .option('--to <manager>', 'to whom (default: each customer by the rules of assignment)')
      .option('--left-on <day>', 'the first day on which they are no manager any more (default: today)')
      .option('--stays', 'they stay a manager, without this book')
      .option('--by <name>', 'who asks for it (default: the user of this terminal)')
      .description('gives own customers, open journeys and open tasks to others; one that broke off goes on')
      .addHelpText('after', '\nExample:\n  $ keepwell manager hand-over m7 --left-on 2026-12-31'),
    ([reference = ''], options) => handOver(reference, options),
  );
  does(
    manager
      .command('returns')
      .argument('<manager>', 'for instance m7')
      .description('takes back that a manager leaves or has left; what was handed over stays where it is')
      .addHelpText('after', '\nExample:\n  $ keepwell manager returns m7'),
    ([reference = '']) => returns(reference),
  );
}

function returns(reference: string): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { managerReturns } = await import('../../store/managers.js');
    const managerRef = reference as ManagerRef;
    await managerReturns(database, managerRef);
    return { data: { managerRef }, text: () => `${reference} is a manager of the bank and gets customers again.` };
  });
}

async function today({ installation, now }: BankDesk): Promise<PlainDate> {
  const { dateIn } = await import('../../domain/calendar.js');
  return dateIn(installation.zone, now());
}

async function stateOf(manager: ManagerRecord, day: PlainDate): Promise<string> {
  const { delegateOf, onLeave, worksOn } = await import('../../domain/manager-time.js');
  if (manager.leftOn !== null) return `${manager.leftOn <= day ? 'left' : 'leaves'} on ${manager.leftOn}`;
  if (onLeave(manager, day)) return `on leave, ${delegateOf(manager, day) ?? 'nobody'} stands in`;
  return worksOn(manager, day) ? 'works' : 'does not work today';
}

function list(branch: string | undefined): Promise<Answer> {
  return withBank(async (desk) => {
    const { readManagers } = await import('../../store/reads/manager.js');
    const day = await today(desk);
    const all = await readManagers(desk.database, day);
    const managers = all.filter((manager) => branch === undefined || manager.branchRef === branch);
    const states = await Promise.all(managers.map((manager) => stateOf(manager, day)));
    const head = ['manager', 'name', 'branch', 'team', 'languages', 'journeys', 'book', 'tasks', 'today'];
    const rows = managers.map((m, i) => [
      m.managerRef,
      m.name,
      m.branchRef,
      m.teamRef,
      m.languages.join(' '),
      `${m.openJourneys} of ${m.capacity}`,
      m.book,
      m.openTasks,
      states[i],
    ]);
    const data = { day, managers: managers.map((m, i) => ({ ...m, today: states[i] })) };
    return { data, text: () => table(head, rows, 'No such manager.') };
  });
}

const WEEKDAYS = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function show(reference: string): Promise<Answer> {
  return withBank(async (desk) => {
    const { readManagers } = await import('../../store/reads/manager.js');
    const day = await today(desk);
    const manager = (await readManagers(desk.database, day)).find((each) => each.managerRef === reference);
    if (!manager) throw new Error(`there is no manager "${reference}"; "keepwell manager list" shows who there is.`);
    const state = await stateOf(manager, day);
    return { data: { ...manager, today: state }, text: () => managerForPeople(manager, state) };
  });
}

function managerForPeople(m: ManagerRecord, state: string): string {
  const spans = (list: { from: PlainDate; to: PlainDate }[]): string =>
    list.map(({ from, to }) => `${from} to ${to}`).join(', ');
  const days =
    m.workDays?.map((day) => WEEKDAYS[day]).join(' ') ?? `the working days of ${m.calendar ?? 'no calendar'}`;
  return facts([
    ['manager', m.managerRef],
    ['name', m.name],
    ['mail', m.email],
    ['branch', m.branchRef],
    ['team', m.teamRef],
    ['today', state],
    ['languages', m.languages.join(', ')],
    ['skills', m.skills.join(', ')],
    ['certificates', m.certificates.map(({ name, from, to }) => `${name} (${from} to ${to})`).join(', ')],
    ['serves', m.segments?.join(', ') ?? 'every tier'],
    ['works', `${days}, ${m.worksFrom} to ${m.worksTo} in ${m.zone}`],
    ['leave', spans(m.leave)],
    ['stands in', m.delegations.map(({ delegateRef, from, to }) => `${delegateRef} (${from} to ${to})`).join(', ')],
    ['journeys', `${m.openJourneys} of ${m.capacity}`],
    ['own customers', m.book],
    ['open tasks', m.openTasks],
  ]);
}

function explain(customer: string): Promise<Answer> {
  return withBank(async (desk) => {
    const { customersToAssign, readAssignmentSnapshot, withNeeds } = await import('../../store/assignment.js');
    const { openJourneyOf } = await import('../../store/journeys.js');
    const { explainAssignment } = await import('../../domain/assignment.js');
    const { reasonWords } = await import('../reason-words.js');
    const customerRef = customer as CustomerRef;
    const [found] = await customersToAssign(desk.database, [customerRef], desk.now());
    if (!found)
      throw new Error(
        `there is no customer "${customer}"; check the reference (it begins with c; it is no name and no account number).`,
      );
    const journey = await openJourneyOf(desk.database, customerRef);
    const request = withNeeds(found.request, journey?.definition.assignment ?? {});
    const explained = explainAssignment(request, await readAssignmentSnapshot(desk.database, request.day));
    const { assignment, suitable, refused } = explained;
    const who = assignment.kind === 'assigned' ? assignment.managerRef : 'nobody';
    const because = assignment.reasons.map(reasonWords).join('; ');
    const text = async (): Promise<string> =>
      [
        `On ${request.day} ${who} would look after ${customer}: ${because}.`,
        await table(
          ['could, in this order', 'how near'],
          suitable.map((each) => [each.managerRef, reasonWords(each.nearness)]),
          'Nobody fits.',
        ),
        await table(
          ['could not', 'because'],
          refused.map((each) => [each.managerRef, each.reasons.map(reasonWords).join('; ')]),
          'Everybody fits.',
        ),
      ].join('\n\n');
    return { data: { customerRef, day: request.day, ...explained }, text };
  });
}

async function handOver(
  reference: string,
  options: { to?: string; leftOn?: string; stays?: boolean; by?: string },
): Promise<Answer> {
  if (options.stays && options.leftOn !== undefined)
    throw new WrongUsage('--stays and --left-on exclude each other: name one of them.');
  const { dayOption } = await import('./detect.js');
  const named = options.leftOn === undefined ? null : await dayOption(options.leftOn);
  const by = await byOption(options.by);
  return withBank(async (desk) => {
    const { beginHandOver, handOver: handOverAll } = await import('../../store/handovers.js');
    const { reasonWords } = await import('../reason-words.js');
    const leftOn = options.stays ? null : (named ?? (await today(desk)));
    const from = reference as ManagerRef;
    const request = { from, to: (options.to ?? null) as ManagerRef | null, leftOn, by, at: desk.now() };
    const { handOverId, resumed } = await beginHandOver(desk.database, request);
    const customers = await handOverAll(desk.database, handOverId, desk.now());
    const unplaced = customers.filter((customer) => customer.toManager === null);
    const text = async (): Promise<string> =>
      [
        `${resumed ? 'The hand-over that was begun went on. ' : ''}${reference}: ${customers.length - unplaced.length} of ${customers.length} customers are handed over${leftOn ? `; no manager any more from ${leftOn}` : ''}.`,
        await receivers(customers),
        unplaced.length === 0
          ? ''
          : await table(
              ['not placed', 'own', 'journeys', 'tasks', 'because'],
              unplaced.map((c) => [
                c.customerRef,
                c.own ? 'yes' : 'no',
                c.journeys,
                c.tasks,
                c.reasons.map(reasonWords).join('; '),
              ]),
              '',
            ),
      ]
        .filter((part) => part !== '')
        .join('\n\n');
    return { data: { handOverId, resumed, from, leftOn, customers }, text, failed: unplaced.length > 0 };
  });
}

function receivers(customers: readonly HandedCustomer[]): Promise<string> {
  const refs = [...new Set(customers.flatMap(({ toManager }) => toManager ?? []))].sort();
  const sum = (ref: ManagerRef, count: (customer: HandedCustomer) => number): number =>
    customers.filter(({ toManager }) => toManager === ref).reduce((total, customer) => total + count(customer), 0);
  const rows = refs.map((ref) => [
    ref,
    sum(ref, (c) => (c.own ? 1 : 0)),
    sum(ref, (c) => c.journeys),
    sum(ref, (c) => c.tasks),
  ]);
  return table(['to', 'own customers', 'journeys', 'tasks'], rows, 'Nothing was handed over.');
}
