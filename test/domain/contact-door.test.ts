import fc from 'fast-check';
import {
  contactDoor,
  EXCLUSIONS,
  type DoorFacts,
  type DoorReason,
  type DoorRequest,
  type Exclusion,
} from '../../domain/contact-door.js';
import type { ContactPolicy } from '../../domain/contact-policy.js';
import { addMillis, days, instant, millis, type ZoneId } from '../../domain/types.js';

/** A Monday, ten in the morning in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const HOUR = 3_600_000;
const POLICY: ContactPolicy = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  hours: { from: '08:00', to: '20:00' },
  caps: [
    { most: 2, within: days(7) },
    { most: 1, within: days(1), channel: 'sms' },
  ],
  channels: ['email'],
};

/** A customer to whom everything may be sent. */
const welcome: DoorFacts = {
  zone: 'Asia/Shanghai' as ZoneId,
  exclusions: [],
  notBefore: null,
  campaignPaused: false,
  outboundStopped: false,
  counted: [],
  erased: false,
  addressRefused: false,
  promotionalConsent: true,
  surveyConsent: true,
  openComplaint: false,
  inCreditCare: false,
  journeyClosed: false,
};
const asked = { channel: 'email', ofCampaign: true, at: AT, policy: POLICY } as const;
const promotion: DoorRequest = { messageClass: 'promotional', purpose: 'other', ...asked };
const service: DoorRequest = { messageClass: 'service', purpose: 'other', ...asked };
const survey: DoorRequest = { messageClass: 'service', purpose: 'survey', ...asked };
const letter: DoorRequest = { messageClass: 'statutory', purpose: 'other', ...asked };
/** What the customer ordered, or a letter about their points: of no campaign. */
const ordered: DoorRequest = { ...service, ofCampaign: false };

/** What stands against a message, and to whom it applies, written down apart from the product. */
const RULES: { reason: DoorReason; speaks: (facts: DoorFacts, request: DoorRequest) => boolean }[] = [
  { reason: 'erased', speaks: (facts) => facts.erased },
  { reason: 'address-refused', speaks: (facts) => facts.addressRefused },
  {
    reason: 'journey-closed',
    speaks: (facts, { messageClass }) => facts.journeyClosed && messageClass !== 'statutory',
  },
  {
    reason: 'no-survey-consent',
    speaks: (facts, { messageClass, purpose }) =>
      !facts.surveyConsent && purpose === 'survey' && messageClass !== 'statutory',
  },
  {
    reason: 'no-promotional-consent',
    speaks: (facts, { messageClass }) => !facts.promotionalConsent && messageClass === 'promotional',
  },
  { reason: 'credit-care', speaks: (facts, { messageClass }) => facts.inCreditCare && messageClass === 'promotional' },
  {
    reason: 'complaint-open',
    speaks: (facts, { messageClass }) => facts.openComplaint && messageClass === 'promotional',
  },
  {
    reason: 'excluded',
    speaks: ({ exclusions }, { messageClass, ofCampaign }) =>
      messageClass !== 'statutory' &&
      (exclusions.includes('deceased') ||
        (messageClass === 'promotional' && exclusions.length > 0) ||
        (ofCampaign && exclusions.some((kind) => kind !== 'vulnerable'))),
  },
  { reason: 'outbound-stopped', speaks: (facts) => facts.outboundStopped },
  {
    reason: 'campaign-paused',
    speaks: (facts, { messageClass, ofCampaign }) => facts.campaignPaused && ofCampaign && messageClass !== 'statutory',
  },
  {
    reason: 'not-before',
    speaks: ({ notBefore }, { messageClass, ofCampaign, at }) =>
      notBefore !== null &&
      notBefore > at &&
      (messageClass === 'promotional' || (messageClass === 'service' && ofCampaign)),
  },
  {
    reason: 'cap-reached',
    speaks: ({ counted }, { messageClass, at }) =>
      messageClass === 'promotional' && counted.filter((message) => message.at > at - days(7)).length >= 2,
  },
];
/** These end, or may end; every other is for good. */
const HOLDS: DoorReason[] = ['complaint-open', 'outbound-stopped', 'campaign-paused', 'not-before', 'cap-reached'];

const anyFacts: fc.Arbitrary<DoorFacts> = fc.record({
  zone: fc.constant('Asia/Shanghai' as ZoneId),
  exclusions: fc.subarray<Exclusion>([...EXCLUSIONS], { maxLength: 1 }),
  notBefore: fc.option(fc.integer({ min: -48, max: 480 }).map((n) => addMillis(AT, millis(n * HOUR)))),
  campaignPaused: fc.boolean(),
  outboundStopped: fc.boolean(),
  counted: fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 200 }).map((n) => addMillis(AT, millis(-n * HOUR))),
      channel: fc.constant('email' as const),
    }),
    { maxLength: 4 },
  ),
  erased: fc.boolean(),
  addressRefused: fc.boolean(),
  promotionalConsent: fc.boolean(),
  surveyConsent: fc.boolean(),
  openComplaint: fc.boolean(),
  inCreditCare: fc.boolean(),
  journeyClosed: fc.boolean(),
});
const anyRequest: fc.Arbitrary<DoorRequest> = fc.record({
  messageClass: fc.constantFrom('promotional', 'service', 'statutory'),
  purpose: fc.constantFrom('survey', 'other'),
  channel: fc.constant('email'),
  ofCampaign: fc.boolean(),
  at: fc.constant(AT),
  policy: fc.constant(POLICY),
});

test.each([promotion, service, survey, letter, ordered])('a customer who is welcome gets %j', (request) => {
  expect(contactDoor(request, welcome)).toEqual({ kind: 'send', reasons: [] });
});

describe('each rule alone', () => {
  const alone = (request: DoorRequest, facts: Partial<DoorFacts>) => contactDoor(request, { ...welcome, ...facts });

  test('an erased customer hears nothing, not even of the own complaint', () => {
    for (const request of [promotion, service, survey, letter])
      expect(alone(request, { erased: true })).toEqual({ kind: 'never', reasons: ['erased'] });
  });

  test('nothing is sent to an address that refuses mail for good', () => {
    for (const request of [promotion, service, survey, letter])
      expect(alone(request, { addressRefused: true })).toEqual({ kind: 'never', reasons: ['address-refused'] });
  });

  test('a journey that has ended sells and asks nothing any more, but the law still has its letter', () => {
    for (const request of [promotion, service, survey])
      expect(alone(request, { journeyClosed: true })).toEqual({ kind: 'never', reasons: ['journey-closed'] });
    expect(alone(letter, { journeyClosed: true }).kind).toBe('send');
  });

  test('who did not agree to promotions gets none, but is served', () => {
    const facts = { promotionalConsent: false };
    expect(alone(promotion, facts)).toEqual({ kind: 'never', reasons: ['no-promotional-consent'] });
    for (const request of [service, survey, letter]) expect(alone(request, facts).kind).toBe('send');
  });

  test('who wants no surveys gets none, but gets the rest', () => {
    const facts = { surveyConsent: false };
    expect(alone(survey, facts)).toEqual({ kind: 'never', reasons: ['no-survey-consent'] });
    for (const request of [promotion, service, letter]) expect(alone(request, facts).kind).toBe('send');
  });

  test('a customer in credit care is helped and sold nothing', () => {
    const facts = { inCreditCare: true };
    expect(alone(promotion, facts)).toEqual({ kind: 'never', reasons: ['credit-care'] });
    for (const request of [service, survey, letter]) expect(alone(request, facts).kind).toBe('send');
  });

  test('an open complaint holds a promotion, which may go out later, and holds nothing else', () => {
    const facts = { openComplaint: true };
    expect(alone(promotion, facts)).toEqual({ kind: 'hold', until: null, reasons: ['complaint-open'] });
    for (const request of [service, survey, letter]) expect(alone(request, facts).kind).toBe('send');
  });
});

describe('what holds a message, and until when', () => {
  const facts = (more: Partial<DoorFacts>): DoorFacts => ({ ...welcome, ...more });
  const ago = (n: number) => ({ at: addMillis(AT, days(-n)), channel: 'email' as const });

  test('quiet hours hold promotions and services until the morning, and never the law', () => {
    const night = addMillis(AT, millis(11 * HOUR));
    const held = { kind: 'hold', until: addMillis(AT, millis(22 * HOUR)), reasons: ['quiet-hours'] };
    for (const request of [promotion, service, survey, ordered])
      expect(contactDoor({ ...request, at: night }, welcome)).toEqual(held);
    expect(contactDoor({ ...letter, at: night }, welcome).kind).toBe('send');
  });

  test('a cap reached holds a promotion until the oldest message that counts has left the stretch', () => {
    const capped = facts({ counted: [ago(6), ago(1), ago(8)] });
    expect(contactDoor(promotion, capped)).toEqual({
      kind: 'hold',
      until: addMillis(AT, days(1)),
      reasons: ['cap-reached'],
    });
    expect(contactDoor({ ...promotion, at: addMillis(AT, days(1)) }, capped).kind).toBe('send');
    expect(contactDoor(service, capped).kind).toBe('send');
  });

  test('a cap of one channel counts that channel alone', () => {
    const counted = [{ at: addMillis(AT, millis(-HOUR)), channel: 'sms' as const }];
    expect(contactDoor(promotion, facts({ counted })).kind).toBe('send');
    expect(contactDoor({ ...promotion, channel: 'sms' }, facts({ counted })).kind).toBe('hold');
  });

  test('what the cap allows on a Saturday waits for Monday', () => {
    const friday = addMillis(AT, days(4));
    const counted = [
      { at: addMillis(AT, days(-2)), channel: 'email' as const },
      { at: addMillis(AT, days(-1)), channel: 'email' as const },
    ];
    expect(contactDoor({ ...promotion, at: friday }, facts({ counted }))).toEqual({
      kind: 'hold',
      until: instant(Date.UTC(2026, 0, 19, 0)),
      reasons: ['cap-reached'],
    });
  });

  test('a manager who said "not before" is heeded by campaigns, not by what the customer ordered', () => {
    const later = facts({ notBefore: addMillis(AT, days(2)) });
    for (const request of [promotion, service, survey])
      expect(contactDoor(request, later)).toEqual({
        kind: 'hold',
        until: addMillis(AT, days(2)),
        reasons: ['not-before'],
      });
    for (const request of [ordered, letter]) expect(contactDoor(request, later).kind).toBe('send');
  });

  test('a paused campaign says nothing until somebody resumes it', () => {
    for (const request of [promotion, service, survey])
      expect(contactDoor(request, facts({ campaignPaused: true }))).toMatchObject({ kind: 'hold', until: null });
    for (const request of [ordered, letter])
      expect(contactDoor(request, facts({ campaignPaused: true })).kind).toBe('send');
  });

  test('the kill switch holds everything, the law too', () => {
    for (const request of [promotion, service, survey, ordered, letter])
      expect(contactDoor(request, facts({ outboundStopped: true }))).toEqual({
        kind: 'hold',
        until: null,
        reasons: ['outbound-stopped'],
      });
  });

  test.each(EXCLUSIONS)('who is excluded (%s) is sold nothing', (kind) => {
    expect(contactDoor(promotion, facts({ exclusions: [kind] }))).toEqual({ kind: 'never', reasons: ['excluded'] });
    expect(contactDoor(letter, facts({ exclusions: [kind] })).kind).toBe('send');
  });

  test('a year of which nobody has published the holidays holds the message for a day, and says so', () => {
    const at = instant(Date.UTC(2040, 4, 7, 2));
    const answer = contactDoor({ ...promotion, at, policy: { ...POLICY, calendar: 'CN' } }, welcome);
    expect(answer).toEqual({ kind: 'hold', until: addMillis(at, days(1)), reasons: ['calendar-ended'] });
  });
});

test('all rules at once are all named, those that are final first', () => {
  const nothingGoes: DoorFacts = {
    ...welcome,
    exclusions: ['frozen'],
    notBefore: addMillis(AT, days(3)),
    campaignPaused: true,
    outboundStopped: true,
    counted: [
      { at: addMillis(AT, days(-1)), channel: 'email' },
      { at: addMillis(AT, days(-2)), channel: 'email' },
    ],
    erased: true,
    addressRefused: true,
    promotionalConsent: false,
    surveyConsent: false,
    openComplaint: true,
    inCreditCare: true,
    journeyClosed: true,
  };
  expect(contactDoor({ ...promotion, purpose: 'survey', at: addMillis(AT, millis(12 * HOUR)) }, nothingGoes)).toEqual({
    kind: 'never',
    reasons: [
      'erased',
      'address-refused',
      'journey-closed',
      'no-survey-consent',
      'excluded',
      'no-promotional-consent',
      'credit-care',
      'outbound-stopped',
      'campaign-paused',
      'complaint-open',
      'not-before',
      'cap-reached',
      'quiet-hours',
    ],
  });
});

test('a promotion that is refused for good is not merely held, whatever complaint is open', () => {
  const answer = contactDoor(promotion, { ...welcome, openComplaint: true, promotionalConsent: false });
  expect(answer).toEqual({ kind: 'never', reasons: ['no-promotional-consent', 'complaint-open'] });
});

test('no customer who complains, did not agree, is in credit care or is erased is ever sold anything', () => {
  fc.assert(
    fc.property(anyFacts, anyRequest, (facts, request) => {
      const protectedFromSelling =
        facts.openComplaint || !facts.promotionalConsent || facts.inCreditCare || facts.erased;
      fc.pre(protectedFromSelling && request.messageClass === 'promotional');
      expect(contactDoor(request, facts).kind).not.toBe('send');
    }),
  );
});

test("the law's letters reach everybody but the erased and those whose address is dead, unless all is stopped", () => {
  fc.assert(
    fc.property(anyFacts, fc.constantFrom('survey' as const, 'other' as const), (facts, purpose) => {
      const answer = contactDoor({ ...letter, purpose }, facts);
      const stopped = facts.outboundStopped ? 'hold' : 'send';
      expect(answer.kind).toBe(facts.erased || facts.addressRefused ? 'never' : stopped);
    }),
  );
});

test('whatever is known of a customer, every rule that spoke is named and no other', () => {
  fc.assert(
    fc.property(anyFacts, anyRequest, (facts, request) => {
      const spoke = RULES.filter((rule) => rule.speaks(facts, request)).map((rule) => rule.reason);
      const { kind, reasons } = contactDoor(request, facts);
      expect([...reasons].sort()).toEqual([...spoke].sort());
      const forGood = spoke.some((reason) => !HOLDS.includes(reason));
      expect(kind).toBe(forGood ? 'never' : spoke.length > 0 ? 'hold' : 'send');
    }),
    { numRuns: 500 },
  );
});
