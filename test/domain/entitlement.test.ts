import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  entitled,
  entitlementSteps,
  RENEWAL_DAYS,
  wholeMonths,
  type EntitlementAnswer,
  type EntitlementFacts,
  type EntitlementStep,
  type StandingEntitlement,
} from '../../domain/entitlement.js';
import { readOffers, type LoyaltyOffer, type OfferVersion } from '../../domain/loyalty-offer.js';
import {
  addDays,
  addMillis,
  days,
  instant,
  millis,
  plainDate,
  type Instant,
  type OfferRef,
  type PlainDate,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';

const shipped = readFileSync(join(__dirname, '..', '..', 'loyalty', 'offers.yaml'), 'utf8');
const zone = 'Asia/Shanghai' as ZoneId;
const today = plainDate('2026-11-24');
const at = instant(Date.UTC(2026, 10, 24, 2));

function offersOf(text: string): LoyaltyOffer[] {
  const reading = readOffers(text, 'offers.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition.offers;
}

function offer(change: Partial<Pick<LoyaltyOffer, 'conditions' | 'from' | 'until' | 'validFor'>> = {}): LoyaltyOffer {
  return {
    offer: 'loan-rate',
    name: { en: 'Loan rate', 'zh-CN': '贷款利率' },
    kind: 'preferential-rate',
    terms: { product: 'personal-loan', basisPointsOff: 20 },
    conditions: { tiers: { atLeastRank: 1 }, tenure: 24, retainedOutcomes: { atLeast: 1, within: 24 } },
    validFor: 90,
    ...change,
  };
}

const loyal: EntitlementFacts = {
  tierRef: 'affluent' as TierRef,
  tierRank: 1,
  tenureMonths: 24,
  retainedOn: [plainDate('2026-03-01')],
  inCreditCare: false,
  erased: false,
};

describe('who is entitled', () => {
  test('a customer who meets every condition, and on what grounds', () => {
    expect(entitled(loyal, offer(), today)).toEqual({
      verdict: 'entitled',
      reasons: ['tier-in-offer', 'tenure-long-enough', 'retained-often-enough'],
    });
  });

  test('every condition that is missing is told, not only the first', () => {
    const nobody = { ...loyal, tierRank: 0, tenureMonths: 23, retainedOn: [] };
    expect(entitled(nobody, offer({ from: plainDate('2026-11-25') }), today)).toEqual({
      verdict: 'refused',
      reasons: ['offer-not-begun', 'tier-not-in-offer', 'tenure-too-short', 'too-few-retained'],
    });
  });

  test('tiers by name let in nobody else, however high', () => {
    const named = offer({ conditions: { tiers: { named: ['affluent' as TierRef] } } });
    expect(entitled(loyal, named, today).verdict).toBe('entitled');
    expect(entitled({ ...loyal, tierRef: 'private' as TierRef, tierRank: 2 }, named, today)).toEqual({
      verdict: 'refused',
      reasons: ['tier-not-in-offer'],
    });
  });

  test.each([
    ['2024-11-25', 'entitled'],
    ['2024-11-24', 'refused'],
    ['2026-11-24', 'entitled'],
    ['2026-11-25', 'refused'],
  ])('a journey retained on %s, for 24 months back from 2026-11-24: %s', (ended, verdict) => {
    expect(entitled({ ...loyal, retainedOn: [plainDate(ended)] }, offer(), today).verdict).toBe(verdict);
  });

  test.each([
    ['2026-11-24', '2026-11-24', 'entitled'],
    ['2026-11-25', '2026-12-24', 'offer-not-begun'],
    ['2026-01-01', '2026-11-23', 'offer-over'],
  ])('an offer from %s to %s', (from, until, answer) => {
    const { verdict, reasons } = entitled(loyal, offer({ from: plainDate(from), until: plainDate(until) }), today);
    expect([verdict, ...reasons]).toContain(answer);
  });

  test('credit care and erasure stand before everything', () => {
    expect(entitled({ ...loyal, inCreditCare: true }, offer(), today).reasons).toEqual(['credit-care']);
    expect(entitled({ ...loyal, erased: true, inCreditCare: true }, offer(), today).reasons).toEqual([
      'erased',
      'credit-care',
    ]);
  });
});

const anyDay = fc.integer({ min: -2_000, max: 2_000 }).map((n) => addDays(today, n));
const anyFacts: fc.Arbitrary<EntitlementFacts> = fc.record({
  tierRef: fc.constantFrom(...(['mass', 'affluent', 'private'] as TierRef[])),
  tierRank: fc.integer({ min: 0, max: 3 }),
  tenureMonths: fc.integer({ min: -1, max: 700 }),
  retainedOn: fc.array(anyDay, { maxLength: 5 }),
  inCreditCare: fc.boolean(),
  erased: fc.boolean(),
});
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
/** without the keys whose value is undefined, as a file without them is read */
const given = <Value extends object>(value: Value) =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Value;
const anyOffer: fc.Arbitrary<LoyaltyOffer> = fc
  .record({
    tiers: maybe(
      fc.oneof(
        fc.record({ atLeastRank: fc.integer({ min: 0, max: 3 }) }),
        fc.record({ named: fc.subarray(['mass', 'affluent', 'private'] as TierRef[], { minLength: 1 }) }),
      ),
    ),
    tenure: maybe(fc.integer({ min: 1, max: 600 })),
    retainedOutcomes: maybe(
      fc.record({ atLeast: fc.integer({ min: 1, max: 3 }), within: fc.integer({ min: 1, max: 60 }) }),
    ),
    from: maybe(anyDay),
    until: maybe(anyDay),
    validFor: fc.integer({ min: 28, max: 366 }),
  })
  .map(({ from, until, validFor, ...conditions }) =>
    offer({ validFor, conditions: given(conditions), ...given({ from, until }) }),
  );

describe('whatever the facts and the offer', () => {
  test('nobody who is in credit care or erased is entitled, and nothing is granted or renewed', () => {
    fc.assert(
      fc.property(anyFacts, anyOffer, anyDay, fc.boolean(), anyStanding, (facts, asked, day, isErased, standing) => {
        const troubled = { ...facts, erased: isErased, inCreditCare: !isErased || facts.inCreditCare };
        const answer = entitled(troubled, asked, day);
        expect(answer.verdict).toBe('refused');
        const verdicts = steps(standing, answer, asked).map(({ verdict }) => verdict);
        for (const verdict of ['granted', 'renewed', 'resumed']) expect(verdicts).not.toContain(verdict);
        const after = followed(standing, steps(standing, answer, asked));
        // what stands after it, if anything does, is suspended: the API reports none of it
        expect(after === null || after.suspended).toBe(true);
      }),
    );
  });

  test('a longer tenure or a higher rank adds no refusal', () => {
    const refusals = (facts: EntitlementFacts, asked: LoyaltyOffer, day: PlainDate): string[] => {
      const { verdict, reasons } = entitled(facts, asked, day);
      return verdict === 'refused' ? [...reasons] : [];
    };
    fc.assert(
      fc.property(anyFacts, anyOffer, anyDay, fc.nat(200), fc.nat(3), (facts, asked, day, months, ranks) => {
        const before = refusals(facts, asked, day);
        const longer = { ...facts, tenureMonths: facts.tenureMonths + months };
        expect(before).toEqual(expect.arrayContaining(refusals(longer, asked, day)));
        const higher = { ...longer, tierRank: facts.tierRank + ranks };
        expect(before).toEqual(expect.arrayContaining(refusals(higher, asked, day)));
      }),
    );
  });

  test('a refusal names a reason', () => {
    fc.assert(
      fc.property(anyFacts, anyOffer, anyDay, (facts, asked, day) => {
        expect(entitled(facts, asked, day).reasons.length).toBeGreaterThan(0);
      }),
    );
  });

  test('once the steps are taken there is nothing more to do', () => {
    fc.assert(
      fc.property(anyFacts, anyOffer, anyDay, anyStanding, (facts, asked, day, standing) => {
        const answer = entitled(facts, asked, day);
        expect(steps(followed(standing, steps(standing, answer, asked)), answer, asked)).toEqual([]);
      }),
    );
  });
});

const anyStanding: fc.Arbitrary<StandingEntitlement | null> = fc.option(
  fc.record({
    version: fc.integer({ min: 1, max: 2 }),
    validUntil: fc.integer({ min: -30, max: 400 }).map((n) => addMillis(at, days(n))),
    suspended: fc.boolean(),
  }),
);

const inForce = (definition: LoyaltyOffer, version = 2): OfferVersion => ({
  offerRef: definition.offer as OfferRef,
  version,
  definition,
});

const steps = (standing: StandingEntitlement | null, answer: EntitlementAnswer, asked = offer(), when: Instant = at) =>
  entitlementSteps(standing, answer, inForce(asked), { at: when, zone });

/** What stands when the steps are taken, as the store would have it. */
function followed(standing: StandingEntitlement | null, taken: readonly EntitlementStep[]): StandingEntitlement | null {
  return taken.reduce<StandingEntitlement | null>((now, step) => {
    switch (step.verdict) {
      case 'granted':
        return { version: 2, validUntil: step.validUntil, suspended: false };
      case 'ended':
        return null;
      case 'renewed':
        return now && { ...now, validUntil: step.validUntil };
      default:
        return now && { ...now, suspended: step.verdict === 'suspended' };
    }
  }, standing);
}

describe('what was granted', () => {
  const yes: EntitlementAnswer = { verdict: 'entitled', reasons: ['tier-in-offer'] };
  const no: EntitlementAnswer = { verdict: 'refused', reasons: ['tier-not-in-offer'] };
  const care: EntitlementAnswer = { verdict: 'refused', reasons: ['credit-care'] };
  const standing = (validUntil: Instant, more: Partial<StandingEntitlement> = {}): StandingEntitlement => ({
    version: 2,
    validUntil,
    suspended: false,
    ...more,
  });
  const end = addMillis(at, days(30));

  test('stands to the end of the last day in the zone of the bank', () => {
    expect(steps(null, yes)).toEqual([
      // 90 days after 24 November 2026 is 22 February 2027, which ends at 16:00 UTC in Shanghai
      { verdict: 'granted', validUntil: Date.UTC(2027, 1, 22, 16), reasons: ['tier-in-offer'] },
    ]);
    expect(steps(null, no)).toEqual([]);
  });

  test('stands though the tier is lost meanwhile', () => {
    expect(steps(standing(end), no)).toEqual([]);
    const ended = { verdict: 'ended', endedAt: end, endReason: 'lapsed', reasons: ['tier-not-in-offer'] };
    expect(steps(standing(end), no, offer(), end)).toEqual([ended]);
  });

  test(`is renewed in its last ${RENEWAL_DAYS} days and not before, where the conditions hold`, () => {
    const late = addMillis(end, days(-RENEWAL_DAYS));
    const early = addMillis(late, millis(-1));
    expect(steps(standing(end), yes, offer(), early)).toEqual([]);
    expect(steps(standing(end), yes, offer(), late)).toMatchObject([{ verdict: 'renewed' }]);
    expect(steps(standing(end), no, offer(), late)).toEqual([]);
  });

  test('under an older version keeps it to the end, and then the newer one is granted', () => {
    const old = standing(end, { version: 1 });
    expect(steps(old, yes, offer(), addMillis(end, millis(-1)))).toEqual([]);
    expect(steps(old, yes, offer(), end)).toMatchObject([
      { verdict: 'ended', endedAt: end, endReason: 'lapsed', reasons: ['offer-changed'] },
      { verdict: 'granted' },
    ]);
  });

  test('is suspended by credit care, once, and resumed when that is over', () => {
    expect(steps(standing(end), care)).toEqual([{ verdict: 'suspended', reasons: ['credit-care'] }]);
    expect(steps(standing(end, { suspended: true }), care)).toEqual([]);
    expect(steps(standing(end, { suspended: true }), no)).toEqual([
      { verdict: 'resumed', reasons: ['credit-care-over'] },
    ]);
  });

  test('runs out in credit care too, and is not renewed there', () => {
    expect(steps(standing(addMillis(at, days(1))), care)).toMatchObject([{ verdict: 'suspended' }]);
    expect(steps(standing(at, { suspended: true }), care)).toMatchObject([
      { verdict: 'ended', endReason: 'lapsed', reasons: ['credit-care'] },
    ]);
  });

  test('ends at once by erasure', () => {
    const erased: EntitlementAnswer = { verdict: 'refused', reasons: ['erased', 'credit-care'] };
    expect(steps(standing(end, { suspended: true }), erased)).toEqual([
      { verdict: 'ended', endedAt: at, endReason: 'erased', reasons: ['erased'] },
    ]);
  });
});

describe('whole months', () => {
  test.each([
    ['2026-01-31', '2026-02-27', 0],
    ['2026-01-31', '2026-02-28', 1],
    ['2024-02-29', '2025-02-28', 12],
    ['2024-02-29', '2028-02-28', 47],
    ['2026-01-15', '2026-02-14', 0],
    ['2026-01-15', '2026-01-15', 0],
    ['2026-02-15', '2026-01-15', -1],
    ['2024-11-24', '2026-11-24', 24],
  ])('from %s to %s: %i', (from, to, months) => {
    expect(wholeMonths(plainDate(from), plainDate(to))).toBe(months);
  });

  test('never fall as days pass', () => {
    fc.assert(
      fc.property(anyDay, anyDay, (from, to: PlainDate) => {
        expect(wholeMonths(from, addDays(to, 1))).toBeGreaterThanOrEqual(wholeMonths(from, to));
      }),
    );
  });
});

describe('the file of offers', () => {
  test('as shipped is valid, with months and days as whole numbers', () => {
    expect(offersOf(shipped)).toMatchObject([
      { offer: 'priority-home-loan', conditions: { tiers: { atLeastRank: 1 }, tenure: 24 }, validFor: 90 },
      { offer: 'loyal-loan-rate', conditions: { tenure: 12, retainedOutcomes: { atLeast: 1, within: 24 } } },
      { offer: 'private-safe-deposit', conditions: { tiers: { named: ['private'] } }, until: '2027-12-31' },
    ]);
  });

  test.each([
    ['kind: product', 'kind: gift', 'offers.2.kind: a kind is priority-lending, preferential-rate or product'],
    ['      basisPointsOff: 20', '      basisPointsOf: 20', 'in offers.1.terms; did you mean "basisPointsOff"?'],
    ['      basisPointsOff: 20', '      basisPointsOff: 0.2', 'basisPointsOff is a whole number'],
    ['      tenure: 2 years', '      tenure: 24', 'offers.0.conditions.tenure is 24, but a text is wanted'],
    ['      tenure: 2 years', '      tenure: 2 weeks', '"2 weeks" is not a number of months'],
    ['    validFor: 90 days', '    validFor: 7 days', '"7 days" is not how long an entitlement stands'],
    ['    validFor: 90 days', '    validFor: 1000 hours', '"1000 hours" is not how long an entitlement stands'],
    ['        named: [private]', '        named: []', 'name at least one tier'],
    [
      '      tiers:\n        named: [private]',
      '      tiers:\n        named: [private]\n        atLeastRank: 2',
      'either the least rank of a tier',
    ],
    ['    until: 2027-12-31', '    until: 2025-12-31', 'the last day is before the first'],
    ['    from: 2026-01-01', '    from: 2026-02-30', '"2026-02-30" is not a day'],
    ['  - offer: private-safe-deposit', '  - offer: loyal-loan-rate', '"loyal-loan-rate" is there twice'],
    [
      '    conditions:\n      tiers:\n        named: [private]\n      tenure: 3 years',
      '    conditions: {}',
      'an offer without a condition is for everybody',
    ],
  ])('%j as %j is refused on its line', (part, by, message) => {
    if (!shipped.includes(part)) throw new Error(`the file has no ${part}`);
    const reading = readOffers(
      shipped.replace(part, () => by),
      'offers.yaml',
    );
    const problems = reading.ok ? [] : reading.problems;
    const line = shipped.slice(0, shipped.indexOf(part)).split('\n').length;
    const near = problems.filter((problem) => problem.line >= line && problem.line <= line + 1);
    expect(near.map((problem) => problem.message)).toEqual([expect.stringContaining(message)]);
  });

  test('another file is told so', () => {
    const reading = readOffers('hello', 'offers.yaml');
    expect(reading.ok ? [] : reading.problems.map(({ message }) => message)).toEqual([
      'this is not a list of offers; begin with a line like "offers:"',
    ]);
  });
});
