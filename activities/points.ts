import { linkUrl, signLink } from '../config/links.js';
import { addDays, addMillis, days, type Instant, type Language, type PlainDate } from '../domain/types.js';
import type { CustomerContact } from '../store/customers.js';
import { earnPoints } from '../store/earning.js';
import { expirePoints, noticeKey, pointsToNotice, type ExpiringPoints } from '../store/expiry.js';
import { programmeInForce } from '../store/points-programmes.js';
import { now } from './dependencies.js';
import type { MessageDependencies } from './journey-messages.js';
import type { Mail } from './mail.js';
import { openStop } from '../store/outbound-stops.js';
import { renderMessage, TemplateError } from './message-templates.js';
import { NotTaken, sendOutreach, type OutreachResult } from './outreach.js';
import { whileBeating } from './round.js';
import { templateFaults } from './template-faults.js';

const TEMPLATE = 'points-expire';
/** Letters under way at once. */
const SENDS_AT_ONCE = 4;
/**
 * After so many letters that no server took the rest of a round is left to the next one. Customers behind a few addresses
 * that are never taken still hear; a server that is away is not asked a million times.
 */
export const MAX_NOT_TAKEN = 500;
/** The link to preferences works for so many days after the letter. */
const LINK_DAYS = 90;

export interface PointsNoticed {
  sent: number;
  /** withheld by the door, refused by the server, or unsure: no letter comes for these any more */
  notSent: number;
  /** held by the door, not taken by the server, or not tried after MAX_NOT_TAKEN; the next round tries again */
  waiting: number;
  /** the template is at fault, which the log says; the next round tries again */
  notWritten: number;
}

/** What the daily round does with customers' points. Each may be run twice and does its work once. */
export function pointsActivities(deps: MessageDependencies) {
  return {
    /** `points` as text: JSON has no whole numbers of that size. */
    earnPoints: (input: { asOf: PlainDate }): Promise<{ lookedAt: number; points: string; capped: number }> =>
      whileBeating(earn(deps, input.asOf)),
    expirePoints: (input: { asOf: PlainDate }): Promise<{ customers: number; points: string }> =>
      whileBeating(expire(deps, input.asOf)),
    noticeExpiringPoints: (input: { asOf: PlainDate }): Promise<PointsNoticed> =>
      whileBeating(noticeExpiringPoints(deps, input.asOf)),
  };
}
export type PointsActivities = ReturnType<typeof pointsActivities>;

async function earn(
  deps: MessageDependencies,
  asOf: PlainDate,
): Promise<{ lookedAt: number; points: string; capped: number }> {
  const { lookedAt, points, capped } = await earnPoints(deps.database, { asOf, at: now(deps.bank) });
  return { lookedAt, points: String(points), capped };
}

async function expire(deps: MessageDependencies, asOf: PlainDate): Promise<{ customers: number; points: string }> {
  const { customers, points } = await expirePoints(deps.database, { asOf, at: now(deps.bank) });
  return { customers, points: String(points) };
}

/** Writes to everybody whose points expire within the programme's notice, once for each customer and day of expiry. */
async function noticeExpiringPoints(deps: MessageDependencies, asOf: PlainDate): Promise<PointsNoticed> {
  const noticed: PointsNoticed = { sent: 0, notSent: 0, waiting: 0, notWritten: 0 };
  const tellFault = templateFaults();
  const programme = await programmeInForce(deps.database, asOf);
  if (!programme) return noticed;
  // with the kill switch thrown each would only be told so, every hour
  if (await openStop(deps.database)) return noticed;
  const at = now(deps.bank);
  const to = addDays(asOf, programme.definition.noticeBefore + 1);
  let notTaken = 0;
  for (let after: string | null = ''; after !== null;) {
    const { expiring, next } = await pointsToNotice(deps.database, { from: asOf, to, after, at });
    let tried = 0;
    while (tried < expiring.length && notTaken < MAX_NOT_TAKEN) {
      const some = expiring.slice(tried, tried + SENDS_AT_ONCE);
      for (const became of await Promise.all(some.map((points) => notice(deps, points, at, tellFault)))) {
        if (became === 'notTaken') notTaken += 1;
        noticed[became === 'notTaken' || became === 'held' ? 'waiting' : became] += 1;
      }
      tried += some.length;
    }
    noticed.waiting += expiring.length - tried;
    after = next;
  }
  return noticed;
}

type Became = 'sent' | 'notSent' | 'held' | 'notTaken' | 'notWritten';

async function notice(
  deps: MessageDependencies,
  expiring: ExpiringPoints,
  at: Instant,
  tellFault: ReturnType<typeof templateFaults>,
): Promise<Became> {
  try {
    const { state } = await sendNotice(deps, expiring, at);
    if (state === 'held') return 'held';
    return state === 'sent' ? 'sent' : 'notSent';
  } catch (error) {
    // a letter that is not taken, or can't be written, holds up neither the others nor the round
    if (error instanceof NotTaken) return 'notTaken';
    if (!(error instanceof TemplateError)) throw error;
    tellFault(TEMPLATE, error);
    return 'notWritten';
  }
}

function sendNotice(deps: MessageDependencies, expiring: ExpiringPoints, at: Instant): Promise<OutreachResult> {
  const { customerRef } = expiring;
  return sendOutreach(deps, {
    key: noticeKey(expiring),
    customerRef,
    journeyId: null,
    complaintRef: null,
    template: TEMPLATE,
    messageClass: 'service',
    purpose: 'other',
    at,
    compose: async (customer) => compose(deps, expiring, customer, at),
  });
}

function compose(
  deps: MessageDependencies,
  { points, expiresOn }: ExpiringPoints,
  customer: CustomerContact,
  at: Instant,
): Omit<Mail, 'messageId' | 'to'> {
  const token = signLink(deps.linkSecret, {
    purpose: 'preferences',
    subject: customer.customerRef,
    expiresAt: addMillis(at, days(LINK_DAYS)),
  });
  const { language } = customer;
  const data = {
    customer: { name: customer.name },
    bank: { name: deps.bank.name },
    links: { preferences: linkUrl(deps.webUrl, 'preferences', token) },
    points,
    expiry: { on: dayInWords(language, expiresOn) },
  };
  return { ...renderMessage({ template: TEMPLATE, language, data }), headers: {} };
}

/** `30 November 2026`, `2026年11月30日` */
function dayInWords(language: Language, day: PlainDate): string {
  const locale = language === 'en' ? 'en-GB' : language;
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(Date.parse(`${day}T00:00:00Z`));
}
