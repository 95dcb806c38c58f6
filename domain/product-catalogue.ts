import { z } from 'zod';
import { day } from './definition-fields.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import { moneyOf } from './money-text.js';
import { nobodyMayGet, strategyProblems } from './product-audience.js';
import { minor, type Minor, type OfferRef, type PlainDate, type TierRef } from './types.js';

declare const productRef: unique symbol;
/** What the bank calls a product: in the catalogue, in `products_held` and in a letter's record. */
export type ProductRef = string & { readonly [productRef]: true };

/** Products of one catalogue, those that are over included. */
export const MAX_PRODUCTS = 200;
/** Hundredths of a percentage point that a product's rate may be made better by, with or without approval. */
export const MOST_BETTER_BASIS_POINTS = 500;
/** Hundredths of a percentage point of a yearly rate: 100 %. */
const MOST_RATE_BASIS_POINTS = 10_000;
const MOST_AGE = 120;
const MOST_RATINGS = 50;
const MOST_TIERS = 20;
const MOST_OFFERS = 5;

export const PRODUCT_KINDS = [
  'savings',
  'term-deposit',
  'fund',
  'structured',
  'insurance',
  'credit-card',
  'loan',
  'service',
] as const;
export type ProductKind = (typeof PRODUCT_KINDS)[number];

/**
 * Five grades of a product's risk, the lowest first: 金融机构产品适当性管理办法 (National Financial Regulatory
 * Administration, order 2025 no. 7, in force since 2026-02-01) asks for at least one to five.
 */
export const RISK_LEVELS = ['R1', 'R2', 'R3', 'R4', 'R5'] as const;
/** 1 cautious to 5 adventurous: R1 to R5 of a product, C1 to C5 of a customer. */
export type RiskGrade = 1 | 2 | 3 | 4 | 5;

/** Of the categories of transactions (0001_bank.sql), those that pay for something; the others only move money. */
export const SPENDING_CATEGORIES = ['household', 'insurance', 'card', 'purchase'] as const;
export type SpendingCategory = (typeof SPENDING_CATEGORIES)[number];

const ref = (what: string): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, `${what} is named in lower case with dashes, 2 to 40 characters`);
const wholeNumber = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);
const words = (most: number) =>
  z.strictObject({ en: z.string().min(1).max(most), 'zh-CN': z.string().min(1).max(most) });
const tier = ref('a tier').transform((text) => text as TierRef);
/** Text, so that no float ever reckons with it. */
const amount = z.union([z.string(), z.number()], 'an amount is written like 50000 or "2.50"').transform(String);

const rateSchema = z
  .strictObject({
    /** of the price list, a year */
    basisPoints: wholeNumber('basisPoints', 0, MOST_RATE_BASIS_POINTS),
    /** by so much a manager alone may make it better */
    counterOfferUpTo: wholeNumber('counterOfferUpTo', 0, MOST_BETTER_BASIS_POINTS),
    /** by so much with another person's approval; by no more at all */
    withApprovalUpTo: wholeNumber('withApprovalUpTo', 0, MOST_BETTER_BASIS_POINTS),
  })
  .superRefine(({ counterOfferUpTo, withApprovalUpTo }, context) => {
    if (withApprovalUpTo < counterOfferUpTo)
      context.addIssue({
        code: 'custom',
        path: ['withApprovalUpTo'],
        message: `what two may give is no less than what one may give; write ${counterOfferUpTo} or more`,
      });
  });

const productSchema = z.strictObject({
  product: ref('a product').transform((text) => text as ProductRef),
  name: words(100),
  kind: z.enum(PRODUCT_KINDS),
  /** the grade that holds from a day on, in the order of the days */
  ratings: z
    .array(z.strictObject({ from: day, level: z.enum(RISK_LEVELS) }))
    .min(1, 'write at least one rating, for instance "- {from: 2026-01-01, level: R1}"')
    .max(MOST_RATINGS, `at most ${MOST_RATINGS} ratings`),
  /** whole years, both ends included */
  ages: z
    .strictObject({
      from: wholeNumber('from', 0, MOST_AGE).optional(),
      to: wholeNumber('to', 0, MOST_AGE).optional(),
    })
    .optional(),
  tiers: z.union(
    [z.literal('all'), z.array(tier).max(MOST_TIERS, `at most ${MOST_TIERS} tiers`)],
    'write "all", or the tiers that may have it: [affluent, private]',
  ),
  /** the least that is put into it, in whole units of the currency */
  minimum: amount.optional(),
  /** what a card is for */
  forSpending: z.array(z.enum(SPENDING_CATEGORIES)).min(1, 'name at least one category').optional(),
  /** one sentence, as customers read it */
  advantage: words(300),
  rate: rateSchema.optional(),
  /** first and last day on which it is offered, in the bank's zone */
  validFrom: day.optional(),
  validTo: day.optional(),
});

const common = { tier, kinds: z.array(z.enum(PRODUCT_KINDS)).min(1, 'name at least one kind').optional() };
const strategySchema = z.discriminatedUnion(
  'offers',
  [
    /** the manager draws up a plan; the next best product is what it begins with */
    z.strictObject({ ...common, offers: z.literal('bespoke-plan') }),
    /** the product, and the first of these loyalty offers to which the customer is entitled */
    z.strictObject({
      ...common,
      offers: z.literal('product-and-preferential-offer'),
      preferentialOffers: z
        .array(ref('a loyalty offer').transform((text) => text as OfferRef))
        .min(1, 'name at least one loyalty offer')
        .max(MOST_OFFERS, `at most ${MOST_OFFERS} loyalty offers`),
    }),
    /** a basic product or service, and a course */
    z.strictObject({ ...common, offers: z.literal('service-and-education'), course: ref('a course') }),
  ],
  'what a tier is offered is bespoke-plan, product-and-preferential-offer or service-and-education',
);

export type Product = z.output<typeof productSchema>;
export type TierStrategy = z.output<typeof strategySchema>;

const catalogueSchema = z
  .strictObject({
    currency: z.string().regex(/^[A-Z]{3}$/, 'a currency is written by its three letters, like CNY'),
    products: z
      .array(productSchema)
      .min(1, 'write at least one product')
      .max(MAX_PRODUCTS, `at most ${MAX_PRODUCTS} products`),
    /** a tier that is not named is offered the next best product of any kind, and nothing with it */
    strategies: z.array(strategySchema).max(MOST_TIERS, `at most ${MOST_TIERS} tiers`).prefault([]),
  })
  .superRefine((catalogue, context) => {
    const issue = (path: readonly PropertyKey[], message: string): void =>
      context.addIssue({ code: 'custom', path: [...path], message });
    const { products, currency } = catalogue;
    products.forEach((product, index) => {
      const at = (...path: PropertyKey[]): PropertyKey[] => ['products', index, ...path];
      if (products.findIndex((other) => other.product === product.product) < index)
        issue(at('product'), `"${product.product}" is there twice; leave one of them out`);
      if (product.minimum !== undefined && moneyOf(product.minimum, currency) === null)
        issue(at('minimum'), `"${product.minimum}" is no amount of ${currency}; write it like 50000 or "2.50"`);
      for (const { path, message } of [...kindProblems(product), ...nobodyMayGet(product)]) issue(at(...path), message);
    });
    for (const { path, message } of strategyProblems(catalogue)) issue(path, message);
  });

/** What a catalogue's YAML says. It is stored as JSON, so amounts stay text. */
export type ProductCatalogue = z.output<typeof catalogueSchema>;

/** One thing that is wrong, at a path below the thing that has it. */
export interface Problem {
  path: PropertyKey[];
  message: string;
}

/** Kinds in which no principal is at risk: R1 whatever their terms. */
const WITHOUT_INVESTMENT: readonly ProductKind[] = ['savings', 'term-deposit', 'credit-card', 'loan', 'service'];
/** Full civil capacity (Civil Code of the PRC, art. 17); what is younger gets deposits and services alone. */
export const ADULT_AGE = 18;
const FOR_ADULTS: readonly ProductKind[] = ['fund', 'structured', 'insurance', 'credit-card', 'loan'];

function kindProblems({ kind, ratings, ages, forSpending, rate }: Product): Problem[] {
  const problems: Problem[] = [];
  const say = (path: PropertyKey[], message: string): void => void problems.push({ path, message });
  const risky = ratings.findIndex(({ level }) => level !== 'R1');
  if (WITHOUT_INVESTMENT.includes(kind) && risky >= 0)
    say(['ratings', risky, 'level'], `a ${kind} is no investment and bears no risk of its own: write R1`);
  const late = ratings.findIndex(({ from }, index) => index > 0 && from <= (ratings[index - 1]?.from ?? ''));
  if (late > 0) say(['ratings', late, 'from'], 'ratings follow one another; write each day once, in ascending order');
  if (FOR_ADULTS.includes(kind) && (ages?.from ?? 0) < ADULT_AGE)
    say(
      ages ? ['ages', ...(ages.from === undefined ? [] : ['from'])] : ['kind'],
      `a ${kind} is for adults: write "ages: {from: ${ADULT_AGE}}" or an older age`,
    );
  if (kind === 'credit-card' && !forSpending)
    say(['kind'], `a credit-card says what it is for: write "forSpending: [${SPENDING_CATEGORIES.join(', ')}]"`);
  if (kind !== 'credit-card' && forSpending)
    say(['forSpending'], `only a credit-card is for spending; leave it out of a ${kind}`);
  if (kind === 'loan' && rate && rate.withApprovalUpTo > rate.basisPoints)
    say(['rate', 'withApprovalUpTo'], `a loan's rate can't fall below 0; write ${rate.basisPoints} at most`);
  return problems;
}

const CATALOGUE_FILE = {
  schema: catalogueSchema,
  what: 'a product catalogue',
  beginsWith: 'currency: CNY',
} satisfies FileKind;

/** Reads a product catalogue's YAML: all that is wrong at once. @param fileName only repeated in the problems */
export function readProductCatalogue(text: string, fileName: string): YamlReading<ProductCatalogue> {
  return readYaml(CATALOGUE_FILE, text, fileName);
}

/** The product's grade on a day; null before its first rating. */
export function riskGradeOn({ ratings }: Pick<Product, 'ratings'>, on: PlainDate): RiskGrade | null {
  const rating = ratings.findLast(({ from }) => from <= on);
  return rating ? ((RISK_LEVELS.indexOf(rating.level) + 1) as RiskGrade) : null;
}

/** The least that is put into the product; 0 when the catalogue says nothing. */
export function minimumOf({ minimum }: Pick<Product, 'minimum'>, { currency }: { currency: string }): Minor {
  return (minimum === undefined ? null : moneyOf(minimum, currency)) ?? minor(0);
}
