import type { WorkflowClient } from '@temporalio/client';
import { complaintActivities, type ComplaintActivities } from '../activities/complaint.js';
import { entitlementActivities, type EntitlementActivities } from '../activities/entitlements.js';
import { careActivities, type CareActivities } from '../activities/care.js';
import { courseNewsActivities, type CourseNewsActivities } from '../activities/course-news.js';
import { educationActivities, type EducationActivities } from '../activities/education.js';
import { exclusionActivities, type ExclusionActivities } from '../activities/exclusions.js';
import { taskActivities, type TaskActivities } from '../activities/tasks.js';
import { goalActivities, type GoalActivities } from '../activities/goals.js';
import { journeyActivities, type JourneyActivities } from '../activities/journey.js';
import {
  journeyMessageActivities,
  type JourneyMessageActivities,
  type MessageDependencies,
} from '../activities/journey-messages.js';
import { moveActivities, type MoveActivities } from '../activities/moves.js';
import { newsActivities, type NewsActivities } from '../activities/news.js';
import { httpPartnerDoor, type PartnerDoor } from '../activities/partner.js';
import { pointsActivities, type PointsActivities } from '../activities/points.js';
import { reconcileActivities, type ReconcileActivities } from '../activities/reconcile.js';
import { redemptionActivities, type RedemptionActivities } from '../activities/redemption.js';
import { repaymentActivities, type RepaymentActivities } from '../activities/repayment.js';
import { roundActivities, type RoundActivities } from '../activities/round.js';

export type Activities = JourneyActivities &
  JourneyMessageActivities &
  ComplaintActivities &
  RoundActivities &
  GoalActivities &
  ReconcileActivities &
  PointsActivities &
  EntitlementActivities &
  RedemptionActivities &
  MoveActivities &
  NewsActivities &
  TaskActivities &
  ExclusionActivities &
  EducationActivities &
  CourseNewsActivities &
  CareActivities &
  RepaymentActivities;

/**
 * Everything that Keepwell's workflows may ask for; the only place where activities get what they work with.
 * @param deps.partners by HTTP, as the environment says, when left out
 */
export function buildActivities(
  deps: MessageDependencies & { workflows: WorkflowClient; partners?: PartnerDoor },
): Activities {
  return {
    ...journeyActivities(deps),
    ...journeyMessageActivities(deps),
    ...complaintActivities(deps),
    ...roundActivities(deps),
    ...goalActivities(deps),
    ...reconcileActivities(deps),
    ...pointsActivities(deps),
    ...entitlementActivities(deps),
    ...moveActivities(deps),
    ...newsActivities(deps),
    ...taskActivities(deps),
    ...exclusionActivities(deps),
    ...educationActivities(deps),
    ...courseNewsActivities(deps),
    ...careActivities(deps),
    ...repaymentActivities(deps),
    ...redemptionActivities({ ...deps, partners: deps.partners ?? httpPartnerDoor() }),
  };
}
