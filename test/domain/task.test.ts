import fc from 'fast-check';
import { branchLeadOf, dayOfBeginning, firstContactDays, teamLeadOf, type Leads } from '../../domain/first-contact.js';
import {
  CUSTOMER_REASONS,
  judgeResult,
  judgeSnooze,
  MAX_ATTEMPTS,
  RESULTS_OF,
  TASK_KINDS,
  TASK_RESULTS,
  type TaskAnswer,
  type TaskKind,
  type TaskState,
} from '../../domain/task.js';
import { digestReader, handsOf, listOf, mayWorkOn, type Staff, type TaskPlace } from '../../domain/task-hands.js';
import {
  addMillis,
  days,
  instant,
  plainDate,
  type BranchRef,
  type Instant,
  type ManagerRef,
  type ZoneId,
} from '../../domain/types.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const in_ = (n: number): Instant => addMillis(AT, days(n));
const task = (kind: TaskKind, more: Partial<TaskState> = {}): TaskState => ({
  kind,
  dueAt: in_(1),
  done: null,
  attempts: 0,
  callBacks: 0,
  callBackBy: null,
  ...more,
});
const said = (state: TaskState, result: string, more: Partial<TaskAnswer> = {}): string => {
  const verdict = judgeResult(state, { result, reason: null, callBackAt: null, ...more }, AT);
  return verdict.kind === 'refused' ? verdict.words : verdict.kind;
};

describe('what came of a task', () => {
  test.each([
    ['first-contact', 'reached', 'rate', 'closed'],
    ['first-contact', 'visited', 'none-given', 'closed'],
    ['call', 'refused', 'fees', 'closed'],
    ['call', 'wrong-number', null, 'closed'],
    ['call', 'busy', null, 'open'],
    ['visit', 'visited', 'moved', 'closed'],
    ['visit', 'no-show', null, 'open'],
    ['fraud-check', 'cheated', 'fraud', 'closed'],
    ['fraud-check', 'not-cheated', null, 'closed'],
    ['hardship', 'arranged', 'spending', 'closed'],
    ['missed-instalment', 'arranged', 'service', 'closed'],
  ] as [TaskKind, string, string | null, string][])('a %s: %s (%s) leaves it %s', (kind, result, reason, verdict) => {
    expect(said(task(kind), result, { reason })).toBe(verdict);
  });

  test.each([
    [
      'call',
      'cheated',
      {},
      /"cheated" is no result of a call; write one of reached, busy, refused, wrong-number, call-back/,
    ],
    ['fraud-check', 'reached', { reason: 'rate' }, /no result of a fraud-check; write one of cheated, not-cheated/],
    ['visit', 'arranged', {}, /no result of a visit/],
    ['call', 'reached', {}, /"reached" wants the reason that the customer gave: one of rate, service/],
    ['call', 'reached', { reason: 'weather' }, /"weather" is no reason that is known; write one of rate, service/],
    ['call', 'busy', { reason: 'rate' }, /nobody gives a reason with "busy"; leave the reason out/],
    ['call', 'call-back', {}, /wants the time at which the customer is to be called/],
    ['call', 'call-back', { callBackAt: AT }, /later than now and within 30 days/],
    ['call', 'call-back', { callBackAt: in_(31) }, /later than now and within 30 days/],
    ['call', 'busy', { callBackAt: in_(1) }, /only "call-back" has a time to call/],
  ] as [TaskKind, string, Partial<TaskAnswer>, RegExp][])(
    'a %s can not end as %s with %j',
    (kind, result, more, words) => {
      expect(said(task(kind), result, more)).toMatch(words);
    },
  );

  test('a call back moves what is due, the other tries do not', () => {
    const answer = { result: 'call-back', reason: null, callBackAt: in_(5) };
    expect(judgeResult(task('call'), answer, AT)).toMatchObject({ kind: 'open', dueAt: in_(5) });
    const busy = { result: 'busy', reason: null, callBackAt: null };
    expect(judgeResult(task('call'), busy, AT)).toMatchObject({ kind: 'open', dueAt: in_(1) });
  });

  test('the fifth try ends it, and is no call back any more', () => {
    const tried = task('call', { attempts: MAX_ATTEMPTS - 1 });
    expect(said(tried, 'busy')).toBe('closed');
    expect(said(tried, 'call-back', { callBackAt: in_(1) })).toMatch(/was tried 4 times already/);
    expect(said(task('call', { attempts: MAX_ATTEMPTS - 2 }), 'busy')).toBe('open');
  });

  test('a first contact is called back once, within the working days of the tier; other tasks more often', () => {
    const answer = { callBackAt: in_(3) };
    const by = { callBackBy: in_(3) };
    expect(said(task('first-contact', by), 'call-back', answer)).toBe('open');
    expect(said(task('first-contact', by), 'call-back', { callBackAt: in_(4) })).toMatch(
      /within the working days that this customer's tier allows, until 2026-01-15T02:00:00.000Z/,
    );
    const again = { ...by, attempts: 1, callBacks: 1 };
    expect(said(task('first-contact', again), 'call-back', { callBackAt: in_(1) })).toMatch(/is called back once/);
    expect(said(task('call', { attempts: 1, callBacks: 1 }), 'call-back', answer)).toBe('open');
  });

  test.each([
    ['standing', /keepwell plan grant-standing/],
    ['plan-approval', /keepwell plan approve/],
  ] as [TaskKind, RegExp][])('a %s ends with its answer, and by no result alone', (kind, words) => {
    expect(said(task(kind), 'arranged', { reason: 'none-given' })).toMatch(words);
  });

  test('what is done is done', () => {
    const done = task('call', { done: { by: 'm1', result: 'reached' } });
    expect(said(done, 'busy')).toBe('this task was done already, by m1: reached');
    expect(judgeSnooze(done, in_(1), AT)).toMatch(/done already, by m1/);
  });

  test('whatever is tried, a task ends within five tries', () => {
    const anyAnswer = fc.record({
      result: fc.constantFrom(...TASK_RESULTS),
      reason: fc.option(fc.constantFrom(...CUSTOMER_REASONS)),
      callBackAt: fc.option(fc.constant(in_(2))),
    });
    fc.assert(
      fc.property(fc.constantFrom(...TASK_KINDS), fc.array(anyAnswer, { maxLength: 60 }), (kind, answers) => {
        let state = task(kind);
        for (const answer of answers) {
          const verdict = judgeResult(state, answer, AT);
          if (verdict.kind === 'refused') continue;
          expect(RESULTS_OF[kind]).toContain(verdict.result);
          expect(state.attempts).toBeLessThan(MAX_ATTEMPTS);
          if (verdict.kind === 'closed') return;
          const callBacks = state.callBacks + (verdict.result === 'call-back' ? 1 : 0);
          state = { ...state, dueAt: verdict.dueAt, attempts: state.attempts + 1, callBacks };
        }
        expect(state.attempts).toBeLessThan(MAX_ATTEMPTS);
      }),
    );
  });
});

test('a first contact is put off by two days after it is due at most, other tasks by thirty, none into the past', () => {
  expect(judgeSnooze(task('first-contact'), in_(3), AT)).toBeNull();
  expect(judgeSnooze(task('first-contact'), addMillis(in_(3), days(0.001)), AT)).toMatch(
    /at most 2 days after it is due/,
  );
  expect(judgeSnooze(task('call'), in_(31), AT)).toBeNull();
  expect(judgeSnooze(task('call'), in_(32), AT)).toMatch(/at most 30 days after it is due/);
  expect(judgeSnooze(task('call'), AT, AT)).toMatch(/still to come/);
});

test('who is worth more is spoken to earlier, in a bank of however many tiers', () => {
  expect([0, 1, 2, 3].map((rank) => firstContactDays(rank, 3))).toEqual([7, 3, 3, 1]);
  expect([0, 1].map((rank) => firstContactDays(rank, 1))).toEqual([7, 1]);
  expect(firstContactDays(0, 0)).toBe(7);
});

test('work begins today until the bank closes, else on the next working day', () => {
  const place = { zone: 'Asia/Shanghai' as ZoneId, calendar: 'CN' };
  const begins = (at: string): string => dayOfBeginning(place, instant(Date.parse(`${at}+08:00`)));
  expect(begins('2026-01-12T17:59:59')).toBe('2026-01-12');
  expect(begins('2026-01-12T18:00:00')).toBe('2026-01-13');
  expect(begins('2026-01-17T09:00:00')).toBe('2026-01-19');
  expect(begins('2026-09-30T20:00:00')).toBe('2026-10-08');
  expect(begins('2026-10-10T09:00:00')).toBe('2026-10-10');
});

describe('the lead above a manager', () => {
  const leads = (more: Partial<Leads> = {}): Leads => ({
    managers: ['m1', 'm2', 'm3', 'm4'].map((ref) => ({
      managerRef: ref as ManagerRef,
      branchRef: (ref === 'm4' ? 'b-head' : 'b1') as BranchRef,
      teamRef: ref === 'm1' ? 't1' : null,
      leftOn: null,
    })),
    branches: [
      { branchRef: 'b-head' as BranchRef, parentRef: null },
      { branchRef: 'b1' as BranchRef, parentRef: 'b-head' as BranchRef },
    ],
    teams: [
      { teamRef: 't0', branchRef: 'b1' as BranchRef, leadRef: 'm3' as ManagerRef },
      { teamRef: 't1', branchRef: 'b1' as BranchRef, leadRef: 'm2' as ManagerRef },
      { teamRef: 't9', branchRef: 'b-head' as BranchRef, leadRef: 'm4' as ManagerRef },
    ],
    ...more,
  });
  const day = plainDate('2026-01-12');
  const lead = (ref: string, from = leads()): string | null => teamLeadOf(ref as ManagerRef, from, day);

  test("is the own team's, else one of the branch, else one further up", () => {
    expect(lead('m1')).toBe('m2');
    expect(lead('m3')).toBe('m3');
    const [, , head] = leads().teams as [unknown, unknown, Leads['teams'][number]];
    expect(lead('m1', leads({ teams: [head] }))).toBe('m4');
    expect(lead('m1', leads({ teams: [] }))).toBeNull();
    expect(lead('nobody')).toBeNull();
    expect(branchLeadOf(null, leads(), day)).toBeNull();
  });

  test('is nobody whom the customer has complained about', () => {
    const except = ['m2'] as ManagerRef[];
    expect(teamLeadOf('m1' as ManagerRef, leads(), day, except)).toBe('m3');
  });

  test('is nobody who has left', () => {
    const managers = leads().managers.map((each) => (each.managerRef === 'm2' ? { ...each, leftOn: day } : each));
    expect(lead('m1', leads({ managers }))).toBe('m3');
  });
});

describe('whose a task is', () => {
  const day = plainDate('2026-01-12');
  const away = { from: day, to: day };
  const ref = (name: string): ManagerRef => name as ManagerRef;
  interface Member {
    leave?: boolean;
    delegate?: string;
    left?: boolean;
    branch?: string;
  }
  /** m3 leads the team of everybody in b1, m4 leads in head office above it. */
  const staff = (members: Record<string, Member>, leads: Record<string, string | null> = {}): Staff => ({
    managers: Object.entries(members).map(([name, { leave, delegate, left, branch = 'b1' }]) => ({
      managerRef: ref(name),
      branchRef: branch as BranchRef,
      teamRef: branch === 'b1' ? 't1' : null,
      zone: 'Asia/Shanghai' as ZoneId,
      calendar: 'CN',
      workDays: null,
      worksFrom: '09:00',
      worksTo: '18:00',
      leave: leave ? [away] : [],
      delegations: delegate ? [{ delegateRef: ref(delegate), ...away }] : [],
      leftOn: left ? day : null,
    })),
    branches: [
      { branchRef: 'b-head' as BranchRef, parentRef: null },
      { branchRef: 'b1' as BranchRef, parentRef: 'b-head' as BranchRef },
    ],
    teams: Object.entries({ t1: 'm3', t9: 'm4', ...leads }).map(([teamRef, leadRef]) => ({
      teamRef,
      branchRef: (teamRef === 't1' ? 'b1' : 'b-head') as BranchRef,
      leadRef: leadRef as ManagerRef | null,
    })),
  });
  const ALL = { m1: {}, m2: {}, m3: {}, m4: { branch: 'b-head' }, m5: {} };
  const of = (managerRef: string | null, ...complainedAbout: string[]): TaskPlace => ({
    managerRef: managerRef as ManagerRef | null,
    branchRef: 'b1' as BranchRef,
    complainedAbout: complainedAbout as ManagerRef[],
  });
  const hands = (task: TaskPlace, from: Staff): string[] => handsOf(task, from, day).sort();
  const reader = (task: TaskPlace, from: Staff): string | null => {
    const list = listOf(task, from, day);
    return list && digestReader(list, from, day);
  };

  test('only who has it, who stands in, or the team lead and who stands in for them may do it', () => {
    const from = staff({ ...ALL, m1: { delegate: 'm2' }, m3: { leave: true, delegate: 'm5' } });
    expect(['m1', 'm2', 'm3', 'm4', 'm5'].map((by) => mayWorkOn(ref(by), of('m1'), from, day))).toEqual([
      true,
      true,
      true,
      false,
      true,
    ]);
  });

  test('what nobody has is any lead’s; where nobody leads, any manager’s', () => {
    expect(hands(of(null), staff(ALL))).toEqual(['m3', 'm4']);
    const leaderless = { t1: null, t9: null };
    expect(hands(of(null), staff(ALL, leaderless))).toEqual(['m1', 'm2', 'm3', 'm4', 'm5']);
    expect(hands(of('m1'), staff({ ...ALL, m1: { left: true } }, leaderless))).toEqual(['m2', 'm3', 'm4', 'm5']);
    expect(listOf(of(null), staff(ALL, leaderless), day)).toBeNull();
  });

  test('who was complained about does nothing and reads nothing: it is the next lead’s', () => {
    expect(hands(of('m1', 'm1'), staff(ALL))).toEqual(['m3']);
    expect(reader(of('m1', 'm1'), staff(ALL))).toBe('m3');
    expect(hands(of('m1', 'm1', 'm3'), staff(ALL))).toEqual(['m4']);
    expect(reader(of(null, 'm3'), staff(ALL))).toBe('m4');
    // who stands in for the manager is the one complained about
    expect(reader(of('m1', 'm2'), staff({ ...ALL, m1: { leave: true, delegate: 'm2' } }))).toBe('m3');
  });

  test('a digest is read by who stands in for who stands in, by the manager where nobody does, and never in a circle', () => {
    const three = { ...ALL, m1: { leave: true, delegate: 'm2' }, m2: { leave: true, delegate: 'm5' } };
    expect(reader(of('m1'), staff(three))).toBe('m5');
    expect(reader(of('m1'), staff({ ...ALL, m1: { leave: true } }))).toBe('m1');
    expect(reader(of('m1'), staff({ ...ALL, m1: { left: true, delegate: 'm2' } }))).toBe('m2');
    const circle = { ...ALL, m1: { leave: true, delegate: 'm2' }, m2: { leave: true, delegate: 'm1' } };
    expect(['m1', 'm2']).toContain(reader(of('m1'), staff(circle)));
    expect(digestReader(ref('m1'), staff(ALL), plainDate('2026-01-17'))).toBeNull();
  });

  test('of somebody who is gone and has named nobody the lead above reads it, never they themselves', () => {
    const gone = { ...ALL, m1: { left: true } };
    expect(reader(of('m1'), staff(gone))).toBe('m3');
    expect(digestReader(ref('m1'), staff(gone), day)).toBeNull();
    expect(reader(of('m3'), staff({ ...ALL, m3: { left: true } }))).toBe('m4');
  });

  test('whoever is away, has left, stands in or was complained about: who reads of a task may do it', () => {
    const names = ['m1', 'm2', 'm3', 'm4', 'm5'];
    const anybody = fc.option(fc.constantFrom(...names), { nil: undefined });
    const member = fc.record({ leave: fc.boolean(), left: fc.boolean(), delegate: anybody });
    fc.assert(
      fc.property(
        fc.tuple(member, member, member, member, member),
        fc.option(fc.constantFrom(...names)),
        fc.subarray(names),
        (members, managerRef, complained) => {
          const from = staff(
            Object.fromEntries(
              names.map((name, i) => {
                const one = members[i] as Member;
                const delegate = one.delegate === name ? {} : { delegate: one.delegate };
                return [
                  name,
                  { leave: one.leave, left: one.left, ...delegate, ...(i === 3 ? { branch: 'b-head' } : {}) },
                ];
              }),
            ) as Record<string, Member>,
          );
          const task = of(managerRef, ...complained);
          const told = reader(task, from);
          if (told !== null) expect(hands(task, from)).toContain(told);
          for (const by of hands(task, from)) {
            expect(complained).not.toContain(by);
            expect(from.managers.find((each) => each.managerRef === by)?.leftOn).toBeNull();
          }
        },
      ),
    );
  });
});
