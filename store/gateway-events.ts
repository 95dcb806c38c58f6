import { isOptOut } from '../domain/opt-out-words.js';
import { CHANNEL_RULES } from '../domain/channel-choice.js';
import type { CustomerRef, Instant, JourneyId } from '../domain/types.js';
import { readAddress, refusedAt, type AddressChannel } from './contact-addresses.js';
import { setConsent } from './consents.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { answeredBefore, recordDecisions } from './decisions.js';
import { insertText } from './texts.js';

/** Customers of one number: a couple, a family. More are not looked at. */
export const MAX_CUSTOMERS_OF_ADDRESS = 10;
/** Replies shown of one customer, the newest first. */
export const MAX_REPLIES_SHOWN = 20;

interface Told {
  channel: AddressChannel;
  /** the same id is the same event */
  eventId: string;
  /** of the body, keyed */
  digest: string;
}

/** What a gateway says. */
export type GatewayEvent = Told &
  (
    | { kind: 'delivered' | 'bounced'; messageId: string }
    /** `messageId`: which message is answered, where the gateway knows; `textId` is for the words */
    | { kind: 'reply'; from: string; text: string; messageId: string | null; textId: string }
  );

export type EventReceiving =
  /** `toTell`: customers who want no more promotions, whose journeys have to hear of it */
  | { kind: 'recorded'; outcome: 'recorded' | 'opt-out' | 'unknown'; isNew: boolean; toTell: CustomerRef[] }
  /** this id stands for another event */
  | { kind: 'conflict' };

/** A message of ours as an event names it. */
interface Message {
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
}

/**
 * Writes down what a gateway says, once for each event id, with all that follows from it: an address that is dead, words
 * of a customer, a consent that is withdrawn. What is of no message or customer of ours leaves its id and nothing else.
 */
export function receiveGatewayEvent(database: Database, event: GatewayEvent, at: Instant): Promise<EventReceiving> {
  return database.transaction(async (sql): Promise<EventReceiving> => {
    // the same event twice at once: the second waits here for the first
    await sql.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `gateway-event:${event.channel}:${event.eventId}`,
    ]);
    const before = await recordedEvent(sql, event);
    if (before) return before;
    const message = event.messageId === null ? null : await messageOf(sql, event.channel, event.messageId);
    if (event.kind === 'reply') return receiveReply(sql, event, message, at);
    // before the event refers to the message: whoever sends locks the customer first, then the message
    if (message && event.kind === 'bounced') await lockCustomer(sql, message.customerRef);
    await insertEvent(sql, event, message ? 'recorded' : 'unknown', message, at);
    if (message && event.kind === 'delivered') await markDelivered(sql, message, at);
    if (message && event.kind === 'bounced') await markBounced(sql, event.channel, message, at);
    return { kind: 'recorded', outcome: message ? 'recorded' : 'unknown', isNew: true, toTell: [] };
  });
}

/** What became of the event when it came before; null when it is new. */
async function recordedEvent(sql: Sql, { channel, eventId, digest }: Told): Promise<EventReceiving | null> {
  const { rows } = await sql.query<{
    digest: string;
    outcome: 'recorded' | 'opt-out' | 'unknown';
    toTell: CustomerRef[];
  }>(
    `select digest, outcome,
            array(select customer_ref from inbound_messages i
                   where i.channel = e.channel and i.event_id = e.event_id and opt_out order by 1) as "toTell"
       from gateway_events e where channel = $1 and event_id = $2`,
    [channel, eventId],
  );
  const [row] = rows;
  if (!row) return null;
  if (row.digest !== digest) return { kind: 'conflict' };
  return { kind: 'recorded', outcome: row.outcome, isNew: false, toTell: row.toTell };
}

async function messageOf(sql: Sql, channel: AddressChannel, messageId: string): Promise<Message | null> {
  const { rows } = await sql.query<Message>(
    `select outreach_key as key, customer_ref as "customerRef", journey_id as "journeyId"
       from outreach where message_id = $1 and channel = $2`,
    [messageId, channel],
  );
  return rows[0] ?? null;
}

async function insertEvent(
  sql: Sql,
  { channel, eventId, kind, digest }: GatewayEvent,
  outcome: string,
  message: Message | null,
  at: Instant,
): Promise<void> {
  await sql.query(
    `insert into gateway_events (channel, event_id, kind, digest, outcome, outreach_key, received_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [channel, eventId, kind, digest, outcome, message?.key ?? null, timestamp(at)],
  );
}

async function markDelivered(sql: Sql, { key }: Message, at: Instant): Promise<void> {
  await sql.query('update outreach set delivered_at = coalesce(delivered_at, $2) where outreach_key = $1', [
    key,
    timestamp(at),
  ]);
}

/**
 * The message did not reach anybody after all, and no other will by this address. It is not sent a second time: the
 * gateway had taken it, and what follows it in a journey may have happened. The caller holds the customer's row.
 */
async function markBounced(sql: Sql, channel: AddressChannel, message: Message, at: Instant): Promise<void> {
  const { key, customerRef, journeyId } = message;
  const { rows } = await sql.query<{ address: string | null; template: string; messageClass: string }>(
    `update outreach o
        set bounced_at = coalesce(bounced_at, $2), reason = 'bounced',
            state = case when state in ('sent', 'unknown') then 'refused' else state end
      where outreach_key = $1
      returning template, message_class as "messageClass",
                (select address from contact_addresses a
                  where a.customer_ref = o.customer_ref and a.channel = o.channel and a.added_at <= o.claimed_at) as address`,
    [key, timestamp(at)],
  );
  // an address that was added since the message went out is another one
  const { address, ...sent } = one(rows, `message ${key}`);
  if (address !== null) await refusedAt(sql, customerRef, channel, address, at);
  // some gateways say it twice, each time as an event of its own
  if (await answeredBefore(sql, `${key}:bounced`)) return;
  await recordDecisions(sql, [
    {
      key: `${key}:bounced`,
      customerRef,
      journeyId,
      kind: 'message',
      verdict: 'bounced',
      reasons: ['address-refused'],
      saw: { ...sent, channel },
      result: { addressRefused: address !== null },
      rules: CHANNEL_RULES,
      at,
    },
  ]);
}

/** A reply is its author's feedback; an opt-out holds for everybody who is written to at the number. */
async function receiveReply(
  sql: Sql,
  event: Extract<GatewayEvent, { kind: 'reply' }>,
  answered: Message | null,
  at: Instant,
): Promise<EventReceiving> {
  const { channel, text, textId } = event;
  const customers = await customersAt(sql, channel, event.from, answered);
  // not of a customer who was erased since
  const isTheirs = answered !== null && customers.includes(answered.customerRef);
  const message = isTheirs ? answered : await lastMessageTo(sql, channel, customers);
  const author = message?.customerRef ?? customers[0];
  const optOut = isOptOut(text);
  const outcome = author === undefined ? 'unknown' : optOut ? 'opt-out' : 'recorded';
  await insertEvent(sql, event, outcome, author === undefined ? null : message, at);
  if (author === undefined) return { kind: 'recorded', outcome, isNew: true, toTell: [] };
  const heard = optOut ? customers : [author];
  for (const customerRef of heard) {
    const source = `gateway:${channel}`;
    if (optOut) await setConsent(sql, { customerRef, channel, purpose: 'promotional', granted: false, at, source });
    const isAuthor = customerRef === author;
    if (isAuthor) await insertText(sql, { textId, customerRef, body: text, receivedAt: at });
    await insertInbound(sql, event, { customerRef, message: isAuthor ? message : null, isAuthor, optOut, at });
  }
  return { kind: 'recorded', outcome, isNew: true, toTell: optOut ? heard : [] };
}

/** Who is written to at the number, and whose message is answered; their rows are locked, in this order. */
async function customersAt(
  sql: Sql,
  channel: AddressChannel,
  from: string,
  answered: Message | null,
): Promise<CustomerRef[]> {
  const { rows } = await sql.query<{ ref: CustomerRef }>(
    `select customer_ref as ref from customers c
      where erased_at is null
        and (customer_ref = $3
          or customer_ref in (select customer_ref from contact_addresses where channel = $1 and address = $2 limit $4))
      order by customer_ref for no key update`,
    [channel, readAddress(channel, from), answered?.customerRef ?? null, MAX_CUSTOMERS_OF_ADDRESS],
  );
  return rows.map(({ ref }) => ref);
}

/** The newest message by the channel to one of these: what a reply without a reference answers. */
async function lastMessageTo(
  sql: Sql,
  channel: AddressChannel,
  customers: readonly CustomerRef[],
): Promise<Message | null> {
  const { rows } = await sql.query<Message>(
    `select outreach_key as key, customer_ref as "customerRef", journey_id as "journeyId"
       from outreach where customer_ref = any($1) and channel = $2 and state in ('claimed', 'sent', 'unknown')
      order by claimed_at desc limit 1`,
    [customers, channel],
  );
  return rows[0] ?? null;
}

async function insertInbound(
  sql: Sql,
  { channel, eventId, textId }: Extract<GatewayEvent, { kind: 'reply' }>,
  inbound: { customerRef: CustomerRef; message: Message | null; isAuthor: boolean; optOut: boolean; at: Instant },
): Promise<void> {
  const { customerRef, message, isAuthor, optOut, at } = inbound;
  await sql.query(
    `insert into inbound_messages (channel, event_id, customer_ref, journey_id, outreach_key, text_id, opt_out, received_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      channel,
      eventId,
      customerRef,
      message?.journeyId ?? null,
      message?.key ?? null,
      isAuthor ? textId : null,
      optOut,
      timestamp(at),
    ],
  );
}

export interface Reply {
  channel: AddressChannel;
  receivedAt: Instant;
  optOut: boolean;
  journeyId: JourneyId | null;
  /** null: the words were erased, or are those of another customer of the same number */
  text: string | null;
}

/** What a customer has answered by channels other than e-mail, the newest first, at most MAX_REPLIES_SHOWN. */
export async function listReplies(sql: Sql, customerRef: CustomerRef): Promise<Reply[]> {
  const { rows } = await sql.query<Reply>(
    `select channel, i.received_at as "receivedAt", opt_out as "optOut", journey_id as "journeyId", body as text
       from inbound_messages i left join texts using (text_id)
      where i.customer_ref = $1 order by inbound_id desc limit $2`,
    [customerRef, MAX_REPLIES_SHOWN],
  );
  return rows;
}
