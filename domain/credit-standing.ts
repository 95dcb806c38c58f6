import type { Language } from './types.js';

/** The version of the tables below, kept with every decision that says them. */
export const CREDIT_STANDING_RULES = 'credit-standing@1';

/**
 * Where a customer's credit stands with the bank, best first. Each step is where it falls to if things go on; a bank that
 * names them otherwise changes the table below.
 */
export const CREDIT_STANDINGS = ['good', 'watched', 'restricted', 'suspended'] as const;
export type CreditStanding = (typeof CREDIT_STANDINGS)[number];

/** What is seen of a customer's credit on a day, by the bank's data. */
export interface CreditFacts {
  /** days of the last CREDIT_WINDOW_DAYS on which an account that is no card ended below zero */
  daysBelowZero: number;
  /** interest for it was charged in that time */
  penaltyInterest: boolean;
  /** of the card that is used most: what is owed as a share of its limit, in basis points; null: no card with a limit */
  limitUsedBp: number | null;
  /** instalments of a plan that were missed and not paid since */
  missedInstalments: number;
  /** a plan was broken, and nobody has decided yet */
  planBroken: boolean;
}

export const CREDIT_WINDOW_DAYS = 31;
/** From so many days on, below zero is no slip any more. */
const LONG_BELOW_ZERO_DAYS = 15;
/** Basis points of the limit: as detection has it (domain/triggers.ts, CARD_OVERUSED). */
const NEARLY_USED_BP = 8_000;
const LIMIT_BP = 10_000;

/** Why the standing is about to fall; the words for customers are in campaigns/templates/reasons.yaml. */
export const CREDIT_REASONS = {
  'account-below-zero': { to: 'watched', holds: (f) => f.daysBelowZero > 0 && f.daysBelowZero < LONG_BELOW_ZERO_DAYS },
  'account-long-below-zero': { to: 'restricted', holds: (f) => f.daysBelowZero >= LONG_BELOW_ZERO_DAYS },
  'penalty-interest-charged': { to: 'watched', holds: (f) => f.penaltyInterest },
  'limit-nearly-used': {
    to: 'watched',
    holds: ({ limitUsedBp: used }) => used !== null && used > NEARLY_USED_BP && used <= LIMIT_BP,
  },
  'limit-exceeded': { to: 'restricted', holds: ({ limitUsedBp: used }) => used !== null && used > LIMIT_BP },
  'instalments-unpaid': { to: 'restricted', holds: (f) => f.missedInstalments > 0 && !f.planBroken },
  'plan-not-kept': { to: 'suspended', holds: (f) => f.planBroken },
} as const satisfies Record<string, { to: CreditStanding; holds: (facts: CreditFacts) => boolean }>;
export type CreditReason = keyof typeof CREDIT_REASONS;

/** What falls away with each standing: the limit, the rates, the services. A lower one has what those above it have. */
export const STANDING_CHANGES = {
  good: [],
  watched: ['limit-is-not-raised', 'rate-discount-ends'],
  restricted: ['limit-is-lowered', 'services-are-narrowed'],
  suspended: ['limit-is-withdrawn', 'whole-debt-may-fall-due'],
} as const satisfies Record<CreditStanding, readonly string[]>;
export type StandingChange = (typeof STANDING_CHANGES)[CreditStanding][number];

/** What helps, and by which reasons it is called for; without any it helps always. */
export const CREDIT_HELPS = {
  'help-pay-on-time': null,
  'help-use-less-of-the-limit': ['limit-nearly-used', 'limit-exceeded'],
  'help-check-the-account': null,
  'help-talk-to-us': null,
} as const satisfies Record<string, readonly CreditReason[] | null>;
export type CreditHelp = keyof typeof CREDIT_HELPS;

/** What a customer is told before the standing falls; codes, for reasons.yaml. */
export interface CreditWarning {
  /** where it falls to if things go on; good: nothing is about to fall */
  standing: CreditStanding;
  reasons: CreditReason[];
  changes: StandingChange[];
  helps: CreditHelp[];
}

/** Why the standing is about to fall, what that changes and what helps. */
export function creditWarning(facts: CreditFacts): CreditWarning {
  const all = Object.keys(CREDIT_REASONS) as CreditReason[];
  const reasons = all.filter((reason) => CREDIT_REASONS[reason].holds(facts));
  const depth = Math.max(0, ...reasons.map((reason) => CREDIT_STANDINGS.indexOf(CREDIT_REASONS[reason].to)));
  const changes = CREDIT_STANDINGS.slice(0, depth + 1).flatMap((standing) => [...STANDING_CHANGES[standing]]);
  const helps = (Object.keys(CREDIT_HELPS) as CreditHelp[]).filter((help) => {
    const by: readonly CreditReason[] | null = CREDIT_HELPS[help];
    return by === null || by.some((reason) => reasons.includes(reason));
  });
  return { standing: CREDIT_STANDINGS[depth] ?? 'good', reasons, changes, helps };
}

/** Who advises customers in debt, independent of any bank. */
export interface AdviceBody {
  /** ISO 3166-1 alpha-2, as the installation has it */
  jurisdiction: string;
  name: Readonly<Record<Language, string>>;
  /** a telephone number or an address on the web */
  contact: string;
}

/**
 * Independent advice by jurisdiction; a bank's own counsel confirms each row. Sources: 12378, the hotline for consumers of
 * finance of 国家金融监督管理总局, and 12315, that of 国家市场监督管理总局; MoneyHelper, of the Money and Pensions Service
 * (Financial Guidance and Claims Act 2018); Poradna při finanční tísni, o.p.s.; National Foundation for Credit Counseling.
 */
export const INDEPENDENT_ADVICE: readonly AdviceBody[] = [
  {
    jurisdiction: 'CN',
    name: { en: 'Hotline for financial consumers', 'zh-CN': '金融消费者投诉维权热线' },
    contact: '12378',
  },
  { jurisdiction: 'CN', name: { en: 'Consumer hotline', 'zh-CN': '消费者投诉举报热线' }, contact: '12315' },
  {
    jurisdiction: 'GB',
    name: { en: 'MoneyHelper', 'zh-CN': 'MoneyHelper（英国理财咨询服务）' },
    contact: 'www.moneyhelper.org.uk',
  },
  {
    jurisdiction: 'CZ',
    name: { en: 'Poradna při finanční tísni', 'zh-CN': 'Poradna při finanční tísni（捷克债务咨询中心）' },
    contact: 'www.financnitisen.cz',
  },
  {
    jurisdiction: 'US',
    name: { en: 'National Foundation for Credit Counseling', 'zh-CN': '美国国家信用咨询基金会（NFCC）' },
    contact: 'www.nfcc.org',
  },
];

/** Where advice is found in a jurisdiction, in a language; empty where nobody has looked. */
export const adviceIn = (jurisdiction: string, language: Language): { name: string; contact: string }[] =>
  INDEPENDENT_ADVICE.filter((body) => body.jurisdiction === jurisdiction).map(({ name, contact }) => ({
    name: name[language],
    contact,
  }));
