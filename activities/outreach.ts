import { createHash } from 'node:crypto';
import type { ContactChannel } from '../domain/contact-policy.js';
import type { ComplaintRef, Instant } from '../domain/types.js';
import { lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore } from '../store/decisions.js';
import {
  claimOutreach,
  holdOutreach,
  lockOutreach,
  settleOutreach,
  withholdOutreach,
  type OutreachClaim,
} from '../store/outreach.js';
import { CLAIM_LEASE_MS } from './mail.js';
import type { Dependencies } from './dependencies.js';
import {
  askDoor,
  deliverBy,
  written,
  type AskedMessage,
  type ChannelDoors,
  type ComposedMessage,
  type DoorAsking,
  type Written,
} from './outreach-channel.js';
import { decide, final, leaveUnsure, settleMessage, type Claimed } from './outreach-settlement.js';

export { NotTaken } from './outreach-settlement.js';

export interface OutreachDependencies extends Dependencies, ChannelDoors {
  /** the domain of Message-IDs */
  mailDomain: string;
}

export interface OutreachRequest extends AskedMessage {
  complaintRef: ComplaintRef | null;
  /**
   * What only this message asks once the door has said yes, for instance whether there is a product that suits. Inside the
   * claim's transaction.
   * @returns why the message is not sent at all, or null
   */
  lastLook?: (sql: Sql) => Promise<string | null>;
  /** written together with the claim, for instance the survey that the message asks for */
  onClaim?: (sql: Sql) => Promise<void>;
  /** written together with what became of the message: the journey's place, an acknowledgement */
  onSettled?: (sql: Sql, result: OutreachResult) => Promise<void>;
  compose(customer: CustomerContact): Promise<ComposedMessage>;
}

export interface OutreachResult {
  /** `held` may be asked again; the others are final */
  state: 'sent' | 'held' | 'withheld' | 'refused' | 'unknown';
  reasons: string[];
  /** nobody is there to be reached, for good, by any channel that the message may take */
  unreachable: boolean;
  /** of a held message: when the door can say yes; null when nobody can say */
  until?: Instant | null;
  /** a held message was handed to a server before, which did not take it */
  tried?: boolean;
}

type Claim = ({ kind: 'claimed' } & Claimed) | { kind: 'settled'; result: OutreachResult };

/** The one door for every message: claim, send, settle; a retry of a settled message answers what the first one did. */
export async function sendOutreach(deps: OutreachDependencies, request: OutreachRequest): Promise<OutreachResult> {
  const before = await answeredBefore<OutreachResult>(deps.database, request.key);
  if (before) return before;
  // counted from before the claim, so that a slow commit or composing takes from it and never adds to it
  const deadline = Date.now() + CLAIM_LEASE_MS;
  const claim = await claimMessage(deps, request);
  if (claim.kind === 'settled') return claim.result;
  const { customer, row, route } = claim;
  const text = await composeOrRelease(deps, request, claim);
  const { messageClass } = request;
  const message = { messageId: row.messageId, messageClass, customer, written: text };
  const delivery = await deliverBy(deps, route, message, deadline);
  return settleMessage(deps, request, claim, text.composed.subject, delivery);
}

export type GivenUp = 'not-taken-in-time' | 'journey-ending';

/** Writes down that a message is not tried any more; an attempt that is under way still may have been taken. */
export async function giveUpOutreach(
  deps: OutreachDependencies,
  request: OutreachRequest,
  why: GivenUp,
): Promise<OutreachResult> {
  return deps.database.transaction(async (sql) => {
    await lockCustomer(sql, request.customerRef);
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return before;
    const existing = await lockOutreach(sql, request.key);
    if (existing?.state === 'claimed') return leaveUnsure(sql, request);
    const result = final('withheld', [why]);
    // never asked for, it would have gone by e-mail first
    await withholdOutreach(sql, claimOf(deps, request, existing?.channel ?? 'email'), why);
    await decide(sql, request, request.key, 'withheld', result);
    await request.onSettled?.(sql, result);
    return result;
  });
}

/** A letter that can't be written was certainly not sent: it may be tried again once its template is mended. */
async function composeOrRelease(
  deps: OutreachDependencies,
  request: OutreachRequest,
  { customer, route }: Claimed,
): Promise<Written> {
  try {
    return written(await request.compose(customer), route, request.template);
  } catch (error) {
    const waiting = { state: 'waiting', subject: null, reason: 'not composed', serverAnswer: null } as const;
    await settleOutreach(deps.database, request.key, { ...waiting, at: request.at });
    throw error;
  }
}

function claimOf(deps: OutreachDependencies, request: OutreachRequest, channel: ContactChannel): OutreachClaim {
  const messageId = `${createHash('sha256').update(request.key).digest('hex').slice(0, 32)}@${deps.mailDomain}`;
  return { ...request, campaignRef: request.campaign?.campaignRef ?? null, messageId, channel };
}

/** Asks the door and claims the message in one transaction that holds the customer's row. */
function claimMessage(deps: OutreachDependencies, request: OutreachRequest): Promise<Claim> {
  return deps.database.transaction(async (sql): Promise<Claim> => {
    const customer = await lockCustomer(sql, request.customerRef);
    // asked again under the lock: another attempt may have settled it meanwhile
    const before = await answeredBefore<OutreachResult>(sql, request.key);
    if (before) return { kind: 'settled', result: before };
    const existing = await lockOutreach(sql, request.key);
    if (existing?.state === 'claimed' && request.messageClass !== 'statutory')
      return { kind: 'settled', result: await leaveUnsure(sql, request) };
    const answer = await askDoor(sql, deps, request, customer);
    const row = claimOf(deps, request, answer.kind === 'send' ? answer.route.channel : answer.channel);
    if (answer.kind !== 'send')
      return { kind: 'settled', result: await keepBack(sql, request, row, answer, (existing?.attempts ?? 0) > 0) };
    const { route, choice } = answer;
    const against = (await request.lastLook?.(sql)) ?? null;
    if (against !== null) return { kind: 'settled', result: await refuseForGood(sql, request, row, [against], answer) };
    await claimOutreach(sql, row);
    await request.onClaim?.(sql);
    return { kind: 'claimed', customer, row, route, choice };
  });
}

async function keepBack(
  sql: Sql,
  request: OutreachRequest,
  row: OutreachClaim,
  answer: Exclude<DoorAsking, { kind: 'send' }>,
  tried: boolean,
): Promise<OutreachResult> {
  const { reasons } = answer;
  if (answer.kind === 'hold') {
    // each refusal is a fact of its own; the message itself is not settled by it
    const key = `${request.key}:held:${request.at}`;
    const result = { ...final('held', reasons), until: answer.until, tried };
    await holdOutreach(sql, row, reasons.join(', '), answer.until);
    if (!(await answeredBefore(sql, key))) await decide(sql, request, key, 'held', result, answer);
    return result;
  }
  return refuseForGood(sql, request, row, reasons, answer);
}

async function refuseForGood(
  sql: Sql,
  request: OutreachRequest,
  row: OutreachClaim,
  reasons: string[],
  asked: DoorAsking,
): Promise<OutreachResult> {
  const result = final('withheld', reasons, asked.choice.unreachable);
  await withholdOutreach(sql, row, reasons.join(', '));
  await decide(sql, request, request.key, 'withheld', result, asked);
  await request.onSettled?.(sql, result);
  return result;
}
