import fc from 'fast-check';
import { assignManager, type Assignment, type AssignmentRequest, type ManagerLoad } from '../../domain/assignment.js';
import type { BranchRef, ManagerRef } from '../../domain/types.js';

const HERE = 'b1' as BranchRef;

interface Manager {
  ref: string;
  free?: number;
  capacity?: number;
  branch?: string;
  languages?: string[];
}

function manager({ ref, free = 5, capacity = 10, branch = HERE, languages = ['en'] }: Manager): ManagerLoad {
  return {
    managerRef: ref as ManagerRef,
    branchRef: branch as BranchRef,
    languages,
    capacity,
    openJourneys: capacity - free,
  };
}

/** An English-speaking customer of the branch, without a manager of their own. */
const customer: AssignmentRequest = { language: 'en', branchRef: HERE, dedicated: null, complainedAbout: [] };
const refs = (...names: string[]): ManagerRef[] => names as ManagerRef[];
const who = (assignment: Assignment): string =>
  `${assignment.kind === 'assigned' ? assignment.managerRef : 'nobody'}: ${assignment.reasons.join(', ')}`;
const assign = (request: Partial<AssignmentRequest>, ...managers: Manager[]): string =>
  who(assignManager({ ...customer, ...request }, managers.map(manager)));

describe('the own manager', () => {
  const dedicated = 'm1' as ManagerRef;

  test('goes before everybody while there is room, whatever the branch, the language or the load', () => {
    const own: Manager = { ref: 'm1', free: 1, branch: 'b9', languages: ['zh-CN'] };
    expect(assign({ dedicated }, { ref: 'm2', free: 10 }, own)).toBe('m1: dedicated');
  });

  test('who has no room leaves the customer to another', () => {
    expect(assign({ dedicated }, { ref: 'm1', free: 0 }, { ref: 'm2' })).toBe('m2: own-branch, most-free');
    expect(assign({ dedicated }, { ref: 'm1', free: -1 }, { ref: 'm2' })).toBe('m2: own-branch, most-free');
  });

  test('who was complained about does not look after that customer again', () => {
    const request = { dedicated, complainedAbout: refs('m1') };
    expect(assign(request, { ref: 'm1' }, { ref: 'm2' })).toBe('m2: own-branch, most-free');
    expect(assign(request, { ref: 'm1' })).toBe('nobody: nobody-has-room');
  });

  test('who is not among the managers any more is nobody', () => {
    expect(assign({ dedicated: 'gone' as ManagerRef }, { ref: 'm2' })).toBe('m2: own-branch, most-free');
  });
});

describe('another manager', () => {
  test("must speak the customer's language", () => {
    const chinese: Manager = { ref: 'm1', free: 10, languages: ['zh-CN'] };
    expect(assign({}, chinese, { ref: 'm2', free: 1, languages: ['zh-CN', 'en'] })).toBe('m2: own-branch, most-free');
    expect(assign({ language: 'zh-CN' }, chinese, { ref: 'm2', free: 1 })).toBe('m1: own-branch, most-free');
    expect(assign({}, chinese)).toBe('nobody: nobody-speaks-the-language');
  });

  test("of the customer's branch goes before a freer one elsewhere", () => {
    expect(assign({}, { ref: 'far', free: 10, branch: 'b2' }, { ref: 'near', free: 1 })).toBe(
      'near: own-branch, most-free',
    );
  });

  test('of another branch is better than none, when those of the own are full or speak another language', () => {
    const far: Manager = { ref: 'far', branch: 'b2' };
    expect(assign({}, { ref: 'full', free: 0 }, far)).toBe('far: other-branch, most-free');
    expect(assign({}, { ref: 'mute', languages: ['zh-CN'] }, far)).toBe('far: other-branch, most-free');
    expect(assign({ branchRef: null }, far)).toBe('far: other-branch, most-free');
  });

  test('is the one with the most room, not the one with the largest book', () => {
    expect(assign({}, { ref: 'large', capacity: 100, free: 2 }, { ref: 'small', capacity: 3, free: 3 })).toBe(
      'small: own-branch, most-free',
    );
  });

  test('of two with equal room is the first by reference', () => {
    expect(assign({}, { ref: 'm2' }, { ref: 'm1' }, { ref: 'm3' })).toBe('m1: own-branch, most-free');
  });

  test('is never one whom the customer has complained about, though nobody else is free', () => {
    expect(assign({ complainedAbout: refs('m1') }, { ref: 'm1', free: 10 }, { ref: 'm2', free: 0 })).toBe(
      'nobody: nobody-has-room',
    );
  });
});

test('where nobody is free the customer waits, and is told which it is', () => {
  expect(assign({})).toBe('nobody: nobody-has-room');
  expect(assign({}, { ref: 'm1', free: 0 })).toBe('nobody: nobody-has-room');
});

const anyManagers = fc.uniqueArray(
  fc
    .record({
      ref: fc.constantFrom('m1', 'm2', 'm3', 'm10', 'm20'),
      free: fc.integer({ min: -1, max: 2 }),
      capacity: fc.integer({ min: 0, max: 3 }),
      branch: fc.constantFrom('b1', 'b2'),
      languages: fc.uniqueArray(fc.constantFrom('en', 'zh-CN'), { minLength: 1 }),
    })
    .map(manager),
  { selector: (load) => load.managerRef },
);
const anyRequest: fc.Arbitrary<AssignmentRequest> = fc.record({
  language: fc.constantFrom('en', 'zh-CN'),
  branchRef: fc.constantFrom(null, HERE, 'b2' as BranchRef),
  dedicated: fc.constantFrom(null, ...refs('m1', 'm2', 'm10')),
  complainedAbout: fc.subarray(refs('m1', 'm2', 'm3')),
});

test('no manager is ever given more than there is room for, nor a customer who complained about them', () => {
  fc.assert(
    fc.property(anyRequest, anyManagers, (request, managers) => {
      const assignment = assignManager(request, managers);
      const possible = managers.filter(
        (load) =>
          load.openJourneys < load.capacity &&
          !request.complainedAbout.includes(load.managerRef) &&
          (load.languages.includes(request.language) || load.managerRef === request.dedicated),
      );
      if (assignment.kind === 'nobody-free') return expect(possible).toEqual([]);
      expect(possible.map((load) => load.managerRef)).toContain(assignment.managerRef);
    }),
    { numRuns: 1000 },
  );
});

test('a bank that fills up never passes the capacity of anybody, and stops only when nobody is left', () => {
  fc.assert(
    fc.property(anyManagers, fc.array(anyRequest, { maxLength: 20 }), (start, requests) => {
      let loads = start;
      for (const request of requests) {
        const assignment = assignManager(request, loads);
        if (assignment.kind === 'nobody-free') continue;
        loads = loads.map((load) =>
          load.managerRef === assignment.managerRef ? { ...load, openJourneys: load.openJourneys + 1 } : load,
        );
      }
      for (const load of loads) {
        const before = start.find((one) => one.managerRef === load.managerRef)?.openJourneys ?? 0;
        expect(load.openJourneys).toBeLessThanOrEqual(Math.max(before, load.capacity));
      }
    }),
  );
});

test('the same managers in another order give the same answer', () => {
  const shuffled = anyManagers.chain((managers) =>
    fc.tuple(fc.constant(managers), fc.shuffledSubarray(managers, { minLength: managers.length })),
  );
  fc.assert(
    fc.property(anyRequest, shuffled, (request, [managers, others]) => {
      expect(assignManager(request, others)).toEqual(assignManager(request, managers));
    }),
    { numRuns: 500 },
  );
});
