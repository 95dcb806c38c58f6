import Holidays from 'date-holidays';

/** The State Council's schedule, with make-up working days; every other calendar comes from date-holidays. */
export const CHINA = 'CN';

/** Calendars that are named to somebody who misspelt one. */
const MOST_NEAR = 6;

/** A country, a part of it, a part of that: `US`, `US-LA`, `US-LA-NO`. */
export type Place = [country: string, state?: string, region?: string];

const atlas = new Holidays();

/** `GB-SCT` as the parts that date-holidays takes; null when it knows no such place. */
export function placeOf(calendar: string): Place | null {
  const [country = '', state, region, ...rest] = calendar.split('-');
  if (rest.length > 0 || !Object.hasOwn(atlas.getCountries(), country)) return null;
  if (state === undefined) return [country];
  if (!Object.hasOwn(statesOf(country), state)) return null;
  if (region === undefined) return [country, state];
  return Object.hasOwn(regionsOf(country, state), region) ? [country, state, region] : null;
}

/** Whether holidays of that name are known: `CN`, a country of ISO 3166-1 such as `GB`, or a part of one as `GB-SCT`. */
export const isCalendar = (name: string): boolean => name === CHINA || placeOf(name) !== null;

/** What somebody may have meant by a name that is no calendar; at most 6 names, none when nothing is near. */
export function nearCalendars(name: string): string[] {
  const wanted = name.trim().replaceAll(/[_\s]/g, '-').toUpperCase();
  const [country = '', state = ''] = wanted.split('-');
  const known = Object.keys(atlas.getCountries());
  if (known.includes(country) && wanted !== country) return nearParts(country, state);
  if (known.includes(country)) return [country];
  const english = Object.entries(atlas.getCountries('en'));
  const named = english.filter(([, words]) => country.length > 2 && words.toUpperCase().startsWith(name.toUpperCase()));
  if (named.length > 0) return named.slice(0, MOST_NEAR).map(([code]) => code);
  if (country.length !== 2) return [];
  const first = known.filter((code) => code[0] === country[0]);
  return first.slice(0, MOST_NEAR);
}

function nearParts(country: string, state: string): string[] {
  const parts = Object.keys(statesOf(country));
  const exact = parts.filter((part) => part.toUpperCase() === state);
  const near = exact.length > 0 ? exact : parts.filter((part) => part[0]?.toUpperCase() === state[0]);
  return [...near.slice(0, MOST_NEAR - 1).map((part) => `${country}-${part}`), ...(exact.length > 0 ? [] : [country])];
}

// the types of the library forget that most countries have no parts
const statesOf = (country: string): Record<string, string> => atlas.getStates(country) ?? {};
const regionsOf = (country: string, state: string): Record<string, string> => atlas.getRegions(country, state) ?? {};
