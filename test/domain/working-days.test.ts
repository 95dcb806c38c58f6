import chineseDays from 'chinese-days';
import { CalendarEnded, dayKind, knownYears, publishedYears, yearlyUntil } from '../../domain/public-holidays.js';
import { addDays, plainDate, type PlainDate } from '../../domain/types.js';
import { addWorkingDays, isWorkingDay } from '../../domain/working-days.js';

const kind = (calendar: string, day: string): string => dayKind(calendar, plainDate(day));
const due = (calendar: string | null, day: string, n: number): string => addWorkingDays(calendar, plainDate(day), n);

describe('a first contact due within working days', () => {
  test.each([
    ['within 1 of a Friday: Monday', null, '2026-11-27', 1, '2026-11-30'],
    ['within 3 of a Tuesday: Friday', null, '2026-11-24', 3, '2026-11-27'],
    ['within 7 of a Tuesday: Thursday of the next week', null, '2026-11-24', 7, '2026-12-03'],
    ['within 1 of a Saturday: Monday', null, '2026-11-28', 1, '2026-11-30'],
    ['without a calendar, on a holiday too', null, '2026-12-24', 1, '2026-12-25'],
    ['in England after Christmas and the day for Boxing Day', 'GB-ENG', '2026-12-24', 1, '2026-12-29'],
    ['in China the make-up Sunday counts', 'CN', '2026-09-18', 1, '2026-09-20'],
    ['in China the Golden Week and the days before it do not', 'CN', '2026-09-30', 3, '2026-10-10'],
  ])('%s', (_words, calendar, day, n, expected) => {
    expect(due(calendar, day, n)).toBe(expected);
  });

  test.each([0, -1, 1.5, 261, Number.NaN])('%d working days are not counted', (n) => {
    expect(() => due(null, '2026-11-24', n)).toThrow(
      /working days can't be counted; name a whole number from 1 to 260/,
    );
  });

  test('a year of working days is counted', () => {
    // 52 weeks to 23 November 2027, and eight holidays on the way that are no weekend
    expect(due('DE', '2026-11-24', 260)).toBe('2027-12-03');
  });
});

test.each([
  ['Saturday', '2026-11-28', null, false],
  ['Sunday', '2026-11-29', null, false],
  ['Monday', '2026-11-30', null, true],
  ['the make-up Sunday', '2026-09-20', 'CN', true],
  ['the make-up Saturday', '2026-10-10', 'CN', true],
  ['the make-up Saturday where nobody makes up', '2026-10-10', 'GB', false],
  ['National Day', '2026-10-01', 'CN', false],
  ['National Day elsewhere', '2026-10-01', 'GB', true],
])('whether the bank works: %s', (_words, day, calendar, works) => {
  expect(isWorkingDay(calendar, plainDate(day))).toBe(works);
});

describe('the Chinese calendar', () => {
  const { first, last } = knownYears('CN');

  test('reaches as far as holidays are published, by the data and not by a number of ours', () => {
    const published = (year: number): boolean =>
      chineseDays.getHolidaysInRange(`${year}-01-01`, `${year}-12-31`, false).length > 0;
    expect([first - 1, first, last, last + 1].map(published)).toEqual([false, true, true, false]);
    expect(last).toBeGreaterThanOrEqual(2026);
  });

  test('is not known for a year into which the schedule of the one before reaches', () => {
    const daysOff = new Set(['2024-10-01', '2025-01-01', '2025-10-01', '2025-12-31', '2026-01-01', '2026-01-02']);
    expect(publishedYears(daysOff)).toEqual({ first: 2024, last: 2025 });
  });

  test('has the working days that the library itself tells, on every day that it knows', () => {
    const others: PlainDate[] = [];
    for (let day = plainDate(`${first}-01-01`); day <= `${last}-12-31`; day = addDays(day, 1))
      if (isWorkingDay('CN', day) !== chineseDays.isWorkday(day)) others.push(day);
    expect(others).toEqual([]);
  });

  test.each([`${first - 1}-12-31`, `${last + 1}-01-01`])('%s is not taken for a day without holidays', (day) => {
    expect(() => kind('CN', day)).toThrow(CalendarEnded);
    expect(() => kind('CN', day)).toThrow(
      `the calendar CN is known from ${first}-01-01 to ${last}-12-31, and ${day} is to be judged; update the package chinese-days`,
    );
    expect(() => isWorkingDay('CN', plainDate(day))).toThrow(CalendarEnded);
  });

  test('a due day in a year that is not published is refused', () => {
    expect(() => due('CN', `${last}-12-25`, 7)).toThrow(CalendarEnded);
  });
});

describe('public holidays of other countries', () => {
  test.each([
    ['GB', '2026-04-03', 'public-holiday'],
    ['GB', '2026-12-28', 'public-holiday'],
    ['GB', '2026-08-03', 'ordinary'],
    ['GB-SCT', '2026-08-03', 'public-holiday'],
    ['US', '2026-11-26', 'public-holiday'],
    ['US', '2026-11-27', 'ordinary'],
    ['US-CA', '2026-11-27', 'public-holiday'],
    ['DE', '2026-01-06', 'ordinary'],
    ['DE-BY', '2026-01-06', 'public-holiday'],
    ['JP', '2026-05-06', 'public-holiday'],
    // a bank holiday of the afternoon is the whole day
    ['DE-BY', '2026-12-24', 'public-holiday'],
    // Mother's Day is no day off
    ['US', '2026-05-10', 'ordinary'],
    // New Year 2022 was a Saturday: the day off belongs to the year before
    ['US', '2021-12-31', 'public-holiday'],
    // six days from 28 December on reach into the new year
    ['SZ', '2027-01-02', 'public-holiday'],
    ['SZ', '2027-01-03', 'ordinary'],
    // four days of Eid; the library begins them on the eve
    ['SA', '2026-03-18', 'ordinary'],
    ['SA', '2026-03-19', 'public-holiday'],
    ['SA', '2026-03-22', 'public-holiday'],
    ['SA', '2026-03-23', 'ordinary'],
    // three and a half days, of which the half is the eve
    ['TR', '2026-03-22', 'public-holiday'],
    ['TR', '2026-03-23', 'ordinary'],
    // three days of which the first has 23 hours
    ['BA', '2025-04-01', 'public-holiday'],
    ['BA', '2025-04-02', 'ordinary'],
    // the clocks are set forward on Easter Sunday 2024: that day has 23 hours
    ['AL', '2024-03-31', 'public-holiday'],
  ])('%s on %s: %s', (calendar, day, expected) => {
    expect(kind(calendar, day)).toBe(expected);
  });

  test('nothing is known of a calendar that nobody knows', () => {
    expect(() => kind('XX', '2026-01-01')).toThrow('no holidays are known for the calendar "XX"');
  });
});

describe('calendars that end', () => {
  test.each([
    // by rules that hold
    ['GB', 1970, 2099],
    ['US-CA', 1970, 2099],
    ['DE-BY', 1970, 2099],
    ['JP', 1970, 2099],
    // elections and a day of mourning are one-off
    ['KR', 1970, 2099],
    // by the tables of the moon
    ['SA', 1970, 2076],
    ['TR', 1970, 2076],
    // by the list of what is decided anew each year: Vesak, Nyepi, bridge days
    ['SG', 1970, 2026],
    ['TH', 1970, 2026],
    ['MY', 1970, 2026],
    ['ID', 1970, 2027],
    ['AR', 1970, 2025],
    ['NZ', 1970, 2052],
  ])('%s is known from %d to %d', (calendar, first, last) => {
    expect(knownYears(calendar)).toEqual({ first, last });
    expect(() => kind(calendar, `${last}-12-31`)).not.toThrow();
    expect(() => kind(calendar, `${last + 1}-01-01`)).toThrow(CalendarEnded);
    expect(() => kind(calendar, `${last + 1}-01-01`)).toThrow('update the package date-holidays');
    expect(() => kind(calendar, `${first - 1}-12-31`)).toThrow(CalendarEnded);
  });

  test('a list ends what is known only where the holiday is decided anew each year', () => {
    const listed = (name: string, ...years: number[]): { name: string; rule: string }[] =>
      years.map((year) => ({ name, rule: `${year}-05-12` }));
    const vesak = listed('Vesak', 2022, 2023, 2024, 2025, 2026);
    expect(yearlyUntil([...vesak, { name: 'New Year', rule: '01-01' }])).toEqual([2026]);
    // a rule gives the next ones
    expect(yearlyUntil([...vesak, { name: 'Vesak', rule: '05-12 since 2027' }])).toEqual([]);
    // elections are held when they are
    expect(yearlyUntil(listed('Election Day', 2015, 2017, 2019, 2021, 2023, 2025))).toEqual([]);
    expect(yearlyUntil(listed('Election Day', 2019, 2020, 2021))).toEqual([]);
  });

  test('within what is known of Saudi Arabia, no year is without its two feasts', () => {
    const { first, last } = knownYears('SA');
    for (let year = first; year <= last; year++) {
      let off = 0;
      for (let day = plainDate(`${year}-01-01`); day <= `${year}-12-31`; day = addDays(day, 1))
        if (kind('SA', day) !== 'ordinary') off += 1;
      expect([year, off >= 8]).toEqual([year, true]);
    }
  });
});
