import { isDeepStrictEqual } from 'node:util';
import { dateIn } from '../domain/calendar.js';
import { rateWith } from '../domain/counter-offer.js';
import {
  NEXT_BEST_PRODUCT_RULES,
  nextBestProducts,
  type NextBest,
  type Occasion,
  type ProductFacts,
  type RefusedProduct,
} from '../domain/next-best-product.js';
import type { Product, ProductRef, TierStrategy } from '../domain/product-catalogue.js';
import { ageOn, SUITABILITY_RULES } from '../domain/suitability.js';
import type { Reason } from '../domain/triggers.js';
import type { CustomerRef, Instant, JourneyId, OfferRef, PlainDate } from '../domain/types.js';
import { counterOfferInForce } from './counter-offers.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { readInstallation } from './installation.js';
import { productFacts } from './product-facts.js';
import { readProducts } from './products.js';
import { entitlementsInForce } from './reads/entitlement.js';

/** Both rules that a recommendation is made by; one names the other's version. */
export const RECOMMENDATION_RULES = `${NEXT_BEST_PRODUCT_RULES}, ${SUITABILITY_RULES}`;

type Words = Product['name'];

/** One product for one customer, with why it and why not the others. Plain JSON. */
export interface Recommendation {
  customerRef: CustomerRef;
  /** the last day of which the bank's data were seen */
  asOf: PlainDate;
  catalogueVersion: number;
  product: ProductRef;
  name: Words;
  advantage: Words;
  /** a year, hundredths of a percentage point, a counter-offer that is in force included; null: it has none */
  rateBasisPoints: number | null;
  occasion: Occasion;
  /** what speaks for it; money in minor units as text */
  reasons: Reason[];
  /** every other product that was turned down */
  refused: RefusedProduct[];
  /** what the customer's tier is offered; null: the tier has no strategy */
  strategy: TierStrategy['offers'] | null;
  /** a loyalty offer that is in force for the customer, where the strategy adds one */
  preferentialOffer: { offerRef: OfferRef; name: Words } | null;
  /** the course that goes with it, where the strategy adds one */
  course: string | null;
  rules: string;
}

export interface RecommendationRequest {
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  /** the last day of which the bank's data are seen */
  asOf: PlainDate;
  /** business time of the letter: by it catalogue, counter-offers and loyalty offers are in force, and its day is judged */
  at: Instant;
  /** `workflowId:step`, 1 to 190 characters; what is recommended anew for the same step has `:2`, `:3`… behind it */
  key: string;
}

/**
 * The product that a customer is offered, judged now and written down with every reason; null when nothing suits, which is
 * written down too. Inside the caller's transaction, which it makes hold the customer's row. Asked again with the same key it
 * judges again, since a letter may wait for days: what is as it was is not written a second time, and anything that the letter
 * would say differently becomes a recommendation of its own, the newest of its key.
 * @throws Error when there is no such customer, or no bank
 */
export async function recommendFor(sql: Sql, request: RecommendationRequest): Promise<Recommendation | null> {
  const { customerRef, key, asOf, at } = request;
  await lockCustomer(sql, customerRef);
  const considered = await considerProducts(sql, { customerRef, asOf, at });
  if (!considered) throw new Error(`customer ${customerRef} is not there`);
  const { newest, made } = await madeBefore(sql, customerRef, key);
  if (made > 0 && isDeepStrictEqual(told(newest), told(considered.recommendation))) return newest;
  await writeDown(sql, { ...request, key: made === 0 ? key : `${key}:${made + 1}` }, considered);
  return considered.recommendation;
}

/** What was recommended last under a key, as `recommendFor` wrote it; null: nothing suited, or nobody has asked. */
export async function recommendedLast(
  sql: Sql,
  { customerRef, key }: Pick<RecommendationRequest, 'customerRef' | 'key'>,
): Promise<Recommendation | null> {
  return (await madeBefore(sql, customerRef, key)).newest;
}

async function madeBefore(
  sql: Sql,
  customerRef: CustomerRef,
  key: string,
): Promise<{ newest: Recommendation | null; made: number }> {
  const { rows } = await sql.query<{ answer: Recommendation | null; made: number }>(
    `select answer, (count(*) over ())::integer as made from recommendations
      where customer_ref = $1 and (recommendation_key = $2 or starts_with(recommendation_key, $2 || ':'))
      order by length(recommendation_key) desc, recommendation_key desc limit 1`,
    [customerRef, key],
  );
  return { newest: rows[0]?.answer ?? null, made: rows[0]?.made ?? 0 };
}

/** All that a letter says of a product. */
const told = (recommendation: Recommendation | null): unknown =>
  recommendation && {
    product: recommendation.product,
    name: recommendation.name,
    advantage: recommendation.advantage,
    rateBasisPoints: recommendation.rateBasisPoints,
    strategy: recommendation.strategy,
    preferentialOffer: recommendation.preferentialOffer,
    course: recommendation.course,
  };

export interface Considered {
  facts: ProductFacts;
  /** null: no catalogue is published */
  catalogueVersion: number | null;
  best: NextBest;
  /** null: nothing suits */
  recommendation: Recommendation | null;
}

/**
 * What would be recommended, with all that was seen; writes nothing. Null when there is no such customer.
 * @param on the day judged; when left out that of `at` in the bank's zone
 */
export async function considerProducts(
  sql: Sql,
  {
    customerRef,
    asOf,
    at,
    on,
  }: Pick<RecommendationRequest, 'customerRef' | 'asOf' | 'at'> & { on?: PlainDate | undefined },
): Promise<Considered | null> {
  const installation = await readInstallation(sql);
  const { zone } = one(installation ? [installation] : [], 'the installation');
  const facts = await productFacts(sql, customerRef, { asOf, on: on ?? dateIn(zone, at) }, zone);
  if (!facts) return null;
  const catalogue = await readProducts(sql, { at });
  if (!catalogue)
    return { facts, catalogueVersion: null, best: { strategy: null, ranked: [], refused: [] }, recommendation: null };
  const { version, definition } = catalogue;
  const best = nextBestProducts(facts, definition);
  const [first] = best.ranked;
  if (!first) return { facts, catalogueVersion: version, best, recommendation: null };
  const { product, occasion, reasons } = first;
  const { strategy, refused } = best;
  const counterOffer = await counterOfferInForce(sql, customerRef, product.product, at);
  const recommendation: Recommendation = {
    customerRef,
    asOf,
    catalogueVersion: version,
    product: product.product,
    name: product.name,
    advantage: product.advantage,
    rateBasisPoints: rateWith(product, counterOffer?.betterBy ?? 0),
    occasion,
    reasons,
    refused,
    strategy: strategy?.offers ?? null,
    preferentialOffer: await preferentialOffer(sql, customerRef, strategy, at),
    course: strategy?.offers === 'service-and-education' ? strategy.course : null,
    rules: RECOMMENDATION_RULES,
  };
  return { facts, catalogueVersion: version, best, recommendation };
}

/** The first offer of the strategy to which the customer is entitled now. */
async function preferentialOffer(
  sql: Sql,
  customerRef: CustomerRef,
  strategy: TierStrategy | null,
  at: Instant,
): Promise<Recommendation['preferentialOffer']> {
  if (strategy?.offers !== 'product-and-preferential-offer') return null;
  const inForce = (await entitlementsInForce(sql, customerRef, at)) ?? [];
  for (const wanted of strategy.preferentialOffers) {
    const found = inForce.find(({ offerRef }) => offerRef === wanted);
    if (found) return { offerRef: found.offerRef, name: found.definition.name };
  }
  return null;
}

async function writeDown(sql: Sql, request: RecommendationRequest, considered: Considered): Promise<void> {
  const { key, customerRef, journeyId, asOf, at } = request;
  const { facts, catalogueVersion, best, recommendation } = considered;
  const reasons = recommendation?.reasons ?? [];
  await sql.query(
    `insert into recommendations (recommendation_key, customer_ref, journey_id, as_of, catalogue_version, product, answer,
                                  reasons, refused, rules, recommended_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      key,
      customerRef,
      journeyId,
      asOf,
      catalogueVersion,
      recommendation?.product ?? null,
      recommendation && JSON.stringify(recommendation),
      JSON.stringify(reasons),
      JSON.stringify(best.refused),
      RECOMMENDATION_RULES,
      timestamp(at),
    ],
  );
  await recordDecisions(sql, [
    {
      // the caller's own decision has the key itself
      key: `${key}:product`,
      customerRef,
      journeyId,
      kind: 'recommendation',
      verdict: recommendation ? 'recommended' : 'nothing-suits',
      reasons: recommendation ? reasons.map(({ code }) => code) : whyNothing(considered),
      saw: { ...seen(facts), asOf, catalogueVersion, product: recommendation?.product ?? null },
      result: {
        product: recommendation?.product ?? null,
        refused: best.refused.map((one) => ({ product: one.product, reasons: one.reasons.map(({ code }) => code) })),
      },
      rules: RECOMMENDATION_RULES,
      at,
    },
  ]);
}

const whyNothing = ({ catalogueVersion }: Considered): string[] => [
  catalogueVersion === null ? 'no-product-catalogue' : 'nothing-suits',
];

/** The facts without a birth date: the age is all that counts. */
function seen({ birthDate, day, tierRef, assessment, barred, available, hasCreditCard, ...lists }: ProductFacts) {
  return {
    on: day,
    tierRef,
    barred: [...barred],
    age: birthDate === null ? null : ageOn(birthDate, day),
    appetite: assessment?.appetite ?? null,
    assessmentUntil: assessment?.validUntil ?? null,
    available: String(available),
    hasCreditCard,
    spending: lists.spending.map(({ category, amount }) => ({ category, amount: String(amount) })),
    holdings: lists.holdings.map((held) => ({ ...held, principal: String(held.principal) })),
  };
}
