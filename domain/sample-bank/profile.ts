import type { Language } from '../types.js';
import { isPlanted, type CustomerKind } from './kinds.js';
import type { Random } from './random.js';
import { THRESHOLD_FEN, yuan, type SampleTier } from './tiers.js';
import type { Window } from './window.js';
import * as words from './words.js';

/** Where a customer's money comes from. */
export type IncomeHabit = 'salary' | 'pension' | 'own-business' | 'from-elsewhere';

export interface TermDeposit {
  /** fen */
  readonly principal: number;
  readonly termMonths: number;
  /** days of the window; opened before day 0 in most cases */
  readonly openedDay: number;
  readonly maturesDay: number;
  readonly renewalDay: number | null;
}

export interface CreditCard {
  /** fen */
  readonly limit: number;
  /** share of the limit that is spent in a month and paid in the next */
  readonly monthlyUse: number;
  /** share of the limit that is never paid back */
  readonly standingDebt: number;
}

/** Who a customer is, before anything happens. Money in fen, days as numbered by the window. */
export interface Profile {
  readonly kind: CustomerKind;
  readonly tier: SampleTier;
  readonly wealth: number;
  readonly habit: IncomeHabit;
  readonly monthlyIncome: number;
  readonly payday: number;
  readonly hasSavings: boolean;
  readonly deposit: TermDeposit | null;
  readonly card: CreditCard | null;
  /** first day with money: 0, or later for those who joined within the window */
  readonly startDay: number;
  /** days by which they were customers before day 0 */
  readonly yearsBefore: number;
  readonly gender: 'F' | 'M';
  readonly age: number;
  readonly job: string;
  readonly employer: string | null;
  readonly language: Language;
  readonly branch: (typeof words.BRANCHES)[number];
}

/** A new customer has at least this many days of history, so that there are habits to compare with. */
const LEAST_HISTORY_DAYS = 120;
/** Content deposits end at least this many days after the as-of day. */
const FAR_MATURITY_DAYS = 40;
/** Even the poorest hold this many months' incomes, so that an ordinary month never ends below zero. */
const LEAST_MONTHS_HELD = 2.5;

const USUAL_TIERS = [
  ['mass', 76],
  ['affluent', 19],
  ['private', 5],
] as const;
const WEALTHIER_TIERS = [
  ['mass', 40],
  ['affluent', 45],
  ['private', 15],
] as const;
const TIERS_OF_KIND: Partial<Record<CustomerKind, readonly (readonly [SampleTier, number])[]>> = {
  'tier-at-risk': [
    ['affluent', 80],
    ['private', 20],
  ],
  'large-outflow': WEALTHIER_TIERS,
  'own-transfer': WEALTHIER_TIERS,
  'large-purchase': WEALTHIER_TIERS,
  'maturing-30': WEALTHIER_TIERS,
  'maturing-7': WEALTHIER_TIERS,
  'renewed-deposit': WEALTHIER_TIERS,
  dormant: [
    ['mass', 85],
    ['affluent', 15],
  ],
};
const SALARIED: readonly CustomerKind[] = [
  'income-stopped',
  'income-lowered',
  'late-payday',
  'bonus-month',
  'seasonal-dip',
];
const WITH_DEPOSIT: readonly CustomerKind[] = ['maturing-30', 'maturing-7', 'renewed-deposit'];
/** Their money must be free to move. */
const WITHOUT_DEPOSIT: readonly CustomerKind[] = ['tier-at-risk', 'large-outflow', 'own-transfer'];

const clamp = (low: number, value: number, high: number): number => Math.max(low, Math.min(high, value));

function drawIncome(random: Random, tier: SampleTier, habit: IncomeHabit): number {
  const full = {
    mass: clamp(3_500, 8_500 * Math.exp(0.4 * random.normal()), 22_000),
    affluent: random.between(18_000, 55_000),
    private: random.between(50_000, 220_000),
  }[tier];
  return yuan(habit === 'pension' ? full * 0.6 : full);
}

/** What a customer holds in all: clearly within the tier, but for those who are to fall out of it. */
function drawWealth(random: Random, tier: SampleTier, kind: CustomerKind, income: number): number {
  const spread = random.normal();
  if (tier === 'mass') {
    const least = kind === 'large-outflow' ? 80_000 : 12_000;
    return Math.max(yuan(clamp(least, 70_000 * Math.exp(0.7 * spread), 320_000)), LEAST_MONTHS_HELD * income);
  }
  const threshold = THRESHOLD_FEN[tier];
  if (kind === 'tier-at-risk') return Math.round(threshold * random.between(1.12, 1.5));
  if (kind === 'large-purchase') return Math.round(threshold * random.between(2.2, 3.5));
  return Math.round(threshold * clamp(1.3, 2 * Math.exp(0.45 * spread), tier === 'affluent' ? 8 : 6));
}

function drawDeposit(
  random: Random,
  profile: { kind: CustomerKind; tier: SampleTier; wealth: number },
  window: Window,
): TermDeposit | null {
  const { kind, tier, wealth } = profile;
  const wanted = WITH_DEPOSIT.includes(kind) || random.chance({ mass: 0.15, affluent: 0.45, private: 0.7 }[tier]);
  if (!wanted || WITHOUT_DEPOSIT.includes(kind)) return null;
  const termMonths = random.pick([12, 24, 36]);
  const termDays = Math.round(termMonths * 30.44);
  const left =
    kind === 'maturing-7'
      ? random.int(1, 7)
      : WITH_DEPOSIT.includes(kind)
        ? random.int(8, 30)
        : random.int(FAR_MATURITY_DAYS, termDays - 5);
  const maturesDay = window.last + left;
  const share = random.between(0.2, tier === 'mass' ? 0.35 : 0.5);
  const openedDay = maturesDay - termDays;
  return {
    principal: Math.max(yuan(1_000), yuan(Math.round((wealth * share) / 100_000) * 1_000)),
    termMonths,
    // one opened within the window is paid from savings, which need a few days to be there
    openedDay,
    maturesDay,
    renewalDay: kind === 'renewed-deposit' ? window.last - random.int(1, 15) : null,
  };
}

function drawCard(random: Random, kind: CustomerKind, income: number): CreditCard | null {
  if (kind !== 'card-overused' && !random.chance(0.42)) return null;
  const limitOf = (incomes: number): number => yuan(Math.max(5_000, Math.round((income * incomes) / 100_000) * 1_000));
  const how = random.next();
  // a few use nearly all and pay it all: over the line for some days, never for long
  if (how < 0.05) return { limit: limitOf(0.5), monthlyUse: random.between(0.55, 0.7), standingDebt: 0 };
  const limit = limitOf(random.between(1.5, 4));
  // what is spent on the card must be earned, so it goes by the income and not by the limit
  const monthlyUse = (income * random.between(0.06, 0.22)) / limit;
  return { limit, monthlyUse: Math.min(monthlyUse, 0.15), standingDebt: how < 0.2 ? random.between(0.2, 0.5) : 0 };
}

function drawPerson(
  random: Random,
  habit: IncomeHabit,
): Pick<Profile, 'gender' | 'age' | 'job' | 'employer' | 'language' | 'branch'> {
  const branch = random.weighted(words.BRANCHES.map((each) => [each, each.weight] as const));
  const english = { 'Asia/Shanghai': 0.05, 'Asia/Hong_Kong': 0.4, 'Europe/London': 0.7, 'America/New_York': 0.7 }[
    branch.zone
  ];
  const [youngest, oldest] = {
    salary: [23, 59],
    pension: [60, 86],
    'own-business': [25, 66],
    'from-elsewhere': [19, 72],
  }[habit] as [number, number];
  const job = {
    salary: random.pick(words.JOBS),
    pension: 'retired',
    'own-business': 'self-employed',
    'from-elsewhere': random.pick(['student', 'homemaker', 'freelancer']),
  }[habit];
  return {
    gender: random.chance(0.5) ? 'F' : 'M',
    age: random.int(youngest, oldest),
    job,
    employer: habit === 'salary' ? random.pick(words.EMPLOYERS) : null,
    language: random.chance(english) ? 'en' : 'zh-CN',
    branch,
  };
}

/** Draws who a customer is, so that what is planted can happen to them. */
export function drawProfile(random: Random, kind: CustomerKind, window: Window): Profile {
  const tier = random.weighted<SampleTier>(TIERS_OF_KIND[kind] ?? USUAL_TIERS);
  const drawn = random.weighted<IncomeHabit>([
    ['salary', 66],
    ['pension', 16],
    ['own-business', 10],
    ['from-elsewhere', 8],
  ]);
  const habit = SALARIED.includes(kind) ? 'salary' : kind === 'dormant' ? 'from-elsewhere' : drawn;
  const monthlyIncome = drawIncome(random, tier, habit);
  const wealth = drawWealth(random, tier, kind, monthlyIncome);
  const joined = kind === 'ordinary' && random.chance(0.08);
  const startDay = joined ? random.int(1, Math.max(1, window.last - LEAST_HISTORY_DAYS)) : 0;
  const deposit = joined ? null : drawDeposit(random, { kind, tier, wealth }, window);
  return {
    kind,
    tier,
    wealth,
    habit,
    monthlyIncome,
    payday: random.int(5, 27),
    hasSavings: isPlanted(kind) || tier !== 'mass' || deposit !== null || kind === 'own-transfer' || random.chance(0.6),
    deposit,
    card: drawCard(random, kind, monthlyIncome),
    startDay,
    yearsBefore: random.int(1, 15),
    ...drawPerson(random, habit),
  };
}
