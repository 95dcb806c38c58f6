import * as fc from 'fast-check';
import { NOT_NEXT, nextBestProducts, type ProductFacts } from '../../domain/next-best-product.js';
import { riskGradeOn } from '../../domain/product-catalogue.js';
import { suitability } from '../../domain/suitability.js';
import { addDays, minor, plainDate, type TierRef } from '../../domain/types.js';
import { anyCustomer, customer, DAY, shipped } from './products.js';

const ranked = (facts: ProductFacts) =>
  nextBestProducts(facts, shipped).ranked.map(({ product, occasion }) => `${occasion} ${product.product}`);
const against = (facts: ProductFacts, name: string) =>
  nextBestProducts(facts, shipped)
    .refused.find(({ product }) => product === name)
    ?.reasons.map(({ code }) => code);
const deposit = (facts: Partial<ProductFacts['holdings'][number]> = {}) => ({
  product: 'term-deposit-24m',
  principal: minor(5_000_000),
  maturesOn: addDays(DAY, 10),
  renewalAgreed: false,
  ...facts,
});

test('each product of the catalogue is either suggested or turned down with a reason, and what is suggested suits', () => {
  fc.assert(
    fc.property(anyCustomer, (facts) => {
      const best = nextBestProducts(facts, shipped);
      const named = [...best.ranked.map(({ product }) => product.product), ...best.refused.map((one) => one.product)];
      expect(named.sort()).toEqual(shipped.products.map(({ product }) => product).sort());
      for (const { product, reasons } of best.ranked) {
        expect(suitability(facts, product)).toEqual({ suitable: true });
        expect(riskGradeOn(product, facts.day)).toBeLessThanOrEqual(facts.assessment?.appetite ?? 1);
        expect(reasons.length).toBeGreaterThan(0);
        expect(product.kind).not.toBe('loan');
      }
      for (const { reasons } of best.refused) expect(reasons.length).toBeGreaterThan(0);
      if (facts.barred.length > 0) expect(best.ranked).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
});

test('the order is the same however the catalogue is sorted', () => {
  fc.assert(
    fc.property(
      anyCustomer,
      fc.shuffledSubarray(shipped.products, { minLength: shipped.products.length }),
      (facts, products) => {
        const names = (catalogue: typeof shipped) =>
          nextBestProducts(facts, catalogue).ranked.map(({ product }) => product.product);
        expect(names({ ...shipped, products })).toEqual(names(shipped));
      },
    ),
  );
});

test('what matures within 30 days comes first, in the same term, then longer terms by their rate', () => {
  const facts = customer({ holdings: [deposit()] });
  expect(ranked(facts).slice(0, 4)).toEqual([
    'roll-over term-deposit-24m',
    'roll-over term-deposit-36m',
    'roll-over term-deposit-12m',
    'investment balanced-fund',
  ]);
  expect(nextBestProducts(facts, shipped).ranked[0]?.reasons).toEqual([
    { code: 'matures-soon', numbers: { principal: '5000000', maturesOn: '2026-12-04', days: 10 } },
  ]);
});

test.each([
  ['in 30 days', deposit({ maturesOn: addDays(DAY, 30) }), true],
  ['on the day', deposit({ maturesOn: DAY }), true],
  ['in 31 days', deposit({ maturesOn: addDays(DAY, 31) }), false],
  ['renewed already', deposit({ renewalAgreed: true }), false],
  ['smaller than the least that the product takes', deposit({ principal: minor(99_999) }), false],
  ['never', deposit({ maturesOn: null }), false],
])('a deposit that matures %s: rolled over %#', (_what, held, rolled) => {
  const first = ranked(customer({ holdings: [held] }))[0];
  expect(first).toBe(rolled ? 'roll-over term-deposit-24m' : 'investment balanced-fund');
});

test('an investment is the nearest to the appetite that the customer does not hold and has the money for', () => {
  expect(ranked(customer())[0]).toBe('investment balanced-fund');
  const holder = customer({ holdings: [deposit({ product: 'balanced-fund', maturesOn: null })] });
  expect(ranked(holder)[0]).toBe('investment bond-fund');
  expect(against(holder, 'balanced-fund')).toEqual(['already-held']);
  const poor = customer({ available: minor(499_999) });
  expect(ranked(poor)[0]).toBe('investment bond-fund');
  expect(nextBestProducts(poor, shipped).refused.find(({ product }) => product === 'balanced-fund')?.reasons).toEqual([
    { code: 'minimum-above-means', numbers: { minimum: '500000', available: '499999' } },
  ]);
  expect(against(customer(), 'equity-fund')).toEqual(['risk-above-appetite']);
  const bold = { appetite: 5, assessedOn: DAY, validUntil: DAY } as const;
  expect(ranked(customer({ assessment: bold })).slice(0, 4)).toEqual([
    'investment equity-fund',
    'investment balanced-fund',
    'investment bond-fund',
    'investment money-market-fund',
  ]);
});

test('a card is for what the customer spends most on', () => {
  const spending = [
    { category: 'household', amount: minor(3_000) },
    { category: 'card', amount: minor(5_001) },
    { category: 'insurance', amount: minor(1_999) },
  ] as const;
  const cards = nextBestProducts(customer({ spending }), shipped).ranked.filter(({ occasion }) => occasion === 'card');
  expect(cards.map(({ product }) => product.product)).toEqual(['everyday-card']);
  expect(cards[0]?.reasons).toEqual([
    {
      code: 'spends-most-on',
      numbers: { top: 'card', topPercent: 50, spent: '10000', days: 90, forPercent: 50 },
    },
  ]);
  expect(against(customer({ spending }), 'household-card')).toEqual(['other-spending']);
  expect(against(customer(), 'household-card')).toEqual(['no-spending']);
  expect(against(customer({ spending, hasCreditCard: true }), 'everyday-card')).toEqual(['already-held']);
});

test('each tier is offered what its strategy says: a mass customer nothing that is no basic product', () => {
  const mass = customer({ tierRef: 'mass' as TierRef });
  expect(ranked(mass)).toEqual([
    'basic term-deposit-36m',
    'basic term-deposit-24m',
    'basic term-deposit-12m',
    'basic everyday-savings',
    'basic account-check',
  ]);
  expect(against(mass, 'bond-fund')).toEqual(['not-in-strategy']);
  expect(nextBestProducts(mass, shipped).strategy).toMatchObject({ offers: 'service-and-education' });
  expect(nextBestProducts(customer(), shipped).strategy?.offers).toBe('product-and-preferential-offer');
  const unnamed = { ...shipped, strategies: [] };
  expect(nextBestProducts(mass, unnamed)).toMatchObject({ strategy: null });
  expect(nextBestProducts(mass, unnamed).ranked[0]?.product.product).toBe('balanced-fund');
});

test('nothing suits somebody in credit care, and every product says so', () => {
  const best = nextBestProducts(customer({ barred: ['credit-care'] }), shipped);
  expect(best.ranked).toEqual([]);
  expect(best.refused).toHaveLength(shipped.products.length);
  expect(best.refused.every(({ reasons }) => reasons[0]?.code === 'credit-care')).toBe(true);
});

test('what speaks against a product comes with numbers to check it by', () => {
  const facts = customer({
    assessment: { appetite: 1, assessedOn: plainDate('2025-01-01'), validUntil: plainDate('2025-12-31') },
  });
  expect(nextBestProducts(facts, shipped).refused.find(({ product }) => product === 'bond-fund')?.reasons).toEqual([
    { code: 'assessment-expired', numbers: { validUntil: '2025-12-31' } },
    { code: 'risk-above-appetite', numbers: { grade: 2, appetite: 1 } },
  ]);
  expect(against(customer(), 'personal-loan')).toEqual(['not-offered-unasked']);
  expect(Object.values(NOT_NEXT).every((words) => words.length > 10)).toBe(true);
});
