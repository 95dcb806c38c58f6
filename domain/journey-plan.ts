import type { CampaignDefinition } from './campaign.js';
import type { MessageClass, Millis } from './types.js';

/** The part of a campaign's version that the order of events needs: times and names, no texts. */
export interface JourneyPlan {
  outreach: PlannedMessage;
  offer: (PlannedMessage & { after: Millis }) | null;
  survey: { template: string; after: Millis; reminders: Millis[]; expires: Millis };
  goalWithin: Millis;
}

export interface PlannedMessage {
  template: string;
  class: MessageClass;
}

export function planOf(definition: CampaignDefinition): JourneyPlan {
  const { outreach, offer, survey, goal } = definition;
  const { template, after, reminders, expires } = survey;
  return { outreach, offer: offer ?? null, survey: { template, after, reminders, expires }, goalWithin: goal.within };
}
