import { ApplicationFailure } from '@temporalio/activity';
import { wallDuration } from '../domain/business-clock.js';
import { millis } from '../domain/types.js';
import { sendOutreach, type OutreachDependencies, type OutreachRequest, type OutreachResult } from './outreach.js';

/** What no journey waits for asks again at the latest after this long, wall ms. */
const LONGEST_RETRY_MS = 4 * 3_600_000;
/** Waits of business time are short under a fast clock; the door is not asked more often than this, wall ms. */
const SHORTEST_RETRY_MS = 1_000;

/**
 * A letter that belongs to no journey and that nobody waits for: while the door holds it, the activity is tried again when
 * the door said so.
 * @throws ApplicationFailure to be retried, with its delay
 */
export async function sendUntilSettled(deps: OutreachDependencies, request: OutreachRequest): Promise<OutreachResult> {
  const result = await sendOutreach(deps, request);
  if (result.state !== 'held') return result;
  const { until = null } = result;
  const wait = until === null ? LONGEST_RETRY_MS : wallDuration(deps.bank.clock, millis(until - request.at));
  throw ApplicationFailure.create({
    type: 'HeldAtTheDoor',
    message: `the message is held (${result.reasons.join(', ')}); it is asked for again`,
    nextRetryDelay: Math.min(Math.max(wait, SHORTEST_RETRY_MS), LONGEST_RETRY_MS),
  });
}
