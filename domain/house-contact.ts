import type { ContactPolicy } from './contact-policy.js';

/**
 * Hours for what belongs to no campaign, and for campaigns that name none: every day from eight to nine in the evening
 * where the customer is. 47 CFR 64.1200(c)(1) has these hours for calls in the US; a bank's campaigns name their own.
 */
export const HOUSE_CONTACT_POLICY: ContactPolicy = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  hours: { from: '08:00', to: '21:00' },
  channels: ['email'],
};
