import { addMillis, days, points, type Instant, type JourneyId, type MessageClass } from '../domain/types.js';
import { dateIn } from '../domain/calendar.js';
import { HOUSE_CONTACT_POLICY } from '../domain/house-contact.js';
import { EDUCATION_STEP } from '../domain/journey-plan.js';
import { linkUrl, signLink, type LinkPurpose } from '../config/links.js';
import { managerContact } from '../store/managers.js';
import { projectStep, readJourney, stepDone, triggersFound, type JourneyRow } from '../store/journeys.js';
import { lockSurvey, openSurvey, surveyReminded } from '../store/surveys.js';
import type { CustomerContact } from '../store/customers.js';
import { contentOf, settleContent } from './journey-content.js';
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

/** The name of a step of the campaign, or `survey`, `reminder-1`…, or `reward`: the letter that closes the journey. */
export type JourneyMessage = string;

/** Links to preferences and complaints work for this long after the message. */
const LINK_DAYS = 90;
/** A campaign that is paused for longer than this loses the surveys that are out. */
const MOST_PAUSED_DAYS = 366;

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
  const asksSurvey = message === 'survey' || isReminder(message);
  const expiresAt = addMillis(at, journey.definition.survey.expires);
  return {
    key: `journey:${journeyId}:${message}`,
    customerRef: journey.customerRef,
    journeyId,
    complaintRef: null,
    template,
    messageClass,
    purpose: asksSurvey ? 'survey' : 'other',
    campaign: { campaignRef: journey.campaignRef, policy: journey.definition.contact ?? HOUSE_CONTACT_POLICY },
    at,
    afterEnd: message === 'reward',
    lastLook: (sql) => settleContent(sql, { journey, message, at }),
    onClaim: async (sql) => {
      if (message === 'survey') await openSurvey(sql, journeyId, journey.customerRef, at, expiresAt);
    },
    onSettled: async (sql, result) => {
      if (isReminder(message) && result.state === 'sent') await surveyReminded(sql, journeyId);
      if (!asksSurvey && message !== 'reward') await stepDone(sql, journeyId, message);
      await projectStep(sql, journeyId, asksSurvey ? 'survey' : message, `${message} ${result.state}`, at);
    },
    compose: (customer) => compose(deps, journey, customer, { template, message, messageClass, at, asksSurvey }),
  };
}

export const isReminder = (message: JourneyMessage): boolean => /^reminder-\d+$/.test(message);

/** What a journey sends under a name. @throws Error when its version has no such message */
export function planned(
  journey: Pick<JourneyRow, 'definition' | 'campaignRef' | 'version'>,
  message: JourneyMessage,
): { template: string; messageClass: MessageClass } {
  const { steps, education, survey } = journey.definition;
  if (message === 'survey') return { template: survey.template, messageClass: 'service' };
  if (message === 'reward') return { template: 'reward-granted', messageClass: 'service' };
  if (isReminder(message)) return { template: 'survey-reminder', messageClass: 'service' };
  if (message === EDUCATION_STEP && education) return { template: education.template, messageClass: 'service' };
  const step = steps.find((candidate) => candidate.step === message);
  if (step && 'template' in step) return { template: step.template, messageClass: step.class };
  throw new Error(`campaign ${journey.campaignRef} version ${journey.version} has no message "${message}"`);
}

interface Composing {
  template: string;
  message: JourneyMessage;
  messageClass: MessageClass;
  at: Instant;
  asksSurvey: boolean;
}

/** The letter as the customer would read it. @throws TemplateError in words */
export async function compose(
  deps: MessageDependencies,
  journey: JourneyRow,
  customer: CustomerContact,
  asked: Composing,
): Promise<Omit<Mail, 'messageId' | 'to'>> {
  const survey = asked.asksSurvey ? await lockSurvey(deps.database, journey.journeyId, asked.at) : null;
  const links = messageLinks(deps, journey, survey?.expiresAt ?? null, asked.at);
  const data = {
    customer: { name: customer.name },
    bank: { name: deps.bank.name },
    manager: await managerContact(deps.database, journey.managerRef),
    reasons: await triggersFound(deps.database, journey),
    ...(await contentOf(deps.database, { journey, ...asked }, customer.language)),
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
  const later = addMillis(at, days(LINK_DAYS + MOST_PAUSED_DAYS));
  const link = (purpose: LinkPurpose, subject: string, expiresAt: Instant): string =>
    linkUrl(deps.webUrl, purpose, signLink(deps.linkSecret, { purpose, subject, expiresAt }));
  return {
    // the survey's own row says when it expires, and a pause of the campaign may move that
    survey: link(
      'survey',
      journey.journeyId,
      surveyExpires === null ? later : addMillis(surveyExpires, days(MOST_PAUSED_DAYS)),
    ),
    complaint: link('complaint', journey.customerRef, later),
    preferences: link('preferences', journey.customerRef, later),
    unsubscribe: link('unsubscribe', journey.customerRef, later),
    learn: link('learn', journey.customerRef, later),
  };
}
