import { completedPeriods, type Period } from '../../domain/tier-periods.js';
import { exampleRule, TIER_RULE_EXAMPLES } from '../../domain/tier-rule-examples.js';
import { evaluatePeriod, newMemory, parseTierRule, ruleName, type Tier } from '../../domain/tier-rules.js';
import { minor, plainDate, type TierRef } from '../../domain/types.js';

const tier = (tierRef: string, rank: number, threshold: number): Tier => ({
  tierRef: tierRef as TierRef,
  rank,
  threshold: minor(threshold),
});
const TIERS = [tier('mass', 0, 0), tier('affluent', 1, 500), tier('private', 2, 6000)];

/** What a customer who starts on the lowest tier goes through: one line for each period. */
function walk(ruleRef: string, from: string, averages: number[]): string[] {
  const rule = exampleRule(ruleRef);
  // far enough ahead for every list of averages
  const periods = completedPeriods(rule, plainDate(from), plainDate('2040-12-31'));
  let current = TIERS[0] as Tier;
  let memory = newMemory();
  return averages.map((average, n) => {
    const period = periods[n] as Period;
    const result = evaluatePeriod(rule, TIERS, current, memory, { ...period, average: minor(average) });
    current = result.tierAfter;
    // what the database gives back is a copy of the JSON
    memory = JSON.parse(JSON.stringify(result.memory)) as typeof memory;
    return `${period.end} ${average} ${result.missed ? 'missed' : 'met'} ${result.missesInRow} ${result.standing} → ${current.tierRef} (${result.reason})`;
  });
}

test('Bohai: watched from the first miss, and after three in a row the tier is that of the third month', () => {
  expect(walk('bohai', '2025-01-01', [7000, 5000, 6100, 5999, 5000, 450, 500, 499])).toEqual([
    '2025-01-31 7000 met 0 in-order → private (rose)',
    '2025-02-28 5000 missed 1 watched → private (missed)',
    '2025-03-31 6100 met 0 in-order → private (met)',
    '2025-04-30 5999 missed 1 watched → private (missed)',
    '2025-05-31 5000 missed 2 watched → private (missed)',
    '2025-06-30 450 missed 3 in-order → mass (fell)',
    '2025-07-31 500 met 0 in-order → affluent (rose)',
    '2025-08-31 499 missed 1 watched → affluent (missed)',
  ]);
});

test('CCB: watched after three misses, and after three more the tier is that of the best of the six months', () => {
  expect(walk('ccb', '2025-01-01', [7000, 400, 300, 550, 200, 100, 0, 0])).toEqual([
    '2025-01-31 7000 met 0 in-order → private (rose)',
    '2025-02-28 400 missed 1 in-order → private (missed)',
    '2025-03-31 300 missed 2 in-order → private (missed)',
    '2025-04-30 550 missed 3 watched → private (missed)',
    '2025-05-31 200 missed 4 watched → private (missed)',
    '2025-06-30 100 missed 5 watched → private (missed)',
    '2025-07-31 0 missed 6 in-order → affluent (fell)',
    '2025-08-31 0 missed 1 in-order → affluent (missed)',
  ]);
});

test('HSBC India: a quarter missed brings a notice; restored in the next quarter nothing falls, otherwise it does', () => {
  expect(walk('hsbc-in', '2025-01-01', [6000, 5000, 6000, 5000, 5500, 500])).toEqual([
    '2025-03-31 6000 met 0 in-order → private (rose)',
    '2025-06-30 5000 missed 1 notice → private (missed)',
    '2025-09-30 6000 met 0 in-order → private (met)',
    '2025-12-31 5000 missed 1 notice → private (missed)',
    '2026-03-31 5500 missed 2 in-order → affluent (fell)',
    '2026-06-30 500 met 0 in-order → affluent (met)',
  ]);
});

test('BofA: twelve months stand whatever happens, three months of grace follow, and then the tier falls', () => {
  const guaranteed = Array.from({ length: 11 }, () => 100);
  expect(walk('bofa', '2025-01-01', [600, ...guaranteed, 100, 499, 499, 499])).toEqual([
    '2025-03-31 600 met 0 guaranteed → affluent (rose)',
    '2025-04-30 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-05-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-06-30 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-07-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-08-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-09-30 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-10-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-11-30 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2025-12-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2026-01-31 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2026-02-28 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
    '2026-03-31 100 missed 1 grace → affluent (missed)',
    '2026-04-30 499 missed 2 grace → affluent (missed)',
    '2026-05-31 499 missed 3 grace → affluent (missed)',
    '2026-06-30 499 missed 4 in-order → mass (fell-after-grace)',
  ]);
});

test('BofA: a balance restored within the grace renews the guarantee for twelve months more', () => {
  const year = Array.from({ length: 11 }, () => 100);
  const lines = walk('bofa', '2025-01-01', [600, ...year, 100, 100, 500, 100]);
  expect(lines.slice(-3)).toEqual([
    '2026-04-30 100 missed 2 grace → affluent (missed)',
    '2026-05-31 500 met 0 guaranteed → affluent (guarantee-renewed)',
    '2026-06-30 100 missed 0 guaranteed → affluent (missed-under-guarantee)',
  ]);
});

test('a private-banking customer of Bohai, on the sixth tier of its own ladder, has six months instead of three', () => {
  const ladder = Array.from({ length: 6 }, (_, rank) => tier(`t${rank}`, rank, rank * 100));
  const rule = exampleRule('bohai');
  let current = ladder[5] as Tier;
  let memory = newMemory();
  const held = completedPeriods(rule, plainDate('2025-01-01'), plainDate('2025-06-30')).map((period) => {
    const result = evaluatePeriod(rule, ladder, current, memory, { ...period, average: minor(250) });
    [current, memory] = [result.tierAfter, result.memory];
    return current.tierRef;
  });
  expect(held).toEqual(['t5', 't5', 't5', 't5', 't5', 't2']);
});

test('a customer on the lowest tier whose account is overdrawn for years falls nowhere', () => {
  for (const rule of TIER_RULE_EXAMPLES) {
    const lines = walk(rule.ruleRef, '2025-01-01', Array<number>(20).fill(-10));
    expect(lines.every((line) => line.includes('→ mass'))).toBe(true);
  }
});

test('a rule that falls by one step leaves a private customer affluent, however little is left', () => {
  const rule = parseTierRule({ ...exampleRule('bohai'), fallTo: 'next-lower', fallAfterMisses: 1 });
  const [period] = completedPeriods(rule, plainDate('2025-01-01'), plainDate('2025-01-31'));
  const result = evaluatePeriod(rule, TIERS, TIERS[2] as Tier, newMemory(), {
    ...(period as Period),
    average: minor(0),
  });
  expect(result.tierAfter.tierRef).toBe('affluent');
});

test('the examples have a source and a name each', () => {
  expect(TIER_RULE_EXAMPLES.map(ruleName)).toEqual(['bohai@1', 'ccb@1', 'hsbc-in@1', 'bofa@1']);
  expect(TIER_RULE_EXAMPLES.every((rule) => rule.source.length > 20)).toBe(true);
});

test('a rule that contradicts itself is refused in a sentence that names each field', () => {
  const wrong = { ...exampleRule('bohai'), averageMonths: 2, watchAfterMisses: 0, fallTo: 'anywhere', colour: 'red' };
  expect(() => parseTierRule(wrong)).toThrow(
    /can't be used; .*averageMonths: .*watchAfterMisses: .*fallTo: must be "next-lower".*colour/s,
  );
  const early = { ...exampleRule('ccb'), watchAfterMisses: 7 };
  expect(() => parseTierRule(early)).toThrow('fallAfterMisses: a tier can not fall before the customer is watched');
  const back = { ...exampleRule('ccb'), fallTo: { bestOfPeriods: 7 } };
  expect(() => parseTierRule(back)).toThrow('fallTo: the best of more periods than were missed');
  expect(() => exampleRule('boahi')).toThrow('there is no tier rule "boahi"; there are bohai, ccb, hsbc-in, bofa');
});
