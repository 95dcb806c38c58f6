import type { CampaignDefinition } from './campaign.js';
import { orderSteps, type PlacedStep } from './campaign-step.js';
import type { Millis } from './types.js';

/** What a journey does at one of its steps before the survey; which template and which texts, the activities know. */
export interface PlannedStep {
  step: string;
  kind: PlacedStep['kind'] | 'education';
  /** ms after the journey's beginning */
  after: Millis;
  /** ms that the journey waits for a result: a call's, a visit's, a course's; 0 for messages */
  waitFor: Millis;
  /** a promotion that could not be sent by the next step is not sent any more */
  promotional: boolean;
}

/** The part of a campaign's version that the order of events needs: times, no texts and no templates. */
export interface JourneyPlan {
  steps: PlannedStep[];
  survey: { after: Millis; reminders: Millis[]; expires: Millis };
  goalWithin: Millis;
}

/** The name of the step that the campaign's course is. */
export const EDUCATION_STEP = 'education';

export function planOf({ steps, education, survey, goal }: CampaignDefinition): JourneyPlan {
  const order = orderSteps(steps);
  if (!order.ok) throw new Error(`a published version has steps out of order: ${order.problems[0]?.message}`);
  const planned = order.steps.map(plannedStep);
  if (education) {
    const { after, waitFor } = education;
    const course = { step: EDUCATION_STEP, kind: 'education', after, waitFor, promotional: false } as const;
    const later = planned.findIndex((step) => step.after > after);
    planned.splice(later === -1 ? planned.length : later, 0, course);
  }
  const { after, reminders, expires } = survey;
  return { steps: planned, survey: { after, reminders, expires }, goalWithin: goal.within };
}

function plannedStep(placed: PlacedStep): PlannedStep {
  const { step, kind, after } = placed;
  const waitFor = 'waitFor' in placed ? placed.waitFor : (0 as Millis);
  const promotional = 'class' in placed && placed.class === 'promotional';
  return { step, kind, after, waitFor, promotional };
}
