import { CHANNEL_RULES, channelOrder, chooseChannel, type ChannelChoice } from '../domain/channel-choice.js';
import { contactDoor, longestCap, type DoorAnswer } from '../domain/contact-door.js';
import { CONTACT_CHANNELS, type ContactChannel, type ContactPolicy } from '../domain/contact-policy.js';
import { HOUSE_CONTACT_POLICY } from '../domain/house-contact.js';
import type { CampaignRef, CustomerRef, Instant, JourneyId, MessageClass } from '../domain/types.js';
import { customerChannels, refusedAt, type CustomerChannels } from '../store/contact-addresses.js';
import { addressRefused, doorFacts, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { passDoor } from '../store/door-locks.js';
import type { GatewayDoors } from './gateway.js';
import type { Delivery, Mail, MailDoor } from './mail.js';
import { shortTextExists, TemplateError } from './message-templates.js';

/** What takes messages, by channel. */
export interface ChannelDoors {
  mail: MailDoor;
  /** left out: no channel but e-mail */
  gateways?: GatewayDoors;
}

/** A message as it is written, for whatever channel. */
export type ComposedMessage = Omit<Mail, 'messageId' | 'to'> & {
  /** what a channel carries that carries no letter */
  short?: () => string;
};

/** What the door and the choice of the channel want to know of a message. */
export interface AskedMessage {
  /** `workflowId:step` */
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  template: string;
  messageClass: MessageClass;
  purpose: 'survey' | 'other';
  /** whose pause, hours, days, caps and channels hold it; left out: of none, like what the customer ordered, in the house's hours */
  campaign?: { campaignRef: CampaignRef; policy: ContactPolicy };
  at: Instant;
  /** the letter that closes the journey, which has ended by then */
  afterEnd?: boolean;
}

/** The channel and the address by which a message goes. */
export interface Route {
  channel: ContactChannel;
  address: string;
}

export type DoorAsking =
  | { kind: 'send'; route: Route; choice: ChannelChoice }
  | { kind: 'hold'; until: Instant | null; reasons: string[]; channel: ContactChannel; choice: ChannelChoice }
  | { kind: 'never'; reasons: string[]; channel: ContactChannel; choice: ChannelChoice };

/** What a decision keeps of the choice. */
export const choiceSeen = ({ passedOver }: ChannelChoice) => ({
  rules: CHANNEL_RULES,
  passedOver: passedOver.map(({ channel, reasons }) => ({ channel, reasons })),
});

/**
 * Chooses the channel and asks the door for it. Where no channel can be had, the door is asked for the first, so that every
 * rule that spoke is named. The caller holds the customer's row.
 */
export async function askDoor(
  sql: Sql,
  doors: ChannelDoors,
  asked: AskedMessage,
  customer: CustomerContact,
): Promise<DoorAsking> {
  const { customerRef, journeyId, messageClass, purpose, at, key } = asked;
  const { campaignRef = null, policy = HOUSE_CONTACT_POLICY } = asked.campaign ?? {};
  await passDoor(sql, campaignRef);
  const { choice, first, channels } = await choose(sql, doors, asked);
  const channel = choice.channel ?? first;
  const lookBack = longestCap(policy);
  const asking = asked.afterEnd ? null : journeyId;
  const records = await doorFacts(sql, { customerRef, journeyId: asking, campaignRef, channel, key, at, lookBack });
  const refused = choice.passedOver.some(({ reasons }) => reasons.includes('address-refused'));
  const facts = { ...customer, ...records, addressRefused: choice.channel === null && refused };
  const answer = contactDoor({ messageClass, purpose, channel, policy, at, ofCampaign: campaignRef !== null }, facts);
  return answerFor(answer, choice, { channel, address: channels.addresses[channel]?.address ?? '' });
}

function answerFor(answer: DoorAnswer, choice: ChannelChoice, route: Route): DoorAsking {
  const { channel } = route;
  if (choice.channel === null) {
    // a channel of which the customer never gave an address has nothing to say to the message
    const there = choice.passedOver.filter(({ reasons }) => !reasons.includes('no-address'));
    const spoke = (there.length > 0 ? there : choice.passedOver).flatMap(({ reasons }) => reasons);
    const reasons = [...new Set<string>([...answer.reasons, ...spoke])];
    return { kind: 'never', reasons, channel, choice };
  }
  if (answer.kind === 'send') return { kind: 'send', route, choice };
  return answer.kind === 'hold' ? { ...answer, channel, choice } : { ...answer, channel, choice };
}

/** Which channel can be had for the message as things stand. */
export async function choose(
  sql: Sql,
  doors: ChannelDoors,
  { key, customerRef, messageClass, purpose, template, campaign }: AskedMessage,
): Promise<{ choice: ChannelChoice; first: ContactChannel; channels: CustomerChannels }> {
  const channels = await customerChannels(sql, customerRef, key);
  const { preferred, triedBy, addresses, consents } = channels;
  const question = { messageClass, purpose, channels: campaign?.policy.channels ?? null, preferred, triedBy };
  const facts = (channel: ContactChannel) => ({
    hasAddress: addresses[channel] !== null,
    addressRefused: addresses[channel]?.refused ?? false,
    hasGateway: channel === 'email' || doors.gateways?.[channel] !== undefined,
    hasText: channel === 'email' || shortTextExists(template),
    promotionalConsent: consents[channel].promotional,
    surveyConsent: consents[channel].survey,
  });
  const ofEach = Object.fromEntries(CONTACT_CHANNELS.map((channel) => [channel, facts(channel)]));
  const choice = chooseChannel(question, ofEach as Parameters<typeof chooseChannel>[1]);
  const [first = 'email'] = channelOrder(question);
  return { choice, first, channels };
}

/** Hands a message over by its channel, within its claim. @throws TemplateError when there is no text for the channel */
export async function deliverBy(
  doors: ChannelDoors,
  { channel, address }: Route,
  message: {
    messageId: string;
    messageClass: MessageClass;
    customer: CustomerContact;
    written: Written;
  },
  deadline: number,
): Promise<Delivery> {
  const { messageId, messageClass, customer, written } = message;
  if (channel === 'email') {
    const { subject, html, text } = written.composed;
    const headers = { ...written.composed.headers, 'X-Keepwell-Class': messageClass };
    return doors.mail.deliver({ subject, html, text, headers, to: address, messageId: `<${messageId}>` }, deadline);
  }
  const door = doors.gateways?.[channel];
  if (!door) return { kind: 'later', answer: `no gateway for ${channel}` };
  const { language } = customer;
  return door.deliver(
    { messageId, channel, to: address, text: written.short ?? '', language, class: messageClass },
    deadline,
  );
}

/** A message with the text of its channel. */
export interface Written {
  composed: ComposedMessage;
  /** null by e-mail */
  short: string | null;
}

/** @throws TemplateError when the channel has no text, or it can't be filled in */
export function written(composed: ComposedMessage, { channel }: Route, template: string): Written {
  if (channel === 'email') return { composed, short: null };
  if (!composed.short) throw new TemplateError(`${template} has no short text, which the channel ${channel} carries`);
  return { composed, short: composed.short() };
}

/** Remembers that nobody can be reached at the address. */
export function rememberRefusal(sql: Sql, customerRef: CustomerRef, route: Route, at: Instant): Promise<void> {
  const { channel, address } = route;
  return channel === 'email' ? addressRefused(sql, customerRef, at) : refusedAt(sql, customerRef, channel, address, at);
}
