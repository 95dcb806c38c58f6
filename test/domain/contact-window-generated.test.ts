import chineseDays from 'chinese-days';
import Holidays from 'date-holidays';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { WEEKDAYS, type Weekday } from '../../domain/contact-policy.js';
import { contactWindow, MAX_HOLD_DAYS, type ContactTimes } from '../../domain/contact-window.js';
import { DAY_MS, instant, type ZoneId } from '../../domain/types.js';

// The oracle shares nothing with the rule: the time on the wall is Intl's, Chinese working days are asked of the
// library's own functions, other holidays by an instant in the afternoon of the day.

const CASES = 10_000;
const MINUTE_MS = 60_000;

/** Whole hours, halves and quarters; both hemispheres; changes at midnight, by half an hour, by a whole day. */
const ZONES = `
  Africa/Cairo Africa/Casablanca Africa/El_Aaiun Africa/Johannesburg Africa/Juba Africa/Lagos Africa/Monrovia
  Africa/Nairobi Africa/Tripoli Africa/Windhoek America/Adak America/Anchorage America/Asuncion America/Bogota
  America/Caracas America/Chicago America/Denver America/Goose_Bay America/Havana America/Los_Angeles
  America/Mexico_City America/Miquelon America/New_York America/Nuuk America/Phoenix America/Port-au-Prince
  America/Santiago America/Sao_Paulo America/Scoresbysund America/St_Johns Antarctica/Casey Antarctica/Troll Asia/Amman
  Asia/Beirut Asia/Chita Asia/Colombo Asia/Damascus Asia/Dhaka Asia/Gaza Asia/Hong_Kong Asia/Jerusalem Asia/Kabul
  Asia/Kathmandu Asia/Kolkata Asia/Pyongyang Asia/Shanghai Asia/Singapore Asia/Tehran Asia/Tokyo Asia/Ulaanbaatar
  Asia/Yangon Atlantic/Azores Atlantic/Reykjavik Australia/Adelaide Australia/Eucla Australia/Lord_Howe
  Australia/Sydney Europe/Berlin Europe/Dublin Europe/Istanbul Europe/Lisbon Europe/London Europe/Moscow Europe/Prague
  Europe/Volgograd Pacific/Apia Pacific/Auckland Pacific/Chatham Pacific/Easter Pacific/Fiji Pacific/Guam
  Pacific/Honolulu Pacific/Kiritimati Pacific/Marquesas Pacific/Norfolk Pacific/Tongatapu UTC`
  .trim()
  .split(/\s+/) as ZoneId[];
const CALENDARS = ['CN', 'US', 'US-CA', 'GB', 'GB-SCT', 'DE-BY', 'JP', 'SA', 'CZ'];
/** Chinese holidays are known from 2004 to the end of 2026; every hold of the policies below ends within a month. */
const FROM = Date.UTC(2004, 0, 3);
const UNTIL = Date.UTC(2026, 10, 25);

interface Wall {
  day: string;
  /** `HH:MM` */
  time: string;
  weekday: Weekday;
}

const formats = new Map<ZoneId, Intl.DateTimeFormat>();
function wallAt(zone: ZoneId, at: number): Wall {
  let format = formats.get(zone);
  if (!format) {
    // Swedish writes days as YYYY-MM-DD
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, hourCycle: 'h23', ...parts });
    formats.set(zone, format);
  }
  const [day = '', time = ''] = format.format(at).split(' ');
  return { day, time, weekday: WEEKDAYS[(new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7] as Weekday };
}

const isWeekend = (weekday: Weekday): boolean => weekday === 'sat' || weekday === 'sun';

function holidaysAround(calendar: string, year: number): { start: Date; end: Date }[] {
  const [country = '', state = ''] = calendar.split('-');
  const rules = new Holidays(country, state, '', { types: ['public', 'bank'], timezone: 'UTC' });
  return [year - 1, year, year + 1].flatMap((of) => rules.getHolidays(of));
}

const holidaysOf = new Map<string, { start: Date; end: Date }[]>();
function isHoliday(calendar: string, day: string, weekday: Weekday): boolean {
  if (calendar === 'CN') {
    // of a weekend the library says its name and that it is off; of a holiday there, the holiday's
    const { work, name } = chineseDays.getDayDetail(day);
    return !work && (!isWeekend(weekday) || name.includes(','));
  }
  const year = Number(day.slice(0, 4));
  const key = `${calendar} ${year}`;
  const holidays = holidaysOf.get(key) ?? holidaysAround(calendar, year);
  holidaysOf.set(key, holidays);
  // later than the holidays that begin at 14:00, earlier than the eve at which feasts of the moon begin
  const afternoon = Date.parse(`${day}T15:00:00Z`);
  return holidays.some(({ start, end }) => start.getTime() <= afternoon && afternoon < end.getTime());
}

function isContactDay({ days, calendar }: ContactTimes, { day, weekday }: Wall): boolean {
  if (calendar === undefined) return days.includes(weekday);
  if (isHoliday(calendar, day, weekday)) return false;
  const madeUp = calendar === 'CN' && isWeekend(weekday) && chineseDays.isWorkday(day);
  return days.includes(weekday) || (madeUp && !WEEKDAYS.slice(0, 5).some((working) => !days.includes(working)));
}

function isOpen(times: ContactTimes, zone: ZoneId, at: number): boolean {
  const wall = wallAt(zone, at);
  return wall.time >= times.hours.from && wall.time < times.hours.to && isContactDay(times, wall);
}

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const anyHours = fc
  .uniqueArray(
    fc.oneof(
      fc.integer({ min: 0, max: 1440 }),
      fc.integer({ min: 0, max: 48 }).map((half) => half * 30),
    ),
    {
      minLength: 2,
      maxLength: 2,
    },
  )
  .map(([one = 0, other = 0]) => ({ from: clock(Math.min(one, other)), to: clock(Math.max(one, other)) }));
const anyDays = fc.oneof(
  fc.constant<Weekday[]>(['mon', 'tue', 'wed', 'thu', 'fri']),
  fc.constant<Weekday[]>([...WEEKDAYS]),
  fc.subarray<Weekday>([...WEEKDAYS], { minLength: 1 }),
);
const anyPolicy: fc.Arbitrary<ContactTimes> = fc
  .record({ days: anyDays, hours: anyHours, calendar: fc.option(fc.constantFrom(...CALENDARS), { nil: undefined }) })
  .map(({ calendar, ...rest }) => (calendar === undefined ? rest : { ...rest, calendar }));

/** Any instant, and often one within a day of a change of the zone's clock. */
const anyZoneAndInstant = fc
  .record({
    zone: fc.constantFrom(...ZONES),
    ms: fc.integer({ min: FROM, max: UNTIL }),
    beside: fc.option(fc.integer({ min: -DAY_MS, max: DAY_MS })),
    wholeMinute: fc.boolean(),
  })
  .map(({ zone, ms, beside, wholeMinute }) => {
    const there = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
    const change = there.getTimeZoneTransition('previous')?.epochMilliseconds ?? ms;
    const at = beside === null ? ms : Math.max(FROM, change + beside);
    return { zone, at: wholeMinute ? Math.floor(at / MINUTE_MS) * MINUTE_MS : at };
  });

/** @returns the first instant of the hold's end, checked to be open */
function held(times: ContactTimes, zone: ZoneId, at: number): number | null {
  const window = contactWindow(times, zone, instant(at));
  if (window.kind === 'open') {
    expect(isOpen(times, zone, at)).toBe(true);
    return null;
  }
  expect(isOpen(times, zone, at)).toBe(false);
  expect(window.reasons).not.toHaveLength(0);
  expect(window.until).toBeGreaterThan(at);
  expect(window.until).toBeLessThan(at + MAX_HOLD_DAYS * DAY_MS);
  expect(isOpen(times, zone, window.until)).toBe(true);
  expect(isOpen(times, zone, window.until - 1)).toBe(false);
  return window.until;
}

test('never in quiet hours, never earlier than asked, the earliest there is, and a hold always ends', () => {
  const share = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
    minLength: 20,
    maxLength: 20,
  });
  let holds = 0;
  fc.assert(
    fc.property(anyZoneAndInstant, anyPolicy, share, ({ zone, at }, times, shares) => {
      const until = held(times, zone, at);
      if (until === null) return;
      holds += 1;
      // no open minute in between: all over the hold, and close to its ends
      const samples = shares.flatMap((part) => [
        at + part * (until - at),
        until - part * 2 * DAY_MS,
        at + part * DAY_MS,
      ]);
      const within = samples.map(Math.floor).filter((ms) => ms >= at && ms < until);
      const open = within.filter((ms) => isOpen(times, zone, ms)).map((ms) => new Date(ms).toISOString());
      expect(open).toEqual([]);
    }),
    { numRuns: CASES },
  );
  expect(ZONES.length).toBeGreaterThanOrEqual(60);
  expect(holds).toBeGreaterThan(CASES / 2);
}, 300_000);

test('not one minute of a hold is open, where every minute is looked at', () => {
  const soon = anyPolicy.map((times) => ({ ...times, days: [...WEEKDAYS] }));
  fc.assert(
    fc.property(anyZoneAndInstant, soon, ({ zone, at }, times) => {
      const until = held(times, zone, at) ?? at;
      const open: string[] = [];
      for (let ms = at; ms < until; ms += MINUTE_MS) if (isOpen(times, zone, ms)) open.push(new Date(ms).toISOString());
      expect(open).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 120_000);
