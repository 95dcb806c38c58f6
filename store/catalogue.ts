import { tiersNamed, type CatalogueDefinition, type CatalogueItem } from '../domain/catalogue.js';
import type { Instant, ItemRef } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { definitionDigest } from './definition-digest.js';
import { readTiers } from './tier-rules.js';

/** Any number that nobody else uses as an advisory lock: it makes "the next version" a number that nobody else takes. */
const PUBLISH_LOCK = 7_114_070;

export interface CatalogueToPublish {
  definition: CatalogueDefinition;
  /** the file as it was edited, comments included */
  sourceText: string;
  at: Instant;
  /** who publishes: a staff name, not shown to customers */
  by: string;
}

export interface CataloguePublication {
  version: number;
  /** false: this catalogue had been published before and was not touched, nor was the stock */
  isNew: boolean;
  /** the version that new orders are placed by */
  newest: number;
}

/** A catalogue that can't be put in force, in words for whoever edits it. */
export class CatalogueRefused extends Error {
  override readonly name = 'CatalogueRefused';
}

/**
 * Publishes a catalogue as the next version, and brings the stock to what it says. A version never changes: the same
 * definition again gives the version there is, even when a newer one is in force. Publishers wait for each other.
 * @throws CatalogueRefused when it names a tier that the bank doesn't have, or less stock than is ordered already
 */
export function publishCatalogue(database: Database, catalogue: CatalogueToPublish): Promise<CataloguePublication> {
  const { definition, sourceText, at, by } = catalogue;
  const digest = definitionDigest(definition);
  return database.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [PUBLISH_LOCK]);
    const { rows } = await sql.query<{ newest: number | null; same: number | null }>(
      'select max(version) as newest, max(version) filter (where digest = $1) as same from catalogue_versions',
      [digest],
    );
    const { newest, same } = one(rows, 'the newest version');
    if (same !== null) return { version: same, isNew: false, newest: newest ?? same };
    await assertTiersThere(sql, definition);
    const version = (newest ?? 0) + 1;
    await sql.query(
      `insert into catalogue_versions (version, definition, source_text, digest, published_at, published_by)
       values ($1, $2, $3, $4, $5, $6)`,
      [version, JSON.stringify(definition), sourceText, digest, timestamp(at), by],
    );
    await bringStock(sql, definition.items);
    return { version, isNew: true, newest: version };
  });
}

async function assertTiersThere(sql: Sql, definition: CatalogueDefinition): Promise<void> {
  const tiers = await readTiers(sql);
  const known = tiers.map(({ tierRef }): string => tierRef);
  const strange = tiersNamed(definition).find((tier) => !known.includes(tier));
  if (strange !== undefined)
    throw new CatalogueRefused(
      `the catalogue has a price for tier "${strange}", which this bank doesn't have; it has ${known.join(', ')}.`,
    );
}

/** What came in since the last catalogue is there to be ordered; what is ordered stays taken. */
async function bringStock(sql: Sql, items: readonly CatalogueItem[]): Promise<void> {
  const refs = items.map(({ item }) => item);
  const supplies = items.map(({ stock }) => stock);
  await sql.query('select 1 from catalogue_stock where item_ref = any($1) order by item_ref for no key update', [refs]);
  const { rows } = await sql.query<{ itemRef: ItemRef; taken: number; supply: number }>(
    `select item_ref as "itemRef", supplied - available as taken, supply
       from unnest($1::text[], $2::integer[]) as wanted (item_ref, supply) join catalogue_stock using (item_ref)
      where supply < supplied - available order by item_ref limit 1`,
    [refs, supplies],
  );
  const short = rows[0];
  if (short)
    throw new CatalogueRefused(
      `${short.taken} of "${short.itemRef}" are ordered or delivered already: its stock can't be ${short.supply}; write every piece that ever came in.`,
    );
  await sql.query(
    `insert into catalogue_stock (item_ref, supplied, available)
     select item_ref, supply, supply from unnest($1::text[], $2::integer[]) as wanted (item_ref, supply)
     on conflict (item_ref) do update
        set supplied = excluded.supplied,
            available = catalogue_stock.available + excluded.supplied - catalogue_stock.supplied`,
    [refs, supplies],
  );
}

export interface CatalogueVersion {
  version: number;
  definition: CatalogueDefinition;
  publishedAt: Instant;
  publishedBy: string;
}

/**
 * One version of the catalogue, or null when there is none.
 * @param version the newest that was published by `at` when left out
 */
export async function readCatalogueVersion(
  sql: Sql,
  { version, at }: { version: number; at?: never } | { version?: never; at: Instant },
): Promise<CatalogueVersion | null> {
  const { rows } = await sql.query<CatalogueVersion>(
    `select version, definition, published_at as "publishedAt", published_by as "publishedBy"
       from catalogue_versions where version = $1 or published_at <= $2 order by version desc limit 1`,
    [version ?? null, at === undefined ? null : timestamp(at)],
  );
  return rows[0] ?? null;
}

export interface Stock {
  /** pieces that ever came in */
  supplied: number;
  /** of these, what nobody has ordered */
  available: number;
}

/** The stock of every item that was ever in the catalogue. */
export async function readStock(sql: Sql): Promise<Map<ItemRef, Stock>> {
  const { rows } = await sql.query<Stock & { itemRef: ItemRef }>(
    'select item_ref as "itemRef", supplied, available from catalogue_stock',
  );
  return new Map(rows.map(({ itemRef, ...stock }) => [itemRef, stock]));
}

/** Pieces that nobody has ordered, held until the transaction ends: who orders the same item waits. 0 for an unknown item. */
export async function lockStock(sql: Sql, itemRef: ItemRef): Promise<number> {
  const { rows } = await sql.query<{ available: number }>(
    'select available from catalogue_stock where item_ref = $1 for no key update',
    [itemRef],
  );
  return rows[0]?.available ?? 0;
}

/** Takes one piece (-1) or gives it back (+1). @throws Error of the database when there is none to take */
export async function moveStock(sql: Sql, itemRef: ItemRef, by: -1 | 1): Promise<void> {
  await sql.query('update catalogue_stock set available = available + $2 where item_ref = $1', [itemRef, by]);
}
