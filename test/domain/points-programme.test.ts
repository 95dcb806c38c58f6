import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  capped,
  EARNING_CATEGORIES,
  lotExpiresOn,
  moneyPerPoint,
  pointsOf,
  readProgramme,
  reckon,
  type EarningTransaction,
  type ProgrammeDefinition,
  type Reckoning,
} from '../../domain/points-programme.js';
import { minor, plainDate, points, type CustomerRef, type PlainDate, type TierRef } from '../../domain/types.js';

const shipped = readFileSync(join(__dirname, '..', '..', 'loyalty', 'points.yaml'), 'utf8');

function read(text: string): ProgrammeDefinition {
  const reading = readProgramme(text, 'p.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}
/** What is wrong with the shipped file after an edit, as `line message`. */
function wrongs(part: string, by: string): string[] {
  if (!shipped.includes(part)) throw new Error(`the programme has no "${part}"`);
  const reading = readProgramme(
    shipped.replace(part, () => by),
    'p.yaml',
  );
  return reading.ok ? [] : reading.problems.map(({ line, message }) => `${line} ${message}`);
}
const lineOf = (part: string): number => shipped.slice(0, shipped.indexOf(part)).split('\n').length;

const transaction = (more: Partial<EarningTransaction> = {}): EarningTransaction => ({
  transactionId: 1n,
  customerRef: 'c1' as CustomerRef,
  bookedOn: plainDate('2026-11-03'),
  amount: minor(-100_00),
  category: 'card',
  tierRef: 'mass' as TierRef,
  ...more,
});
const versions = [{ version: 1, definition: read(shipped) }];
const earned = (more: Partial<EarningTransaction>): bigint | null =>
  reckon(versions, transaction(more))?.reckoned ?? null;

describe('the programme as shipped', () => {
  test('is valid, gives notice thirty days before, and survives being stored as JSON', () => {
    const definition = read(shipped);
    expect(definition).toMatchObject({ programme: 'everyday-points', noticeBefore: 30, validityMonths: 24 });
    expect(JSON.parse(JSON.stringify(definition))).toEqual(definition);
  });

  test('gives a point for each 10.00 spent by card, and nothing for what is left over', () => {
    expect(earned({ amount: minor(-100_00) })).toBe(10n);
    expect(earned({ amount: minor(-19_99) })).toBe(1n);
    expect(earned({ amount: minor(-9_99) })).toBeNull();
  });

  test('gives more to higher tiers, rounded down once', () => {
    expect(earned({ amount: minor(-19_99), tierRef: 'affluent' as TierRef })).toBe(2n);
    expect(earned({ amount: minor(-19_99), tierRef: 'private' as TierRef })).toBe(3n);
    expect(earned({ amount: minor(-19_99), tierRef: 'platinum' as TierRef })).toBe(1n);
  });

  test('gives nothing for money that comes in, for what no rule names, and for what was booked before it began', () => {
    expect(earned({ amount: minor(100_00) })).toBeNull();
    expect(earned({ category: 'own-transfer' })).toBeNull();
    expect(earned({ category: 'cash' })).toBeNull();
    expect(earned({ bookedOn: plainDate('2025-12-31') })).toBeNull();
    expect(earned({ bookedOn: plainDate('2026-01-01') })).toBe(10n);
  });
});

describe('a faulty programme is told with its line', () => {
  test.each([
    [
      'an unknown category',
      '[card, purchase]',
      '[card, groceries]',
      'rules.0.categories.1 is "groceries", but must be',
    ],
    ['a mill', '[card, purchase]', '[card, own-transfer]', 'rules.0.categories.1 is "own-transfer", but must be'],
    ['an amount of nothing', 'pointsPer: 10', 'pointsPer: 0', '"0" is no amount'],
    ['an amount below nothing', 'pointsPer: 10', 'pointsPer: -10', '"-10" is no amount'],
    ['no amount', 'pointsPer: 10', 'pointsPer: ten', '"ten" is no amount; write an amount above 0 like 10 or "2.50"'],
    ['a fraction of a fen', 'pointsPer: 10', 'pointsPer: "0.005"', 'CNY has 2 decimals, and "0.005" has more'],
    ['a multiplier that is a fraction', 'affluent: 150', 'affluent: 1.5', 'a multiplier in percent is a whole number'],
    ['a multiplier beyond all bounds', 'affluent: 150', 'affluent: 1001', 'a multiplier in percent is at most 1000'],
    ['no cap', 'monthlyCap: 2000', 'monthlyCap: 0', 'monthlyCap is at least 1'],
    ['two rules of one name', 'rule: bills', 'rule: card-spending', '"card-spending" is there twice'],
    [
      'two rules for one transaction',
      '[household, insurance]',
      '[household, card]',
      '"card" spent is in "card-spending" already',
    ],
    ['a day that is none', 'since: 2026-01-01', 'since: 2026-02-30', '"2026-02-30" is not a day'],
    ['points that are good for ever', 'validityMonths: 24', 'validityMonths: 121', 'validityMonths is at most 120'],
    ['a notice longer than anybody remembers', '30 days', '91 days', 'from 1 to 90 days'],
    ['a notice of part of a day', '30 days', '36 hours', '"36 hours" is not how long before'],
    ['an unknown key', 'monthlyCap: 2000', 'monthlyCapp: 2000', 'did you mean "monthlyCap"'],
  ])('%s', (_, part, by, message) => {
    const told = wrongs(part, by);
    expect(told.join('\n')).toContain(message);
    expect(told.find((line) => line.includes(message))).toMatch(new RegExp(`^${lineOf(part)} `));
  });

  test('a text that is something else is no programme', () => {
    const reading = readProgramme('hello', 'p.yaml');
    expect(!reading.ok && reading.problems[0]?.message).toContain('this is not a points programme');
  });
});

describe('amounts', () => {
  test.each([
    ['10', 'CNY', 1000n],
    ['2.5', 'CNY', 250n],
    ['0.10', 'CNY', 10n],
    ['100', 'JPY', 100n],
    ['1.234', 'KWD', 1234n],
    ['999999999999', 'CNY', 99_999_999_999_900n],
  ])('%s %s is exactly %s minor units', (pointsPer, currency, expected) => {
    expect(moneyPerPoint({ pointsPer }, currency)).toBe(expected);
  });

  test('as numbers of YAML lose nothing: 0.1 is a tenth', () => {
    const definition = read(shipped.replace('pointsPer: 10', 'pointsPer: 0.1'));
    expect(moneyPerPoint(definition.rules[0]!, 'CNY')).toBe(10n);
  });

  test('points are the largest whole number that is not more than amount × percent ÷ 100 ÷ money per point', () => {
    const amount = fc.bigInt({ min: 0n, max: 2n ** 63n });
    const perPoint = fc.bigInt({ min: 1n, max: 10n ** 14n });
    fc.assert(
      fc.property(amount, perPoint, fc.integer({ min: 0, max: 1000 }), (spent, per, percent) => {
        const got = pointsOf(spent, minor(per), percent);
        const owed = spent * BigInt(percent);
        expect(got * per * 100n <= owed).toBe(true);
        expect((got + 1n) * per * 100n > owed).toBe(true);
      }),
    );
  });

  test('every amount, tier and category is reckoned as a naive formula does it', () => {
    const { rules } = versions[0]!.definition;
    const naive = (amount: bigint, category: string, tier: string): bigint => {
      const rule = rules.find((one) => (one.categories as string[]).includes(category));
      if (amount >= 0n || !rule) return 0n;
      const percent =
        tier === 'private' && rule.rule === 'card-spending'
          ? 200n
          : tier === 'affluent' && rule.rule === 'card-spending'
            ? 150n
            : 100n;
      return (-amount * percent) / (100n * BigInt(rule.pointsPer) * 100n);
    };
    const amounts = fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }).filter((amount) => amount !== 0n);
    const categories = fc.constantFrom<string>(...EARNING_CATEGORIES, 'own-transfer');
    const tiers = fc.constantFrom('mass', 'affluent', 'private');
    fc.assert(
      fc.property(amounts, categories, tiers, (amount, category, tier) => {
        const got = earned({ amount: minor(amount), category, tierRef: tier as TierRef }) ?? 0n;
        expect(got).toBe(naive(amount, category, tier));
      }),
    );
  });
});

describe('versions', () => {
  const later = {
    version: 2,
    definition: read(
      shipped.replace('since: 2026-01-01', 'since: 2026-11-01').replace('pointsPer: 10', 'pointsPer: 5'),
    ),
  };
  const both = [...versions, later];

  test('a transaction earns by the newest that had begun on its day', () => {
    expect(reckon(both, transaction({ bookedOn: plainDate('2026-10-31') }))).toMatchObject({
      version: 1,
      reckoned: 10n,
    });
    expect(reckon(both, transaction({ bookedOn: plainDate('2026-11-01') }))).toMatchObject({
      version: 2,
      reckoned: 20n,
    });
  });
});

describe('a cap', () => {
  const of = (id: number, reckoned: number, more: Partial<Reckoning> = {}): Reckoning => ({
    transactionId: BigInt(id),
    customerRef: 'c1' as CustomerRef,
    ruleRef: 'card-spending',
    version: 1,
    month: '2026-11-01' as PlainDate,
    reckoned: points(reckoned),
    cap: points(100),
    ...more,
  });
  const got = (reckonings: Reckoning[], before: [string, bigint][] = []): bigint[] =>
    capped(reckonings, new Map(before)).map((earning) => earning.points);

  test('lets the transaction that reaches it earn the rest, and those after it nothing', () => {
    expect(got([of(1, 60), of(2, 60), of(3, 1)])).toEqual([60n, 40n, 0n]);
  });

  test('counts what was earned before, by customer, rule and month apart', () => {
    const other = { customerRef: 'c2' as CustomerRef };
    const november: [string, bigint] = ['c1 card-spending 2026-11-01', 95n];
    expect(
      got(
        [of(1, 10), of(2, 10, other), of(3, 10, { ruleRef: 'bills' }), of(4, 10, { month: '2026-12-01' as PlainDate })],
        [november],
      ),
    ).toEqual([5n, 10n, 10n, 10n]);
  });

  test('lowered by a new version below what was earned takes nothing back', () => {
    expect(got([of(1, 10, { cap: points(50) })], [['c1 card-spending 2026-11-01', 80n]])).toEqual([0n]);
  });

  test('holds whatever comes, and cutting the stream into batches changes nothing', () => {
    const stream = fc.array(
      fc.record({
        customer: fc.constantFrom('c1', 'c2'),
        rule: fc.constantFrom('card-spending', 'bills'),
        month: fc.constantFrom('2026-10-01', '2026-11-01'),
        reckoned: fc.integer({ min: 1, max: 80 }),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(stream, fc.integer({ min: 0, max: 40 }), (raw, cut) => {
        const all = raw.map(({ customer, rule, month, reckoned }, id) =>
          of(id, reckoned, { customerRef: customer as CustomerRef, ruleRef: rule, month: month as PlainDate }),
        );
        const whole = capped(all, new Map());
        const sums = new Map<string, bigint>();
        for (const e of whole) {
          const key = `${e.customerRef} ${e.ruleRef} ${e.month}`;
          sums.set(key, (sums.get(key) ?? 0n) + e.points);
        }
        for (const [key, sum] of sums) {
          const wanted = all
            .filter((e) => `${e.customerRef} ${e.ruleRef} ${e.month}` === key)
            .reduce((n, e) => n + e.reckoned, 0n);
          expect(sum).toBe(wanted < 100n ? wanted : 100n);
        }
        const first = capped(all.slice(0, cut), new Map());
        const before = new Map<string, bigint>();
        for (const e of first)
          before.set(
            `${e.customerRef} ${e.ruleRef} ${e.month}`,
            (before.get(`${e.customerRef} ${e.ruleRef} ${e.month}`) ?? 0n) + e.points,
          );
        expect([...first, ...capped(all.slice(cut), before)]).toEqual(whole);
      }),
    );
  });
});

test.each([
  ['2026-11-24', 24, '2028-11-30'],
  ['2026-01-31', 1, '2026-02-28'],
  ['2027-12-31', 2, '2028-02-29'],
  ['2026-12-01', 1, '2027-01-31'],
])('points posted on %s and good for %s months can be spent until %s', (on, validityMonths, last) => {
  expect(lotExpiresOn({ validityMonths }, plainDate(on))).toBe(last);
});
