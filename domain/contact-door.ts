import type { MessageClass } from './types.js';

/** What the door for messages must know of a customer at the moment of sending. */
export interface DoorFacts {
  erased: boolean;
  /** the address refused mail for good */
  addressRefused: boolean;
  promotionalConsent: boolean;
  surveyConsent: boolean;
  openComplaint: boolean;
  /** an open journey of a credit playbook, or credit trouble found of late: care, not promotion */
  inCreditCare: boolean;
  /** the journey that asks has ended in the meantime */
  journeyClosed: boolean;
}

export interface DoorRequest {
  messageClass: MessageClass;
  purpose: 'survey' | 'other';
}

export type DoorReason =
  | 'erased'
  | 'address-refused'
  | 'journey-closed'
  | 'no-promotional-consent'
  | 'no-survey-consent'
  | 'complaint-open'
  | 'credit-care';

export type DoorAnswer =
  { kind: 'send'; reasons: [] } | { kind: 'hold'; reasons: DoorReason[] } | { kind: 'never'; reasons: DoorReason[] };

/** The version of this rule, kept with every decision that it takes. */
export const DOOR_RULES = 'contact-door@1';

/**
 * The one door for every message. It names every rule that spoke, not only the first. Statutory messages pass
 * everything but an erased or dead address; a promotion holds while a complaint is open.
 */
export function contactDoor(request: DoorRequest, facts: DoorFacts): DoorAnswer {
  const never: DoorReason[] = [];
  if (facts.erased) never.push('erased');
  if (facts.addressRefused) never.push('address-refused');
  if (request.messageClass !== 'statutory') {
    if (facts.journeyClosed) never.push('journey-closed');
    if (request.purpose === 'survey' && !facts.surveyConsent) never.push('no-survey-consent');
  }
  if (request.messageClass === 'promotional') {
    if (!facts.promotionalConsent) never.push('no-promotional-consent');
    if (facts.inCreditCare) never.push('credit-care');
  }
  const hold: DoorReason[] = request.messageClass === 'promotional' && facts.openComplaint ? ['complaint-open'] : [];
  if (never.length > 0) return { kind: 'never', reasons: [...never, ...hold] };
  return hold.length > 0 ? { kind: 'hold', reasons: hold } : { kind: 'send', reasons: [] };
}
