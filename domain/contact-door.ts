import { contactWindow, type ContactWindowReason } from './contact-window.js';
import { CalendarEnded } from './public-holidays.js';
import type { ContactChannel, ContactPolicy } from './contact-policy.js';
import { addMillis, days, instant, type Instant, type MessageClass, type ZoneId } from './types.js';

/** Kinds of exclusion after which a customer is in no retention journey; why is recorded, and not shown. */
export const EXCLUSIONS = ['suspected-fraud', 'deceased', 'frozen', 'guardianship', 'vulnerable'] as const;
export type Exclusion = (typeof EXCLUSIONS)[number];

/** A message that was claimed for the customer, of whatever campaign. */
export interface CountedMessage {
  at: Instant;
  channel: ContactChannel;
}

/** What the door for messages must know of a customer at the moment of sending. */
export interface DoorFacts {
  zone: ZoneId;
  erased: boolean;
  /** the channel's address refused messages for good */
  addressRefused: boolean;
  promotionalConsent: boolean;
  surveyConsent: boolean;
  openComplaint: boolean;
  /** an open journey of a credit playbook, a repayment plan, or credit trouble found of late: care, not promotion */
  inCreditCare: boolean;
  /** the journey that asks has ended in the meantime */
  journeyClosed: boolean;
  exclusions: readonly Exclusion[];
  /** the manager said "not before"; null or past: nothing */
  notBefore: Instant | null;
  /** the campaign that asks is paused */
  campaignPaused: boolean;
  /** the kill switch is thrown: nothing leaves the bank */
  outboundStopped: boolean;
  /** promotional and service messages of all campaigns within the longest stretch of the policy's caps */
  counted: readonly CountedMessage[];
}

export interface DoorRequest {
  messageClass: MessageClass;
  purpose: 'survey' | 'other';
  channel: ContactChannel;
  /** of a campaign, in a journey or out of it; what the customer asked for (an order) is of none */
  ofCampaign: boolean;
  at: Instant;
  policy: ContactPolicy;
}

export type DoorReason =
  | 'erased'
  | 'address-refused'
  | 'journey-closed'
  | 'no-promotional-consent'
  | 'no-survey-consent'
  | 'complaint-open'
  | 'credit-care'
  | 'excluded'
  | 'not-before'
  | 'campaign-paused'
  | 'outbound-stopped'
  | 'cap-reached'
  | 'calendar-ended'
  | ContactWindowReason;

export type DoorAnswer =
  | { kind: 'send'; reasons: [] }
  /** `until` null: nobody can say; it is asked again when something is told */
  | { kind: 'hold'; until: Instant | null; reasons: DoorReason[] }
  | { kind: 'never'; reasons: DoorReason[] };

/** The version of these rules, kept with every decision that they take. */
export const DOOR_RULES = 'contact-door@2';

/** Exclusions that keep away even what is no promotion: nobody there to read it, or nobody who may. */
const NO_SERVICE: readonly Exclusion[] = ['deceased', 'guardianship', 'frozen', 'suspected-fraud'];
/** When the calendar of holidays has no year to judge by, the message waits this long and people are told. */
const CALENDAR_DAYS = 1;

/**
 * The one door for every message. It names every rule that spoke, not only the first.
 *  - statutory messages pass everything but an erased or dead address and the kill switch;
 *  - service messages need no consent, and wait for the hours, days and the "not before" of the customer;
 *  - promotional ones need consent, wait for a complaint's end and for the caps, and never reach who is in credit care.
 */
export function contactDoor(request: DoorRequest, facts: DoorFacts): DoorAnswer {
  const never = refusals(request, facts);
  const held = holds(request, facts);
  if (never.length > 0) return { kind: 'never', reasons: [...never, ...held.reasons] };
  if (held.reasons.length > 0) return { kind: 'hold', ...held };
  return { kind: 'send', reasons: [] };
}

function refusals({ messageClass, purpose, ofCampaign }: DoorRequest, facts: DoorFacts): DoorReason[] {
  const never: DoorReason[] = [];
  if (facts.erased) never.push('erased');
  if (facts.addressRefused) never.push('address-refused');
  if (messageClass === 'statutory') return never;
  if (facts.journeyClosed) never.push('journey-closed');
  if (purpose === 'survey' && !facts.surveyConsent) never.push('no-survey-consent');
  const unreached = facts.exclusions.some((kind) => kind === 'deceased' || (ofCampaign && NO_SERVICE.includes(kind)));
  if (unreached || (messageClass === 'promotional' && facts.exclusions.length > 0)) never.push('excluded');
  if (messageClass !== 'promotional') return never;
  if (!facts.promotionalConsent) never.push('no-promotional-consent');
  if (facts.inCreditCare) never.push('credit-care');
  return never;
}

interface Held {
  until: Instant | null;
  reasons: DoorReason[];
}

function holds(request: DoorRequest, facts: DoorFacts): Held {
  const { messageClass, at, ofCampaign, policy } = request;
  const open: DoorReason[] = [];
  if (facts.outboundStopped) open.push('outbound-stopped');
  if (messageClass === 'statutory') return { until: null, reasons: open };
  if (ofCampaign && facts.campaignPaused) open.push('campaign-paused');
  const promotional = messageClass === 'promotional';
  if (promotional && facts.openComplaint) open.push('complaint-open');
  const dated: DoorReason[] = [];
  let earliest: number = at;
  if (facts.notBefore !== null && facts.notBefore > at && (ofCampaign || promotional)) {
    dated.push('not-before');
    earliest = facts.notBefore;
  }
  const capped = promotional ? capsReached(policy, request.channel, facts.counted, at) : null;
  if (capped !== null) {
    dated.push('cap-reached');
    earliest = Math.max(earliest, capped);
  }
  const window = windowFrom(policy, facts.zone, at, instant(earliest));
  const reasons = [...open, ...dated, ...window.reasons];
  // what has no end of its own is asked for when something is told
  return { until: open.length > 0 ? null : window.until, reasons };
}

/** The first instant from `earliest` on at which the hours and days allow it, and what they say to `at`. */
function windowFrom(policy: ContactPolicy, zone: ZoneId, at: Instant, earliest: Instant): Held {
  try {
    const now = contactWindow(policy, zone, at);
    const then = earliest === at ? now : contactWindow(policy, zone, earliest);
    return {
      until: then.kind === 'open' ? earliest : then.until,
      reasons: now.kind === 'open' ? [] : now.reasons,
    };
  } catch (error) {
    if (!(error instanceof CalendarEnded)) throw error;
    return { until: addMillis(earliest, days(CALENDAR_DAYS)), reasons: ['calendar-ended'] };
  }
}

/** When all caps allow one more message on the channel; null when they do now. */
function capsReached(
  { caps = [] }: ContactPolicy,
  channel: ContactChannel,
  counted: readonly CountedMessage[],
  at: Instant,
): Instant | null {
  let until: number = at;
  for (const cap of caps) {
    if (cap.channel !== undefined && cap.channel !== channel) continue;
    const within = counted
      .filter((message) => (cap.channel === undefined || message.channel === channel) && message.at > at - cap.within)
      .map((message) => message.at)
      .sort((a, b) => b - a);
    // with `most` of them in the stretch, the oldest of the newest `most` has to leave it first
    const leaving = within[cap.most - 1];
    if (leaving !== undefined) until = Math.max(until, leaving + cap.within);
  }
  return until > at ? instant(until) : null;
}

/** The longest stretch that any cap of the policy looks back over, ms; 0 without caps. */
export const longestCap = ({ caps = [] }: ContactPolicy): number => Math.max(0, ...caps.map(({ within }) => within));
