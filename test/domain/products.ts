import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { ProductFacts } from '../../domain/next-best-product.js';
import {
  readProductCatalogue,
  SPENDING_CATEGORIES,
  type Product,
  type ProductCatalogue,
  type RiskGrade,
} from '../../domain/product-catalogue.js';
import { addDays, minor, plainDate, type TierRef } from '../../domain/types.js';

export const SHIPPED = join(__dirname, '..', '..', 'campaigns', 'products', 'catalogue.yaml');
export const shippedText = readFileSync(SHIPPED, 'utf8');

export function catalogueOf(text: string): ProductCatalogue {
  const reading = readProductCatalogue(text, 'products.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}

export const shipped = catalogueOf(shippedText);
export const DAY = plainDate('2026-11-24');

export function product(name: string, catalogue = shipped): Product {
  const found = catalogue.products.find((candidate) => candidate.product === name);
  if (!found) throw new Error(`no product ${name}`);
  return found;
}

/** Forty, affluent, balanced, with money and a habit, and nothing held. */
export const customer = (facts: Partial<ProductFacts> = {}): ProductFacts => ({
  day: DAY,
  tierRef: 'affluent' as TierRef,
  birthDate: plainDate('1986-05-01'),
  assessment: { appetite: 3, assessedOn: plainDate('2026-05-01'), validUntil: plainDate('2027-04-30') },
  barred: [],
  available: minor(10_000_000),
  hasCreditCard: false,
  spending: [],
  holdings: [],
  ...facts,
});

const grade = fc.constantFrom<RiskGrade>(1, 2, 3, 4, 5);
const dayNear = fc.integer({ min: -1000, max: 400 }).map((n) => addDays(DAY, n));

/** Any customer at all, on any day around DAY. */
export const anyCustomer: fc.Arbitrary<ProductFacts> = fc.record({
  day: dayNear,
  tierRef: fc.constantFrom('mass', 'affluent', 'private').map((tier) => tier as TierRef),
  birthDate: fc.option(fc.integer({ min: 0, max: 100 * 366 }).map((n) => addDays(DAY, -n))),
  assessment: fc.option(
    fc.record({ appetite: grade, assessedOn: dayNear }).map(({ appetite, assessedOn }) => ({
      appetite,
      assessedOn,
      validUntil: addDays(assessedOn, 364),
    })),
  ),
  barred: fc.constantFrom<ProductFacts['barred'][]>([], [], [], ['credit-care'], ['erased']),
  available: fc.bigInt({ min: -1_000n, max: 200_000_000n }).map(minor),
  hasCreditCard: fc.boolean(),
  spending: fc.uniqueArray(
    fc.record({
      category: fc.constantFrom(...SPENDING_CATEGORIES),
      amount: fc.bigInt({ min: 1n, max: 10_000_000n }).map(minor),
    }),
    { selector: ({ category }) => category },
  ),
  holdings: fc.array(
    fc.record({
      product: fc.constantFrom('term-deposit-12m', 'term-deposit-36m', 'bond-fund', 'gone-from-the-catalogue'),
      principal: fc.bigInt({ min: 1n, max: 100_000_000n }).map(minor),
      maturesOn: fc.option(dayNear),
      renewalAgreed: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
});
