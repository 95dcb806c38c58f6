import { condition } from '@temporalio/workflow';
import { businessTime, wallDuration, type BusinessClock } from '../domain/business-clock.js';
import { millis, type Instant } from '../domain/types.js';

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
