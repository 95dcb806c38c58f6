import fc from 'fast-check';
import {
  businessTime,
  checkClock,
  MAX_CLOCK_RATE,
  WALL_CLOCK,
  wallDuration,
  wallTime,
  type BusinessClock,
} from '../../domain/business-clock.js';
import { days, instant, millis } from '../../domain/types.js';

const NOON = Date.UTC(2026, 0, 12, 12);
/** A day of business in 24 seconds. */
const FAST: BusinessClock = { origin: Date.UTC(2026, 0, 1), anchor: NOON, rate: 3600 };
const TEN_YEARS = 10 * 366 * 86_400_000;
/** What a number of ms since 1970 can still tell apart; times the rate it is the error of a fast clock. */
const ULP_MS = 2 ** -11;

const anyRate = fc.oneof(
  fc.integer({ min: 1, max: MAX_CLOCK_RATE }),
  fc.double({ min: 1, max: MAX_CLOCK_RATE, noNaN: true }),
);
const anyClock: fc.Arbitrary<BusinessClock> = fc.record({
  origin: fc.integer({ min: 0, max: 2 * NOON }),
  anchor: fc.integer({ min: 0, max: 2 * NOON }),
  rate: anyRate,
});
const sinceAnchor = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });

test('a real bank lives by the wall clock', () => {
  expect(businessTime(WALL_CLOCK, NOON)).toBe(NOON);
  expect(wallTime(WALL_CLOCK, instant(NOON))).toBe(NOON);
  expect(wallDuration(WALL_CLOCK, days(10))).toBe(days(10));
});

test('a demo bank begins at its origin and lives an hour in a second, also before it began', () => {
  expect(businessTime(FAST, NOON)).toBe(FAST.origin);
  expect(businessTime(FAST, NOON + 1000)).toBe(FAST.origin + 3_600_000);
  expect(businessTime(FAST, NOON - 1000)).toBe(FAST.origin - 3_600_000);
  expect(wallTime(FAST, instant(FAST.origin + 3_600_000))).toBe(NOON + 1000);
  expect(wallDuration(FAST, days(1))).toBe(24_000);
});

test('a timer of a business time that has passed is due at once', () => {
  expect(wallDuration(FAST, millis(-1))).toBe(0);
  expect(wallDuration(FAST, days(-10))).toBe(0);
  expect(Object.is(wallDuration(FAST, millis(0)), 0)).toBe(true);
});

test('a timer is a whole number of ms and is rounded up', () => {
  expect(wallDuration(FAST, millis(1))).toBe(1);
  expect(wallDuration(FAST, millis(3600))).toBe(1);
  expect(wallDuration(FAST, millis(3601))).toBe(2);
});

test('business time is whole ms', () => {
  fc.assert(
    fc.property(anyClock, sinceAnchor, (clock, passed) => {
      expect(Number.isInteger(businessTime(clock, clock.anchor + passed))).toBe(true);
    }),
  );
});

test('a wall instant taken to business time and back is the same instant, to the ms', () => {
  fc.assert(
    fc.property(anyClock, sinceAnchor, (clock, passed) => {
      const wall = clock.anchor + passed;
      expect(Math.abs(wallTime(clock, businessTime(clock, wall)) - wall)).toBeLessThan(1);
    }),
    { numRuns: 500 },
  );
});

test('a business instant taken to the wall and back is the same, as near as the clock can tell', () => {
  fc.assert(
    fc.property(anyClock, fc.integer({ min: 0, max: TEN_YEARS }), (clock, passed) => {
      const at = instant(clock.origin + passed);
      expect(Math.abs(businessTime(clock, wallTime(clock, at)) - at)).toBeLessThanOrEqual(1 + clock.rate * ULP_MS);
    }),
    { numRuns: 500 },
  );
});

test('business time never runs backwards', () => {
  fc.assert(
    fc.property(anyClock, sinceAnchor, fc.integer({ min: 1, max: 1_000_000 }), (clock, passed, later) => {
      const wall = clock.anchor + passed;
      expect(businessTime(clock, wall + later) - businessTime(clock, wall)).toBeGreaterThan(0);
    }),
  );
});

test('no timer goes off early: when it does, the business time waited for has come', () => {
  const anySpan = fc.oneof(fc.integer({ min: 0, max: TEN_YEARS }), fc.integer({ min: 0, max: 10 * MAX_CLOCK_RATE }));
  fc.assert(
    fc.property(anyClock, sinceAnchor, anySpan, (clock, passed, span) => {
      const wall = clock.anchor + passed;
      const due = businessTime(clock, wall) + span;
      expect(businessTime(clock, wall + wallDuration(clock, millis(span)))).toBeGreaterThanOrEqual(due);
    }),
    { numRuns: 2000 },
  );
});

test('no timer is later than one ms of the wall', () => {
  fc.assert(
    fc.property(anyRate, fc.integer({ min: 0, max: TEN_YEARS }), (rate, span) => {
      const clock = { origin: 0, anchor: 0, rate };
      expect(wallDuration(clock, millis(span)) - span / rate).toBeLessThan(1);
    }),
  );
});

test.each([0, 0.5, -1, MAX_CLOCK_RATE + 1, Number.NaN, Number.POSITIVE_INFINITY])('a rate of %d is refused', (rate) => {
  expect(() => checkClock({ ...WALL_CLOCK, rate })).toThrow(/rate is 1 to 200000/);
});

test.each([1, 1.5, MAX_CLOCK_RATE])('a rate of %d is one that somebody can mean', (rate) => {
  const clock = { ...WALL_CLOCK, rate };
  expect(checkClock(clock)).toBe(clock);
});
