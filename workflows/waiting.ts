import { condition } from '@temporalio/workflow';
import { businessTime, wallDuration, type BusinessClock } from '../domain/business-clock.js';
import { millis, type Instant } from '../domain/types.js';

/** Days of business time after which a message that no server takes is given up (RFC 5321, 4.5.4.1: four to five). */
export const GIVE_UP_DAYS = 5;
/** Servers don't come back faster under a fast clock: a message is tried for at least this long, in wall ms. */
export const LEAST_TRY_MS = 60_000;

/** Business time now; inside a workflow `Date.now()` is the time of the task, the same on every replay. */
export function businessNow(clock: BusinessClock): Instant {
  return businessTime(clock, Date.now());
}

/**
 * Waits until a business instant, or until `leave` says that the wait has no more point.
 * @returns true when it was left early
 */
export async function waitUntil(
  clock: BusinessClock,
  at: Instant,
  leave: () => boolean,
  why: string,
): Promise<boolean> {
  const span = at - businessNow(clock);
  if (span <= 0) return leave();
  return condition(leave, wallDuration(clock, millis(span)), { summary: why });
}
