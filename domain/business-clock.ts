import { instant, type Instant, type Millis } from './types.js';

/**
 * The installation's one clock: at the wall instant `anchor` business time was `origin`, and since then it runs
 * `rate` times as fast. A real installation has rate 1 and `origin === anchor`.
 */
export interface BusinessClock {
  /** business instant at the anchor, ms since the epoch */
  readonly origin: number;
  /** wall instant at which the clock was set, ms since the epoch */
  readonly anchor: number;
  /** business milliseconds for each wall millisecond, 1 to MAX_CLOCK_RATE */
  readonly rate: number;
}

/** Above this a timer of a business day is shorter than a round trip to the server: nothing would be in time. */
export const MAX_CLOCK_RATE = 200_000;

export const WALL_CLOCK: BusinessClock = { origin: 0, anchor: 0, rate: 1 };

/** Business time at a wall instant (ms since the epoch). */
export function businessTime(clock: BusinessClock, wall: number): Instant {
  return instant(Math.round(clock.origin + (wall - clock.anchor) * clock.rate));
}

/** The wall instant (ms since the epoch) of a business instant. */
export function wallTime(clock: BusinessClock, at: Instant): number {
  return clock.anchor + (at - clock.origin) / clock.rate;
}

/** How long a stretch of business time takes on the wall clock, in whole ms, rounded up so that no timer is early. */
export function wallDuration(clock: BusinessClock, span: Millis): number {
  return Math.max(0, Math.ceil(span / clock.rate));
}

/**
 * Refuses a clock that nobody can mean.
 * @throws RangeError with what to write instead.
 */
export function checkClock(clock: BusinessClock): BusinessClock {
  if (!(clock.rate >= 1 && clock.rate <= MAX_CLOCK_RATE))
    throw new RangeError(`a business clock's rate is 1 to ${MAX_CLOCK_RATE}, not ${clock.rate}`);
  return clock;
}
