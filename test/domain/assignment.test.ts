import fc from 'fast-check';
import {
  assignManager,
  explainAssignment,
  type Assignment,
  type AssignmentRequest,
  type AssignmentSnapshot,
  type ManagerSnapshot,
} from '../../domain/assignment.js';
import {
  instant,
  plainDate,
  type BranchRef,
  type CustomerRef,
  type ManagerRef,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import { brokenRules } from './assignment-rules.js';

const HERE = 'b1' as BranchRef;
const ZONE = 'Asia/Shanghai' as ZoneId;
/** Monday, ten in the morning in Shanghai. */
const MONDAY = plainDate('2026-01-12');
const AT = instant(Date.UTC(2026, 0, 12, 2));
const AFFLUENT = 'affluent' as TierRef;

type Manager = Partial<Omit<ManagerSnapshot, 'managerRef'>> & { ref: string; free?: number };

function manager({ ref, free = 5, capacity = 10, ...more }: Manager): ManagerSnapshot {
  return {
    managerRef: ref as ManagerRef,
    branchRef: HERE,
    teamRef: null,
    languages: ['en'],
    skills: [],
    certificates: [],
    segments: null,
    capacity,
    openJourneys: capacity - free,
    book: 0,
    zone: ZONE,
    calendar: 'CN',
    workDays: null,
    worksFrom: '09:00',
    worksTo: '18:00',
    leave: [],
    delegations: [],
    leftOn: null,
    ...more,
  };
}

/** b1 and b2 stand under b-east; b3 is in the region of b1 but under b-west; b4 is elsewhere. */
const BRANCHES = [
  { branchRef: 'b-head', parentRef: null, region: null },
  { branchRef: 'b-east', parentRef: 'b-head', region: 'coast' },
  { branchRef: 'b-west', parentRef: 'b-head', region: 'inland' },
  { branchRef: 'b1', parentRef: 'b-east', region: null },
  { branchRef: 'b2', parentRef: 'b-east', region: null },
  { branchRef: 'b3', parentRef: 'b-west', region: 'coast' },
  { branchRef: 'b4', parentRef: 'b-west', region: null },
] as AssignmentSnapshot['branches'];

const bank = (...managers: Manager[]): AssignmentSnapshot => ({ managers: managers.map(manager), branches: BRANCHES });

/** An English-speaking, affluent customer of the branch, without a manager of their own. */
const customer: AssignmentRequest = {
  customerRef: 'c1' as CustomerRef,
  language: 'en',
  branchRef: HERE,
  tierRef: AFFLUENT,
  isPrivate: false,
  at: AT,
  day: MONDAY,
  skills: [],
  certificates: [],
  dedicated: null,
  complainedAbout: [],
  had: [],
  takes: 'journey',
};
const refs = (...names: string[]): ManagerRef[] => names as ManagerRef[];
const who = (assignment: Assignment): string =>
  `${assignment.kind === 'assigned' ? assignment.managerRef : 'nobody'}: ${assignment.reasons.join(', ')}`;
const assign = (request: Partial<AssignmentRequest>, ...managers: Manager[]): string =>
  who(assignManager({ ...customer, ...request }, bank(...managers)));
/** Why the only manager there is can't have the customer. */
const refusal = (request: Partial<AssignmentRequest>, more: Omit<Manager, 'ref'>): string =>
  assign(request, { ref: 'm1', ...more }).replace('nobody: ', '');
const span = (from: string, to: string) => ({ from: plainDate(from), to: plainDate(to) });

describe('the own manager', () => {
  const dedicated = 'm1' as ManagerRef;

  test('goes before a nearer and freer one', () => {
    expect(assign({ dedicated }, { ref: 'm2', free: 10 }, { ref: 'm1', free: 1, branchRef: 'b4' as BranchRef })).toBe(
      'm1: dedicated',
    );
  });

  test('of a private customer does so whatever the language, the segment or the skills; of others only who fits', () => {
    const own: Manager = { ref: 'm1', languages: ['zh-CN'], segments: ['mass' as TierRef] };
    const request = { dedicated, skills: ['tax'] };
    const other: Manager = { ref: 'm2', skills: ['tax'] };
    expect(assign({ ...request, isPrivate: true }, own, other)).toBe('m1: dedicated');
    expect(assign(request, own, other)).toBe('m2: own-branch, least-load');
  });

  test.each([
    ['has no room', { free: 0 }],
    ['has left', { leftOn: MONDAY }],
    ['does not work that day', { workDays: [2, 3] }],
    ['is on leave', { leave: [span('2026-01-12', '2026-01-12')] }],
    ['lets a certificate lapse', { certificates: [{ name: 'wealth', ...span('2025-01-01', '2026-01-11') }] }],
  ] as [string, Partial<Manager>][])('of a private customer who %s leaves them to another', (_why, more) => {
    const held = { certificates: [{ name: 'wealth', ...span('2026-01-01', '2026-12-31') }] };
    const request = { dedicated, isPrivate: true, certificates: ['wealth'] };
    expect(assign(request, { ref: 'm1', ...held, ...more }, { ref: 'm2', ...held })).toBe('m2: own-branch, least-load');
  });

  test('who was complained about does not look after that customer again, private or not', () => {
    const request = { dedicated, complainedAbout: refs('m1'), isPrivate: true };
    expect(assign(request, { ref: 'm1' }, { ref: 'm2' })).toBe('m2: own-branch, least-load');
    expect(assign(request, { ref: 'm1' })).toBe('nobody: complained-about');
  });

  test('on leave is stood in for by the delegate whom they named, as long as that one breaks no rule', () => {
    const own: Manager = {
      ref: 'm1',
      leave: [span('2026-01-10', '2026-01-20')],
      delegations: [{ delegateRef: 'm3' as ManagerRef, ...span('2026-01-10', '2026-01-20') }],
    };
    const far = 'b4' as BranchRef;
    expect(assign({ dedicated }, own, { ref: 'm2' }, { ref: 'm3', branchRef: far })).toBe('m3: delegate');
    expect(assign({ dedicated }, own, { ref: 'm2' }, { ref: 'm3', free: 0 })).toBe('m2: own-branch, least-load');
    // a delegation does nothing while its manager is there
    expect(assign({ dedicated }, { ...own, leave: [] }, { ref: 'm3' })).toBe('m1: dedicated');
    const over = { ...own, delegations: [{ delegateRef: 'm3' as ManagerRef, ...span('2026-01-10', '2026-01-11') }] };
    expect(assign({ dedicated }, over, { ref: 'm2' }, { ref: 'm3', branchRef: far })).toBe(
      'm2: own-branch, least-load',
    );
  });

  test('who is not among the managers any more is nobody', () => {
    expect(assign({ dedicated: 'gone' as ManagerRef }, { ref: 'm2' })).toBe('m2: own-branch, least-load');
  });
});

describe('a manager can not have a customer', () => {
  test.each([
    ['whose language they do not speak', { language: 'zh-CN' }, {}, 'language-not-spoken'],
    ['of a tier that they do not serve', {}, { segments: ['mass' as TierRef] }, 'segment-not-served'],
    ['of no tier, where they serve some', { tierRef: null }, { segments: [AFFLUENT] }, 'segment-not-served'],
    ['for whom a skill is asked that they lack', { skills: ['hardship'] }, { skills: ['tax'] }, 'skill-missing'],
    ['for whom a certificate is asked that they lack', { certificates: ['wealth'] }, {}, 'certificate-missing'],
    [
      'for whom a certificate is asked that begins tomorrow',
      { certificates: ['wealth'] },
      { certificates: [{ name: 'wealth', ...span('2026-01-13', '2026-12-31') }] },
      'certificate-missing',
    ],
    ['while they have no room', {}, { free: 0 }, 'no-room'],
    ['while they are on leave', {}, { leave: [span('2026-01-12', '2026-01-12')] }, 'on-leave'],
    ['on a weekday on which they do not work', {}, { workDays: [2, 3, 4, 5] }, 'not-working'],
    ['after they have left', {}, { leftOn: MONDAY }, 'left'],
    ['while they are about to leave', {}, { leftOn: plainDate('2026-06-30') }, 'left'],
    ['who complained about them', { complainedAbout: refs('m1') }, {}, 'complained-about'],
    ['whom they had already', { had: refs('m1') }, {}, 'had-it'],
  ] as [string, Partial<AssignmentRequest>, Omit<Manager, 'ref'>, string][])('%s', (_what, request, more, reason) =>
    expect(refusal(request, more)).toBe(reason),
  );

  test('on a holiday of their country, and can on a make-up Saturday', () => {
    const nationalDay = { day: plainDate('2026-10-01') };
    expect(refusal(nationalDay, {})).toBe('not-working');
    expect(assign(nationalDay, { ref: 'm1', calendar: 'GB' })).toBe('m1: own-branch, least-load');
    // who has weekdays of their own does not work on a holiday either
    expect(refusal(nationalDay, { workDays: [1, 2, 3, 4, 5, 6] })).toBe('not-working');
    const makeUp = { day: plainDate('2026-10-10') };
    expect(assign(makeUp, { ref: 'm1' })).toBe('m1: own-branch, least-load');
    expect(refusal(makeUp, { calendar: 'GB' })).toBe('not-working');
  });

  test('in a year that their calendar does not know yet it is judged by the weekday', () => {
    expect(assign({ day: plainDate('2095-01-03') }, { ref: 'm1' })).toBe('m1: own-branch, least-load');
  });

  test('with the last day of a certificate or a leave still in it', () => {
    const certificates = [{ name: 'wealth', ...span('2026-01-12', '2026-01-12') }];
    expect(assign({ certificates: ['wealth'] }, { ref: 'm1', certificates })).toBe('m1: own-branch, least-load');
    expect(assign({}, { ref: 'm1', leave: [span('2026-01-01', '2026-01-11')] })).toBe('m1: own-branch, least-load');
  });
});

describe('of those who fit', () => {
  test('the nearest goes before a freer one: own team, own branch, under the same parent, same region, the rest', () => {
    const near: Manager[] = [
      { ref: 'far', branchRef: 'b4' as BranchRef, free: 10 },
      { ref: 'region', branchRef: 'b3' as BranchRef, free: 9 },
      { ref: 'parent', branchRef: 'b2' as BranchRef, free: 8 },
      { ref: 'branch', branchRef: HERE, free: 7 },
      { ref: 'team', branchRef: 'b4' as BranchRef, teamRef: 't1', free: 1 },
    ];
    const own: Manager = { ref: 'm1', teamRef: 't1', free: 0 };
    const dedicated = 'm1' as ManagerRef;
    const order = [
      'team: own-team',
      'branch: own-branch',
      'parent: near-branch',
      'region: same-region',
      'far: other-branch',
    ];
    for (const first of order) {
      expect(assign({ dedicated }, own, ...near)).toBe(`${first}, least-load`);
      near.pop();
    }
    expect(assign({ branchRef: null }, { ref: 'm2' })).toBe('m2: other-branch, least-load');
  });

  test('the team of who had the customer last is the near one where nobody is their own', () => {
    const had: Manager = { ref: 'm1', teamRef: 't1' };
    const team: Manager = { ref: 'm3', teamRef: 't1', branchRef: 'b4' as BranchRef };
    expect(assign({ had: refs('m1') }, had, { ref: 'm2' }, team)).toBe('m3: own-team, least-load');
  });

  test('one whose working hours are not over goes before one with less to do', () => {
    const mornings: Manager = { ref: 'm1', free: 10, worksTo: '12:00' };
    const allDay: Manager = { ref: 'm2', free: 1 };
    const afternoon = { at: instant(Date.UTC(2026, 0, 12, 6)) };
    expect(assign({}, mornings, allDay)).toBe('m1: own-branch, least-load');
    expect(assign(afternoon, mornings, allDay)).toBe('m2: own-branch, least-load');
    expect(assign(afternoon, mornings)).toBe('m1: own-branch, least-load');
    // for tomorrow both have the whole day
    expect(assign({ ...afternoon, day: plainDate('2026-01-13') }, mornings, allDay)).toBe('m1: own-branch, least-load');
    // noon in Shanghai is not noon in London
    expect(assign(afternoon, { ...mornings, zone: 'Europe/London' as ZoneId }, allDay)).toBe(
      'm1: own-branch, least-load',
    );
  });

  test('the one with the least load for their capacity, this customer counted', () => {
    const large: Manager = { ref: 'large', capacity: 100, free: 52 };
    expect(assign({}, large, { ref: 'small', capacity: 3, free: 2 })).toBe('large: own-branch, least-load');
    expect(assign({}, large, { ref: 'small', capacity: 3, free: 3 })).toBe('small: own-branch, least-load');
  });

  test('a customer of the book alone goes to the smallest book', () => {
    const takes = 'book' as const;
    expect(assign({ takes }, { ref: 'm1', book: 30, free: 10 }, { ref: 'm2', book: 10, free: 1 })).toBe(
      'm2: own-branch, least-load',
    );
  });

  test('of equals different customers find different ones, in equal shares, and the name decides nothing', () => {
    const equals = Array.from({ length: 6 }, (_, i) => ({ ref: `m${i}` }));
    const found = new Map<string, number>();
    for (let i = 0; i < 6000; i += 1) {
      const answer = assign({ customerRef: `c${i}` as CustomerRef }, ...equals);
      found.set(answer, (found.get(answer) ?? 0) + 1);
    }
    expect(found.size).toBe(6);
    // 1,000 each; five standard deviations of a fair draw are 144
    for (const count of found.values()) expect(Math.abs(count - 1000)).toBeLessThan(144);
  });
});

test('where nobody is free the customer waits, and every reason is told', () => {
  expect(assign({})).toBe('nobody: no-managers');
  expect(assign({}, { ref: 'm1', free: 0 }, { ref: 'm2', languages: ['zh-CN'] })).toBe(
    'nobody: no-room, language-not-spoken',
  );
});

test('each manager who was refused is named with all reasons, and who fits stands in the order of choice', () => {
  const snapshot = bank(
    { ref: 'm3', free: 0, languages: ['zh-CN'] },
    { ref: 'm1', branchRef: 'b4' as BranchRef },
    { ref: 'm2' },
  );
  expect(explainAssignment(customer, snapshot)).toEqual({
    assignment: { kind: 'assigned', managerRef: 'm2', reasons: ['own-branch', 'least-load'] },
    suitable: [
      { managerRef: 'm2', nearness: 'own-branch' },
      { managerRef: 'm1', nearness: 'other-branch' },
    ],
    refused: [{ managerRef: 'm3', reasons: ['no-room', 'language-not-spoken'] }],
  });
});

const day = fc
  .constantFrom('2026-01-10', '2026-01-11', '2026-01-12', '2026-01-13', '2026-10-01', '2026-10-10')
  .map(plainDate);
const anySpan = fc.tuple(day, day).map(([a, b]) => (a < b ? { from: a, to: b } : { from: b, to: a }));
const anyRef = fc.constantFrom('m1', 'm2', 'm3', 'm10', 'm20') as fc.Arbitrary<ManagerRef>;
const anyManagers = fc.uniqueArray(
  fc
    .record({
      ref: anyRef,
      free: fc.integer({ min: -1, max: 3 }),
      capacity: fc.integer({ min: 0, max: 4 }),
      branchRef: fc.constantFrom(...BRANCHES.map((branch) => branch.branchRef)),
      teamRef: fc.constantFrom(null, 't1', 't2'),
      languages: fc.uniqueArray(fc.constantFrom('en', 'zh-CN'), { minLength: 1 }),
      skills: fc.subarray(['tax', 'hardship']),
      certificates: fc
        .array(fc.tuple(fc.constantFrom('wealth', 'credit'), anySpan), { maxLength: 2 })
        .map((list) => list.map(([name, held]) => ({ name, ...held }))),
      segments: fc.option(fc.subarray([AFFLUENT, 'private' as TierRef])),
      leave: fc.option(anySpan, { freq: 1 }).map((away) => (away ? [away] : [])),
      delegations: fc
        .array(fc.tuple(anyRef, anySpan), { maxLength: 1 })
        .map((list) => list.map(([delegateRef, away]) => ({ delegateRef, ...away }))),
      workDays: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), { freq: 3 }),
      worksTo: fc.constantFrom('11:00', '18:00'),
      leftOn: fc.option(day, { freq: 2 }),
    })
    .map((each) => manager(each)),
  { selector: (each) => each.managerRef, maxLength: 5 },
);
const anyRequest: fc.Arbitrary<AssignmentRequest> = fc.record({
  customerRef: fc.constantFrom('c1', 'c2', 'c3') as fc.Arbitrary<CustomerRef>,
  language: fc.constantFrom('en', 'zh-CN'),
  branchRef: fc.constantFrom(null, ...BRANCHES.map((branch) => branch.branchRef)),
  tierRef: fc.constantFrom(null, AFFLUENT, 'private' as TierRef),
  isPrivate: fc.boolean(),
  at: fc.integer({ min: 0, max: 40 }).map((hours) => instant(AT + hours * 3_600_000)),
  day,
  skills: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray(['tax', 'hardship'])),
  certificates: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.subarray(['wealth', 'credit'])),
  dedicated: fc.option(anyRef),
  complainedAbout: fc.subarray(refs('m1', 'm2', 'm3')),
  had: fc.subarray(refs('m1', 'm10')),
  takes: fc.constantFrom('journey', 'book'),
});

test('no rule is ever broken, and nobody waits while somebody fits', () => {
  fc.assert(
    fc.property(anyRequest, anyManagers, (request, managers) => {
      const snapshot = { managers, branches: BRANCHES };
      const { assignment, suitable } = explainAssignment(request, snapshot);
      if (assignment.kind === 'assigned') expect(brokenRules(request, snapshot, assignment.managerRef)).toEqual([]);
      else {
        expect(suitable).toEqual([]);
        for (const each of managers) expect(brokenRules(request, snapshot, each.managerRef)).not.toEqual([]);
      }
    }),
    { numRuns: 3000 },
  );
});

test('a bank that fills up never passes the capacity of anybody', () => {
  fc.assert(
    fc.property(anyManagers, fc.array(anyRequest, { maxLength: 20 }), (start, requests) => {
      const managers = start.map((each) => ({ ...each }));
      for (const request of requests) {
        const assignment = assignManager(request, { managers, branches: BRANCHES });
        if (assignment.kind === 'nobody-free') continue;
        const taken = managers.find((each) => each.managerRef === assignment.managerRef);
        if (taken) taken.openJourneys += 1;
      }
      for (const [i, each] of managers.entries())
        expect(each.openJourneys).toBeLessThanOrEqual(Math.max(start[i]?.openJourneys ?? 0, each.capacity));
    }),
  );
});

test('the same managers, branches and wishes in another order give the same answer, and so does asking again', () => {
  const shuffled = anyManagers.chain((managers) =>
    fc.tuple(
      fc.constant(managers),
      fc.shuffledSubarray(managers, { minLength: managers.length }),
      fc.shuffledSubarray(BRANCHES, { minLength: BRANCHES.length }),
    ),
  );
  fc.assert(
    fc.property(anyRequest, shuffled, (request, [managers, others, branches]) => {
      const answer = explainAssignment(request, { managers, branches: BRANCHES });
      expect(explainAssignment(request, { managers: others, branches })).toEqual(answer);
      expect(explainAssignment(request, { managers, branches: BRANCHES })).toEqual(answer);
    }),
    { numRuns: 1000 },
  );
});
