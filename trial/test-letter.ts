import { randomUUID } from 'node:crypto';
import { tierOfJourney } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { planOf } from '../domain/journey-plan.js';
import type { CampaignRef, CustomerRef, Instant, Language, MessageClass, PlainDate } from '../domain/types.js';
import { LINK_PURPOSES, linkUrl, signLink } from '../config/links.js';
import { planned } from '../activities/journey-messages.js';
import { CLAIM_LEASE_MS, smtpMailDoor, type Delivery, type Mail, type MailDoor } from '../activities/mail.js';
import { dkimKey } from '../config/dkim.js';
import { renderMessage, SAMPLE, type MessageData } from '../activities/message-templates.js';
import { openStop } from '../store/outbound-stops.js';
import { isCustomersAddress } from '../store/trials.js';
import { lockAdmissionFacts } from '../store/admissions.js';
import { lockCustomer } from '../store/customers.js';
import { hypotheticalJourney, inertSecret, trialLetter, type TrialDependencies } from './hypothetical-journey.js';

export interface TestLetterRequest {
  definition: CampaignDefinition;
  /** the name of a message: of a step of the campaign, or `education`, `survey`, `reminder-1`…, `reward` */
  step: string;
  /** where it goes; never a customer's address */
  to: string;
  /** whose data are put in; null: those of a made-up customer */
  customerRef: CustomerRef | null;
  /** null: the customer's own, or English */
  language: Language | null;
  asOf: PlainDate;
  at: Instant;
}

/** A test that is not sent; the message says why and what to do. */
export class TestRefused extends Error {
  override readonly name = 'TestRefused';
}

/** The bank's own mail server, by the address that letters come from. */
export const smtpOf = (smtpUrl: string, mailFrom: string): { mail: MailDoor; mailDomain: string } => ({
  mail: smtpMailDoor(smtpUrl, mailFrom, dkimKey()),
  mailDomain: mailFrom.replace(/^.*@|>$/g, ''),
});

/** Before the subject, so that nobody takes a test for a letter. */
export const TEST_MARK = '[Test]';

/**
 * Sends one message of a campaign to a colleague through the bank's own mail server. It is recorded nowhere, its links
 * lead nowhere, and nothing that was done to make it stays.
 * @throws TestRefused when the address is a customer's, nothing may leave the bank, or the step is no message
 */
export async function sendTestLetter(
  deps: TrialDependencies & { mail: MailDoor; mailDomain: string },
  request: TestLetterRequest,
): Promise<{ delivery: Delivery; subject: string }> {
  await refuseAddress(deps, request.to);
  const { messageClass, template } = messageOf(request);
  const written = await (request.customerRef === null
    ? Promise.resolve(withSample(deps, request, template))
    : withCustomer(deps, request, request.customerRef));
  const subject = `${TEST_MARK} ${written.subject}`;
  const unsubscribe = inertLink(deps.webUrl, 'unsubscribe');
  const headers: Record<string, string> = {
    'X-Keepwell-Test': request.step,
    ...(messageClass === 'promotional'
      ? { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
      : {}),
  };
  const { html, text } = written;
  const mail: Mail = {
    messageId: `<${randomUUID()}@${deps.mailDomain}>`,
    to: request.to,
    subject,
    html,
    text,
    headers,
  };
  return { delivery: await deps.mail.deliver(mail, Date.now() + CLAIM_LEASE_MS), subject };
}

async function refuseAddress({ database }: TrialDependencies, to: string): Promise<void> {
  if (await isCustomersAddress(database, to))
    throw new TestRefused(
      "this address is a customer's, and a customer who gets a test can't know that it is one; name a colleague's.",
    );
  if (await openStop(database))
    throw new TestRefused('nothing leaves the bank now: the kill switch is thrown; test when it is taken back.');
}

function messageOf({ definition, step }: TestLetterRequest): { template: string; messageClass: MessageClass } {
  const { steps, survey } = planOf(definition);
  const spoken = steps.filter(({ kind }) => kind !== 'call' && kind !== 'visit').map((one) => one.step);
  const reminders = survey.reminders.map((_, i) => `reminder-${i + 1}`);
  const messages = [...spoken, 'survey', ...reminders, ...(definition.reward ? ['reward'] : [])];
  if (!messages.includes(step))
    throw new TestRefused(
      steps.some((one) => one.step === step)
        ? `"${step}" is a task for the manager, nothing is sent there; messages are ${messages.join(', ')}.`
        : `there is no message "${step}" in ${definition.campaign}; messages are ${messages.join(', ')}.`,
    );
  return planned({ definition, campaignRef: definition.campaign as CampaignRef, version: 0 }, step);
}

type Written = Pick<Mail, 'subject' | 'html' | 'text'>;

function withSample({ bank, webUrl }: TrialDependencies, request: TestLetterRequest, template: string): Written {
  const links = Object.fromEntries(LINK_PURPOSES.map((purpose) => [purpose, inertLink(webUrl, purpose)]));
  const data: MessageData = {
    ...SAMPLE,
    bank: { name: bank.name },
    links,
    reasons: request.definition.detection.triggers,
  };
  return renderMessage({ template, language: request.language ?? 'en', data });
}

function withCustomer(deps: TrialDependencies, request: TestLetterRequest, customerRef: CustomerRef): Promise<Written> {
  return deps.database.unmade(async (inside) => {
    const { definition, language, step, asOf, at } = request;
    const [facts] = await lockAdmissionFacts(inside, [customerRef], asOf);
    if (!facts)
      throw new TestRefused(`there is no customer "${customerRef}" with a tier on ${asOf}; check the reference.`);
    const customer = await lockCustomer(inside, customerRef);
    const tierRef = tierOfJourney(facts, definition.detection.triggers) ?? facts.tierRef;
    const journey = await hypotheticalJourney(inside, { definition, customerRef, tierRef, asOf, at });
    const reader = { ...customer, language: language ?? customer.language };
    const made = await trialLetter({ ...deps, database: inside }, journey, reader, step, at);
    if (made.kind === 'letter') return made.letter;
    const why = made.kind === 'nothing' ? `there would be nothing to write about (${made.reason})` : made.why;
    throw new TestRefused(`"${step}" can't be written to ${customerRef}: ${why}.`);
  });
}

const inertLink = (webUrl: string, purpose: (typeof LINK_PURPOSES)[number]): string =>
  linkUrl(webUrl, purpose, signLink(inertSecret(), { purpose, subject: 'test', expiresAt: 1 }));
