import type { TierStanding } from './tier-standing.js';
import type { CustomerRef, Minor } from './types.js';
import type { Trigger } from './trigger-names.js';

export { TRIGGERS, type Trigger } from './trigger-names.js';

/** One reason of a finding: with its numbers a person can recompute it. Money is decimal text of minor units. */
export interface Reason {
  code: string;
  numbers: Readonly<Record<string, string | number>>;
}

/** What detection says of one customer. `score` is 0 to 100. */
export interface Found {
  customerRef: CustomerRef;
  score: number;
  reasons: Reason[];
}

/**
 * When a sliding balance is called a risk to the tier. Levels are averages over whole months of `monthDays`, so that
 * the day of the month on which income arrives doesn't matter.
 */
export const TIER_AT_RISK = {
  monthDays: 30,
  /** this month's level is at most this share of the month before: the balance slides */
  slidingPercent: 95,
  /** and that one at most this share of the month before it: it goes on sliding, so the trend may be continued */
  trendPercent: 98,
  /** a trend is not continued for longer than this */
  horizonDays: 90,
  /** a sliding balance is taken to stay where it stood on average in the last days */
  weekDays: 7,
  /** a year ago it slid as much, give or take this many hundredths: it is the season */
  seasonTolerancePercent: 3,
  yearDays: 365,
} as const;

/** When income is called stopped or lowered. An income month is 30.44 days around the usual payday. */
export const INCOME = {
  /** what counts when the customer has any of it; whoever has none lives on transfers from elsewhere */
  earned: ['salary', 'pension', 'benefit'],
  otherwise: 'transfer-in',
  lookBackDays: 460,
  /** regular: income in at least `regularMonths` of the last `ofMonths` before it ended */
  regularMonths: 3,
  ofMonths: 4,
  /** the longest month, and the latest that a payday may be */
  paydayEveryDays: 31,
  graceDays: 10,
  /** a stop longer ago than this is no news */
  newsDays: 180,
  /** lowered: below this share of the second-lowest of the usual months */
  loweredPercent: 80,
  /** the lowering is at most this many income months old */
  loweredMonths: 4,
  baseMonths: 6,
  /** those who live on transfers must have been paid less for this long */
  transferMonths: 2,
  /** about a year ago a month was at or below this share of that time's median: it is the season */
  seasonPercent: 85,
} as const;

/** When an outflow is called large: net of own accounts and of what came in from elsewhere meanwhile. */
export const LARGE_OUTFLOW = {
  windowDays: 30,
  /** the time before it, from which the usual outflow is known; younger customers are left out */
  historyDays: 90,
  /** money leaving the bank */
  leaving: ['transfer-out', 'cash'],
  /** money spent: counts only when the balance thereby fell below the tier's threshold */
  spending: ['purchase', 'card'],
  /** money arriving from elsewhere that did not stay */
  arriving: ['transfer-in', 'deposit', 'cash'],
  ofBalancePercent: 30,
  /** at least this many times the usual outflow in as many days, and at least all that usually comes in */
  timesUsual: 2,
} as const;

/** A product that matures within `days` after the as-of day and whose renewal nobody agreed on until then. */
export const MATURING = { soonDays: 7, laterDays: 30 } as const;

/** When silence is called dormancy: regular activity of the customer's own, then none. */
export const DORMANT = {
  /** what somebody must do; salary, interest, fees and standing orders arrive by themselves */
  ownActivity: ['card', 'cash', 'transfer-out', 'own-transfer', 'deposit', 'purchase'],
  silentDays: 60,
  /** silence longer than this is no news */
  newsDays: 365,
  monthDays: 30,
  /** months with activity among the `ofMonths` before the silence */
  activeMonths: 4,
  ofMonths: 6,
} as const;

/** Interest for an overdrawn account was charged within this many days. */
export const NEGATIVE_BALANCE = { windowDays: 31 } as const;

/** More than this share of a card's limit was used on two of: the as-of day and the last two ends of months. */
export const CARD_OVERUSED = { percent: 80, timesOver: 2 } as const;

/** A fall is news, and a chance to win the tier back, for this many days from the first one of the lower tier. */
export const TIER_LOST = { windowDays: 60 } as const;

/** Average qualifying balances of the last months of TIER_AT_RISK.monthDays, the latest first, and of a year before. */
export interface BalanceLevels {
  recent: readonly [Minor, Minor, Minor];
  /** average of the last TIER_AT_RISK.weekDays */
  week: Minor;
  /** null when the customer was none then */
  yearBefore: readonly [Minor, Minor] | null;
}

const percentOf = (part: bigint, whole: bigint): number => Number((part * 100n) / whole);

/**
 * The tier will be lost if things go on: the balance projected to the day of decision is below the threshold, and it is
 * sliding or a period was missed already. The projection is the last month's level, or the last week's where that is
 * lower and the balance slides; a slide of two months in a row is continued to the decision (90 days at most). When the
 * running period decides, what it holds so far counts in.
 * @returns null when the tier isn't at risk
 */
export function tierAtRisk(standing: TierStanding, levels: BalanceLevels): Found | null {
  const rule = TIER_AT_RISK;
  const { threshold } = standing;
  if (standing.lowest || threshold <= 0n) return null;
  const [now, before, earlier] = levels.recent;
  const sliding = now * 100n <= before * BigInt(rule.slidingPercent) && before > 0n && !seasonal(levels);
  // a secured period ends the row of misses
  const misses = standing.secured ? 0 : standing.missesInRow;
  if (!sliding && misses === 0) return null;
  const continued = sliding && before * 100n <= earlier * BigInt(rule.trendPercent);
  const ahead = BigInt(Math.min(standing.daysUntilDecision, rule.horizonDays));
  // two steps of monthDays lie between the earliest and the latest level
  const trend = continued ? ((now - earlier) * ahead) / BigInt(2 * rule.monthDays) : 0n;
  const level = (sliding && levels.week < now ? levels.week : now) + trend;
  const projected = standing.decisionOn === standing.periodEnd ? withSoFar(standing, level) : level;
  if (projected >= threshold) return null;
  const shortfall = percentOf(threshold - projected, threshold);
  const nearness = Math.max(0, 20 - Math.floor(standing.daysUntilDecision / 9));
  return {
    customerRef: standing.customerRef,
    score: Math.min(100, 50 + Math.min(30, shortfall) + nearness),
    reasons: [
      {
        code: 'projected-below-threshold',
        numbers: {
          projected: String(projected),
          threshold: String(threshold),
          trend: String(trend),
          decisionOn: standing.decisionOn,
          daysUntilDecision: standing.daysUntilDecision,
        },
      },
      ...(sliding
        ? [
            {
              code: 'sliding',
              numbers: {
                now: String(now),
                before: String(before),
                earlier: String(earlier),
                week: String(levels.week),
              },
            },
          ]
        : []),
      ...(misses > 0 ? [{ code: 'missed', numbers: { periods: misses } }] : []),
    ],
  };
}

function seasonal({ recent: [now, before], yearBefore }: BalanceLevels): boolean {
  if (!yearBefore || yearBefore[1] <= 0n || before <= 0n) return false;
  const then = percentOf(yearBefore[0], yearBefore[1]);
  return then <= percentOf(now, before) + TIER_AT_RISK.seasonTolerancePercent;
}

/** The running period's average, rounded down, when each remaining day ends at `level`. */
function withSoFar(standing: TierStanding, level: bigint): bigint {
  const soFar = standing.averageSoFar * BigInt(standing.daysElapsed);
  return (soFar + level * BigInt(standing.daysLeft)) / BigInt(standing.daysElapsed + standing.daysLeft);
}

/** How many customers one run found for one trigger, and how many of these were not found for that day before. */
export interface TriggerCount {
  trigger: Trigger;
  customers: number;
  added: number;
}
