import * as fc from 'fast-check';
import { riskGradeOn, type RiskGrade } from '../../domain/product-catalogue.js';
import { SUITABILITY_RULES, suitability, UNSUITABLE, type UnsuitableReason } from '../../domain/suitability.js';
import { addDays, plainDate, type TierRef } from '../../domain/types.js';
import { anyCustomer, customer, DAY, product, shipped } from './products.js';

const anyProduct = fc.constantFrom(...shipped.products);
const reasonsOf = (...args: Parameters<typeof suitability>): readonly UnsuitableReason[] => {
  const verdict = suitability(...args);
  return verdict.suitable ? [] : verdict.reasons;
};

test('no customer is ever offered a product above their appetite, whatever else is true', () => {
  fc.assert(
    fc.property(anyCustomer, anyProduct, (facts, offered) => {
      fc.pre(suitability(facts, offered).suitable);
      const grade = riskGradeOn(offered, facts.day) ?? Number.NaN;
      expect(grade <= (facts.assessment?.appetite ?? 1)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('a higher appetite never loses a product', () => {
  fc.assert(
    fc.property(anyCustomer, anyProduct, (facts, offered) => {
      const { assessment } = facts;
      if (!assessment || assessment.appetite === 5 || !suitability(facts, offered).suitable) return;
      const appetite = (assessment.appetite + 1) as RiskGrade;
      expect(suitability({ ...facts, assessment: { ...assessment, appetite } }, offered)).toEqual({ suitable: true });
    }),
    { numRuns: 2_000 },
  );
});

test('with an assessment that is out of date, or none, nothing of R2 or above is offered, and no fund at all', () => {
  fc.assert(
    fc.property(anyCustomer, anyProduct, (facts, offered) => {
      const inDate = facts.assessment !== null && facts.assessment.validUntil >= facts.day;
      if (inDate || !suitability(facts, offered).suitable) return;
      expect(riskGradeOn(offered, facts.day)).toBe(1);
      expect(['fund', 'structured']).not.toContain(offered.kind);
    }),
    { numRuns: 2_000 },
  );
});

test('from 65 on nothing above R3 is offered, however adventurous the customer is', () => {
  fc.assert(
    fc.property(anyCustomer, anyProduct, (facts, offered) => {
      const old = { ...facts, birthDate: addDays(facts.day, -65 * 366) };
      if (suitability(old, offered).suitable) expect(riskGradeOn(offered, facts.day)).toBeLessThanOrEqual(3);
    }),
  );
  const bold = { appetite: 5, assessedOn: DAY, validUntil: DAY } as const;
  const born = (birthDate: string) =>
    customer({ assessment: bold, tierRef: 'private' as TierRef, birthDate: plainDate(birthDate) });
  expect(reasonsOf(born('1961-11-25'), product('equity-fund'))).toEqual([]);
  expect(reasonsOf(born('1961-11-24'), product('equity-fund'))).toEqual(['special-care']);
  expect(reasonsOf(born('1961-11-24'), product('balanced-fund'))).toEqual([]);
});

test('the assessment counts on its last day and not on the next', () => {
  const validUntil = DAY;
  const assessment = { appetite: 3, assessedOn: addDays(DAY, -364), validUntil } as const;
  expect(reasonsOf(customer({ assessment }), product('bond-fund'))).toEqual([]);
  expect(reasonsOf(customer({ assessment, day: addDays(DAY, 1) }), product('bond-fund'))).toEqual([
    'assessment-expired',
  ]);
  expect(reasonsOf(customer({ assessment, day: addDays(DAY, 1) }), product('term-deposit-12m'))).toEqual([]);
});

test('a product is judged by its rating of the day: raised to R3, it is lost to whoever wants R2', () => {
  const day = plainDate('2025-06-30');
  const assessment = { appetite: 2, assessedOn: plainDate('2025-05-01'), validUntil: plainDate('2026-04-30') } as const;
  expect(reasonsOf(customer({ assessment, day }), product('balanced-fund'))).toEqual([]);
  expect(reasonsOf(customer({ assessment, day: addDays(day, 1) }), product('balanced-fund'))).toEqual([
    'risk-above-appetite',
  ]);
  expect(reasonsOf(customer({ day: plainDate('2023-12-31') }), product('balanced-fund'))).toEqual(['no-rating']);
});

test('every reason is told, and not only the first', () => {
  const facts = customer({
    birthDate: plainDate('2010-01-01'),
    assessment: { appetite: 2, assessedOn: plainDate('2024-01-01'), validUntil: plainDate('2024-12-31') },
    tierRef: 'mass' as TierRef,
  });
  const over = { ...product('equity-fund'), validTo: addDays(DAY, -1) };
  expect(reasonsOf(facts, over)).toEqual([
    'assessment-expired',
    'risk-above-appetite',
    'too-young',
    'not-for-this-tier',
    'not-on-offer-today',
  ]);
  expect(reasonsOf(customer({ assessment: null }), product('bond-fund'))).toEqual(['no-assessment']);
  expect(reasonsOf(customer({ birthDate: null }), product('bond-fund'))).toEqual(['age-unknown']);
  expect(reasonsOf(customer({ birthDate: plainDate('1950-01-01') }), product('family-life-insurance'))).toEqual([
    'too-old',
  ]);
  expect(reasonsOf(customer(), { ...product('account-check'), validFrom: addDays(DAY, 1) })).toEqual([
    'not-on-offer-today',
  ]);
});

test('ages are whole years, both ends included', () => {
  const insured = (birthDate: string) =>
    reasonsOf(customer({ birthDate: plainDate(birthDate) }), product('family-life-insurance'));
  expect([insured('2008-11-24'), insured('2008-11-25')]).toEqual([[], ['too-young']]);
  expect([insured('1965-11-25'), insured('1965-11-24')]).toEqual([[], ['too-old']]);
});

test('the rules have a version and every reason has words', () => {
  expect(SUITABILITY_RULES).toBe('suitability@1');
  expect(Object.values(UNSUITABLE).every((words) => words.length > 10)).toBe(true);
});
