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
  /** the last day of which anything was seen */
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
  asOf: PlainDate;
  /** business time: by it the catalogue, counter-offers and loyalty offers are in force */
  at: Instant;
  /** `workflowId:step`, 1 to 190 characters: the same key is the same recommendation */
  key: string;
}

/**
 * The product that a customer is offered, written down with every reason; null when nothing suits, which is written down
 * too. Inside the caller's transaction, which it makes hold the customer's row. A retry with the same key answers what
 * the first call did, whatever has changed since.
 * @throws Error when there is no such customer, or no bank
 */
export async function recommendFor(sql: Sql, request: RecommendationRequest): Promise<Recommendation | null> {
  const { customerRef, key, asOf, at } = request;
  await lockCustomer(sql, customerRef);
  const before = await sql.query<{ answer: Recommendation | null }>(
    'select answer from recommendations where recommendation_key = $1',
    [key],
  );
  if (before.rows[0]) return before.rows[0].answer;
  const considered = await considerProducts(sql, { customerRef, asOf, at });
  if (!considered) throw new Error(`customer ${customerRef} is not there`);
  await writeDown(sql, request, considered);
  return considered.recommendation;
}

export interface Considered {
  facts: ProductFacts;
  /** null: no catalogue is published */
  catalogueVersion: number | null;
  best: NextBest;
  /** null: nothing suits */
  recommendation: Recommendation | null;
}

/** What would be recommended, with all that was seen; writes nothing. Null when there is no such customer. */
export async function considerProducts(
  sql: Sql,
  { customerRef, asOf, at }: Pick<RecommendationRequest, 'customerRef' | 'asOf' | 'at'>,
): Promise<Considered | null> {
  const installation = await readInstallation(sql);
  const { zone } = one(installation ? [installation] : [], 'the installation');
  const facts = await productFacts(sql, customerRef, asOf, zone);
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
