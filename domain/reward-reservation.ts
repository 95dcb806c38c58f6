import type { CampaignDefinition } from './campaign.js';
import { addMillis, days, millis, type Instant } from './types.js';

/** What a journey may take beyond its plan (a held offer, an outage, a late goal) before its reservation lapses. */
export const RESERVATION_SLACK_DAYS = 30;

/** Until when a journey that began at `at` keeps its reward reserved; its plan is over well before. */
export function reservationExpiry({ survey, goal }: CampaignDefinition, at: Instant): Instant {
  const planned = survey.after + survey.expires + goal.within;
  return addMillis(at, millis(planned + days(RESERVATION_SLACK_DAYS)));
}
