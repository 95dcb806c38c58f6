import { createHash } from 'node:crypto';
import { contactDoor, DOOR_RULES, type DoorAnswer } from '../domain/contact-door.js';
import type { ComplaintRef, CustomerRef, Instant, JourneyId, MessageClass } from '../domain/types.js';
import { addressRefused, doorFacts, lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import {
  claimOutreach,
  lockOutreach,
  settleOutreach,
  withholdOutreach,
  type OutreachClaim,
  type OutreachState,
} from '../store/outreach.js';
import { CLAIM_LEASE_MS, type Delivery, type Mail, type MailDoor } from './mail.js';
import type { Dependencies } from './dependencies.js';

export interface OutreachDependencies extends Dependencies {
  mail: MailDoor;
  /** the domain of Message-IDs */
  mailDomain: string;
}

export interface OutreachRequest {
  /** `workflowId:step` */
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  complaintRef: ComplaintRef | null;
  template: string;
  messageClass: MessageClass;
  purpose: 'survey' | 'other';
  at: Instant;
  /** the letter that closes the journey, which has ended by then */
  afterEnd?: boolean;
  /** written together with the claim, for instance the survey that the message asks for */
  onClaim?: (sql: Sql) => Promise<void>;
  /** written together with what became of the message: the journey's place, an acknowledgement */
  onSettled?: (sql: Sql, result: OutreachResult) => Promise<void>;
  compose(customer: CustomerContact): Promise<Omit<Mail, 'messageId' | 'to'>>;
}

export interface OutreachResult {
  /** `held` may be asked again; the others are final */
  state: 'sent' | 'held' | 'withheld' | 'refused' | 'unknown';
  reasons: string[];
  /** the address itself was refused, for good */
  unreachable: boolean;
}

/** The server has certainly not taken the message; the activity is tried again by its policy. */
export class NotTaken extends Error {
  constructor(answer: string) {
    super(`the mail server did not take the message (${answer}); it will be tried again`);
  }
}

type Claim =
  { kind: 'claimed'; customer: CustomerContact; row: OutreachClaim } | { kind: 'settled'; result: OutreachResult };

const final = (state: OutreachResult['state'], reasons: string[], unreachable = false): OutreachResult => ({
  state,
  reasons,
  unreachable,
});

/** The one door for every message: claim, send, settle; a retry of a settled message answers what the first one did. */
export async function sendOutreach(deps: OutreachDependencies, request: OutreachRequest): Promise<OutreachResult> {
  const before = await answeredBefore<OutreachResult>(deps.database, request.key);
  if (before) return before;
  // counted from before the claim, so that a slow commit or composing takes from it and never adds to it
  const deadline = Date.now() + CLAIM_LEASE_MS;
  const claim = await claimMessage(deps, request);
  if (claim.kind === 'settled') return claim.result;
  const { customer, row } = claim;
  const composed = await composeOrRelease(deps, request, customer);
  const headers = { ...composed.headers, 'X-Keepwell-Class': request.messageClass };
  const letter = { ...composed, headers, to: customer.email, messageId: `<${row.messageId}>` };
  const delivery = await deps.mail.deliver(letter, deadline);
  return settleMessage(deps, request, composed.subject, delivery);
}

export type GivenUp = 'not-taken-in-time' | 'journey-ending';

/** Writes down that a message is not tried any more; an attempt that is under way still may have been taken. */
export async function giveUpOutreach(
  deps: OutreachDependencies,
  request: OutreachRequest,
  why: GivenUp,
): Promise<OutreachResult> {
  const row: OutreachClaim = { ...request, messageId: messageId(deps, request.key) };
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, request.customerRef);
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return before;
    const existing = await lockOutreach(sql, request.key);
    if (existing?.state === 'claimed') return leaveUnsure(sql, request);
    const result = final('withheld', [why]);
    await withholdOutreach(sql, row, why);
    await decide(sql, request, request.key, 'withheld', result.reasons, result);
    await request.onSettled?.(sql, result);
    return result;
  });
}

/** A letter that can't be written was certainly not sent: it may be tried again once its template is mended. */
async function composeOrRelease(
  deps: OutreachDependencies,
  request: OutreachRequest,
  customer: CustomerContact,
): Promise<Awaited<ReturnType<OutreachRequest['compose']>>> {
  try {
    return await request.compose(customer);
  } catch (error) {
    const waiting = { state: 'waiting', subject: null, reason: 'not composed', serverAnswer: null } as const;
    await settleOutreach(deps.database, request.key, { ...waiting, at: request.at });
    throw error;
  }
}

function messageId(deps: OutreachDependencies, key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}@${deps.mailDomain}`;
}

/** Asks the door and claims the message in one transaction that holds the customer's row. */
function claimMessage(deps: OutreachDependencies, request: OutreachRequest): Promise<Claim> {
  const row: OutreachClaim = { ...request, messageId: messageId(deps, request.key) };
  return deps.database.transaction(async (sql): Promise<Claim> => {
    const customer = await lockCustomer(sql, request.customerRef);
    // asked again under the lock: another attempt may have settled it meanwhile
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return { kind: 'settled', result: before };
    const existing = await lockOutreach(sql, request.key);
    if (existing?.state === 'claimed' && request.messageClass !== 'statutory')
      return { kind: 'settled', result: await leaveUnsure(sql, request) };
    const asking = request.afterEnd ? null : request.journeyId;
    const facts = { ...customer, ...(await doorFacts(sql, request.customerRef, asking)) };
    const answer = contactDoor(request, facts);
    if (answer.kind !== 'send') return { kind: 'settled', result: await keepBack(sql, request, row, answer) };
    await claimOutreach(sql, row);
    await request.onClaim?.(sql);
    return { kind: 'claimed', customer, row };
  });
}

/** An earlier attempt died between the claim and its answer. What may have been taken is not sent a second time. */
async function leaveUnsure(sql: Sql, request: OutreachRequest): Promise<OutreachResult> {
  const result = final('unknown', ['interrupted']);
  await writeDown(sql, request, result, { state: 'unknown', subject: null, serverAnswer: null });
  return result;
}

async function keepBack(
  sql: Sql,
  request: OutreachRequest,
  row: OutreachClaim,
  answer: DoorAnswer,
): Promise<OutreachResult> {
  const reasons: string[] = [...answer.reasons];
  if (answer.kind === 'hold') {
    // each refusal is a fact of its own; the message itself is not settled by it
    const key = `${request.key}:held:${request.at}`;
    if (!(await answeredBefore(sql, key))) await decide(sql, request, key, 'held', reasons, final('held', reasons));
    return final('held', reasons);
  }
  const result = final('withheld', reasons, reasons.includes('address-refused'));
  await withholdOutreach(sql, row, reasons.join(', '));
  await decide(sql, request, request.key, 'withheld', reasons, result);
  await request.onSettled?.(sql, result);
  return result;
}

async function settleMessage(
  deps: OutreachDependencies,
  request: OutreachRequest,
  subject: string,
  delivery: Delivery,
): Promise<OutreachResult> {
  if (delivery.kind === 'later') {
    await settleOutreach(deps.database, request.key, {
      state: 'waiting',
      subject,
      reason: 'not taken',
      serverAnswer: delivery.answer,
      at: request.at,
    });
    throw new NotTaken(delivery.answer);
  }
  if (delivery.kind === 'unknown' && request.messageClass === 'statutory') {
    // the row stays claimed: the next attempt sends it again under the same Message-ID
    throw new NotTaken(delivery.answer);
  }
  const unreachable = delivery.kind === 'refused' && delivery.address;
  const state = delivery.kind === 'accepted' ? 'sent' : delivery.kind;
  const result = final(state, state === 'sent' ? [] : [delivery.answer], unreachable);
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, request.customerRef);
    if (unreachable) await addressRefused(sql, request.customerRef, request.at);
    // an attempt that came after this one has answered for both: a step has one answer
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return before;
    await writeDown(sql, request, result, { state, subject, serverAnswer: delivery.answer });
    return result;
  });
}

async function writeDown(
  sql: Sql,
  request: OutreachRequest,
  result: OutreachResult,
  settled: { state: OutreachState; subject: string | null; serverAnswer: string | null },
): Promise<void> {
  await settleOutreach(sql, request.key, { ...settled, reason: result.reasons.join(', ') || null, at: request.at });
  await decide(sql, request, request.key, result.state, result.reasons, result);
  await request.onSettled?.(sql, result);
}

function decide(
  sql: Sql,
  request: OutreachRequest,
  key: string,
  verdict: string,
  reasons: string[],
  result: OutreachResult,
): Promise<void> {
  const { customerRef, journeyId, template, messageClass, purpose, complaintRef, at } = request;
  const saw = { template, messageClass, purpose, complaintRef, leaseMs: CLAIM_LEASE_MS };
  return recordDecisions(sql, [
    {
      key,
      customerRef,
      journeyId,
      kind: 'message',
      verdict,
      reasons,
      saw,
      result: { ...result },
      rules: DOOR_RULES,
      at,
    },
  ]);
}
