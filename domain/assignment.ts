import {
  dayKindOr,
  delegateOf,
  isDayOver,
  onLeave,
  within,
  worksOn,
  type ManagerTime,
  type Span,
} from './manager-time.js';
import { byText } from './order.js';
import type { BranchRef, CustomerRef, Instant, Language, ManagerRef, PlainDate, TierRef } from './types.js';

export const ASSIGNMENT_RULES = 'assignment@2';

/** A manager as the snapshot shows them. */
export interface ManagerSnapshot extends ManagerTime {
  managerRef: ManagerRef;
  branchRef: BranchRef;
  teamRef: string | null;
  languages: string[];
  skills: string[];
  certificates: ({ name: string } & Span)[];
  /** tiers served; null: all */
  segments: TierRef[] | null;
  /** journeys that can be looked after at once */
  capacity: number;
  openJourneys: number;
  /** customers whose own manager this is; counted for a hand-over only, else 0 */
  book: number;
  /** the first day on which this is no manager any more */
  leftOn: PlainDate | null;
}

export interface AssignmentSnapshot {
  managers: ManagerSnapshot[];
  branches: { branchRef: BranchRef; parentRef: BranchRef | null; region: string | null }[];
}

export interface AssignmentRequest {
  customerRef: CustomerRef;
  language: Language;
  branchRef: BranchRef | null;
  tierRef: TierRef | null;
  /** of the bank's highest tier: the own manager goes before everybody */
  isPrivate: boolean;
  at: Instant;
  /** the day on which the work begins: the rules look at this day */
  day: PlainDate;
  skills: readonly string[];
  certificates: readonly string[];
  /** the customer's own manager, if there is one */
  dedicated: ManagerRef | null;
  /** managers whom this customer has complained about */
  complainedAbout: readonly ManagerRef[];
  /** managers who had the customer and have it no more, the last one at the end */
  had: readonly ManagerRef[];
  /** a journey takes room at once; a customer of the book alone does not, and books are kept even */
  takes: 'journey' | 'book';
}

export type Assignment =
  { kind: 'assigned'; managerRef: ManagerRef; reasons: string[] } | { kind: 'nobody-free'; reasons: string[] };

/** Why a manager can't have the customer; the order is the one in which they are told. */
export const ASSIGNMENT_REFUSALS = [
  'left',
  'complained-about',
  'had-it',
  'on-leave',
  'not-working',
  'no-room',
  'language-not-spoken',
  'segment-not-served',
  'skill-missing',
  'certificate-missing',
] as const;
export type AssignmentRefusal = (typeof ASSIGNMENT_REFUSALS)[number];

/** How near a manager is, the nearest first; the words are the reason of an assignment. */
export const NEARNESS = ['own-team', 'own-branch', 'near-branch', 'same-region', 'other-branch'] as const;

/** The own manager of a private customer knows them: what makes others unsuitable is no bar. */
const NO_BAR_TO_OWN: readonly AssignmentRefusal[] = ['language-not-spoken', 'segment-not-served', 'skill-missing'];

export interface Explanation {
  assignment: Assignment;
  /** who could have the customer, the best first */
  suitable: { managerRef: ManagerRef; nearness: (typeof NEARNESS)[number] }[];
  /** who could not and why, by reference */
  refused: { managerRef: ManagerRef; reasons: AssignmentRefusal[] }[];
}

/**
 * Who looks after the customer. Only managers who break no rule: the own one first (a private customer's also where
 * language, segment or skills speak against it; on leave, who stands in for them), then the nearest, of these one whose
 * day is not over, of these the one with the least load for their capacity, and among equals by a hash of customer and
 * manager: another customer finds another first, and the same snapshot gives the same answer in whatever order it stands.
 */
export function assignManager(request: AssignmentRequest, snapshot: AssignmentSnapshot): Assignment {
  return explainAssignment(request, snapshot).assignment;
}

/** The same with every manager and why: what "why" is answered with. */
export function explainAssignment(request: AssignmentRequest, snapshot: AssignmentSnapshot): Explanation {
  const kindOf = daysOnce();
  const judged = snapshot.managers.map((manager) => ({ manager, reasons: refusals(manager, request, kindOf) }));
  const tree = new Tree(snapshot);
  const team = teamOf(request, snapshot);
  const fits = judged
    .filter(({ reasons }) => reasons.length === 0)
    .map(({ manager }) => rank(manager, request, tree, team))
    .sort(byRank);
  const refused = judged
    .filter(({ reasons }) => reasons.length > 0)
    .map(({ manager, reasons }) => ({ managerRef: manager.managerRef, reasons }))
    .sort((a, b) => byText(a.managerRef, b.managerRef));
  return {
    assignment: chosenOwn(request, judged) ?? chosenOther(fits, refused),
    suitable: fits.map(({ manager, near }) => ({
      managerRef: manager.managerRef,
      nearness: NEARNESS[near] ?? 'other-branch',
    })),
    refused,
  };
}

interface Judged {
  manager: ManagerSnapshot;
  reasons: AssignmentRefusal[];
}

function chosenOwn(request: AssignmentRequest, judged: readonly Judged[]): Assignment | null {
  const own = judged.find(({ manager }) => manager.managerRef === request.dedicated);
  if (!own) return null;
  const bars = request.isPrivate ? own.reasons.filter((reason) => !NO_BAR_TO_OWN.includes(reason)) : own.reasons;
  if (bars.length === 0) return { kind: 'assigned', managerRef: own.manager.managerRef, reasons: ['dedicated'] };
  if (!bars.includes('on-leave')) return null;
  const delegateRef = delegateOf(own.manager, request.day);
  const delegate = judged.find(({ manager }) => manager.managerRef === delegateRef);
  if (!delegate || delegate.reasons.length > 0) return null;
  return { kind: 'assigned', managerRef: delegate.manager.managerRef, reasons: ['delegate'] };
}

function chosenOther(fits: readonly Ranked[], refused: Explanation['refused']): Assignment {
  const [first] = fits;
  if (first)
    return {
      kind: 'assigned',
      managerRef: first.manager.managerRef,
      reasons: [NEARNESS[first.near] ?? 'other-branch', 'least-load'],
    };
  const why = ASSIGNMENT_REFUSALS.filter((code) => refused.some(({ reasons }) => reasons.includes(code)));
  return { kind: 'nobody-free', reasons: why.length > 0 ? why : ['no-managers'] };
}

function refusals(manager: ManagerSnapshot, request: AssignmentRequest, kindOf: typeof dayKindOr): AssignmentRefusal[] {
  const { day } = request;
  const certified = (name: string): boolean =>
    manager.certificates.some((certificate) => certificate.name === name && within(certificate, day));
  const said: Record<AssignmentRefusal, boolean> = {
    // whoever is about to leave gets nobody any more: the book is being handed over
    left: manager.leftOn !== null,
    'complained-about': request.complainedAbout.includes(manager.managerRef),
    'had-it': request.had.includes(manager.managerRef),
    'on-leave': onLeave(manager, day),
    'not-working': !worksOn(manager, day, kindOf),
    'no-room': manager.openJourneys >= manager.capacity,
    'language-not-spoken': !manager.languages.includes(request.language),
    'segment-not-served':
      manager.segments !== null && (request.tierRef === null || !manager.segments.includes(request.tierRef)),
    'skill-missing': !request.skills.every((skill) => manager.skills.includes(skill)),
    'certificate-missing': !request.certificates.every(certified),
  };
  return ASSIGNMENT_REFUSALS.filter((reason) => said[reason]);
}

interface Ranked {
  manager: ManagerSnapshot;
  near: number;
  dayIsOver: boolean;
  /** what the manager would have to do, and for how much there is room: compared as a fraction, without rounding */
  load: number;
  lot: number;
}

function rank(manager: ManagerSnapshot, request: AssignmentRequest, tree: Tree, team: string | null): Ranked {
  return {
    manager,
    near: team !== null && manager.teamRef === team ? 0 : tree.nearness(manager.branchRef, request.branchRef),
    dayIsOver: isDayOver(manager, request.day, request.at),
    load: (request.takes === 'book' ? manager.book : manager.openJourneys) + 1,
    lot: lotOf(request.customerRef, manager.managerRef),
  };
}

function byRank(a: Ranked, b: Ranked): number {
  return (
    a.near - b.near ||
    Number(a.dayIsOver) - Number(b.dayIsOver) ||
    a.load * b.manager.capacity - b.load * a.manager.capacity ||
    a.lot - b.lot ||
    // only two managers whose hashes are equal come to this
    byText(a.manager.managerRef, b.manager.managerRef)
  );
}

/** The team that knows the customer: the own manager's, else that of the one who had them last. */
function teamOf({ dedicated, had }: AssignmentRequest, { managers }: AssignmentSnapshot): string | null {
  const known = dedicated ?? had.at(-1) ?? null;
  return managers.find((manager) => manager.managerRef === known)?.teamRef ?? null;
}

/** Each calendar is asked once: one assignment asks of hundreds of managers. */
function daysOnce(): typeof dayKindOr {
  const known = new Map<string, ReturnType<typeof dayKindOr>>();
  return (calendar, day) => {
    const key = `${calendar} ${day}`;
    const kind = known.get(key) ?? dayKindOr(calendar, day);
    known.set(key, kind);
    return kind;
  };
}

/** Where branches stand to each other. */
class Tree {
  private readonly branches: Map<BranchRef, AssignmentSnapshot['branches'][number]>;

  constructor({ branches }: AssignmentSnapshot) {
    this.branches = new Map(branches.map((branch) => [branch.branchRef, branch]));
  }

  /** An index of NEARNESS, 1 and above. */
  nearness(branch: BranchRef, to: BranchRef | null): number {
    if (to === null) return 4;
    if (branch === to) return 1;
    const parent = this.branches.get(to)?.parentRef ?? to;
    if (this.upwards(branch).includes(parent)) return 2;
    const region = this.regionOf(to);
    return region !== null && region === this.regionOf(branch) ? 3 : 4;
  }

  private regionOf(branch: BranchRef): string | null {
    for (const ref of this.upwards(branch)) {
      const region = this.branches.get(ref)?.region ?? null;
      if (region !== null) return region;
    }
    return null;
  }

  /** The branch and those above it; the database keeps the tree free of circles, and a snapshot made by hand ends too. */
  private upwards(branch: BranchRef): BranchRef[] {
    const refs = new Set<BranchRef>();
    for (let at: BranchRef | null = branch; at !== null && !refs.has(at); at = this.branches.get(at)?.parentRef ?? null)
      refs.add(at);
    return [...refs];
  }
}

/** FNV-1a with a last mixing of bits: a lot between 0 and 2³² − 1 that is the same on every machine; no secret. */
function lotOf(customer: string, manager: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${customer}/${manager}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
