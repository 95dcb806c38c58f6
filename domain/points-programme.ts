import { z } from 'zod';
import { day, wholeDays } from './definition-fields.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import type { Rewarded } from './gift-rules.js';
import {
  minor,
  plainDate,
  points,
  type CustomerRef,
  type Minor,
  type PlainDate,
  type Points,
  type TierRef,
} from './types.js';

/** Rules of one programme; more than this nobody can explain to a customer. */
export const MAX_RULES = 50;
/** Points of one rule, customer and month. */
export const MAX_MONTHLY_CAP = 1_000_000;
/** Percent: ten times the points. */
export const MAX_MULTIPLIER = 1_000;
/** Months for which points are good. */
export const MIN_VALIDITY_MONTHS = 1;
export const MAX_VALIDITY_MONTHS = 120;
/** Days. */
export const MAX_NOTICE_DAYS = 90;
const MAX_TIERS = 20;
const ONCE = 100;

/**
 * What may earn, of the categories that the bank's transactions have (0001_bank.sql). Left out: own-transfer, which could
 * be moved to and fro between a customer's accounts.
 */
export const EARNING_CATEGORIES = [
  'salary',
  'pension',
  'interest',
  'penalty-interest',
  'fee',
  'household',
  'insurance',
  'loan',
  'card',
  'cash',
  'transfer-in',
  'transfer-out',
  'deposit',
  'purchase',
  'bonus',
  'benefit',
] as const;

const ref = (what: string): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, `${what} is named in lower case with dashes, 2 to 40 characters`);
const wholeNumber = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);

const AMOUNT = /^(\d{1,12})(?:\.(\d{1,4}))?$/;
const AMOUNT_WORDS = 'write an amount above 0 like 10 or "2.50"';

/** An amount as people write it; it stays text, so that no float ever reckons with it. */
const amount = z.union([z.string(), z.number()], `this is no amount; ${AMOUNT_WORDS}`).transform((given, context) => {
  const text = String(given);
  if (!AMOUNT.test(text) || /^[0.]+$/.test(text)) context.addIssue(`"${text}" is no amount; ${AMOUNT_WORDS}`);
  return text;
});

const noticeDays = wholeDays('how long before', '30 days', 1, MAX_NOTICE_DAYS);

const ruleSchema = z.strictObject({
  rule: ref('a rule'),
  direction: z.enum(['spent', 'received']),
  categories: z.array(z.enum(EARNING_CATEGORIES)).min(1, 'name at least one category'),
  /** one point for each so much, in whole units of the currency */
  pointsPer: amount,
  /** percent by tier; a tier that is not named has 100 */
  multipliers: z
    .record(ref('a tier'), wholeNumber('a multiplier in percent', 0, MAX_MULTIPLIER))
    .refine((tiers) => Object.keys(tiers).length <= MAX_TIERS, `at most ${MAX_TIERS} tiers`)
    .prefault({}),
  monthlyCap: wholeNumber('monthlyCap', 1, MAX_MONTHLY_CAP),
});

/** What a programme's YAML says; noticeBefore becomes days, pointsPer stays text. It is stored as JSON. */
export const programmeSchema = z
  .strictObject({
    programme: ref('a programme'),
    currency: z.string().regex(/^[A-Z]{3}$/, 'a currency is written by its three letters, like CNY'),
    since: day,
    rules: z.array(ruleSchema).min(1, 'write at least one rule').max(MAX_RULES, `at most ${MAX_RULES} rules`),
    validityMonths: wholeNumber('validityMonths', MIN_VALIDITY_MONTHS, MAX_VALIDITY_MONTHS),
    noticeBefore: noticeDays.prefault('30 days'),
  })
  .superRefine(({ currency, rules }, context) => {
    const complain = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: 'custom', path: ['rules', ...path], message });
    const digits = currencyDigits(currency);
    const spoken = new Map<string, string>();
    rules.forEach(({ rule, direction, categories, pointsPer }, index) => {
      if (rules.findIndex((other) => other.rule === rule) < index)
        complain(`"${rule}" is there twice; give each rule a name of its own`, index, 'rule');
      if ((AMOUNT.exec(pointsPer)?.[2]?.length ?? 0) > digits)
        complain(`${currency} has ${digits} decimals, and "${pointsPer}" has more`, index, 'pointsPer');
      for (const [n, category] of categories.entries()) {
        const other = spoken.get(`${direction} ${category}`);
        if (other !== undefined)
          complain(
            `"${category}" ${direction} is in "${other}" already; a transaction earns by one rule`,
            index,
            'categories',
            n,
          );
        spoken.set(`${direction} ${category}`, rule);
      }
    });
  });

export type ProgrammeDefinition = z.output<typeof programmeSchema>;
export type EarningRule = ProgrammeDefinition['rules'][number];

export interface ProgrammeVersion {
  version: number;
  definition: ProgrammeDefinition;
}

const PROGRAMME_FILE = {
  schema: programmeSchema,
  what: 'a points programme',
  beginsWith: 'programme: everyday-points',
} satisfies FileKind;

/** Reads a programme's YAML: all that is wrong at once. @param fileName only repeated in the problems */
export function readProgramme(text: string, fileName: string): YamlReading<ProgrammeDefinition> {
  return readYaml(PROGRAMME_FILE, text, fileName);
}

/** What a rule rewards, for the table of gifts by jurisdiction: points for money that comes in are for bringing it. */
export const rewardedBy = ({ direction }: EarningRule): Rewarded =>
  direction === 'received' ? 'deposit' : 'transactions';

const knownDigits = new Map<string, number>();

/** Decimals of a currency's amounts (ISO 4217, as the runtime knows it). */
function currencyDigits(currency: string): number {
  // kept: making a format takes longer than reckoning a thousand transactions
  const known = knownDigits.get(currency);
  if (known !== undefined) return known;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  knownDigits.set(currency, digits);
  return digits;
}

/** The money that one point is for, exactly; at least 1 minor unit in a definition that was read. */
export function moneyPerPoint({ pointsPer }: Pick<EarningRule, 'pointsPer'>, currency: string): Minor {
  const [, whole = '0', fraction = ''] = AMOUNT.exec(pointsPer) ?? [];
  return minor(BigInt(whole + fraction.padEnd(currencyDigits(currency), '0')));
}

/** The newest version that had begun on a day; null when none had. @param versions in ascending order */
export function programmeOn(versions: readonly ProgrammeVersion[], on: PlainDate): ProgrammeVersion | null {
  return versions.findLast(({ definition }) => definition.since <= on) ?? null;
}

/** The last day on which points posted on a day can be spent: the end of a month, validityMonths later. */
export function lotExpiresOn(
  { validityMonths }: Pick<ProgrammeDefinition, 'validityMonths'>,
  on: PlainDate,
): PlainDate {
  const [year = 0, month = 0] = on.split('-').map(Number);
  // the day before the first of the month after
  return plainDate(new Date(Date.UTC(year, month + validityMonths, 0)).toISOString().slice(0, 10));
}

/** A booked transaction on an account of the customer's own. */
export interface EarningTransaction {
  transactionId: bigint;
  customerRef: CustomerRef;
  bookedOn: PlainDate;
  /** signed: money in is positive */
  amount: Minor;
  category: string;
  /** held on the booking day */
  tierRef: TierRef;
}

/** What a transaction earns before the cap. */
export interface Reckoning {
  transactionId: bigint;
  customerRef: CustomerRef;
  ruleRef: string;
  version: number;
  /** the first day of the month in which it was booked */
  month: PlainDate;
  /** at least 1 */
  reckoned: Points;
  cap: Points;
}

export interface Earning extends Reckoning {
  /** 0 to reckoned */
  points: Points;
}

/**
 * Points of an amount: amount × multiplier ÷ (100 × money per point), in whole numbers, rounded down once at the end.
 * @param spent   the amount without its sign
 * @param percent the multiplier; 100 is once
 */
export function pointsOf(spent: bigint, perPoint: Minor, percent: number): Points {
  return points((spent * BigInt(percent)) / (BigInt(ONCE) * perPoint));
}

/**
 * What a transaction earns by the version that had begun on its booking day, before the cap; null when no rule speaks of
 * it, or it is too small for one point.
 */
export function reckon(versions: readonly ProgrammeVersion[], transaction: EarningTransaction): Reckoning | null {
  const { transactionId, customerRef, bookedOn, category, tierRef } = transaction;
  const signed: bigint = transaction.amount;
  const programme = programmeOn(versions, bookedOn);
  if (!programme) return null;
  const { version, definition } = programme;
  const direction = signed < 0n ? 'spent' : 'received';
  const rule = definition.rules.find(
    (candidate) => candidate.direction === direction && candidate.categories.some((named) => named === category),
  );
  if (!rule) return null;
  const size = signed < 0n ? -signed : signed;
  const reckoned = pointsOf(size, moneyPerPoint(rule, definition.currency), rule.multipliers[tierRef] ?? ONCE);
  if (reckoned === 0n) return null;
  const month = `${bookedOn.slice(0, 7)}-01` as PlainDate;
  return { transactionId, customerRef, ruleRef: rule.rule, version, month, reckoned, cap: points(rule.monthlyCap) };
}

/** What a cap is counted by. */
export const capKey = ({ customerRef, ruleRef, month }: Pick<Reckoning, 'customerRef' | 'ruleRef' | 'month'>): string =>
  `${customerRef} ${ruleRef} ${month}`;

/**
 * Lets a customer earn by a rule up to the month's cap, in the order given; the one that reaches it earns the rest.
 * @param earnedBefore points by capKey; what is not in it is 0
 */
export function capped(reckonings: readonly Reckoning[], earnedBefore: ReadonlyMap<string, bigint>): Earning[] {
  const earned = new Map(earnedBefore);
  return reckonings.map((reckoning) => {
    const key = capKey(reckoning);
    const before = earned.get(key) ?? 0n;
    const room = reckoning.cap > before ? reckoning.cap - before : 0n;
    const got = reckoning.reckoned < room ? reckoning.reckoned : room;
    earned.set(key, before + got);
    return { ...reckoning, points: points(got) };
  });
}
