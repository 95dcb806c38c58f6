import { z } from 'zod';
import { wholeDays } from './definition-fields.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import { moneyOf } from './money-text.js';
import type { Minor } from './types.js';

/** More instalments than this no plan has, whatever a policy says. */
export const MAX_INSTALMENTS = 130;
/** Months from the first due day to the last, whatever a policy says. */
export const MAX_PLAN_MONTHS = 120;
const MAX_FIRST_DUE_DAYS = 180;
/** Two weeks hold a reminder, a grace and the day on which the instalment is looked at. */
const MAX_REMIND_AND_GRACE_DAYS = 13;
const MAX_MISSES = 12;
const MAX_CATCH_UP_DAYS = 92;
/** Basis points of the whole. */
export const WHOLE_BP = 10_000;

export const RHYTHMS = ['month', 'two-weeks'] as const;
/** How often an instalment falls due. */
export type Rhythm = (typeof RHYTHMS)[number];

/** Categories of bookings (0001_bank.sql) that can be a repayment. */
export const REPAYMENT_CATEGORIES = [
  'transfer-in',
  'own-transfer',
  'deposit',
  'cash',
  'salary',
  'pension',
  'benefit',
] as const;

const whole = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);

const AMOUNT_WORDS = 'write an amount above 0 like 100 or "99.50"';
/** Stays text, so that no float ever reckons with it. */
const amount = z.union([z.string(), z.number()], `this is no amount; ${AMOUNT_WORDS}`).transform(String);

const firstDueDays = wholeDays('how long', '62 days', 1, MAX_FIRST_DUE_DAYS);

const policySchema = z
  .strictObject({
    policy: z
      .string()
      .regex(/^[a-z][a-z0-9-]{1,39}$/, 'a policy is named in lower case with dashes, 2 to 40 characters'),
    currency: z.string().regex(/^[A-Z]{3}$/, 'a currency is written by its three letters, like CNY'),
    every: z.array(z.enum(RHYTHMS)).min(1, 'name at least one of month, two-weeks'),
    instalments: z.strictObject({
      least: whole('instalments.least', 1, MAX_INSTALMENTS),
      most: whole('instalments.most', 1, MAX_INSTALMENTS),
    }),
    months: z.strictObject({
      shortest: whole('months.shortest', 0, MAX_PLAN_MONTHS),
      longest: whole('months.longest', 0, MAX_PLAN_MONTHS),
    }),
    firstDueWithin: firstDueDays,
    leastInstalment: amount,
    /** basis points of the monthly income */
    incomeShareAtMost: whole('incomeShareAtMost (basis points)', 1, WHOLE_BP),
    remindDaysBefore: whole('remindDaysBefore', 1, MAX_REMIND_AND_GRACE_DAYS),
    graceDays: whole('graceDays', 0, MAX_REMIND_AND_GRACE_DAYS),
    missesAllowed: whole('missesAllowed', 0, MAX_MISSES),
    catchUpDays: whole('catchUpDays', 1, MAX_CATCH_UP_DAYS),
    secondPerson: z.strictObject({ above: amount, months: whole('secondPerson.months', 0, MAX_PLAN_MONTHS) }),
    repayments: z.array(z.enum(REPAYMENT_CATEGORIES)).min(1, 'name at least one category'),
  })
  .superRefine((policy, context) => {
    const complain = (message: string, ...path: string[]): void => context.addIssue({ code: 'custom', path, message });
    const { instalments, months, remindDaysBefore, graceDays } = policy;
    if (instalments.least > instalments.most)
      complain(`the least, ${instalments.least}, is more than the most, ${instalments.most}`, 'instalments', 'least');
    if (months.shortest > months.longest)
      complain(`the shortest, ${months.shortest}, is longer than the longest, ${months.longest}`, 'months', 'shortest');
    if (policy.every.includes('month') && instalments.least - 1 > months.longest)
      complain(
        `${instalments.least} monthly instalments take ${instalments.least - 1} months, and months.longest is ${months.longest}: no plan would fit`,
        'instalments',
        'least',
      );
    if (remindDaysBefore + graceDays > MAX_REMIND_AND_GRACE_DAYS)
      complain(
        `graceDays and remindDaysBefore are ${MAX_REMIND_AND_GRACE_DAYS} together at most, so that an instalment is looked at before the next reminder`,
        'graceDays',
      );
    for (const [text, ...path] of [
      [policy.leastInstalment, 'leastInstalment'],
      [policy.secondPerson.above, 'secondPerson', 'above'],
    ] as const)
      if ((moneyOf(text, policy.currency) ?? 0n) <= 0n) complain(`"${text}" is no amount; ${AMOUNT_WORDS}`, ...path);
  });

/** What a bank allows for repayment plans; amounts stay text, firstDueWithin becomes days. It is stored as JSON. */
export type RepaymentPolicy = z.output<typeof policySchema>;

const POLICY_FILE = {
  schema: policySchema,
  what: 'a policy of repayment plans',
  beginsWith: 'policy: repayment-plans',
} satisfies FileKind;

/** Reads a policy's YAML: all that is wrong at once. @param fileName only repeated in the problems */
export function readRepaymentPolicy(text: string, fileName: string): YamlReading<RepaymentPolicy> {
  return readYaml(POLICY_FILE, text, fileName);
}

/** An amount of a policy that was read, in minor units. @throws RangeError when it is none */
export function policyAmount(text: string, currency: string): Minor {
  const amount = moneyOf(text, currency);
  if (amount === null) throw new RangeError(`"${text}" is no amount of ${currency}; ${AMOUNT_WORDS}`);
  return amount;
}
