import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ComplaintActivities } from '../activities/complaint.js';
import type { GoalActivities } from '../activities/goals.js';
import type { JourneyActivities } from '../activities/journey.js';
import type { JourneyMessageActivities } from '../activities/journey-messages.js';
import type { RoundActivities } from '../activities/round.js';
import { BUSINESS_REFUSAL } from '../domain/refusal.js';

/** An outage is retried for as long as it lasts; only the bank's own refusals are final. */
const retry = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '1m',
  nonRetryableErrorTypes: [BUSINESS_REFUSAL],
};

/** One transaction in Postgres, or one message over SMTP within its lease. */
export const record = proxyActivities<
  Pick<JourneyActivities, 'dropOffer' | 'settleJourney'> & JourneyMessageActivities & ComplaintActivities
>({ startToCloseTimeout: '30s', retry });

/**
 * One short transaction that needs nothing but Postgres, run inside the workflow's own task: one event instead of six.
 * They are told the time, because the worker's clock is not the server's.
 */
export const note = proxyLocalActivities<Pick<JourneyActivities, 'openJourney' | 'recordAnswer'>>({
  startToCloseTimeout: '5s',
  retry,
});

/** Set-based work over the whole bank. */
export const bank = proxyActivities<RoundActivities & GoalActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '5m',
  retry,
});
