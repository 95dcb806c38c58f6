import { z } from 'zod';
import { day, wholeDays } from './definition-fields.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import { type OfferRef, type PlainDate, type TierRef } from './types.js';

/** Offers of one bank, those that are over included. */
export const MAX_OFFERS = 200;
/** Days for which an entitlement stands. Shorter than twice its renewal, it would be renewed without end. */
export const LEAST_VALID_DAYS = 28;
export const MOST_VALID_DAYS = 366;
/** Months of a tenure, or of the time in which outcomes count: 50 years. */
export const MOST_MONTHS = 600;
const MOST_RANK = 100;
const MOST_RETAINED = 100;
const MOST_BASIS_POINTS = 500;
const MOST_WORKING_DAYS = 30;
const MOST_NAMED_TIERS = 20;

const ref = (what: string): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, `${what} is named in lower case with dashes, 2 to 40 characters`);
const wholeNumber = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);

const MONTHS_IN: Readonly<Record<string, number>> = { month: 1, year: 12 };

/** `18 months`, `2 years` as whole months. */
const months = z.string().transform((text, context): number => {
  const [, count, unit] = /^(\d{1,3}) (month|year)s?$/.exec(text) ?? [];
  const length = Number(count) * (MONTHS_IN[unit ?? ''] ?? Number.NaN);
  if (!(length >= 1 && length <= MOST_MONTHS))
    context.addIssue(
      `"${text}" is not a number of months; write for instance "18 months" or "2 years", up to ${MOST_MONTHS / 12} years`,
    );
  return length;
});

const validDays = wholeDays('how long an entitlement stands', '90 days', LEAST_VALID_DAYS, MOST_VALID_DAYS);

const product = ref('a product');
const common = {
  offer: ref('an offer'),
  name: z.strictObject({ en: z.string().min(1).max(100), 'zh-CN': z.string().min(1).max(100) }),
  conditions: z
    .strictObject({
      tiers: z
        .strictObject({
          /** 0 is the lowest tier */
          atLeastRank: wholeNumber('atLeastRank', 0, MOST_RANK).optional(),
          named: z
            .array(z.string().transform((text) => text as TierRef))
            .min(1, 'name at least one tier')
            .max(MOST_NAMED_TIERS, `at most ${MOST_NAMED_TIERS} tiers`)
            .optional(),
        })
        .refine(
          ({ atLeastRank, named }) => (atLeastRank === undefined) !== (named === undefined),
          'either the least rank of a tier (atLeastRank) or tiers by name (named)',
        )
        .optional(),
      /** a customer for at least so many whole months */
      tenure: months.optional(),
      retainedOutcomes: z
        .strictObject({
          atLeast: wholeNumber('atLeast', 1, MOST_RETAINED),
          /** whole months back from the day on which it is decided */
          within: months,
        })
        .optional(),
    })
    .refine(
      ({ tiers, tenure, retainedOutcomes }) => tiers ?? tenure ?? retainedOutcomes,
      'an offer without a condition is for everybody; write tiers, tenure or retainedOutcomes',
    ),
  /** days for which an entitlement stands after the day of its grant */
  validFor: validDays,
  /** first and last day on which it is granted or renewed */
  from: day.optional(),
  until: day.optional(),
};

/** One offer as its YAML says it; tenure and within become whole months, validFor becomes days. */
const offerSchema = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        ...common,
        kind: z.literal('priority-lending'),
        terms: z.strictObject({
          product,
          decisionWithinWorkingDays: wholeNumber('decisionWithinWorkingDays', 1, MOST_WORKING_DAYS),
        }),
      }),
      z.strictObject({
        ...common,
        kind: z.literal('preferential-rate'),
        /** hundredths of a percentage point off the yearly rate of the price list */
        terms: z.strictObject({ product, basisPointsOff: wholeNumber('basisPointsOff', 1, MOST_BASIS_POINTS) }),
      }),
      z.strictObject({ ...common, kind: z.literal('product'), terms: z.strictObject({ product }) }),
    ],
    'a kind is priority-lending, preferential-rate or product',
  )
  .superRefine(({ from, until }, context) => {
    if (from !== undefined && until !== undefined && until < from)
      context.addIssue({ code: 'custom', path: ['until'], message: 'the last day is before the first; correct one' });
  });

export type LoyaltyOffer = z.output<typeof offerSchema>;
export type OfferKind = LoyaltyOffer['kind'];

export interface OfferVersion {
  offerRef: OfferRef;
  version: number;
  definition: LoyaltyOffer;
}

/** Whether an offer is granted on a day of the bank. */
export const isOffered = ({ from, until }: LoyaltyOffer, today: PlainDate): boolean =>
  (from === undefined || today >= from) && (until === undefined || today <= until);

const OFFERS_FILE = {
  schema: z.strictObject({
    offers: z
      .array(offerSchema)
      .min(1, 'write at least one offer')
      .max(MAX_OFFERS, `at most ${MAX_OFFERS} offers`)
      .superRefine((offers, context) => {
        offers.forEach(({ offer }, index) => {
          if (offers.findIndex((other) => other.offer === offer) < index)
            context.addIssue({
              code: 'custom',
              path: [index, 'offer'],
              message: `"${offer}" is there twice; leave one of them out`,
            });
        });
      }),
  }),
  what: 'a list of offers',
  beginsWith: 'offers:',
} satisfies FileKind;

/** Reads the YAML of loyalty offers: all that is wrong at once. @param fileName only repeated in the problems */
export function readOffers(text: string, fileName: string): YamlReading<{ offers: LoyaltyOffer[] }> {
  return readYaml(OFFERS_FILE, text, fileName);
}
