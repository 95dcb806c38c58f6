import { DAY_MS, millis, type Millis } from './types.js';

const UNITS: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: DAY_MS, week: 7 * DAY_MS };
/** How a length of time is written. */
export const DURATION = /^(\d{1,4}) (minute|hour|day|week)s?$/;

/** The longest wait that a definition may ask for: a journey lasts a year at the most. */
export const MAX_WAIT_DAYS = 366;

/**
 * Reads `10 days`, `36 hours`, `2 weeks`, `90 minutes`.
 * @returns null when the text is none of these or is longer than MAX_WAIT_DAYS
 */
export function readDuration(text: string): Millis | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const ms = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
  return ms <= MAX_WAIT_DAYS * DAY_MS ? millis(ms) : null;
}

/** For people: `10 days`, `36 hours`; whole units only. */
export function describeDuration(span: Millis): string {
  const [unit, ms] =
    span % DAY_MS === 0 ? ['day', DAY_MS] : span % 3_600_000 === 0 ? ['hour', 3_600_000] : ['minute', 60_000];
  const count = Math.round(span / Number(ms));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
