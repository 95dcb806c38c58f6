import { randomBytes } from 'node:crypto';
import type { CampaignDefinition } from '../domain/campaign.js';
import {
  addMillis,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type PlainDate,
  type TierRef,
} from '../domain/types.js';
import { settleContent } from '../activities/journey-content.js';
import { compose, isReminder, planned, type MessageDependencies } from '../activities/journey-messages.js';
import type { Bank } from '../activities/dependencies.js';
import type { Mail } from '../activities/mail.js';
import type { CustomerContact } from '../store/customers.js';
import type { Database } from '../store/database.js';
import { assignToJourney } from '../store/first-contacts.js';
import { closeJourney, insertJourney, openJourneyOf, readJourney, type JourneyRow } from '../store/journeys.js';
import { openSurvey } from '../store/surveys.js';
import { makeRoomForTrial, tryVersion } from '../store/trials.js';

/** What trials are made with. */
export interface TrialDependencies {
  database: Database;
  bank: Bank;
  webUrl: string;
}

export interface TrialOf {
  definition: CampaignDefinition;
  customerRef: CustomerRef;
  /** the tier that the journey would be about */
  tierRef: TierRef;
  asOf: PlainDate;
  at: Instant;
}

/** Stands in records which are never committed. */
const NOBODY = 'a trial';

/**
 * The journey that the definition would begin for a customer, as if it were launched and the customer had no other one.
 * @param inside a database that is rolled back (`Database.unmade`): what is written here must not stay
 */
export async function hypotheticalJourney(inside: Database, trial: TrialOf): Promise<JourneyRow> {
  const { definition, customerRef, tierRef, asOf, at } = trial;
  const campaignRef = definition.campaign as CampaignRef;
  const version = await tryVersion(inside, definition, at);
  const open = await openJourneyOf(inside, customerRef);
  if (open) await closeJourney(inside, open.journeyId, 'declined', NOBODY, at);
  await makeRoomForTrial(inside, { customerRef, campaignRef, asOf });
  const journeyId = await insertJourney(inside, {
    customerRef,
    campaignRef,
    version,
    findingId: null,
    asOf,
    tierRef,
    at,
  });
  if (journeyId === null) throw new Error(`no journey can be tried for ${customerRef}; try again.`);
  await assignToJourney(inside, await readJourney(inside, journeyId), at);
  return readJourney(inside, journeyId);
}

export type TrialLetter =
  | { kind: 'letter'; letter: Omit<Mail, 'messageId' | 'to'>; template: string }
  /** why there would be nothing to write about */
  | { kind: 'nothing'; reason: string }
  /** why it can't be shown: a template at fault, nobody to sign it */
  | { kind: 'not-shown'; why: string };

/**
 * One message of a hypothetical journey, by the same steps as a real one. Its links lead nowhere: they are signed with a
 * secret that nobody has.
 */
export async function trialLetter(
  { database: inside, bank, webUrl }: TrialDependencies,
  journey: JourneyRow,
  customer: CustomerContact,
  message: string,
  at: Instant,
): Promise<TrialLetter> {
  const { template, messageClass } = planned(journey, message);
  const asksSurvey = message === 'survey' || isReminder(message);
  if (journey.managerRef === null) return { kind: 'not-shown', why: 'no relationship manager is free to sign it' };
  const deps: MessageDependencies = { database: inside, bank, webUrl, linkSecret: inertSecret(), ...NO_MAIL };
  try {
    const reason = await inside.transaction((sql) => settleContent(sql, { journey, message, at }));
    if (reason !== null) return { kind: 'nothing', reason };
    if (asksSurvey) {
      const expiresAt = addMillis(at, journey.definition.survey.expires);
      await openSurvey(inside, journey.journeyId, journey.customerRef, at, expiresAt);
    }
    const letter = await compose(deps, journey, customer, { template, message, messageClass, at, asksSurvey });
    return { kind: 'letter', letter, template };
  } catch (error) {
    if (error instanceof Error && error.name === 'TemplateError') return { kind: 'not-shown', why: error.message };
    throw error;
  }
}

/** Signs links that no page accepts. */
export const inertSecret = (): string => randomBytes(32).toString('base64');

const NO_MAIL = {
  mail: { deliver: () => Promise.reject(new Error('a trial sends nothing by this door')) },
  mailDomain: 'trial.invalid',
};
