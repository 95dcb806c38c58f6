import fc from 'fast-check';
import { settle, type Ending, type Settlement, type SettlementFacts } from '../../domain/settlement.js';
import { points, type Outcome } from '../../domain/types.js';

/** A customer who has secured the tier, in a campaign with points to give. */
const earned: SettlementFacts = {
  ending: 'goal-met',
  goalMet: true,
  daysHeld: 10,
  heldDaysAsked: 10,
  tierRankAtStart: 1,
  tierRankNow: 1,
  reward: points(500),
  funded: true,
  openComplaint: false,
  rewardedBefore: false,
};

const ENDINGS: Record<Ending, Outcome> = {
  'goal-met': 'retained',
  'window-over': 'retained',
  'opted-out': 'opted-out',
  withdrawn: 'declined',
  unreachable: 'unreachable',
  ineligible: 'ineligible',
  excluded: 'ineligible',
  'moved-to-care': 'moved-to-care',
};
const endings = Object.keys(ENDINGS) as Ending[];
const reasonOf = (facts: Partial<SettlementFacts>): string => settle({ ...earned, ...facts }).reward.reason;

describe('the outcome', () => {
  test.each(Object.entries(ENDINGS) as [Ending, Outcome][])('of a journey that ends by %s is %s', (ending, outcome) => {
    expect(settle({ ...earned, ending }).outcome).toBe(outcome);
  });

  test('of a journey that ran its time depends on the tier: fallen, kept or risen', () => {
    const ran = { ...earned, ending: 'window-over' as const, goalMet: false };
    expect(settle({ ...ran, tierRankNow: 0 })).toMatchObject({ outcome: 'downgraded', reason: 'the tier fell' });
    expect(settle({ ...ran, tierRankNow: 1 }).outcome).toBe('retained');
    expect(settle({ ...ran, tierRankNow: 2 }).outcome).toBe('retained');
  });

  test('of a journey that the customer leaves is not a downgrade, though the tier fell meanwhile', () => {
    for (const ending of ['opted-out', 'withdrawn', 'unreachable', 'ineligible'] as const)
      expect(settle({ ...earned, ending, tierRankNow: 0 }).outcome).toBe(ENDINGS[ending]);
  });

  test('is told in words that differ from ending to ending', () => {
    const words = endings.map((ending) => settle({ ...earned, ending }).reason);
    expect(new Set(words).size).toBe(endings.length);
  });
});

describe('the reward', () => {
  test('is posted when the goal was met, held, and there is money for it', () => {
    const posted: Settlement['reward'] = { kind: 'post', points: points(500), reason: 'goal-met' };
    expect(settle(earned).reward).toEqual(posted);
    expect(settle({ ...earned, ending: 'window-over' }).reward).toEqual(posted);
  });

  test.each(['opted-out', 'withdrawn', 'unreachable', 'ineligible'] as const)(
    'is not owed to a customer who left (%s), though the goal had been met',
    (ending) => {
      expect(settle({ ...earned, ending }).reward).toEqual({ kind: 'withhold', reason: 'left-the-journey' });
    },
  );

  test('needs the goal, not only a tier that happens to stand', () => {
    expect(reasonOf({ ending: 'window-over', goalMet: false })).toBe('goal-not-met');
    expect(reasonOf({ goalMet: false })).toBe('goal-not-met');
  });

  test('is not paid for a deposit that came and went: the days held count', () => {
    expect(reasonOf({ daysHeld: 9 })).toBe('not-held-long-enough');
    expect(reasonOf({ daysHeld: 10 })).toBe('goal-met');
    expect(reasonOf({ daysHeld: 0, heldDaysAsked: 0 })).toBe('goal-met');
  });

  test('is withheld while a complaint is open, and when this campaign has rewarded the customer before', () => {
    expect(reasonOf({ openComplaint: true })).toBe('complaint-open');
    expect(reasonOf({ rewardedBefore: true })).toBe('rewarded-before');
  });

  test('is withheld when nothing is reserved and the budget is spent', () => {
    expect(reasonOf({ funded: false })).toBe('budget-spent');
  });

  test('is none where the campaign promises none, however the journey ended', () => {
    for (const ending of endings)
      for (const goalMet of [true, false])
        expect(reasonOf({ ending, goalMet, reward: null })).toBe('campaign-has-no-reward');
  });

  test('does not change what became of the customer', () => {
    for (const ending of endings)
      expect(settle({ ...earned, ending, reward: null }).outcome).toBe(settle({ ...earned, ending }).outcome);
  });
});

const anyFacts: fc.Arbitrary<SettlementFacts> = fc.record({
  ending: fc.constantFrom(...endings),
  goalMet: fc.boolean(),
  daysHeld: fc.integer({ min: 0, max: 40 }),
  heldDaysAsked: fc.integer({ min: 0, max: 40 }),
  tierRankAtStart: fc.integer({ min: 0, max: 2 }),
  tierRankNow: fc.integer({ min: 0, max: 2 }),
  reward: fc.option(fc.bigInt({ min: 1n, max: 1000n }).map(points)),
  funded: fc.boolean(),
  openComplaint: fc.boolean(),
  rewardedBefore: fc.boolean(),
});

test('no point is ever given without the goal met, the days held, the complaint answered and the budget there', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const { reward } = settle(facts);
      const stayed = facts.ending === 'goal-met' || facts.ending === 'window-over';
      const owed =
        facts.reward !== null &&
        stayed &&
        facts.goalMet &&
        facts.daysHeld >= facts.heldDaysAsked &&
        !facts.openComplaint &&
        !facts.rewardedBefore &&
        facts.funded;
      expect(reward.kind).toBe(owed ? 'post' : 'withhold');
      if (reward.kind === 'post') expect(reward.points).toBe(facts.reward);
    }),
    { numRuns: 2000 },
  );
});

test('a customer is counted as downgraded only when the tier is lower than at the start', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      if (settle(facts).outcome === 'downgraded') expect(facts.tierRankNow).toBeLessThan(facts.tierRankAtStart);
    }),
  );
});
