import fc from 'fast-check';
import { describeDuration, MAX_WAIT_DAYS, readDuration } from '../../domain/duration.js';
import { DAY_MS, days, millis } from '../../domain/types.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

test.each([
  ['10 days', 10 * DAY_MS],
  ['1 day', DAY_MS],
  ['1 days', DAY_MS],
  ['36 hours', 36 * HOUR_MS],
  ['2 weeks', 14 * DAY_MS],
  ['90 minutes', 90 * MINUTE_MS],
  ['0 days', 0],
])('a campaign that says "%s" waits for %d ms', (text, ms) => {
  expect(readDuration(text)).toBe(ms);
});

test.each([
  '',
  '10',
  'days',
  'ten days',
  '10days',
  '10  days',
  ' 10 days',
  '10 days ',
  '-1 days',
  '1.5 days',
  '1e2 days',
  '10 Days',
  '10 months',
  '10 seconds',
  '10 dayss',
  '99999 minutes',
  '10 days\n',
  '١٠ days',
])('"%s" is no length of time, and no campaign is published with it', (text) => {
  expect(readDuration(text)).toBeNull();
});

test('a journey lasts a year at the most: the longest wait is 366 days, in whatever unit it is written', () => {
  expect(readDuration('366 days')).toBe(days(MAX_WAIT_DAYS));
  expect(readDuration('367 days')).toBeNull();
  expect(readDuration('8784 hours')).toBe(days(MAX_WAIT_DAYS));
  expect(readDuration('8785 hours')).toBeNull();
  expect(readDuration('52 weeks')).toBe(days(364));
  expect(readDuration('53 weeks')).toBeNull();
});

test.each([
  [10 * DAY_MS, '10 days'],
  [DAY_MS, '1 day'],
  [36 * HOUR_MS, '36 hours'],
  [HOUR_MS, '1 hour'],
  [90 * MINUTE_MS, '90 minutes'],
  [MINUTE_MS, '1 minute'],
  [0, '0 days'],
])('%d ms are told to people as "%s"', (ms, words) => {
  expect(describeDuration(millis(ms))).toBe(words);
});

test('what people are told of a length of time is read back as the same length', () => {
  const text = fc
    .tuple(fc.integer({ min: 0, max: 9999 }), fc.constantFrom('minute', 'minutes', 'hour', 'hours', 'day', 'weeks'))
    .map(([count, unit]) => `${count} ${unit}`);
  fc.assert(
    fc.property(text, (written) => {
      const span = readDuration(written);
      fc.pre(span !== null);
      expect(readDuration(describeDuration(span ?? millis(0)))).toBe(span);
    }),
  );
});

test('whatever is written, a wait is never negative, never endless and never no number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,5} ?(minute|hour|day|week|year)s?$/)), (text) => {
      const span = readDuration(text);
      if (span === null) return;
      expect(span).toBeGreaterThanOrEqual(0);
      expect(span).toBeLessThanOrEqual(days(MAX_WAIT_DAYS));
    }),
  );
});
