import type { CampaignDefinition } from './campaign.js';
import type { Millis } from './types.js';

/** The part of a campaign's version that the order of events needs: times, no texts and no templates. */
export interface JourneyPlan {
  offer: { after: Millis } | null;
  survey: { after: Millis; reminders: Millis[]; expires: Millis };
  goalWithin: Millis;
}

export function planOf({ offer, survey, goal }: CampaignDefinition): JourneyPlan {
  const { after, reminders, expires } = survey;
  return {
    offer: offer ? { after: offer.after } : null,
    survey: { after, reminders, expires },
    goalWithin: goal.within,
  };
}
