import fc from 'fast-check';
import { dateIn } from '../../domain/calendar.js';
import { instant, type ZoneId } from '../../domain/types.js';

const SHANGHAI = 'Asia/Shanghai' as ZoneId;
const PRAGUE = 'Europe/Prague' as ZoneId;
const NEW_YORK = 'America/New_York' as ZoneId;
const day = (zone: ZoneId, utc: string): string => dateIn(zone, instant(Date.parse(utc)));

test.each([
  [SHANGHAI, '2026-01-12T15:59:59.999Z', '2026-01-12'],
  [SHANGHAI, '2026-01-12T16:00:00Z', '2026-01-13'],
  [SHANGHAI, '2025-12-31T16:00:00Z', '2026-01-01'],
  [PRAGUE, '2026-01-12T22:59:59.999Z', '2026-01-12'],
  [PRAGUE, '2026-01-12T23:00:00Z', '2026-01-13'],
  [NEW_YORK, '2026-01-13T04:59:59.999Z', '2026-01-12'],
  [NEW_YORK, '2026-01-13T05:00:00Z', '2026-01-13'],
  [NEW_YORK, '2024-03-01T04:59:59Z', '2024-02-29'],
])("in %s the day changes at the bank's own midnight: %s is on %s", (zone, utc, date) => {
  expect(day(zone, utc)).toBe(date);
});

test.each([
  // summer time begins on 29 March 2026 in Prague, on 8 March in New York: midnight comes an hour earlier in UTC
  [PRAGUE, '2026-03-28T22:59:59.999Z', '2026-03-28'],
  [PRAGUE, '2026-03-28T23:00:00Z', '2026-03-29'],
  [PRAGUE, '2026-03-29T21:59:59.999Z', '2026-03-29'],
  [PRAGUE, '2026-03-29T22:00:00Z', '2026-03-30'],
  [NEW_YORK, '2026-03-08T04:59:59.999Z', '2026-03-07'],
  [NEW_YORK, '2026-03-08T05:00:00Z', '2026-03-08'],
  [NEW_YORK, '2026-03-09T03:59:59.999Z', '2026-03-08'],
  [NEW_YORK, '2026-03-09T04:00:00Z', '2026-03-09'],
  // and ends on 25 October in Prague, on 1 November in New York: the day has 25 hours
  [PRAGUE, '2026-10-24T22:00:00Z', '2026-10-25'],
  [PRAGUE, '2026-10-25T22:59:59.999Z', '2026-10-25'],
  [PRAGUE, '2026-10-25T23:00:00Z', '2026-10-26'],
  [NEW_YORK, '2026-11-01T04:00:00Z', '2026-11-01'],
  [NEW_YORK, '2026-11-02T04:59:59.999Z', '2026-11-01'],
  [NEW_YORK, '2026-11-02T05:00:00Z', '2026-11-02'],
])('on the day that the clocks change, %s has %s on %s', (zone, utc, date) => {
  expect(day(zone, utc)).toBe(date);
});

test('one instant is three days of business in three places', () => {
  const utc = '2025-12-31T23:30:00Z';
  expect([SHANGHAI, PRAGUE, NEW_YORK].map((zone) => day(zone, utc))).toEqual([
    '2026-01-01',
    '2026-01-01',
    '2025-12-31',
  ]);
});

test('a zone that is no IANA name is refused', () => {
  expect(() => day('Middle/Nowhere' as ZoneId, '2026-01-12T00:00:00Z')).toThrow(RangeError);
});

test('the day is that of the calendar on the wall of that place, at every instant', () => {
  const anyInstant = fc.integer({ min: Date.UTC(1993, 0, 1), max: Date.UTC(2040, 0, 1) });
  fc.assert(
    fc.property(fc.constantFrom(SHANGHAI, PRAGUE, NEW_YORK), anyInstant, (zone, ms) => {
      // Swedish writes days as YYYY-MM-DD
      const onTheWall = new Intl.DateTimeFormat('sv-SE', { timeZone: zone }).format(ms);
      expect(dateIn(zone, instant(ms))).toBe(onTheWall);
    }),
    { numRuns: 300 },
  );
});
