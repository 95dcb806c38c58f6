import { branchLeadOf, teamLeadOf, type Leads } from './first-contact.js';
import { delegateOf, onLeave, within, worksOn, type ManagerTime } from './manager-time.js';
import type { BranchRef, ManagerRef, PlainDate } from './types.js';

/** Who stands in may be away too; further than this nobody looks. */
const MOST_STAND_INS = 5;

/** The bank's staff on a day: who is there, who stands in, who leads. */
export interface Staff extends Leads {
  managers: readonly (ManagerTime & Leads['managers'][number])[];
}

/** What decides on whose list a task is. */
export interface TaskPlace {
  /** who has it; null: it is on no manager's list */
  managerRef: ManagerRef | null;
  /** the customer's branch */
  branchRef: BranchRef | null;
  /** managers whom the customer has complained about: none of them does anything for this customer */
  complainedAbout: readonly ManagerRef[];
}

type Member = Staff['managers'][number];

const find = (ref: ManagerRef | null, { managers }: Staff): Member | undefined =>
  managers.find((each) => each.managerRef === ref);
const isGone = ({ leftOn }: Member, day: PlainDate): boolean => leftOn !== null && leftOn <= day;
const isAway = (manager: Member, day: PlainDate): boolean => onLeave(manager, day) || isGone(manager, day);

/**
 * A manager and who stands in for them, in the order in which they are asked: whom the manager has named for the day, and
 * whom each of those who is away has named in turn. Whoever has left the bank is not among them.
 */
export function standIns(managerRef: ManagerRef | null, staff: Staff, day: PlainDate): ManagerRef[] {
  const chain: Member[] = [];
  let next = find(managerRef, staff);
  while (next && chain.length <= MOST_STAND_INS && !chain.includes(next)) {
    chain.push(next);
    const goesOn = chain.length === 1 || isAway(next, day);
    next = goesOn ? find(delegateOf(next, day), staff) : undefined;
  }
  return chain.filter((each) => !isGone(each, day)).map((each) => each.managerRef);
}

/**
 * Whose list a task is on in the end: its manager's, else that of who leads nearest. Where whoever reads that list is
 * gone, or the customer has complained about them, it is on that of the next lead above; null: nobody's.
 */
export function listOf(task: TaskPlace, staff: Staff, day: PlainDate): ManagerRef | null {
  const { managerRef, branchRef, complainedAbout } = task;
  const passedBy = [...complainedAbout];
  let owner = managerRef ?? branchLeadOf(branchRef, staff, day, passedBy);
  while (owner !== null) {
    const reader = readerOf(owner, staff, day);
    if (reader !== null && !complainedAbout.includes(reader)) return owner;
    passedBy.push(owner);
    owner = teamLeadOf(managerRef, staff, day, passedBy) ?? branchLeadOf(branchRef, staff, day, passedBy);
  }
  return null;
}

/**
 * Who may do a task on a day: who has it, the lead above, and who stands in for either. What nobody has, or only somebody
 * who is gone, is any team lead's; in a bank where nobody leads, any manager's. Whom the customer has complained about
 * may not, in whatever part.
 */
export function handsOf(task: TaskPlace, staff: Staff, day: PlainDate): ManagerRef[] {
  const { managerRef, complainedAbout } = task;
  const withStandIns = (refs: readonly (ManagerRef | null)[]): ManagerRef[] => [
    ...new Set(refs.flatMap((ref) => standIns(ref, staff, day)).filter((ref) => !complainedAbout.includes(ref))),
  ];
  const above = teamLeadOf(managerRef, staff, day, complainedAbout);
  const own = managerRef === null ? [] : withStandIns([managerRef, above, listOf(task, staff, day)]);
  if (own.length > 0) return own;
  const leads = withStandIns(staff.teams.map((team) => team.leadRef));
  return leads.length > 0 ? leads : withStandIns(staff.managers.map((each) => each.managerRef));
}

/** Whether a manager may do a task on a day. */
export const mayWorkOn = (by: ManagerRef, task: TaskPlace, staff: Staff, day: PlainDate): boolean =>
  handsOf(task, staff, day).includes(by);

/**
 * Who reads a manager's digest of a day: they themselves, while they are away (on leave, or gone) who stands in; where
 * nobody who is there is named, they do, unless they are gone. Null on a day on which whoever it is does not work: it
 * comes on the next.
 */
export function digestReader(managerRef: ManagerRef, staff: Staff, day: PlainDate): ManagerRef | null {
  const reader = find(readerOf(managerRef, staff, day), staff);
  return reader && worksOn(reader, day) ? reader.managerRef : null;
}

function readerOf(managerRef: ManagerRef, staff: Staff, day: PlainDate): ManagerRef | null {
  const chain = standIns(managerRef, staff, day);
  const there = chain.find((ref) => !(find(ref, staff)?.leave ?? []).some((span) => within(span, day)));
  return there ?? chain[0] ?? null;
}
