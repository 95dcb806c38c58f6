import { addMillis, days, points, type Instant, type JourneyId, type MessageClass } from '../domain/types.js';
import { dateIn } from '../domain/calendar.js';
import { linkUrl, signLink } from '../config/links.js';
import { managerContact } from '../store/managers.js';
import { projectStep, readJourney, triggersFound, type JourneyRow } from '../store/journeys.js';
import { lockSurvey, openSurvey, surveyReminded } from '../store/surveys.js';
import type { CustomerContact } from '../store/customers.js';
import { renderMessage } from './message-templates.js';
import { now } from './dependencies.js';
import {
  giveUpOutreach,
  sendOutreach,
  type GivenUp,
  type OutreachDependencies,
  type OutreachRequest,
  type OutreachResult,
} from './outreach.js';
import type { Mail } from './mail.js';

export interface MessageDependencies extends OutreachDependencies {
  linkSecret: string;
  webUrl: string;
}

/** `reward` is the letter that closes the journey. */
export type JourneyMessage = 'outreach' | 'offer' | 'survey' | `reminder-${number}` | 'reward';

/** Links to preferences and complaints work for this long after the message. */
const LINK_DAYS = 90;

/** Every message that a journey sends, through the one door. */
export function journeyMessageActivities(deps: MessageDependencies) {
  return {
    sendJourneyMessage: (input: { journeyId: JourneyId; message: JourneyMessage }): Promise<OutreachResult> =>
      sendJourneyMessage(deps, input.journeyId, input.message),
    /** The message is not sent any more (nobody took it in time, or the journey ends), and that is written down. */
    giveUpJourneyMessage: async (input: {
      journeyId: JourneyId;
      message: JourneyMessage;
      why: GivenUp;
    }): Promise<OutreachResult> =>
      giveUpOutreach(deps, await requestOf(deps, input.journeyId, input.message), input.why),
  };
}
export type JourneyMessageActivities = ReturnType<typeof journeyMessageActivities>;

async function sendJourneyMessage(
  deps: MessageDependencies,
  journeyId: JourneyId,
  message: JourneyMessage,
): Promise<OutreachResult> {
  return sendOutreach(deps, await requestOf(deps, journeyId, message));
}

async function requestOf(
  deps: MessageDependencies,
  journeyId: JourneyId,
  message: JourneyMessage,
): Promise<OutreachRequest> {
  const journey = await readJourney(deps.database, journeyId);
  const at = now(deps.bank);
  const { template, messageClass } = planned(journey, message);
  const asksSurvey = message === 'survey' || message.startsWith('reminder');
  const expiresAt = addMillis(at, journey.definition.survey.expires);
  return {
    key: `journey:${journeyId}:${message}`,
    customerRef: journey.customerRef,
    journeyId,
    complaintRef: null,
    template,
    messageClass,
    purpose: asksSurvey ? 'survey' : 'other',
    at,
    afterEnd: message === 'reward',
    onClaim: async (sql) => {
      if (message === 'survey') await openSurvey(sql, journeyId, journey.customerRef, at, expiresAt);
    },
    onSettled: async (sql, result) => {
      if (message.startsWith('reminder') && result.state === 'sent') await surveyReminded(sql, journeyId);
      await projectStep(sql, journeyId, asksSurvey ? 'survey' : message, `${message} ${result.state}`, at);
    },
    compose: (customer) => compose(deps, journey, customer, { template, messageClass, at, asksSurvey }),
  };
}

function planned(journey: JourneyRow, message: JourneyMessage): { template: string; messageClass: MessageClass } {
  const { outreach, offer, survey } = journey.definition;
  if (message === 'outreach') return { template: outreach.template, messageClass: outreach.class };
  if (message === 'survey') return { template: survey.template, messageClass: 'service' };
  if (message === 'offer' && offer) return { template: offer.template, messageClass: offer.class };
  if (message === 'reward') return { template: 'reward-granted', messageClass: 'service' };
  if (message.startsWith('reminder-')) return { template: 'survey-reminder', messageClass: 'service' };
  throw new Error(`campaign ${journey.campaignRef} version ${journey.version} has no message "${message}"`);
}

interface Composing {
  template: string;
  messageClass: MessageClass;
  at: Instant;
  asksSurvey: boolean;
}

async function compose(
  deps: MessageDependencies,
  journey: JourneyRow,
  customer: CustomerContact,
  asked: Composing,
): Promise<Omit<Mail, 'messageId' | 'to'>> {
  const survey = asked.asksSurvey ? await lockSurvey(deps.database, journey.journeyId) : null;
  const links = messageLinks(deps, journey, survey?.expiresAt ?? null, asked.at);
  const data = {
    customer: { name: customer.name },
    bank: { name: deps.bank.name },
    manager: await managerContact(deps.database, journey.managerRef),
    reasons: await triggersFound(deps.database, journey),
    points: points(journey.definition.reward?.points ?? 0),
    links,
    ...(survey ? { survey: { expiresOn: dateIn(customer.zone, survey.expiresAt) } } : {}),
  };
  const rendered = renderMessage({ template: asked.template, language: customer.language, data });
  return { ...rendered, headers: asked.messageClass === 'promotional' ? unsubscribeHeaders(links.unsubscribe) : {} };
}

/** RFC 8058; the link acts on POST only. */
function unsubscribeHeaders(url: string): Record<string, string> {
  return { 'List-Unsubscribe': `<${url}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}

function messageLinks(deps: MessageDependencies, journey: JourneyRow, surveyExpires: Instant | null, at: Instant) {
  const later = addMillis(at, days(LINK_DAYS));
  const link = (
    purpose: 'survey' | 'complaint' | 'preferences' | 'unsubscribe',
    subject: string,
    expiresAt: Instant,
  ): string => linkUrl(deps.webUrl, purpose, signLink(deps.linkSecret, { purpose, subject, expiresAt }));
  return {
    survey: link('survey', journey.journeyId, surveyExpires ?? later),
    complaint: link('complaint', journey.customerRef, later),
    preferences: link('preferences', journey.customerRef, later),
    unsubscribe: link('unsubscribe', journey.customerRef, later),
  };
}
