import { z } from 'zod';
import { monthEnd, type Period } from './tier-periods.js';
import type { Minor, PlainDate, TierRef } from './types.js';

/** A step of the bank's ladder. Rank 0 is the lowest and its threshold is 0. */
export interface Tier {
  tierRef: TierRef;
  rank: number;
  threshold: Minor;
}

/** A tier can't be watched, warned or graced for longer than this many periods. */
const MAX_PERIODS = 60;
const count = (least: number) => z.int().min(least).max(MAX_PERIODS);

const tierRuleSchema = z
  .strictObject({
    ruleRef: z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'write it as small letters, digits and hyphens'),
    version: z.int().min(1),
    /** where the rule is published, and what is not certain about it */
    source: z.string().min(1),
    jurisdiction: z.string().min(2),
    /** mean of the end-of-day balances of the accounts that count */
    measure: z.literal('daily-average'),
    /** calendar months that one average covers */
    averageMonths: z.literal([1, 3]),
    /** calendar months from one evaluation to the next */
    everyMonths: z.literal([1, 3]),
    /** misses in a row after which the customer is watched */
    watchAfterMisses: count(1),
    /** misses in a row, watched ones included, after which the tier falls; without effect under a guarantee */
    fallAfterMisses: count(1),
    /** tiers from this rank up are given more time */
    slowerFall: z.strictObject({ fromRank: z.int().min(1), fallAfterMisses: count(1) }).optional(),
    /** one step down, the tier of the last average, or the tier of the best of the last n averages */
    fallTo: z.union(
      [
        z.literal('next-lower'),
        z.literal('tier-of-period-average'),
        z.strictObject({ bestOfPeriods: z.int().min(2).max(24) }),
      ],
      'must be "next-lower", "tier-of-period-average" or { "bestOfPeriods": n } with n from 2 to 24',
    ),
    /** periods before the fall during which the customer has been told of it */
    noticePeriods: count(0),
    /** months for which a tier stands whatever the averages are; 0: none */
    guaranteeMonths: count(0),
    /** months after a guarantee has run out in which the tier can still be saved */
    graceMonths: count(0),
  })
  .refine((rule) => rule.fallAfterMisses >= rule.watchAfterMisses, {
    path: ['fallAfterMisses'],
    message: 'a tier can not fall before the customer is watched',
  })
  .refine((rule) => rule.noticePeriods < rule.fallAfterMisses, {
    path: ['noticePeriods'],
    message: 'notice is given after the first miss at the earliest, so it must be shorter than fallAfterMisses',
  })
  .refine((rule) => typeof rule.fallTo === 'string' || rule.fallTo.bestOfPeriods <= rule.fallAfterMisses, {
    path: ['fallTo'],
    message: 'the best of more periods than were missed would give the same tier back',
  })
  .refine((rule) => rule.guaranteeMonths > 0 || rule.graceMonths === 0, {
    path: ['graceMonths'],
    message: 'grace follows a guarantee, and this rule has none',
  });

/** How a bank takes a tier away, as versioned data. */
export type TierRule = Readonly<z.infer<typeof tierRuleSchema>>;

/**
 * Reads a rule from data.
 * @throws RangeError that names every field that is wrong, and why
 */
export function parseTierRule(data: unknown): TierRule {
  const parsed = tierRuleSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the rule'}: ${issue.message}`);
  throw new RangeError(`this tier rule can't be used; ${wrong.join('; ')}`);
}

/** How a rule is named wherever one is stored: `bohai@1`. */
export const ruleName = (rule: TierRule): string => `${rule.ruleRef}@${rule.version}`;

/** What a rule remembers of one customer from one period to the next; plain JSON. */
export interface TierMemory {
  missesInRow: number;
  /** the last averages in minor units, oldest first; only as many as the rule looks back */
  averages: string[];
  guaranteedUntil: PlainDate | null;
  graceUntil: PlainDate | null;
}

export type Standing = 'in-order' | 'watched' | 'notice' | 'guaranteed' | 'grace';

export interface PeriodResult {
  missed: boolean;
  missesInRow: number;
  standing: Standing;
  tierAfter: Tier;
  memory: TierMemory;
  reason: 'met' | 'missed' | 'missed-under-guarantee' | 'guarantee-renewed' | 'rose' | 'fell' | 'fell-after-grace';
}

/** The memory of a customer who has not been evaluated yet. The lowest tier needs no guarantee: it can't be lost. */
export const newMemory = (): TierMemory => ({ missesInRow: 0, averages: [], guaranteedUntil: null, graceUntil: null });

/** The highest tier whose threshold the average reaches; the lowest one when it reaches none. */
export function tierOfAverage(tiers: readonly Tier[], average: Minor): Tier {
  const byRank = [...tiers].sort((a, b) => a.rank - b.rank);
  const lowest = byRank[0];
  if (!lowest) throw new RangeError('a bank without tiers has nothing to evaluate');
  return byRank.findLast((tier) => average >= tier.threshold) ?? lowest;
}

/** Misses in a row, this tier's exception included, after which it falls. */
export function missesUntilFall(rule: TierRule, tier: Tier): number {
  return rule.slowerFall && tier.rank >= rule.slowerFall.fromRank
    ? rule.slowerFall.fallAfterMisses
    : rule.fallAfterMisses;
}

function tierAfterFall(rule: TierRule, tiers: readonly Tier[], from: Tier, averages: readonly string[]): Tier {
  if (rule.fallTo === 'next-lower')
    return tiers.filter((tier) => tier.rank < from.rank).reduce((a, b) => (b.rank > a.rank ? b : a), tiers[0] ?? from);
  const judged = averages.slice(typeof rule.fallTo === 'string' ? -1 : -rule.fallTo.bestOfPeriods).map(BigInt);
  return tierOfAverage(tiers, judged.reduce((best, average) => (average > best ? average : best)) as Minor);
}

/**
 * One period of one customer under one rule.
 *
 * A period is missed when its average is below the threshold of the customer's tier. An average that reaches a higher
 * tier lifts the customer at the end of that one period, under every rule; Bohai and BofA, which evaluate each month,
 * thereby lift from the next month on, HSBC India from the next quarter. (CCB looks every day and lifts within days:
 * here it is the end of the month.) Whatever changes holds from the day after the period's end.
 *
 * @param tiers   the whole ladder, in any order
 * @param current the customer's tier during the period
 * @param memory  what the last evaluation gave back, or newMemory()
 */
export function evaluatePeriod(
  rule: TierRule,
  tiers: readonly Tier[],
  current: Tier,
  memory: TierMemory,
  period: Period & { average: Minor },
): PeriodResult {
  const lookBack = typeof rule.fallTo === 'string' ? 1 : rule.fallTo.bestOfPeriods;
  const averages = [...memory.averages, String(period.average)].slice(-lookBack);
  const missed = period.average < current.threshold;
  const reached = tierOfAverage(tiers, period.average);
  if (reached.rank > current.rank) return settled(rule, reached, averages, period, missed, 'rose');
  if (rule.guaranteeMonths > 0) return underGuarantee(rule, tiers, current, { ...memory, averages }, period, missed);

  const missesInRow = missed ? memory.missesInRow + 1 : 0;
  const fallAfter = missesUntilFall(rule, current);
  // the lowest tier has nowhere to fall, however often an overdrawn account misses its threshold of 0
  if (missesInRow >= fallAfter && current.rank > Math.min(...tiers.map((tier) => tier.rank)))
    return settled(rule, tierAfterFall(rule, tiers, current, averages), averages, period, missed, 'fell', missesInRow);
  const standing: Standing =
    rule.noticePeriods > 0 && missesInRow >= fallAfter - rule.noticePeriods
      ? 'notice'
      : missesInRow >= rule.watchAfterMisses
        ? 'watched'
        : 'in-order';
  return {
    missed,
    missesInRow,
    standing,
    tierAfter: current,
    memory: { missesInRow, averages, guaranteedUntil: null, graceUntil: null },
    reason: missed ? 'missed' : 'met',
  };
}

/** A tier that begins anew: nothing missed, its guarantee (if the rule gives one) running from the period's end. */
function settled(
  rule: TierRule,
  tierAfter: Tier,
  averages: string[],
  period: Period,
  missed: boolean,
  reason: PeriodResult['reason'],
  missesInRow = 0,
): PeriodResult {
  const guaranteed = rule.guaranteeMonths > 0 && tierAfter.rank > 0;
  return {
    missed,
    missesInRow,
    standing: guaranteed ? 'guaranteed' : 'in-order',
    tierAfter,
    memory: {
      missesInRow: 0,
      averages,
      guaranteedUntil: guaranteed ? monthEnd(period.end, rule.guaranteeMonths) : null,
      graceUntil: null,
    },
    reason,
  };
}

/** Misses before the guarantee ends count for nothing; the one at its end opens the grace, and the grace's end decides. */
function underGuarantee(
  rule: TierRule,
  tiers: readonly Tier[],
  current: Tier,
  memory: TierMemory,
  period: Period,
  missed: boolean,
): PeriodResult {
  const { averages, guaranteedUntil, graceUntil } = memory;
  if (graceUntil === null && guaranteedUntil !== null && period.end < guaranteedUntil) {
    const reason = missed ? 'missed-under-guarantee' : 'met';
    return { missed, missesInRow: 0, standing: 'guaranteed', tierAfter: current, memory, reason };
  }
  if (!missed) {
    const reason = guaranteedUntil === null ? 'met' : 'guarantee-renewed';
    return settled(rule, current, averages, period, missed, reason);
  }
  const missesInRow = memory.missesInRow + 1;
  const until = graceUntil ?? monthEnd(period.end, rule.graceMonths);
  const canFall = current.rank > Math.min(...tiers.map((tier) => tier.rank));
  if (period.end >= until && canFall) {
    const tierAfter = tierAfterFall(rule, tiers, current, averages);
    return settled(rule, tierAfter, averages, period, missed, 'fell-after-grace', missesInRow);
  }
  return {
    missed,
    missesInRow,
    standing: 'grace',
    tierAfter: current,
    memory: { missesInRow, averages, guaranteedUntil, graceUntil: until },
    reason: 'missed',
  };
}
