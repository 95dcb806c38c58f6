import fc from 'fast-check';
import { channelOrder, chooseChannel, type ChannelFacts, type ChannelQuestion } from '../../domain/channel-choice.js';
import { CONTACT_CHANNELS, type ContactChannel } from '../../domain/contact-policy.js';
import { isOptOut } from '../../domain/opt-out-words.js';

const GOOD: ChannelFacts = {
  hasAddress: true,
  addressRefused: false,
  hasGateway: true,
  hasText: true,
  promotionalConsent: true,
  surveyConsent: true,
};
const OFFER: ChannelQuestion = {
  messageClass: 'promotional',
  purpose: 'other',
  channels: ['email', 'sms', 'im'],
  preferred: null,
  triedBy: null,
};
const facts = (but: Partial<Record<ContactChannel, Partial<ChannelFacts>>> = {}) => ({
  email: { ...GOOD, ...but.email },
  sms: { ...GOOD, ...but.sms },
  im: { ...GOOD, ...but.im },
});

describe('the order of channels', () => {
  test.each<[string, Partial<ChannelQuestion>, ContactChannel[]]>([
    ["a campaign's own", { channels: ['sms', 'email'] }, ['sms', 'email']],
    ['what the customer prefers, first', { channels: ['sms', 'email'], preferred: 'email' }, ['email', 'sms']],
    ['not what the campaign does not use', { channels: ['sms'], preferred: 'im' }, ['sms']],
    ['of an order: e-mail, and the preferred', { channels: null, preferred: 'im' }, ['email', 'im']],
    ['of an order without a preference: e-mail', { channels: null }, ['email']],
    [
      "of the law's letters: e-mail, whatever is preferred",
      { messageClass: 'statutory', channels: null, preferred: 'im' },
      ['email', 'im', 'sms'],
    ],
    [
      'what was handed the message before, first',
      { channels: ['sms', 'email'], preferred: 'email', triedBy: 'sms' },
      ['sms', 'email'],
    ],
  ])('%s', (_words, but, order) => expect(channelOrder({ ...OFFER, ...but })).toEqual(order));
});

describe('a channel is passed over', () => {
  const sms = { ...OFFER, channels: ['sms', 'email'] as const };
  test.each<[Partial<ChannelFacts>, Partial<ChannelQuestion>, string]>([
    [{ hasAddress: false }, {}, 'no-address'],
    [{ addressRefused: true }, {}, 'address-refused'],
    [{ hasGateway: false }, {}, 'no-gateway'],
    [{ hasText: false }, {}, 'no-short-text'],
    [{ promotionalConsent: false }, {}, 'no-promotional-consent'],
    [{ surveyConsent: false }, { messageClass: 'service', purpose: 'survey' }, 'no-survey-consent'],
  ])('when %j, and the next one is taken, with the reason kept', (but, asked, reason) => {
    expect(chooseChannel({ ...sms, ...asked }, facts({ sms: but }))).toEqual({
      channel: 'email',
      passedOver: [{ channel: 'sms', reasons: [reason] }],
      unreachable: false,
    });
  });

  test('with every reason, not only the first', () => {
    const { passedOver } = chooseChannel(sms, facts({ sms: { addressRefused: true, promotionalConsent: false } }));
    expect(passedOver).toEqual([{ channel: 'sms', reasons: ['address-refused', 'no-promotional-consent'] }]);
  });

  test('a service needs no consent to promotions, nor the law’s letter one to anything', () => {
    const none = { promotionalConsent: false, surveyConsent: false };
    const all = facts({ email: none, sms: none, im: none });
    expect(chooseChannel({ ...sms, messageClass: 'service' }, all).channel).toBe('sms');
    expect(chooseChannel({ ...sms, messageClass: 'statutory' }, all).channel).toBe('email');
  });
});

describe('a customer is out of reach', () => {
  const dead = { addressRefused: true };
  test.each<[string, Parameters<typeof facts>[0], boolean]>([
    ['when every address is dead', { email: dead, sms: dead, im: dead }, true],
    ['when the others were never there', { email: dead, sms: { hasAddress: false }, im: { hasAddress: false } }, true],
    ['when the others have no gateway', { email: dead, sms: { hasGateway: false }, im: { hasGateway: false } }, true],
    [
      'not for want of consent on one that is alive',
      { email: dead, sms: dead, im: { promotionalConsent: false } },
      false,
    ],
    ['not for want of a text', { email: dead, sms: { hasText: false }, im: dead }, false],
  ])('%s', (_words, but, unreachable) => {
    expect(chooseChannel(OFFER, facts(but))).toMatchObject({ channel: null, unreachable });
  });

  test('not when it is the bank that has no gateway: the addresses are alive', () => {
    const asked = { ...OFFER, channels: ['sms'] as const };
    expect(chooseChannel(asked, facts({ sms: { hasGateway: false } }))).toMatchObject({
      channel: null,
      unreachable: false,
    });
  });
});

const channel = fc.constantFrom(...CONTACT_CHANNELS);
const factsOfAny = fc.record({
  hasAddress: fc.boolean(),
  addressRefused: fc.boolean(),
  hasGateway: fc.boolean(),
  hasText: fc.boolean(),
  promotionalConsent: fc.boolean(),
  surveyConsent: fc.boolean(),
});
const anyFacts = fc.record({ email: factsOfAny, sms: factsOfAny, im: factsOfAny });
const anyQuestion: fc.Arbitrary<ChannelQuestion> = fc.record({
  messageClass: fc.constantFrom('promotional', 'service', 'statutory'),
  purpose: fc.constantFrom('survey', 'other'),
  channels: fc.option(fc.uniqueArray(channel, { minLength: 1 })),
  preferred: fc.option(channel),
  triedBy: fc.option(channel),
});

test('whatever is known, a message goes by nothing that is dead, mute, foreign to it or not agreed to', () => {
  fc.assert(
    fc.property(anyQuestion, anyFacts, (question, known) => {
      const { channel: chosen, passedOver, unreachable } = chooseChannel(question, known);
      const order = channelOrder(question);
      // the first that can be had: all before it are passed over for a reason, in their order
      const before = chosen === null ? order : order.slice(0, order.indexOf(chosen));
      expect(passedOver.map((one) => one.channel)).toEqual(before);
      for (const { reasons } of passedOver) expect(reasons.length).toBeGreaterThan(0);
      if (chosen === null) return;
      const { promotionalConsent, surveyConsent, ...way } = known[chosen];
      expect(way).toEqual({ hasAddress: true, addressRefused: false, hasGateway: true, hasText: true });
      if (question.messageClass === 'promotional') expect(promotionalConsent).toBe(true);
      if (question.messageClass !== 'statutory' && question.purpose === 'survey') expect(surveyConsent).toBe(true);
      if (question.channels && question.messageClass !== 'statutory') expect(question.channels).toContain(chosen);
      expect(unreachable).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});

test('the same is chosen for the same, and each channel is asked once', () => {
  fc.assert(
    fc.property(anyQuestion, anyFacts, (question, known) => {
      expect(chooseChannel(question, known)).toEqual(chooseChannel(structuredClone(question), structuredClone(known)));
      const order = channelOrder(question);
      expect(new Set(order).size).toBe(order.length);
    }),
  );
});

test('what kills an address never brings a channel that was passed over before', () => {
  fc.assert(
    fc.property(anyQuestion, anyFacts, (question, known) => {
      const { channel: first, passedOver } = chooseChannel(question, known);
      if (first === null) return;
      const after = { ...known, [first]: { ...known[first], addressRefused: true } };
      const next = chooseChannel(question, after).channel;
      expect([first, ...passedOver.map((one) => one.channel)]).not.toContain(next);
    }),
  );
});

describe('a reply', () => {
  test.each(
    [
      'STOP',
      'stop.',
      ' Stop! ',
      'Unsubscribe',
      'opt-out',
      'OPT OUT',
      'please stop',
      'STOP, thanks',
      'TD',
      'ｔｄ',
    ].concat(['退订', '退订。', '请退订，谢谢', 'T', '回复TD', '取消订阅']),
  )('of "%s" ends promotions', (reply) => expect(isOptOut(reply)).toBe(true));

  test.each([
    '',
    'yes',
    'I stop by tomorrow',
    "don't stop",
    'STD',
    '不要退订',
    '我想了解如何退订',
    'the end of the month',
  ])('of "%s" is for a person to read', (reply) => expect(isOptOut(reply)).toBe(false));
});
