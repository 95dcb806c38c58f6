import type { Weekday } from '../../domain/contact-policy.js';
import { contactWindow, WindowNeverOpens, type ContactTimes, type ContactWindow } from '../../domain/contact-window.js';
import { CalendarEnded } from '../../domain/public-holidays.js';
import { instant, type ZoneId } from '../../domain/types.js';

const MON_TO_FRI: Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const EVERY_DAY: Weekday[] = [...MON_TO_FRI, 'sat', 'sun'];

const policy = (days: Weekday[], from: string, to: string, calendar?: string): ContactTimes => ({
  days,
  hours: { from, to },
  ...(calendar === undefined ? {} : { calendar }),
});
const ask = (times: ContactTimes, zone: string, at: string): ContactWindow =>
  contactWindow(times, zone as ZoneId, instant(Date.parse(at)));
/** `open`, or the instant until which the policy holds. */
const until = (times: ContactTimes, zone: string, at: string): string => {
  const window = ask(times, zone, at);
  return window.kind === 'open' ? 'open' : new Date(window.until).toISOString().replace('.000Z', 'Z');
};
const utc = (text: string): string => new Date(text).toISOString().replace('.000Z', 'Z');

describe('the named cases', () => {
  test('Shanghai, Monday to Friday at 07:30, asked on Friday noon: Monday 07:30', () => {
    const times = policy(MON_TO_FRI, '07:30', '08:30');
    expect(ask(times, 'Asia/Shanghai', '2026-11-27T12:00:00+08:00')).toEqual({
      kind: 'closed',
      until: Date.parse('2026-11-30T07:30:00+08:00'),
      reasons: ['quiet-hours'],
    });
  });

  test('New York, Monday to Friday at 20:00, asked on Thursday at 21:00: Friday 20:00', () => {
    const times = policy(MON_TO_FRI, '20:00', '21:00');
    expect(until(times, 'America/New_York', '2026-11-19T21:00:00-05:00')).toBe(utc('2026-11-20T20:00:00-05:00'));
  });

  test.each([
    ['spring', '2026-03-28T18:00:00Z', '2026-03-29T09:00:00+01:00'],
    ['autumn', '2026-10-24T18:00:00+01:00', '2026-10-25T09:00:00Z'],
  ])("London's 09:00 stays 09:00 over the clock change in %s", (_season, at, opens) => {
    expect(until(policy(EVERY_DAY, '09:00', '17:00'), 'Europe/London', at)).toBe(utc(opens));
  });

  const china = policy(MON_TO_FRI, '07:30', '19:00', 'CN');

  test.each([
    ['Sunday 20 September', '2026-09-20T07:30:00+08:00'],
    ['Saturday 10 October', '2026-10-10T18:59:59+08:00'],
  ])('the Chinese make-up %s 2026 is a contact day of Monday to Friday', (_day, at) => {
    expect(until(china, 'Asia/Shanghai', at)).toBe('open');
    expect(ask(policy(MON_TO_FRI, '07:30', '19:00'), 'Asia/Shanghai', at)).toMatchObject({
      kind: 'closed',
      reasons: ['not-a-contact-day'],
    });
  });

  test('a make-up Sunday is opened by its own weekday too, and not by a part of the working week', () => {
    const at = '2026-09-20T09:00:00+08:00';
    expect(until(policy(['sun'], '07:30', '19:00', 'CN'), 'Asia/Shanghai', at)).toBe('open');
    expect(until(policy(['mon', 'tue', 'wed', 'thu'], '07:30', '19:00', 'CN'), 'Asia/Shanghai', at)).toBe(
      utc('2026-09-21T07:30:00+08:00'),
    );
  });

  test('asked on the evening before, the make-up Sunday is the day it is held for', () => {
    expect(until(china, 'Asia/Shanghai', '2026-09-19T20:00:00+08:00')).toBe('2026-09-19T23:30:00Z');
  });

  test.each(['01', '02', '03', '04', '05', '06', '07'])(
    'the Golden Week is not: nothing goes out on %s October',
    (day) => {
      const opens = utc('2026-10-08T07:30:00+08:00');
      expect(until(china, 'Asia/Shanghai', `2026-10-${day}T09:00:00+08:00`)).toBe(opens);
      const everyDay = policy(EVERY_DAY, '07:30', '19:00', 'CN');
      expect(until(everyDay, 'Asia/Shanghai', `2026-10-${day}T09:00:00+08:00`)).toBe(opens);
    },
  );
});

describe('hours are half-open', () => {
  const times = policy(EVERY_DAY, '07:30', '19:00');
  test.each([
    ['2026-11-24T07:29:59.999+08:00', utc('2026-11-24T07:30:00+08:00')],
    ['2026-11-24T07:30:00+08:00', 'open'],
    ['2026-11-24T18:59:59.999+08:00', 'open'],
    ['2026-11-24T19:00:00+08:00', utc('2026-11-25T07:30:00+08:00')],
  ])('07:30 belongs to them and 19:00 does not: %s', (at, answer) => {
    expect(until(times, 'Asia/Shanghai', at)).toBe(answer);
  });

  test('until 24:00 is until the last millisecond of the day, and from 00:00 all day long', () => {
    const evening = policy(EVERY_DAY, '23:00', '24:00');
    expect(until(evening, 'Asia/Shanghai', '2026-11-24T23:59:59.999+08:00')).toBe('open');
    expect(until(evening, 'Asia/Shanghai', '2026-11-25T00:00:00+08:00')).toBe(utc('2026-11-25T23:00:00+08:00'));
    const monday = policy(['mon'], '00:00', '24:00');
    expect(until(monday, 'Asia/Shanghai', '2026-11-24T00:00:00+08:00')).toBe(utc('2026-11-30T00:00:00+08:00'));
    expect(until(monday, 'Asia/Shanghai', '2026-11-23T23:59:59.999+08:00')).toBe('open');
  });
});

test('every reason that speaks is told, in one order', () => {
  const china = policy(MON_TO_FRI, '07:30', '19:00', 'CN');
  const reasons = (at: string): unknown => {
    const window = ask(china, 'Asia/Shanghai', at);
    return window.kind === 'closed' ? window.reasons : window.kind;
  };
  expect(reasons('2026-10-03T21:00:00+08:00')).toEqual(['quiet-hours', 'not-a-contact-day', 'public-holiday']);
  expect(reasons('2026-10-03T09:00:00+08:00')).toEqual(['not-a-contact-day', 'public-holiday']);
  expect(reasons('2026-10-01T09:00:00+08:00')).toEqual(['public-holiday']);
  expect(reasons('2026-11-22T09:00:00+08:00')).toEqual(['not-a-contact-day']);
  expect(reasons('2026-11-24T21:00:00+08:00')).toEqual(['quiet-hours']);
  expect(reasons('2026-11-24T19:00:00+08:00')).toEqual(['quiet-hours']);
  expect(reasons('2026-11-24T09:00:00+08:00')).toBe('open');
});

describe("the day is the customer's, whatever day it is at the bank's", () => {
  test("Christmas of a customer in Kiribati begins fourteen hours before London's", () => {
    const british = policy(EVERY_DAY, '08:00', '20:00', 'GB');
    expect(until(british, 'Europe/London', '2026-12-24T18:00:00Z')).toBe('open');
    expect(ask(british, 'Pacific/Kiritimati', '2026-12-24T18:00:00Z')).toEqual({
      kind: 'closed',
      // Boxing Day is a Saturday, so Monday the 28th is off as well; Sunday the 27th is not
      until: Date.parse('2026-12-27T08:00:00+14:00'),
      reasons: ['public-holiday'],
    });
  });

  test('a holiday is a whole day in any zone, whatever the zone of its country', () => {
    const american = policy(EVERY_DAY, '00:00', '24:00', 'US');
    for (const [zone, offset] of [
      ['Pacific/Auckland', '+12:00'],
      ['Pacific/Honolulu', '-10:00'],
    ] as const) {
      expect(until(american, zone, `2026-09-06T23:59:59${offset}`)).toBe('open');
      expect(until(american, zone, `2026-09-07T00:00:00${offset}`)).toBe(utc(`2026-09-08T00:00:00${offset}`));
    }
  });
});

describe('a local time that a clock change leaves out means the first instant after the gap', () => {
  test.each([
    // at the wall's 02:00 it is 03:00
    ['America/New_York', '02:30', '04:00', '2026-03-08T00:00:00-05:00', '2026-03-08T03:00:00-04:00'],
    ['America/St_Johns', '02:15', '04:00', '2026-03-08T00:00:00-03:30', '2026-03-08T03:00:00-02:30'],
    ['Europe/London', '01:30', '04:00', '2026-03-29T00:00:00Z', '2026-03-29T02:00:00+01:00'],
    // half an hour is left out
    ['Australia/Lord_Howe', '02:15', '03:00', '2026-10-04T01:00:00+10:30', '2026-10-04T02:30:00+11:00'],
    // a quarter: the day began at 00:15
    ['Asia/Kathmandu', '00:00', '01:00', '1985-12-31T23:30:00+05:30', '1986-01-01T00:15:00+05:45'],
    // the day begins at 01:00
    ['Africa/Cairo', '00:00', '06:00', '2026-04-23T20:00:00+02:00', '2026-04-24T01:00:00+03:00'],
    ['America/Havana', '00:30', '06:00', '2026-03-07T20:00:00-05:00', '2026-03-08T01:00:00-04:00'],
  ])('%s from %s to %s, asked %s', (zone, from, to, at, opens) => {
    expect(until(policy(EVERY_DAY, from, to), zone, at)).toBe(utc(opens));
    expect(until(policy(EVERY_DAY, from, to), zone, opens)).toBe('open');
  });

  test('hours that are left out as a whole come on the next day', () => {
    const times = policy(EVERY_DAY, '02:15', '02:45');
    expect(until(times, 'America/New_York', '2026-03-08T01:00:00-05:00')).toBe(utc('2026-03-09T02:15:00-04:00'));
  });

  test('hours that begin before the gap and end in it end with it', () => {
    const times = policy(EVERY_DAY, '01:00', '02:30');
    expect(until(times, 'America/New_York', '2026-03-08T01:59:59-05:00')).toBe('open');
    expect(until(times, 'America/New_York', '2026-03-08T03:00:00-04:00')).toBe(utc('2026-03-09T01:00:00-04:00'));
  });

  test('a day that a country leaves out is no contact day: Apia had no Friday 30 December 2011', () => {
    const at = '2011-12-29T12:00:00-10:00';
    expect(until(policy(['fri'], '09:00', '17:00'), 'Pacific/Apia', at)).toBe(utc('2012-01-06T09:00:00+14:00'));
    expect(until(policy(['fri', 'sat'], '00:00', '17:00'), 'Pacific/Apia', at)).toBe(utc('2011-12-31T00:00:00+14:00'));
  });
});

describe('where the clock is set back, an instant counts by the time on the wall', () => {
  test.each([
    // 01:00 to 02:00 comes twice; the second time is open again
    ['America/New_York', '01:15', '01:30', '2026-11-01T01:30:00-04:00', '2026-11-01T01:15:00-05:00'],
    ['America/St_Johns', '01:00', '01:30', '2026-11-01T01:45:00-02:30', '2026-11-01T01:00:00-03:30'],
    ['Europe/London', '01:00', '01:30', '2026-10-25T01:59:00+01:00', '2026-10-25T01:00:00Z'],
    // 01:30 to 02:00 does
    ['Australia/Lord_Howe', '01:30', '01:45', '2026-04-05T01:50:00+11:00', '2026-04-05T01:30:00+10:30'],
    // midnight comes twice
    ['America/Havana', '00:00', '00:30', '2026-11-01T00:45:00-04:00', '2026-11-01T00:00:00-05:00'],
    // the last hour of the day comes twice
    ['Africa/Cairo', '23:30', '24:00', '2026-10-29T23:00:00+02:00', '2026-10-29T23:30:00+02:00'],
  ])('%s from %s to %s, asked %s', (zone, from, to, at, opens) => {
    expect(until(policy(EVERY_DAY, from, to), zone, at)).toBe(utc(opens));
  });

  test('an instant of the second hour is as quiet as one of the first', () => {
    const times = policy(EVERY_DAY, '01:30', '06:00');
    for (const offset of ['-04:00', '-05:00']) {
      expect(until(times, 'America/New_York', `2026-11-01T01:30:00${offset}`)).toBe('open');
      expect(ask(times, 'America/New_York', `2026-11-01T01:29:00${offset}`).kind).toBe('closed');
    }
  });

  test("Saturday comes back in St John's of 2010: a minute after midnight it is 23:01 again", () => {
    const saturday = policy(['sat'], '23:00', '24:00');
    expect(until(saturday, 'America/St_Johns', '2010-11-07T00:00:30-02:30')).toBe(utc('2010-11-06T23:01:00-03:30'));
    const sunday = policy(['sun'], '00:00', '12:00');
    expect(until(sunday, 'America/St_Johns', '2010-11-06T23:30:00-03:30')).toBe(utc('2010-11-07T00:00:00-03:30'));
  });
});

test('Kathmandu is a quarter of an hour off, and its 09:00 is 03:15 in UTC', () => {
  expect(until(policy(EVERY_DAY, '09:00', '17:00'), 'Asia/Kathmandu', '2026-11-24T00:00:00Z')).toBe(
    '2026-11-24T03:15:00Z',
  );
});

test('Casablanca sets its clock back for the month of Ramadan', () => {
  const times = policy(EVERY_DAY, '09:00', '17:00');
  expect(until(times, 'Africa/Casablanca', '2026-02-10T00:00:00Z')).toBe('2026-02-10T08:00:00Z');
  expect(until(times, 'Africa/Casablanca', '2026-03-01T00:00:00Z')).toBe('2026-03-01T09:00:00Z');
  expect(until(times, 'Africa/Casablanca', '2026-03-30T00:00:00Z')).toBe('2026-03-30T08:00:00Z');
});

test('the answer does not hang on what was asked before', () => {
  const times = policy(EVERY_DAY, '09:00', '17:00');
  const asked = ['2026-06-01', '2020-01-01', '2026-10-25', '1999-12-31', '2026-03-29', '2035-07-01', '2026-06-01'];
  const answers = (): string[] => asked.map((day) => until(times, 'Europe/Prague', `${day}T00:00:00Z`));
  const first = answers();
  for (let year = 1980; year < 2030; year++) until(times, 'Europe/Prague', `${year}-07-01T00:00:00Z`);
  expect(answers()).toEqual(first);
  expect(first).toEqual([
    '2026-06-01T07:00:00Z',
    '2020-01-01T08:00:00Z',
    '2026-10-25T08:00:00Z',
    '1999-12-31T08:00:00Z',
    '2026-03-29T07:00:00Z',
    '2035-07-01T07:00:00Z',
    '2026-06-01T07:00:00Z',
  ]);
});

describe('what can not be answered is said', () => {
  test('a hold that would end in a year of which no holidays are published yet', () => {
    const china = policy(MON_TO_FRI, '07:30', '19:00', 'CN');
    expect(until(china, 'Asia/Shanghai', '2026-12-31T18:59:00+08:00')).toBe('open');
    const asked = (): ContactWindow => ask(china, 'Asia/Shanghai', '2026-12-31T19:00:00+08:00');
    expect(asked).toThrow(CalendarEnded);
    expect(asked).toThrow(
      'the calendar CN is known from 2004-01-01 to 2026-12-31, and 2027-01-01 is to be judged; update the package chinese-days, or take the calendar out of the contact policy',
    );
    expect(until(policy(MON_TO_FRI, '07:30', '19:00'), 'Asia/Shanghai', '2026-12-31T19:00:00+08:00')).toBe(
      '2026-12-31T23:30:00Z',
    );
  });

  test('a policy without a day, which validation refuses, ends in an error and not in a hold without end', () => {
    expect(() => ask(policy([], '09:00', '17:00'), 'Europe/Prague', '2026-01-01T00:00:00Z')).toThrow(WindowNeverOpens);
    expect(() => ask(policy(['mon'], '09:00', '09:00'), 'UTC', '2026-01-01T00:00:00Z')).toThrow(
      'the contact policy opens on no day within 400 days after 2026-01-01T00:00:00.000Z',
    );
  });

  test('a zone that is no IANA name', () => {
    expect(() => ask(policy(EVERY_DAY, '09:00', '17:00'), 'Middle/Nowhere', '2026-01-01T00:00:00Z')).toThrow(
      RangeError,
    );
  });
});
