import fc from 'fast-check';
import { contactDoor, type DoorFacts, type DoorReason, type DoorRequest } from '../../domain/contact-door.js';

/** A customer to whom everything may be sent. */
const welcome: DoorFacts = {
  erased: false,
  addressRefused: false,
  promotionalConsent: true,
  surveyConsent: true,
  openComplaint: false,
  inCreditCare: false,
  journeyClosed: false,
};
const promotion: DoorRequest = { messageClass: 'promotional', purpose: 'other' };
const service: DoorRequest = { messageClass: 'service', purpose: 'other' };
const survey: DoorRequest = { messageClass: 'service', purpose: 'survey' };
const letter: DoorRequest = { messageClass: 'statutory', purpose: 'other' };

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
];

const anyFacts: fc.Arbitrary<DoorFacts> = fc.record({
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
});

test.each([promotion, service, survey, letter])('a customer who is welcome gets %j', (request) => {
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
    expect(alone(promotion, facts)).toEqual({ kind: 'hold', reasons: ['complaint-open'] });
    for (const request of [service, survey, letter]) expect(alone(request, facts).kind).toBe('send');
  });
});

test('all rules at once are all named, those that are final first', () => {
  const nothingGoes: DoorFacts = {
    erased: true,
    addressRefused: true,
    promotionalConsent: false,
    surveyConsent: false,
    openComplaint: true,
    inCreditCare: true,
    journeyClosed: true,
  };
  expect(contactDoor({ messageClass: 'promotional', purpose: 'survey' }, nothingGoes)).toEqual({
    kind: 'never',
    reasons: [
      'erased',
      'address-refused',
      'journey-closed',
      'no-survey-consent',
      'no-promotional-consent',
      'credit-care',
      'complaint-open',
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

test("the law's letters reach everybody but the erased and those whose address is dead", () => {
  fc.assert(
    fc.property(anyFacts, fc.constantFrom('survey' as const, 'other' as const), (facts, purpose) => {
      const answer = contactDoor({ messageClass: 'statutory', purpose }, facts);
      expect(answer.kind).toBe(facts.erased || facts.addressRefused ? 'never' : 'send');
    }),
  );
});

test('whatever is known of a customer, every rule that spoke is named and no other', () => {
  fc.assert(
    fc.property(anyFacts, anyRequest, (facts, request) => {
      const spoke = RULES.filter((rule) => rule.speaks(facts, request)).map((rule) => rule.reason);
      const { kind, reasons } = contactDoor(request, facts);
      expect([...reasons].sort()).toEqual([...spoke].sort());
      const forGood = spoke.some((reason) => reason !== 'complaint-open');
      expect(kind).toBe(forGood ? 'never' : spoke.length > 0 ? 'hold' : 'send');
    }),
    { numRuns: 500 },
  );
});
