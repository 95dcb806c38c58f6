import type { WorkflowClient } from '@temporalio/client';
import { complaintActivities, type ComplaintActivities } from '../activities/complaint.js';
import { goalActivities, type GoalActivities } from '../activities/goals.js';
import { journeyActivities, type JourneyActivities } from '../activities/journey.js';
import {
  journeyMessageActivities,
  type JourneyMessageActivities,
  type MessageDependencies,
} from '../activities/journey-messages.js';
import { reconcileActivities, type ReconcileActivities } from '../activities/reconcile.js';
import { roundActivities, type RoundActivities } from '../activities/round.js';

export type Activities = JourneyActivities &
  JourneyMessageActivities &
  ComplaintActivities &
  RoundActivities &
  GoalActivities &
  ReconcileActivities;

/** Everything that Keepwell's workflows may ask for; the only place where activities get what they work with. */
export function buildActivities(deps: MessageDependencies & { workflows: WorkflowClient }): Activities {
  return {
    ...journeyActivities(deps),
    ...journeyMessageActivities(deps),
    ...complaintActivities(deps),
    ...roundActivities(deps),
    ...goalActivities(deps),
    ...reconcileActivities(deps),
  };
}
