import fc from 'fast-check';
import { goalStanding, type GoalFacts } from '../../domain/goal.js';

/** The average is secured and was held for the ten days asked; the period has not been evaluated. */
const secured: GoalFacts = { secured: true, daysHeld: 10, heldDaysAsked: 10, evaluation: null };
const notMet = { met: false, by: null };

test('a secured average that was held for long enough meets the goal before the period ends', () => {
  expect(goalStanding(secured)).toEqual({ met: true, by: 'average-secured' });
});

test('one day too few does not, nor do many days of an average that may still be missed', () => {
  expect(goalStanding({ ...secured, daysHeld: 9 })).toEqual(notMet);
  expect(goalStanding({ ...secured, secured: false, daysHeld: 31 })).toEqual(notMet);
});

test('an evaluation that kept the tier meets the goal, and is named rather than the average', () => {
  expect(goalStanding({ ...secured, evaluation: 'kept' })).toEqual({ met: true, by: 'evaluation-kept' });
  expect(goalStanding({ secured: false, daysHeld: 0, heldDaysAsked: 10, evaluation: 'kept' })).toEqual({
    met: true,
    by: 'evaluation-kept',
  });
});

test('an evaluation that was missed, or none yet, proves nothing', () => {
  for (const evaluation of ['missed', null] as const)
    expect(goalStanding({ secured: false, daysHeld: 31, heldDaysAsked: 10, evaluation })).toEqual(notMet);
});

test('no goal is met without a tier that was kept or an average that was secured and held', () => {
  fc.assert(
    fc.property(
      fc.record({
        secured: fc.boolean(),
        daysHeld: fc.integer({ min: 0, max: 366 }),
        heldDaysAsked: fc.integer({ min: 0, max: 366 }),
        evaluation: fc.constantFrom('kept' as const, 'missed' as const, null),
      }),
      (facts) => {
        const { met, by } = goalStanding(facts);
        expect(met).toBe(facts.evaluation === 'kept' || (facts.secured && facts.daysHeld >= facts.heldDaysAsked));
        expect(by === null).toBe(!met);
      },
    ),
  );
});
