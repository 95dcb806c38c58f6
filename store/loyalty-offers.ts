import { MAX_OFFERS, type LoyaltyOffer, type OfferVersion } from '../domain/loyalty-offer.js';
import type { Instant, OfferRef, TierRef } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';
import { readTiers } from './tier-rules.js';

/** Any number that nobody else uses as an advisory lock: it makes "the next version" a number that nobody else takes. */
const PUBLISH_LOCK = 7_114_050;

/** The bank can't have such an offer; the message says why, in words. */
export class OfferRefused extends Error {
  override readonly name = 'OfferRefused';
}

export interface OffersToPublish {
  offers: readonly LoyaltyOffer[];
  /** the file as it was edited, comments included */
  sourceText: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface OfferPublication {
  offerRef: OfferRef;
  version: number;
  /** false: this definition had been published before and was not touched */
  isNew: boolean;
  /** the version that is granted from now on */
  newest: number;
}

/**
 * Publishes each offer of a file as its next version, all or none. A version never changes: the same definition again
 * gives the version there is, even when a newer one is in force. Publishers wait for each other.
 * @throws OfferRefused when an offer is for a tier that the bank doesn't have, or there are more than MAX_OFFERS
 */
export function publishOffers(database: Database, { offers, sourceText, at, by }: OffersToPublish) {
  return database.transaction(async (sql): Promise<OfferPublication[]> => {
    await sql.query('select pg_advisory_xact_lock($1)', [PUBLISH_LOCK]);
    await assertTiersThere(sql, offers);
    const publications: OfferPublication[] = [];
    for (const definition of offers) {
      const offerRef = definition.offer as OfferRef;
      const digest = definitionDigest(definition);
      const { rows } = await sql.query<{ newest: number | null; same: number | null }>(
        `select max(version) as newest, max(version) filter (where digest = $2) as same
           from loyalty_offers where offer_ref = $1`,
        [offerRef, digest],
      );
      const { newest, same } = one(rows, 'the newest version');
      const version = same ?? (newest ?? 0) + 1;
      publications.push({ offerRef, version, isNew: same === null, newest: Math.max(version, newest ?? 0) });
      if (same !== null) continue;
      await sql.query(
        `insert into loyalty_offers (offer_ref, version, definition, source_text, digest, published_at, published_by)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [offerRef, version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
      );
    }
    await assertNotTooMany(sql);
    return publications;
  });
}

async function assertTiersThere(sql: Sql, offers: readonly LoyaltyOffer[]): Promise<void> {
  const tiers = await readTiers(sql);
  const isThere = (tierRef: TierRef): boolean => tiers.some((tier) => tier.tierRef === tierRef);
  const ladder = tiers.map(({ tierRef, rank }) => `${tierRef} (rank ${rank})`).join(', ');
  for (const { offer, conditions } of offers) {
    const { named = [], atLeastRank = 0 } = conditions.tiers ?? {};
    const strange = named.find((tierRef) => !isThere(tierRef));
    const why = strange
      ? `tier "${strange}"`
      : tiers.every(({ rank }) => rank < atLeastRank)
        ? `a tier of rank ${atLeastRank} or above`
        : null;
    if (why !== null)
      throw new OfferRefused(`offer "${offer}" is for ${why}, which this bank doesn't have; it has ${ladder}.`);
  }
}

/** More than all would not be looked at: lists and evaluations read MAX_OFFERS. */
async function assertNotTooMany(sql: Sql): Promise<void> {
  const { rows } = await sql.query<{ offers: number }>(
    'select count(distinct offer_ref)::integer as offers from loyalty_offers',
  );
  const { offers } = one(rows, 'the number of offers');
  if (offers > MAX_OFFERS)
    throw new OfferRefused(
      `that makes ${offers} offers, and a bank has ${MAX_OFFERS} at most, those that are over included; change one that is over instead of adding another.`,
    );
}

/** The newest version of each offer that had been published by then, by reference; at most MAX_OFFERS. */
export async function currentOffers(sql: Sql, at: Instant): Promise<OfferVersion[]> {
  const { rows } = await sql.query<OfferVersion>(
    `select distinct on (offer_ref) offer_ref as "offerRef", version, definition
       from loyalty_offers where published_at <= $1 order by offer_ref, version desc limit $2`,
    [timestamp(at), MAX_OFFERS],
  );
  return rows;
}

export interface PublishedOffer extends OfferVersion {
  sourceText: string;
  digest: string;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version of an offer, or null when there is none.
 * @param version the newest when left out
 */
export async function readOfferVersion(sql: Sql, offerRef: OfferRef, version?: number): Promise<PublishedOffer | null> {
  const { rows } = await sql.query<PublishedOffer>(
    `select offer_ref as "offerRef", version, definition, source_text as "sourceText", digest,
            published_at as "publishedAt", published_by as "publishedBy"
       from loyalty_offers
      where offer_ref = $1 and ($2::integer is null or version = $2)
      order by version desc limit 1`,
    [offerRef, version ?? null],
  );
  return rows[0] ?? null;
}

export interface OfferSummary extends OfferVersion {
  publishedAt: Instant;
  publishedBy: string;
  /** entitlements of all versions that stand, those suspended included */
  standing: number;
  suspended: number;
}

/** Offers at their newest version, by reference, with how many are entitled; at most MAX_OFFERS. */
export async function listOffers(sql: Sql, at: Instant): Promise<OfferSummary[]> {
  const { rows } = await sql.query<OfferSummary>(
    `with counted as (
       select offer_ref, count(*)::integer as standing, count(suspended_at)::integer as suspended
         from entitlements where ended_at is null and valid_until > $1 group by offer_ref
     )
     select distinct on (o.offer_ref) o.offer_ref as "offerRef", o.version, o.definition,
            o.published_at as "publishedAt", o.published_by as "publishedBy",
            coalesce(c.standing, 0) as standing, coalesce(c.suspended, 0) as suspended
       from loyalty_offers o left join counted c using (offer_ref)
      order by o.offer_ref, o.version desc limit $2`,
    [timestamp(at), MAX_OFFERS],
  );
  return rows;
}
