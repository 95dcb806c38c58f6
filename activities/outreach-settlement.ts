import { DOOR_RULES } from '../domain/contact-door.js';
import type { ContactChannel } from '../domain/contact-policy.js';
import { lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions } from '../store/decisions.js';
import { settleOutreach, type OutreachClaim, type OutreachState } from '../store/outreach.js';
import { CLAIM_LEASE_MS, type Delivery } from './mail.js';
import { choiceSeen, choose, rememberRefusal, type DoorAsking, type Route } from './outreach-channel.js';
import type { OutreachDependencies, OutreachRequest, OutreachResult } from './outreach.js';

/** The server has certainly not taken the message; the activity is tried again by its policy. */
export class NotTaken extends Error {
  constructor(answer: string, channel: ContactChannel) {
    const server = channel === 'email' ? 'mail server' : `${channel} gateway`;
    super(`the ${server} did not take the message (${answer}); it will be tried again`);
  }
}

/** Nobody can be reached by this channel, for good; the next try goes by another one. */
export class NextChannel extends NotTaken {}

/** What was claimed: by which channel, and why no other went before it. */
export type Claimed = { customer: CustomerContact; row: OutreachClaim } & Pick<
  Extract<DoorAsking, { kind: 'send' }>,
  'route' | 'choice'
>;
export const final = (state: OutreachResult['state'], reasons: string[], unreachable = false): OutreachResult => ({
  state,
  reasons,
  unreachable,
});

/** An earlier attempt died between the claim and its answer. What may have been taken is not sent a second time. */
export async function leaveUnsure(sql: Sql, request: OutreachRequest): Promise<OutreachResult> {
  const result = final('unknown', ['interrupted']);
  await writeDown(sql, request, result, { state: 'unknown', subject: null, serverAnswer: null });
  return result;
}

/** What became of a claimed message, written down. @throws NotTaken where it is to be tried again */
export async function settleMessage(
  deps: OutreachDependencies,
  request: OutreachRequest,
  claimed: Claimed,
  subject: string,
  delivery: Delivery,
): Promise<OutreachResult> {
  const { channel } = claimed.route;
  if (delivery.kind === 'later') {
    await settleOutreach(deps.database, request.key, {
      state: 'waiting',
      subject,
      reason: 'not taken',
      serverAnswer: delivery.answer,
      at: request.at,
    });
    throw new NotTaken(delivery.answer, channel);
  }
  if (delivery.kind === 'unknown' && request.messageClass === 'statutory') {
    // the row stays claimed: the next attempt sends it again under the same Message-ID
    throw new NotTaken(delivery.answer, channel);
  }
  if (delivery.kind === 'refused' && delivery.address)
    return settleDeadAddress(deps, request, claimed, subject, delivery);
  const state = delivery.kind === 'accepted' ? 'sent' : delivery.kind;
  const result = final(state, state === 'sent' ? [] : [delivery.answer]);
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, request.customerRef);
    // an attempt that came after this one has answered for both: a step has one answer
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return before;
    await writeDown(sql, request, result, { state, subject, serverAnswer: delivery.answer }, claimed);
    return result;
  });
}

/**
 * Nobody can be reached by the channel that was tried. Where another one can be had, the message waits for its next try,
 * which goes by that; a message of which nobody knows whether it arrived never comes here.
 * @throws NextChannel
 */
async function settleDeadAddress(
  deps: OutreachDependencies,
  request: OutreachRequest,
  claimed: Claimed,
  subject: string,
  { answer: serverAnswer }: Delivery,
): Promise<OutreachResult> {
  const { key, customerRef, at } = request;
  const { channel } = claimed.route;
  const settled = await deps.database.transaction(async (sql): Promise<OutreachResult | null> => {
    await lockCustomer(sql, customerRef);
    await rememberRefusal(sql, customerRef, claimed.route, at);
    const before = await answeredBefore<OutreachResult>(sql, key);
    if (before) return before;
    const { choice } = await choose(sql, deps, request);
    const result = final('refused', [serverAnswer], choice.unreachable);
    if (choice.channel === null) {
      await writeDown(sql, request, result, { state: 'refused', subject, serverAnswer }, claimed);
      return result;
    }
    const refusal = `${key}:refused:${channel}`;
    await settleOutreach(sql, key, { state: 'waiting', subject, reason: 'address-refused', serverAnswer, at });
    if (!(await answeredBefore(sql, refusal))) await decide(sql, request, refusal, 'refused', result, claimed);
    return null;
  });
  if (settled) return settled;
  throw new NextChannel(serverAnswer, channel);
}

/** Settles the message with its decision and what belongs to it. */
async function writeDown(
  sql: Sql,
  request: OutreachRequest,
  result: OutreachResult,
  settled: { state: OutreachState; subject: string | null; serverAnswer: string | null },
  claimed?: Claimed,
): Promise<void> {
  await settleOutreach(sql, request.key, { ...settled, reason: result.reasons.join(', ') || null, at: request.at });
  await decide(sql, request, request.key, result.state, result, claimed);
  await request.onSettled?.(sql, result);
}

/** @param asked by which channel, and why no other; left out where nobody asked */
export function decide(
  sql: Sql,
  request: OutreachRequest,
  key: string,
  verdict: string,
  result: OutreachResult,
  asked?: Pick<DoorAsking, 'choice'> & ({ route: Route } | { channel: ContactChannel }),
): Promise<void> {
  const { customerRef, journeyId, template, messageClass, purpose, complaintRef, at } = request;
  const saw = {
    template,
    messageClass,
    purpose,
    complaintRef,
    campaignRef: request.campaign?.campaignRef ?? null,
    ...(asked
      ? { channel: 'route' in asked ? asked.route.channel : asked.channel, choice: choiceSeen(asked.choice) }
      : {}),
    ...(result.until === undefined ? {} : { until: result.until }),
    leaseMs: CLAIM_LEASE_MS,
  };
  const { reasons } = result;
  const told = { key, customerRef, journeyId, kind: 'message', verdict, reasons, saw, result: { ...result } };
  return recordDecisions(sql, [{ ...told, rules: DOOR_RULES, at }]);
}
