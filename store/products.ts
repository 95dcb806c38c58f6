import type { LoyaltyOffer } from '../domain/loyalty-offer.js';
import type { ProductCatalogue } from '../domain/product-catalogue.js';
import type { Instant, TierRef } from '../domain/types.js';
import type { Tier } from '../domain/tier-rules.js';
import type { CourseRef } from '../domain/course.js';
import { readCourseVersion } from './courses.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';
import { readInstallation } from './installation.js';
import { currentOffers } from './loyalty-offers.js';
import { readTiers } from './tier-rules.js';

/** Any number that nobody else uses as an advisory lock: it makes "the next version" a number that nobody else takes. */
const PUBLISH_LOCK = 7_114_120;

export interface ProductsToPublish {
  definition: ProductCatalogue;
  /** the file as it was edited, comments included */
  sourceText: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface ProductsPublication {
  version: number;
  /** false: this catalogue had been published before and was not touched */
  isNew: boolean;
  /** the version that is recommended from */
  newest: number;
}

/** A product catalogue that this bank can't have, in words for whoever edits it. */
export class ProductsRefused extends Error {
  override readonly name = 'ProductsRefused';
}

/**
 * Publishes a product catalogue as the next version. A version never changes: the same definition again gives the version
 * there is, even when a newer one is in force. Publishers wait for each other.
 * @throws ProductsRefused when there is no bank, its currency is another, it lacks a tier that is named, or a strategy
 *         names a course that is not published, or a loyalty offer that is not or that nobody of the tier may get
 */
export function publishProducts(database: Database, request: ProductsToPublish): Promise<ProductsPublication> {
  const { definition, sourceText, at, by } = request;
  const digest = definitionDigest(definition);
  return database.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [PUBLISH_LOCK]);
    const { rows } = await sql.query<{ newest: number | null; same: number | null }>(
      'select max(version) as newest, max(version) filter (where digest = $1) as same from product_catalogues',
      [digest],
    );
    const { newest, same } = one(rows, 'the newest version');
    if (same !== null) return { version: same, isNew: false, newest: newest ?? same };
    await assertFits(sql, definition, at);
    const version = (newest ?? 0) + 1;
    await sql.query(
      `insert into product_catalogues (version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6)`,
      [version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    return { version, isNew: true, newest: version };
  });
}

async function assertFits(sql: Sql, definition: ProductCatalogue, at: Instant): Promise<void> {
  const installation = await readInstallation(sql);
  if (!installation) throw new ProductsRefused('no bank is loaded yet, so nobody knows its tiers; load one first.');
  const { currency } = installation;
  if (definition.currency !== currency)
    throw new ProductsRefused(
      `the catalogue's amounts are in ${definition.currency}, and this bank's money is ${currency}; write "currency: ${currency}" and its amounts.`,
    );
  const tiers = await readTiers(sql);
  const strange = tiersNamed(definition).find((tierRef) => !tiers.some((known) => known.tierRef === tierRef));
  if (strange !== undefined)
    throw new ProductsRefused(
      `the catalogue names tier "${strange}", which this bank doesn't have; it has ${tiers.map(({ tierRef }) => tierRef).join(', ')}.`,
    );
  await assertOffersFit(sql, definition, tiers, at);
  await assertCoursesThere(sql, definition);
}

const tiersNamed = ({ products, strategies }: ProductCatalogue): TierRef[] => [
  ...products.flatMap(({ tiers }) => (tiers === 'all' ? [] : tiers)),
  ...strategies.map(({ tier }) => tier),
];

/** An offer that is promised to a tier must be there, and somebody of the tier must be able to get it. */
async function assertOffersFit(
  sql: Sql,
  { strategies }: ProductCatalogue,
  tiers: readonly Tier[],
  at: Instant,
): Promise<void> {
  const offers = await currentOffers(sql, at);
  for (const strategy of strategies) {
    if (strategy.offers !== 'product-and-preferential-offer') continue;
    for (const offerRef of strategy.preferentialOffers) {
      const found = offers.find((offer) => offer.offerRef === offerRef);
      if (!found)
        throw new ProductsRefused(
          `the strategy of tier "${strategy.tier}" names loyalty offer "${offerRef}", which is not published; publish it with "keepwell offer publish FILE", or name one that "keepwell offer list" shows.`,
        );
      const rank = tiers.find(({ tierRef }) => tierRef === strategy.tier)?.rank ?? 0;
      if (!isForTier(found.definition, strategy.tier, rank))
        throw new ProductsRefused(
          `loyalty offer "${offerRef}" is not for tier "${strategy.tier}", so nobody of it may get it; name another offer, or change the offer's tiers.`,
        );
    }
  }
}

async function assertCoursesThere(sql: Sql, { strategies }: ProductCatalogue): Promise<void> {
  for (const strategy of strategies) {
    if (strategy.offers !== 'service-and-education') continue;
    if (await readCourseVersion(sql, strategy.course as CourseRef)) continue;
    throw new ProductsRefused(
      `the strategy of tier "${strategy.tier}" names course "${strategy.course}", which is not published; publish it with "keepwell course publish FILE", or name one that "keepwell course list" shows.`,
    );
  }
}

function isForTier({ conditions: { tiers } }: LoyaltyOffer, tierRef: TierRef, rank: number): boolean {
  return tiers?.named?.includes(tierRef) ?? rank >= (tiers?.atLeastRank ?? 0);
}

export interface ProductsVersion {
  version: number;
  definition: ProductCatalogue;
  sourceText: string;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version of the product catalogue, or null when there is none.
 * @param version the newest that was published by `at` when left out
 */
export async function readProducts(
  sql: Sql,
  { version, at }: { version: number; at?: never } | { version?: never; at: Instant },
): Promise<ProductsVersion | null> {
  const { rows } = await sql.query<ProductsVersion>(
    `select version, definition, source_text as "sourceText", digest, published_at as "publishedAt",
            published_by as "publishedBy"
       from product_catalogues where version = $1 or published_at <= $2 order by version desc limit 1`,
    [version ?? null, at === undefined ? null : timestamp(at)],
  );
  return rows[0] ?? null;
}
