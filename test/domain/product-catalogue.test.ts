import { minimumOf, PRODUCT_KINDS, readProductCatalogue } from '../../domain/product-catalogue.js';
import { moneyOf, percentOf } from '../../domain/money-text.js';
import { product, shipped, shippedText } from './products.js';

/** What is said about the shipped catalogue after an edit, with the lines. */
function problems(from: string, to: string): string[] {
  expect(shippedText).toContain(from);
  const reading = readProductCatalogue(shippedText.replace(from, to), 'products.yaml');
  return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line} ${message}`);
}

const lineOf = (text: string, after = ''): number => {
  const start = shippedText.indexOf(after);
  return shippedText.slice(0, shippedText.indexOf(text, start)).split('\n').length;
};

test('the shipped catalogue is valid and has every kind of product but none without words', () => {
  const kinds = new Set(shipped.products.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual([...PRODUCT_KINDS].sort());
  for (const { name, advantage } of shipped.products)
    for (const words of [name, advantage]) {
      expect(words['zh-CN']).toMatch(/\p{Script=Han}/u);
      expect(words.en).toMatch(/^[A-Z0-9]/);
    }
  expect(shipped.strategies.map(({ tier, offers }) => `${tier} ${offers}`)).toEqual([
    'private bespoke-plan',
    'affluent product-and-preferential-offer',
    'mass service-and-education',
  ]);
});

test.each([
  ['a translation', '      zh-CN: 日日存\n', '', 'name', 'products.0.name.zh-CN is missing; add it'],
  [
    'a key',
    '    kind: savings',
    '    kindd: savings',
    'kind: savings',
    '"kindd" is not known in products.0; did you mean "kind"?',
  ],
  [
    'tiers',
    '    tiers: [private]',
    '    tiers: []',
    'tiers: [private]',
    'products.8.tiers: nobody may get it; write "all", or at least one tier',
  ],
  [
    'ages',
    '      to: 64',
    '      to: 24',
    'to: 64',
    'products.8.ages.to: nobody is 25 or older and 24 or younger; write 25 or more, or a younger "from"',
  ],
  [
    'days',
    '    validTo: 2030-12-31',
    '    validTo: 2023-12-31',
    'validTo: 2030',
    'products.13.validTo: the last day is before the first, so nobody may get it; write 2024-01-01 or a later day',
  ],
  [
    'special care',
    '      from: 25\n      to: 64',
    '      from: 65\n      to: 90',
    'from: 25',
    'products.8.ages.from: from 65 on nothing above R3 is offered, so nobody may get it; write a younger age',
  ],
  [
    'a name',
    '  - product: bond-fund',
    '  - product: balanced-fund',
    'product: balanced-fund',
    'products.6.product: "balanced-fund" is there twice; leave one of them out',
  ],
  [
    'authority',
    '      withApprovalUpTo: 15',
    '      withApprovalUpTo: 4',
    'withApprovalUpTo: 15',
    'products.0.rate.withApprovalUpTo: what two may give is no less than what one may give; write 5 or more',
  ],
  [
    'a risky deposit',
    '        level: R1',
    '        level: R2',
    'level: R1',
    'products.0.ratings.0.level: a savings is no investment and bears no risk of its own: write R1',
  ],
  [
    'ratings',
    '      - from: 2025-07-01',
    '      - from: 2023-07-01',
    'from: 2025-07-01',
    'products.6.ratings.1.from: ratings follow one another; write each day once, in ascending order',
  ],
  [
    'a minor',
    '      from: 25\n',
    '      from: 17\n',
    'from: 25',
    'products.8.ages.from: a structured is for adults: write "ages: {from: 18}" or an older age',
  ],
  [
    'a card',
    '    forSpending: [household, insurance]\n',
    '',
    'kind: credit-card',
    'products.10.kind: a credit-card says what it is for: write "forSpending: [household, insurance, card, purchase]"',
  ],
  [
    'money',
    '    minimum: 1000\n',
    '    minimum: "10.005"\n',
    'minimum: 1000',
    'products.1.minimum: "10.005" is no amount of CNY; write it like 50000 or "2.50"',
  ],
  [
    'a loan’s rate',
    '      basisPoints: 420',
    '      basisPoints: 50',
    'withApprovalUpTo: 60',
    "products.12.rate.withApprovalUpTo: a loan's rate can't fall below 0; write 50 at most",
  ],
  [
    'a tier twice',
    '  - tier: mass',
    '  - tier: affluent',
    'tier: mass',
    'strategies.2.tier: tier "affluent" has a strategy already; leave one of them out',
  ],
  [
    'a strategy',
    '    kinds: [savings, term-deposit, service, credit-card]',
    '    kinds: [structured]',
    'kinds: [savings',
    'strategies.2.kinds: no product of kind structured is for tier "mass", so nobody is offered anything; name other kinds, or add the tier to a product',
  ],
])('%s that is wrong is refused with its line and what to write', (_what, from, to, at, message) => {
  expect(problems(from, to)).toContain(`${lineOf(at)} ${message}`);
});

test('a rating that begins after the last day means that nobody may get it', () => {
  const text = '    validFrom: 2024-01-01\n    validTo: 2030-12-31';
  expect(problems(text, '    validTo: 2023-06-30')).toEqual([
    expect.stringContaining(
      'it is rated from 2024-01-01 on and offered until 2023-06-30, so nobody may get it; correct one',
    ),
  ]);
});

test('money is exact, and a rate is told with two decimals', () => {
  expect([moneyOf('0.29', 'CNY'), moneyOf('1000', 'JPY'), moneyOf('1.5', 'JPY'), moneyOf('-1', 'CNY')]).toEqual([
    29n,
    1000n,
    null,
    null,
  ]);
  expect(minimumOf(product('balanced-fund'), shipped)).toBe(500_000n);
  expect(minimumOf(product('account-check'), shipped)).toBe(0n);
  expect([percentOf(165), percentOf(5), percentOf(1000)]).toEqual(['1.65%', '0.05%', '10.00%']);
});
