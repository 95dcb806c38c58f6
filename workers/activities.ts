import type { WorkflowClient } from '@temporalio/client';
import { complaintActivities, type ComplaintActivities } from '../activities/complaint.js';
import { entitlementActivities, type EntitlementActivities } from '../activities/entitlements.js';
import { goalActivities, type GoalActivities } from '../activities/goals.js';
import { journeyActivities, type JourneyActivities } from '../activities/journey.js';
import {
  journeyMessageActivities,
  type JourneyMessageActivities,
  type MessageDependencies,
} from '../activities/journey-messages.js';
import { httpPartnerDoor, type PartnerDoor } from '../activities/partner.js';
import { pointsActivities, type PointsActivities } from '../activities/points.js';
import { reconcileActivities, type ReconcileActivities } from '../activities/reconcile.js';
import { redemptionActivities, type RedemptionActivities } from '../activities/redemption.js';
import { roundActivities, type RoundActivities } from '../activities/round.js';

export type Activities = JourneyActivities &
  JourneyMessageActivities &
  ComplaintActivities &
  RoundActivities &
  GoalActivities &
  ReconcileActivities &
  PointsActivities &
  EntitlementActivities &
  RedemptionActivities;

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
    ...redemptionActivities({ ...deps, partners: deps.partners ?? httpPartnerDoor() }),
  };
}
