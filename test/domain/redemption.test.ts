import fc from 'fast-check';
import { readCatalogue } from '../../domain/catalogue.js';
import {
  lateAnswer,
  limitBegins,
  ORDER_REFUSALS,
  orderRefusal,
  priceFor,
  type OrderFacts,
} from '../../domain/redemption.js';
import { DAY_MS, instant, plainDate, points, type TierRef } from '../../domain/types.js';
import { shopCatalogue } from '../setup/shop.js';

const [teaSet, umbrella] = shopCatalogue().items;
if (!teaSet || !umbrella) throw new Error('the shop has no items');

const FACTS: OrderFacts = {
  item: teaSet,
  today: plainDate('2026-01-12'),
  tierRef: 'affluent' as TierRef,
  available: 1,
  recentOrders: 0,
  balance: points(300),
  erased: false,
};
const refusals = (more: Partial<OrderFacts>): string[] => orderRefusal({ ...FACTS, ...more });

test('a customer with enough points for the last piece may order it', () => {
  expect(refusals({})).toEqual([]);
});

test.each<[string, Partial<OrderFacts>, string]>([
  ['one point too few', { balance: points(299) }, 'not-enough-points'],
  ['the last piece gone', { available: 0 }, 'out-of-stock'],
  ['before its first day', { item: { ...teaSet, from: plainDate('2026-01-13') } }, 'not-yet-valid'],
  ['after its last day', { item: { ...teaSet, until: plainDate('2026-01-11') } }, 'no-longer-valid'],
  ['ordered as often as one may', { item: umbrella, recentOrders: 2 }, 'over-limit'],
  ['no price for the tier', { item: { ...teaSet, price: { private: 200 } } }, 'no-price-for-tier'],
  [
    'no tier and no price for all',
    { item: { ...teaSet, price: { private: 200 } }, tierRef: null },
    'no-price-for-tier',
  ],
  ['not in the catalogue', { item: null }, 'item-unknown'],
  ['a customer whose data are gone', { erased: true }, 'erased'],
])('%s is refused, with that reason alone', (_words, facts, reason) => {
  expect(refusals(facts)).toEqual([reason]);
});

test('on its first and on its last day an item can be ordered', () => {
  const day = FACTS.today;
  expect(refusals({ item: { ...teaSet, from: day, until: day } })).toEqual([]);
});

test('every reason is told, not only the first', () => {
  expect(
    refusals({ available: 0, balance: points(0), erased: true, item: { ...teaSet, until: plainDate('2026-01-01') } }),
  ).toEqual(['erased', 'no-longer-valid', 'out-of-stock', 'not-enough-points']);
});

test('a tier that is named has its own price, every other the common one', () => {
  expect(['private', 'affluent', 'mass'].map((tier) => priceFor(teaSet, tier))).toEqual([200, 300, 300]);
  expect(priceFor(teaSet, null)).toBe(300);
  expect(refusals({ tierRef: 'private' as TierRef, balance: points(200) })).toEqual([]);
  // a tier of a name that every object has is no price
  expect(priceFor({ ...teaSet, price: { private: 200 } }, 'constructor')).toBeNull();
});

test('an order that is not refused can always be paid, and never takes what is not there', () => {
  const facts = fc.record({
    item: fc.constantFrom(teaSet, umbrella, null),
    today: fc.constantFrom(plainDate('2026-01-01'), plainDate('2026-06-01')),
    tierRef: fc.constantFrom('mass', 'private', null) as fc.Arbitrary<TierRef | null>,
    available: fc.integer({ min: 0, max: 3 }),
    recentOrders: fc.integer({ min: 0, max: 3 }),
    balance: fc.bigInt({ min: 0n, max: 400n }).map(points),
    erased: fc.boolean(),
  });
  fc.assert(
    fc.property(facts, (seen) => {
      const reasons = orderRefusal(seen);
      expect(reasons.every((reason) => reason in ORDER_REFUSALS)).toBe(true);
      if (reasons.length > 0) return;
      const price = seen.item ? priceFor(seen.item, seen.tierRef) : null;
      expect(price).not.toBeNull();
      expect(seen.balance >= BigInt(price ?? 0) && seen.available > 0 && !seen.erased).toBe(true);
      expect(seen.item?.limit === undefined || seen.recentOrders < seen.item.limit.orders).toBe(true);
    }),
  );
});

test('a limit looks back over its span, and an item without one over nothing', () => {
  expect(limitBegins(umbrella, instant(31 * DAY_MS))).toBe(DAY_MS);
  expect(limitBegins(teaSet, instant(0))).toBeNull();
});

test.each([
  ['refused', 'fulfilled', 'late-fulfilment'],
  ['cancelled', 'fulfilled', 'late-fulfilment'],
  ['fulfilled', 'refused', 'late-refusal'],
  ['fulfilled', 'fulfilled', null],
  ['refused', 'refused', null],
] as const)('of a %s order the partner says %s: %s', (settled, status, late) => {
  expect(lateAnswer(settled, status)).toBe(late);
});

describe('a catalogue', () => {
  const problems = (text: string): string[] => {
    const reading = readCatalogue(text, 'c.yaml');
    return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line}: ${message}`);
  };
  const GOOD = `partners:
  - partner: gift-house
    name: Gift House
    answerWithin: 7 days
items:
  - item: tea-set
    name: { en: Tea set, zh-CN: 茶具 }
    kind: gift
    partner: gift-house
    price:
      all: 300
    stock: 10
`;

  test('that is sound is read', () => {
    expect(problems(GOOD)).toEqual([]);
  });

  test.each([
    ['a price of nothing', 'all: 300', 'all: 0', '11: items.0.price.all: a price is at least 1'],
    ['a tier in capitals', 'all: 300', 'All: 300', '11: items.0.price.All: a tier is named in lower case with dashes'],
    ['half a piece', 'stock: 10', 'stock: 1.5', '12: items.0.stock: stock is a whole number'],
    [
      'too long to answer',
      '7 days',
      '90 days',
      '4: partners.0.answerWithin: a partner answers within 1 hour to 60 days',
    ],
    [
      'a kind that there is not',
      'kind: gift',
      'kind: gifts',
      '8: items.0.kind is "gifts", but must be gift or benefit',
    ],
    [
      'a misspelt key',
      '    kind',
      '    kynd: gift\n    kind',
      '8: "kynd" is not known in items.0; did you mean "kind"?',
    ],
    [
      'an unknown partner',
      '    partner: gift-house',
      '    partner: gift-home',
      '9: items.0.partner: there is no partner "gift-home"; known: gift-house',
    ],
    [
      'an end before the beginning',
      'stock: 10',
      'stock: 10\n    from: 2026-02-01\n    until: 2026-01-01',
      '14: items.0.until: the last day is before the first; correct one',
    ],
  ])('says in which line it has %s', (_what, good, bad, problem) => {
    expect(problems(GOOD.replace(good, bad))).toEqual([problem]);
  });
});
