import { z } from 'zod';
import { day } from './definition-fields.js';
import { readYaml, type YamlReading } from './definition-file.js';
import type { FileKind } from './definition-problem.js';
import { MAX_POINTS } from './campaign.js';
import { span } from './definition-fields.js';
import { EVERY_TIER } from './redemption.js';
import { DAY_MS, millis, type ItemRef, type PartnerRef } from './types.js';

/** Items of one catalogue; a customer reads no more. */
export const MAX_ITEMS = 500;
export const MAX_PARTNERS = 50;
/** Pieces of one item that may ever have come in. */
export const MAX_STOCK = 1_000_000;
/** Orders of one item that one customer may have within the limit's span. */
export const MAX_ORDERS = 100;
/** A partner has at least so long (ms) to answer. */
export const LEAST_ANSWER_MS = millis(3_600_000);
/** Days a partner may take to answer; a customer's points are held all the while. */
export const MOST_ANSWER_DAYS = 60;
const MOST_PRICES = 20;
const TIER = /^[a-z][a-z0-9-]{0,39}$/;

const ref = (what: string): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, `${what} is named in lower case with dashes, 2 to 40 characters`);
const wholeNumber = (what: string, least: number, most: number): z.ZodNumber =>
  z
    .number(`${what} is a whole number`)
    .int(`${what} is a whole number`)
    .min(least, `${what} is at least ${least}`)
    .max(most, `${what} is at most ${most}`);

const answerWithin = span.refine(
  (length) => length >= LEAST_ANSWER_MS && length <= MOST_ANSWER_DAYS * DAY_MS,
  `a partner answers within 1 hour to ${MOST_ANSWER_DAYS} days`,
);
const partnerSchema = z.strictObject({
  partner: ref('a partner').transform((text) => text as PartnerRef),
  /** as customers know it */
  name: z.string().min(1).max(100),
  /** after it has taken an order; then the points go back */
  answerWithin,
});

const priceSchema = z.record(z.string(), wholeNumber('a price', 1, MAX_POINTS)).superRefine((price, context) => {
  const tiers = Object.keys(price);
  if (tiers.length === 0) context.addIssue('write a price, for instance "all: 1200"');
  if (tiers.length > MOST_PRICES) context.addIssue(`at most ${MOST_PRICES} prices`);
  for (const tier of tiers.filter((name) => !TIER.test(name)))
    context.addIssue({ code: 'custom', path: [tier], message: 'a tier is named in lower case with dashes' });
});

const itemSchema = z
  .strictObject({
    item: ref('an item').transform((text) => text as ItemRef),
    name: z.strictObject({ en: z.string().min(1).max(100), 'zh-CN': z.string().min(1).max(100) }),
    /** gift: a thing; benefit: a service */
    kind: z.enum(['gift', 'benefit']),
    partner: ref('a partner').transform((text) => text as PartnerRef),
    /** points by tier; `all` is the price of every tier that is not named */
    price: priceSchema,
    /** pieces that ever came in; a delivery makes it more */
    stock: wholeNumber('stock', 0, MAX_STOCK),
    /** first and last day on which it can be ordered, in the bank's zone */
    from: day.optional(),
    until: day.optional(),
    /** orders of one customer within a span, counted back from the order */
    limit: z.strictObject({ orders: wholeNumber('orders', 1, MAX_ORDERS), within: span }).optional(),
  })
  .superRefine(({ from, until }, context) => {
    if (from !== undefined && until !== undefined && until < from)
      context.addIssue({ code: 'custom', path: ['until'], message: 'the last day is before the first; correct one' });
  });

const catalogueSchema = z
  .strictObject({
    partners: z
      .array(partnerSchema)
      .min(1, 'write at least one partner')
      .max(MAX_PARTNERS, `at most ${MAX_PARTNERS} partners`),
    items: z.array(itemSchema).max(MAX_ITEMS, `at most ${MAX_ITEMS} items`),
  })
  .superRefine(({ partners, items }, context) => {
    const issue = (path: PropertyKey[], message: string): void => context.addIssue({ code: 'custom', path, message });
    partners.forEach(({ partner }, index) => {
      if (partners.findIndex((other) => other.partner === partner) < index)
        issue(['partners', index, 'partner'], `"${partner}" is there twice; leave one of them out`);
    });
    items.forEach(({ item, partner }, index) => {
      if (items.findIndex((other) => other.item === item) < index)
        issue(['items', index, 'item'], `"${item}" is there twice; leave one of them out`);
      if (!partners.some((known) => known.partner === partner))
        issue(
          ['items', index, 'partner'],
          `there is no partner "${partner}"; known: ${partners.map((known) => known.partner).join(', ')}`,
        );
    });
  });

/** What a catalogue's YAML says; lengths of time become milliseconds of business time. */
export type CatalogueDefinition = z.output<typeof catalogueSchema>;
export type CatalogueItem = CatalogueDefinition['items'][number];
export type CataloguePartner = CatalogueDefinition['partners'][number];

const CATALOGUE_FILE = {
  schema: catalogueSchema,
  what: 'a catalogue',
  beginsWith: 'partners:',
} satisfies FileKind;

/** Reads a catalogue's YAML: all that is wrong at once. @param fileName only repeated in the problems */
export function readCatalogue(text: string, fileName: string): YamlReading<CatalogueDefinition> {
  return readYaml(CATALOGUE_FILE, text, fileName);
}

/** The tiers that a catalogue names; a bank that lacks one has a misspelling in its file. */
export function tiersNamed({ items }: CatalogueDefinition): string[] {
  return [...new Set(items.flatMap(({ price }) => Object.keys(price)))].filter((tier) => tier !== EVERY_TIER);
}
