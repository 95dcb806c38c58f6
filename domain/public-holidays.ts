import chineseDays from 'chinese-days/dist/chinese-days.json';
import Holidays, { type HolidaysTypes } from 'date-holidays';
import { CHINA, placeOf, type Place } from './holiday-calendars.js';
import { addDays, DAY_MS, type PlainDate } from './types.js';

/** What a calendar makes of a day; an ordinary one is a working day by its weekday alone. */
export type DayKind = 'ordinary' | 'public-holiday' | 'make-up-working-day';

/** Calendar years of which all holidays are known, both included. */
export interface KnownYears {
  first: number;
  last: number;
}

/** A day has to be judged of which the calendar knows nothing: it is not taken for a day without holidays. */
export class CalendarEnded extends Error {
  override readonly name = 'CalendarEnded';
  constructor(
    readonly calendar: string,
    readonly day: PlainDate,
    readonly known: KnownYears,
  ) {
    super(
      `the calendar ${calendar} is known from ${known.first}-01-01 to ${known.last}-12-31, and ${day} is to be judged; ` +
        `update the package ${calendar === CHINA ? 'chinese-days' : 'date-holidays'}, ` +
        'or take the calendar out of the contact policy',
    );
  }
}

interface CalendarTable {
  known: KnownYears;
  kindOf: (day: PlainDate) => DayKind;
}

/** Rules of law hold until they are changed; before and after these years nobody asks. */
const RULES_HOLD: KnownYears = { first: 1970, last: 2099 };
/** A holiday that was listed day by day in so many years is decided anew each year: no rule gives the next. */
const YEARLY_FROM = 5;
const HOUR_MS = 3_600_000;

/** Tables within date-holidays that end: beyond them it leaves such holidays out and says nothing. */
const MOON_TABLES = [
  {
    months: /\d (Muharram|Safar|Rabi al-|Jumada al-|Rajab|Shaban|Ramadan|Shawwal|Dhu al-)/,
    // each of these falls into every year at least once
    feasts: ['1 Muharram', '12 Rabi al-awwal', '1 Shawwal', '10 Dhu al-Hijjah'],
  },
  {
    months: /\d (Nisan|Iyyar|Sivan|Tamuz|Av|Elul|Tishrei|Cheshvan|Kislev|Tevet|Shvat|Adar)\b/,
    feasts: ['15 Nisan', '1 Tishrei'],
  },
];

/** One for each calendar that was asked for, of at most as many as date-holidays knows. */
const tables = new Map<string, CalendarTable>();

/**
 * What a calendar makes of a day. Public and bank holidays count, those of an afternoon as the whole day.
 * @param calendar a name that isCalendar knows
 * @throws CalendarEnded when the day lies outside knownYears
 */
export function dayKind(calendar: string, day: PlainDate): DayKind {
  const { known, kindOf } = tableOf(calendar);
  const year = Number(day.slice(0, 4));
  if (!(year >= known.first && year <= known.last)) throw new CalendarEnded(calendar, day, known);
  return kindOf(day);
}

/**
 * The years of which a calendar knows all holidays: as far as the State Council has published them, as the tables of the
 * moon reach, and as those holidays are listed that are decided anew each year (Vesak in Singapore).
 * @param calendar a name that isCalendar knows
 */
export const knownYears = (calendar: string): KnownYears => tableOf(calendar).known;

function tableOf(calendar: string): CalendarTable {
  const kept = tables.get(calendar);
  if (kept) return kept;
  const made = calendar === CHINA ? chineseTable() : ruledTable(calendar);
  tables.set(calendar, made);
  return made;
}

function chineseTable(): CalendarTable {
  const off = new Set(Object.keys(chineseDays.holidays));
  const made = new Set(Object.keys(chineseDays.workdays));
  return {
    known: publishedYears(off),
    kindOf: (day) => (off.has(day) ? 'public-holiday' : made.has(day) ? 'make-up-working-day' : 'ordinary'),
  };
}

/**
 * The years of which the State Council's schedule is among the days off. A schedule may reach a few days into the next
 * year, which is not published by that: one that is has National Day.
 */
export function publishedYears(daysOff: ReadonlySet<string>): KnownYears {
  const years = [...daysOff].map((day) => Number(day.slice(0, 4)));
  const range = { first: Math.min(...years), last: Math.max(...years) };
  return unbroken(range, (year) => daysOff.has(`${year}-10-01`));
}

/** @throws RangeError when nobody knows the calendar */
function ruledTable(calendar: string): CalendarTable {
  const place = placeOf(calendar);
  if (!place) throw new RangeError(`no holidays are known for the calendar "${calendar}"`);
  const holidays = holidaysOf(place);
  const years = new Map<number, ReadonlySet<string>>();
  const off = (year: number): ReadonlySet<string> => {
    const kept = years.get(year);
    if (kept) return kept;
    // what begins at the end of a year may last into the next
    const made = new Set([year - 1, year].flatMap((of) => holidays.getHolidays(of)).flatMap(daysOf));
    years.set(year, made);
    return made;
  };
  return {
    known: knownOf(holidays),
    kindOf: (day) => (off(Number(day.slice(0, 4))).has(day) ? 'public-holiday' : 'ordinary'),
  };
}

function holidaysOf([country, state = '', region = '']: Place): Holidays {
  return new Holidays(country, state, region, { types: ['public', 'bank'] });
}

/**
 * The days of a holiday as its own country counts them: the library's instants are of that country's zone, and feasts of
 * the moon begin with the eve. The text is the day. A day of a clock change has an hour less.
 */
function daysOf({ date, start, end }: HolidaysTypes.Holiday): PlainDate[] {
  const first = date.slice(0, 10) as PlainDate;
  const length = Math.floor((end.getTime() - start.getTime() + HOUR_MS) / DAY_MS);
  return Array.from({ length: Math.max(1, length) }, (_, i) => addDays(first, i));
}

function knownOf(holidays: Holidays): KnownYears {
  // the types of the library name the wrong one of its two classes
  const rules = holidays.getRules() as unknown as HolidaysTypes.HolidayRule[];
  const moon = MOON_TABLES.filter(({ months }) => rules.some(({ rule }) => months.test(rule))).map(moonYears);
  const all = [RULES_HOLD, ...moon];
  return {
    first: Math.max(...all.map(({ first }) => first)),
    last: Math.min(...all.map(({ last }) => last), ...yearlyUntil(rules)),
  };
}

function moonYears({ feasts }: (typeof MOON_TABLES)[number]): KnownYears {
  const asked = new Holidays();
  for (const feast of feasts) asked.setHoliday(feast, feast);
  return unbroken(
    RULES_HOLD,
    (year) => new Set(asked.getHolidays(year).map(({ rule }) => rule)).size === feasts.length,
  );
}

/** For each holiday that is decided anew each year, listed day by day and given by no rule: the last year of its list. */
export function yearlyUntil(rules: readonly Pick<HolidaysTypes.HolidayRule, 'name' | 'rule'>[]): number[] {
  const lists = new Map<string, (number | null)[]>();
  for (const { name, rule } of rules) {
    const key = typeof name === 'string' ? name : JSON.stringify(name?.['en'] ?? name);
    const [, year] = /^(\d{4})-\d\d-\d\d/.exec(rule) ?? [];
    lists.set(key, [...(lists.get(key) ?? []), year === undefined ? null : Number(year)]);
  }
  return [...lists.values()].flatMap((list) => {
    const years = new Set(list.filter((year) => year !== null));
    const last = Math.max(...years);
    const isYearly = years.size >= YEARLY_FROM && years.has(last - 1) && years.has(last - 2);
    return isYearly && !list.includes(null) ? [last] : [];
  });
}

/** The latest run of years, within `range`, that all are `known`. */
function unbroken(range: KnownYears, known: (year: number) => boolean): KnownYears {
  let last = range.last;
  while (last > range.first && !known(last)) last -= 1;
  let first = last;
  while (first > range.first && known(first - 1)) first -= 1;
  return { first, last };
}
