import fc from 'fast-check';
import { difference, LEAST_IN_ARM, rateOf, upliftVerdict, wilson, type Share } from '../../domain/uplift.js';

const share = (successes: number, of: number): Share => ({ successes, of });
const shares = fc
  .integer({ min: 1, max: 5000 })
  .chain((of) => fc.integer({ min: 0, max: of }).map((s) => share(s, of)));

/** Newcombe 1998, table II, method 10: the difference and its 95 % interval. */
test.each([
  [56, 70, 48, 80, 0.2, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.6, 0.1705, 0.809],
  [6, 7, 2, 7, 0.5714, 0.0582, 0.8062],
  [5, 56, 0, 29, 0.0893, -0.0381, 0.1926],
  [0, 10, 0, 20, 0, -0.1611, 0.2775],
  [0, 10, 0, 10, 0, -0.2775, 0.2775],
  [10, 10, 0, 20, 1, 0.6791, 1],
  [10, 10, 0, 10, 1, 0.6075, 1],
])('%d of %d against %d of %d, as published', (a, m, b, n, uplift, low, high) => {
  const found = difference(share(a, m), share(b, n));
  expect(found?.uplift).toBeCloseTo(uplift, 4);
  expect(found?.low).toBeCloseTo(low, 4);
  expect(found?.high).toBeCloseTo(high, 4);
});

/** Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3. */
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%d of %d alone, as published', (successes, of, low, high) => {
  const found = wilson(share(successes, of));
  expect(found.low).toBeCloseTo(low, 4);
  expect(found.high).toBeCloseTo(high, 4);
});

test('an interval has its share in it and stays between nobody and everybody', () => {
  fc.assert(
    fc.property(shares, (known) => {
      const { low, high } = wilson(known);
      const rate = rateOf(known) ?? Number.NaN;
      expect(0 <= low && low <= rate && rate <= high && high <= 1).toBe(true);
    }),
  );
});

test('the difference turned round is the same with the other sign, and lies within −1 and 1', () => {
  fc.assert(
    fc.property(shares, shares, (one, other) => {
      const [there, back] = [difference(one, other), difference(other, one)];
      expect(back?.uplift).toBeCloseTo(-(there?.uplift ?? Number.NaN), 12);
      expect(back?.low).toBeCloseTo(-(there?.high ?? Number.NaN), 12);
      expect(there?.low).toBeLessThanOrEqual(there?.uplift ?? Number.NaN);
      expect(there?.low).toBeGreaterThanOrEqual(-1 - 1e-12);
      expect(there?.high).toBeLessThanOrEqual(1 + 1e-12);
    }),
  );
});

test('with ten times as many customers and the same shares the interval is narrower', () => {
  fc.assert(
    fc.property(shares, shares, (one, other) => {
      const more = ({ successes, of }: Share): Share => share(successes * 10, of * 10);
      const width = (found: ReturnType<typeof difference>): number => (found ? found.high - found.low : Number.NaN);
      expect(width(difference(more(one), more(other)))).toBeLessThan(width(difference(one, other)));
    }),
  );
});

test('nothing is said of small arms, nor of a difference that chance alone could make', () => {
  expect(upliftVerdict(share(29, 29), share(0, 500))).toBe('too-few');
  expect(upliftVerdict(share(500, 500), share(0, LEAST_IN_ARM - 1))).toBe('too-few');
  expect(upliftVerdict(share(0, 0), share(0, 0))).toBe('too-few');
  expect(upliftVerdict(share(55, 100), share(50, 100))).toBe('cannot-tell');
  expect(upliftVerdict(share(80, 100), share(50, 100))).toBe('more-retained');
  expect(upliftVerdict(share(50, 100), share(80, 100))).toBe('fewer-retained');
  expect(difference(share(1, 2), share(0, 0))).toBeNull();
});
