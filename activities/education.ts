import { linkUrl, signLink } from '../config/links.js';
import { addMillis, days, type Instant, type Language, type ZoneId } from '../domain/types.js';
import type { CustomerContact } from '../store/customers.js';
import { postOwedPoints } from '../store/course-points.js';
import {
  firstHeldUntil,
  letterHeld,
  letterKey,
  letterSettled,
  lettersOwed,
  oweReminders,
  stillHolds,
  type EventLetterKind,
  type OwedLetter,
} from '../store/event-letters.js';
import { now } from './dependencies.js';
import type { MessageDependencies } from './journey-messages.js';
import type { Mail } from './mail.js';
import { renderMessage, TemplateError } from './message-templates.js';
import { NotTaken, sendOutreach, type OutreachResult } from './outreach.js';
import { whileBeating } from './round.js';
import { templateFaults } from './template-faults.js';

/** Letters read in one go, and letters under way at once. */
const LETTERS_BATCH = 500;
const SENDS_AT_ONCE = 4;
/** After so many letters that no server took the rest of a sweep is left to the next one. */
export const MAX_LETTERS_NOT_TAKEN = 500;
/** The links to events and preferences work for so many days after the letter. */
const LINK_DAYS = 90;

export interface LettersSent {
  sent: number;
  /** withheld by the door, refused by the server, or unsure: these are settled too */
  notSent: number;
  /** not true any more when they were to be sent: the seat was given up, the event has begun */
  obsolete: number;
  /** held by the door, not taken by the server, or not tried; a later sweep tries again */
  waiting: number;
  /** the template is at fault, which the log says; a later sweep tries again */
  notWritten: number;
  /** when the first of those held by the door can go out; a sweep before it sends none of them */
  heldUntil: Instant | null;
}

/** What goes on about courses and events without anybody asking. Each may be run twice and does its work once. */
export function educationActivities(deps: MessageDependencies) {
  return {
    /** Reminders that are due, and all letters that RSVPs, promotions and cancellations have made necessary. */
    sendEventLetters: (): Promise<LettersSent> => whileBeating(sendEventLetters(deps)),
    /** Points of courses that were passed while no points programme was in force. */
    postOwedCoursePoints: async (): Promise<{ settled: number }> => ({
      settled: await whileBeating(postOwedPoints(deps.database, now(deps.bank))),
    }),
  };
}
export type EducationActivities = ReturnType<typeof educationActivities>;

async function sendEventLetters(deps: MessageDependencies): Promise<LettersSent> {
  const at = now(deps.bank);
  await oweReminders(deps.database, at);
  const count: LettersSent = { sent: 0, notSent: 0, obsolete: 0, waiting: 0, notWritten: 0, heldUntil: null };
  const tellFault = templateFaults();
  let notTaken = 0;
  for (let after = 0n; ;) {
    const letters: OwedLetter[] = await lettersOwed(deps.database, at, after, LETTERS_BATCH);
    if (letters.length === 0) return { ...count, heldUntil: await firstHeldUntil(deps.database) };
    let tried = 0;
    while (tried < letters.length && notTaken < MAX_LETTERS_NOT_TAKEN) {
      const some = letters.slice(tried, tried + SENDS_AT_ONCE);
      for (const became of await Promise.all(some.map((letter) => sendOne(deps, letter, at, tellFault)))) {
        if (became === 'notTaken') notTaken += 1;
        count[became === 'notTaken' ? 'waiting' : became] += 1;
      }
      tried += some.length;
    }
    count.waiting += letters.length - tried;
    after = letters.at(-1)?.letterId ?? after;
  }
}

type Became = Exclude<keyof LettersSent, 'heldUntil'> | 'notTaken';

/** Why a letter is withheld that is not true any more. */
const OBSOLETE = 'obsolete';

async function sendOne(
  deps: MessageDependencies,
  letter: OwedLetter,
  at: Instant,
  tellFault: ReturnType<typeof templateFaults>,
): Promise<Became> {
  if (!letter.holds) {
    await letterSettled(deps.database, letter.letterId, OBSOLETE, at);
    return OBSOLETE;
  }
  try {
    const { state, reasons, until = null } = await send(deps, letter, at);
    if (state === 'held') {
      await letterHeld(deps.database, letter.letterId, until);
      return 'waiting';
    }
    if (reasons.includes(OBSOLETE)) return OBSOLETE;
    return state === 'sent' ? 'sent' : 'notSent';
  } catch (error) {
    // a letter that is not taken, or can't be written, holds up neither the others nor the round
    if (error instanceof NotTaken) return 'notTaken';
    if (!(error instanceof TemplateError)) throw error;
    tellFault(TEMPLATES[letter.what], error);
    return 'notWritten';
  }
}

const TEMPLATES: Record<EventLetterKind, string> = {
  confirmed: 'event-confirmed',
  waiting: 'event-waiting',
  promoted: 'event-promoted',
  'reminder-soon': 'event-reminder',
  'reminder-today': 'event-reminder',
  cancelled: 'event-cancelled',
};

function send(deps: MessageDependencies, letter: OwedLetter, at: Instant): Promise<OutreachResult> {
  const { customerRef, letterId } = letter;
  return sendOutreach(deps, {
    key: letterKey(letter),
    customerRef,
    journeyId: null,
    complaintRef: null,
    template: TEMPLATES[letter.what],
    messageClass: 'service',
    purpose: 'other',
    at,
    lastLook: async (sql) => ((await stillHolds(sql, letterId, at)) ? null : OBSOLETE),
    onSettled: (sql, { state, reasons }) =>
      letterSettled(sql, letterId, reasons.includes(OBSOLETE) ? OBSOLETE : state, at),
    compose: async (customer) => compose(deps, letter, customer, at),
  });
}

function compose(
  deps: MessageDependencies,
  letter: OwedLetter,
  { customerRef: subject, name, language }: CustomerContact,
  at: Instant,
): Omit<Mail, 'messageId' | 'to'> {
  const link = (purpose: 'events' | 'preferences'): string =>
    linkUrl(
      deps.webUrl,
      purpose,
      signLink(deps.linkSecret, { purpose, subject, expiresAt: addMillis(at, days(LINK_DAYS)) }),
    );
  const data = {
    customer: { name },
    bank: { name: deps.bank.name },
    links: { preferences: link('preferences'), events: link('events') },
    event: {
      title: language === 'en' ? letter.titleEn : letter.titleZh,
      startsAt: timeInWords(language, letter.zone, letter.startsAt),
      ...(letter.joinUrl === null ? { place: letter.place } : { joinUrl: letter.joinUrl }),
    },
  };
  return { ...renderMessage({ template: TEMPLATES[letter.what], language, data }), headers: {} };
}

/** `Friday, 4 December 2026 at 10:00 GMT+8`: with the zone, since who takes part online may be in another. */
function timeInWords(language: Language, zone: ZoneId, at: Instant): string {
  const locale = language === 'en' ? 'en-GB' : language;
  const parts = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return new Intl.DateTimeFormat(locale, {
    ...parts,
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  }).format(at);
}
