import fc from 'fast-check';
import { periodAt, type Period } from '../../domain/tier-periods.js';
import { exampleRule, TIER_RULE_EXAMPLES } from '../../domain/tier-rule-examples.js';
import { newMemory, type Tier, type TierMemory } from '../../domain/tier-rules.js';
import { decisionDay, floorDiv, tierStanding, type TierStanding } from '../../domain/tier-standing.js';
import { addDays, daysBetween, minor, plainDate, type CustomerRef, type TierRef } from '../../domain/types.js';

const tier = (tierRef: string, rank: number, threshold: bigint): Tier => ({
  tierRef: tierRef as TierRef,
  rank,
  threshold: minor(threshold),
});

function standing(asOf: string, balanceDays: bigint, threshold: bigint, balance = 0n): TierStanding {
  const rule = exampleRule('bohai');
  const affluent = tier('affluent', 1, threshold);
  return tierStanding(rule, [tier('mass', 0, 0n), affluent], {
    customerRef: 'c1' as CustomerRef,
    tier: affluent,
    memory: newMemory(),
    period: periodAt(rule, plainDate(asOf)),
    asOf: plainDate(asOf),
    balanceDays,
    balance: minor(balance),
    daysAtThreshold: 0,
  });
}

test('on the tenth of a thirty-day month a customer who held half must hold a quarter more for the twenty days left', () => {
  expect(standing('2026-11-10', 10n * 500n, 1000n, 500n)).toMatchObject({
    periodStart: '2026-11-01',
    periodEnd: '2026-11-30',
    averageSoFar: 500n,
    averageIfHeld: 500n,
    daysElapsed: 10,
    daysLeft: 20,
    balanceToHold: 1250n,
    secured: false,
    // missed in November, December and January
    decisionOn: '2027-01-31',
    daysUntilDecision: 82,
  });
});

test('a deposit that stays for one day of a month secures nothing, unless it is thirty times the threshold', () => {
  expect(standing('2026-11-15', 14n * 900n + 2000n, 1000n).secured).toBe(false);
  expect(standing('2026-11-15', 14n * 900n + 20_000n, 1000n)).toMatchObject({ secured: true, balanceToHold: 0n });
});

test('on the last day there is nothing left to hold', () => {
  expect(standing('2026-11-30', 29_999n, 1000n)).toMatchObject({ balanceToHold: null, secured: false, daysLeft: 0 });
  expect(standing('2026-11-30', 30_000n, 1000n)).toMatchObject({ balanceToHold: null, secured: true });
});

test('a period that is secured can not be missed, so the decision is one period further away', () => {
  expect(standing('2026-11-15', 30_000n, 1000n).decisionOn).toBe('2027-02-28');
});

test('the day of decision counts what was missed already, under each rule', () => {
  const ladder = [tier('mass', 0, 0n), tier('affluent', 1, 1000n)];
  const decision = (ruleRef: string, memory: Partial<TierMemory>): string => {
    const rule = exampleRule(ruleRef);
    const period = periodAt(rule, plainDate('2026-11-15'));
    const from = { memory: { ...newMemory(), ...memory }, period, secured: false };
    return decisionDay(rule, ladder, ladder[1] as Tier, from);
  };
  expect(decision('bohai', {})).toBe('2027-01-31');
  expect(decision('bohai', { missesInRow: 2 })).toBe('2026-11-30');
  expect(decision('ccb', { missesInRow: 2 })).toBe('2027-02-28');
  expect(decision('hsbc-in', { missesInRow: 1 })).toBe('2026-12-31');
  // the guarantee ends in May; its end opens the grace, which is over in August
  expect(decision('bofa', { guaranteedUntil: plainDate('2027-05-31') })).toBe('2027-08-31');
  expect(decision('bofa', { guaranteedUntil: plainDate('2026-08-31'), graceUntil: plainDate('2026-11-30') })).toBe(
    '2026-11-30',
  );
});

test('a day outside of the period is refused', () => {
  const rule = exampleRule('bohai');
  const period: Period = { start: plainDate('2026-11-01'), end: plainDate('2026-11-30') };
  const facts = { customerRef: 'c1' as CustomerRef, tier: tier('mass', 0, 0n), memory: newMemory(), period };
  const day = { asOf: plainDate('2026-12-01'), balanceDays: 0n, balance: minor(0), daysAtThreshold: 0 };
  expect(() => tierStanding(rule, [facts.tier], { ...facts, ...day })).toThrow(RangeError);
});

const anyDay = fc.integer({ min: 0, max: 3000 }).map((n) => addDays(plainDate('2020-01-01'), n));
const anyCase = fc.record({
  rule: fc.constantFrom(...TIER_RULE_EXAMPLES),
  asOf: anyDay,
  threshold: fc.bigInt({ min: 1n, max: 10n ** 12n }),
  balanceDays: fc.bigInt({ min: -(10n ** 13n), max: 10n ** 14n }),
});

test('holding exactly the balance asked for on each remaining day keeps the tier, and one unit less does not', () => {
  fc.assert(
    fc.property(anyCase, ({ rule, asOf, threshold, balanceDays }) => {
      const period = periodAt(rule, asOf);
      const held = tier('affluent', 1, threshold);
      const result = tierStanding(rule, [tier('mass', 0, 0n), held], {
        customerRef: 'c1' as CustomerRef,
        tier: held,
        memory: newMemory(),
        period,
        asOf,
        balanceDays,
        balance: minor(0),
        daysAtThreshold: 0,
      });
      const days = BigInt(daysBetween(period.start, period.end) + 1);
      const averageWhen = (each: bigint): bigint => floorDiv(balanceDays + each * BigInt(result.daysLeft), days);
      expect(result.secured).toBe(averageWhen(0n) >= threshold);
      if (result.balanceToHold === null) return expect(result.daysLeft).toBe(0);
      expect(result.secured).toBe(result.balanceToHold === 0n);
      expect(averageWhen(result.balanceToHold)).toBeGreaterThanOrEqual(threshold);
      if (!result.secured) expect(averageWhen(result.balanceToHold - 1n)).toBeLessThan(threshold);
      return undefined;
    }),
  );
});

test('whatever the day and the rule, the period contains the day and the decision is never before its end', () => {
  fc.assert(
    fc.property(fc.constantFrom(...TIER_RULE_EXAMPLES), anyDay, (rule, asOf) => {
      const period = periodAt(rule, asOf);
      expect(period.start <= asOf && asOf <= period.end).toBe(true);
      const ladder = [tier('mass', 0, 0n), tier('affluent', 1, 1000n)];
      const decided = decisionDay(rule, ladder, ladder[1] as Tier, { memory: newMemory(), period, secured: false });
      expect(decided >= period.end).toBe(true);
    }),
  );
});
