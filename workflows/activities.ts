import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { ComplaintActivities } from '../activities/complaint.js';
import type { CareActivities } from '../activities/care.js';
import type { CourseNewsActivities } from '../activities/course-news.js';
import type { EducationActivities } from '../activities/education.js';
import type { EntitlementActivities } from '../activities/entitlements.js';
import type { ExclusionActivities } from '../activities/exclusions.js';
import type { GoalActivities } from '../activities/goals.js';
import type { JourneyActivities } from '../activities/journey.js';
import type { JourneyMessageActivities } from '../activities/journey-messages.js';
import type { MoveActivities } from '../activities/moves.js';
import type { NewsActivities } from '../activities/news.js';
import type { PointsActivities } from '../activities/points.js';
import type { ReconcileActivities } from '../activities/reconcile.js';
import type { RedemptionActivities } from '../activities/redemption.js';
import type { RepaymentActivities } from '../activities/repayment.js';
import type { RoundActivities } from '../activities/round.js';
import type { TaskActivities } from '../activities/tasks.js';
import { BUSINESS_REFUSAL, OVER } from '../domain/refusal.js';

/** An outage is retried for as long as it lasts; only the bank's own refusals are final. */
const retry = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '1m',
  nonRetryableErrorTypes: [BUSINESS_REFUSAL, OVER],
};

/** One transaction in Postgres. What a dead worker had in hand is handed out again after the timeout. */
export const record = proxyActivities<
  Pick<JourneyActivities, 'dropOffer'> &
    Pick<JourneyMessageActivities, 'giveUpJourneyMessage'> &
    Omit<ComplaintActivities, 'sendComplaintLetter'> &
    Pick<RedemptionActivities, 'settleOrder' | 'giveUpOrder' | 'cancelOrder'> &
    Pick<RepaymentActivities, 'lookAtPlan' | 'giveUpPlanLetter'>
>({ startToCloseTimeout: '10s', retry });

/**
 * One message over SMTP, within its lease. The waits double up to four hours: a mail server that is down is not asked
 * every minute for days, and nothing comes later by more than the outage lasted.
 */
export const post = proxyActivities<
  Pick<JourneyMessageActivities, 'sendJourneyMessage'> &
    Pick<ComplaintActivities, 'sendComplaintLetter'> &
    Pick<RedemptionActivities, 'sendRedemptionLetter'> &
    Pick<RepaymentActivities, 'sendPlanLetter'>
>({ startToCloseTimeout: '10s', retry: { ...retry, maximumInterval: '4h' } });

/** One asking of a partner over HTTP; while it is away it is asked every quarter of an hour, and takes the order soon after. */
export const partner = proxyActivities<Pick<RedemptionActivities, 'deliverOrder'>>({
  startToCloseTimeout: '15s',
  retry: { ...retry, maximumInterval: '15m' },
});

/**
 * One short transaction that needs nothing but Postgres, run inside the workflow's own task: one event instead of six.
 * They are told the time, because the worker's clock is not the server's.
 */
export const note = proxyLocalActivities<
  Pick<JourneyActivities, 'openJourney' | 'recordAnswer' | 'settleJourney' | 'openStepTask'> & MoveActivities
>({
  startToCloseTimeout: '5s',
  retry,
});

/** Set-based work over the whole bank. A worker that died in the middle of it holds the round up for one heartbeat timeout. */
export const bank = proxyActivities<
  RoundActivities &
    GoalActivities &
    ReconcileActivities &
    PointsActivities &
    EntitlementActivities &
    NewsActivities &
    TaskActivities &
    ExclusionActivities &
    EducationActivities &
    CourseNewsActivities &
    CareActivities &
    Pick<RedemptionActivities, 'resumeRedemptions'> &
    Pick<RepaymentActivities, 'resumePlans'>
>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '20s',
  retry,
});
