import { CONTACT_CHANNELS, type ContactChannel } from './contact-policy.js';
import type { MessageClass } from './types.js';

/** Why a message does not go by a channel. */
export type ChannelReason =
  'no-address' | 'address-refused' | 'no-gateway' | 'no-short-text' | 'no-promotional-consent' | 'no-survey-consent';

/** What a channel offers for one message to one customer. */
export interface ChannelFacts {
  hasAddress: boolean;
  /** the address refused messages for good */
  addressRefused: boolean;
  /** something takes the channel's messages: a mail server, a gateway */
  hasGateway: boolean;
  /** the message has a text that the channel can carry */
  hasText: boolean;
  promotionalConsent: boolean;
  surveyConsent: boolean;
}

export interface ChannelQuestion {
  messageClass: MessageClass;
  purpose: 'survey' | 'other';
  /** of the campaign that asks, in its order of preference; null: of no campaign */
  channels: readonly ContactChannel[] | null;
  /** by the customer; null: said nothing */
  preferred: ContactChannel | null;
  /** what was handed over this message and did not take it; null: nothing yet, or that is settled */
  triedBy: ContactChannel | null;
}

export interface PassedOver {
  channel: ContactChannel;
  /** never empty */
  reasons: ChannelReason[];
}

export interface ChannelChoice {
  /** null: none can be had */
  channel: ContactChannel | null;
  /** those that went before it in the order of preference, with every reason, first to last */
  passedOver: PassedOver[];
  /** none can be had, since nobody is there to be reached by any: not for want of consent or text */
  unreachable: boolean;
}

/** The version of these rules, kept with every decision that they take. */
export const CHANNEL_RULES = 'channel-choice@1';

/** What says that nobody can be reached there. A channel without a gateway is no way to anybody. */
const NOBODY_THERE: readonly ChannelReason[] = ['no-address', 'address-refused', 'no-gateway'];

/**
 * The first channel that can be had, in the order of channelOrder: an address that is not refused, something that takes the
 * message, a text for it, and the consent that its class and purpose ask for.
 */
export function chooseChannel(
  question: ChannelQuestion,
  facts: Readonly<Record<ContactChannel, ChannelFacts>>,
): ChannelChoice {
  const passedOver: PassedOver[] = [];
  for (const channel of channelOrder(question)) {
    const reasons = against(question, facts[channel]);
    if (reasons.length === 0) return { channel, passedOver, unreachable: false };
    passedOver.push({ channel, reasons });
  }
  const nobody = passedOver.every(({ reasons }) => reasons.some((reason) => NOBODY_THERE.includes(reason)));
  // where every address is alive and only gateways are missing, it is the bank that can't be heard
  const isOfAddress = passedOver.some(({ reasons }) => reasons.some((reason) => isOfTheAddress(reason)));
  return { channel: null, passedOver, unreachable: nobody && isOfAddress };
}

const isOfTheAddress = (reason: ChannelReason): boolean => reason === 'no-address' || reason === 'address-refused';

/**
 * The channels that come into question, the best first; never empty, and each is there once.
 *  - of a campaign: its channels, the customer's preferred one first where it is among them;
 *  - the law's letters: by e-mail, and where that is dead by whatever reaches the customer;
 *  - what the customer ordered or owns: by e-mail, else as preferred.
 * A channel that was handed the message and did not take it comes first: it knows the message by its id, so that nothing is
 * sent twice should it have taken it after all.
 */
export function channelOrder(question: ChannelQuestion): ContactChannel[] {
  const { triedBy } = question;
  const order = preferences(question);
  const first = triedBy !== null && order.includes(triedBy) ? [triedBy] : [];
  return [...new Set([...first, ...order])];
}

function preferences({ messageClass, channels, preferred }: ChannelQuestion): ContactChannel[] {
  const wish = preferred === null ? [] : [preferred];
  if (messageClass === 'statutory') return ['email', ...wish, ...CONTACT_CHANNELS];
  if (channels === null) return ['email', ...wish];
  return [...wish.filter((channel) => channels.includes(channel)), ...channels];
}

function against({ messageClass, purpose }: ChannelQuestion, facts: ChannelFacts): ChannelReason[] {
  const reasons: ChannelReason[] = [];
  if (!facts.hasAddress) reasons.push('no-address');
  if (facts.addressRefused) reasons.push('address-refused');
  if (!facts.hasGateway) reasons.push('no-gateway');
  if (!facts.hasText) reasons.push('no-short-text');
  if (messageClass === 'statutory') return reasons;
  if (messageClass === 'promotional' && !facts.promotionalConsent) reasons.push('no-promotional-consent');
  if (purpose === 'survey' && !facts.surveyConsent) reasons.push('no-survey-consent');
  return reasons;
}
