import { dateIn } from '../domain/calendar.js';
import { COUNTER_OFFER_DAYS, COUNTER_OFFER_RULES, counterOffer, isSamePerson } from '../domain/counter-offer.js';
import { percentOf } from '../domain/money-text.js';
import type { Product, ProductRef } from '../domain/product-catalogue.js';
import { suitability, UNSUITABLE } from '../domain/suitability.js';
import { addMillis, days, type CustomerRef, type Instant, type PlainDate } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions, type Decision } from './decisions.js';
import { dataUntil, readInstallation } from './installation.js';
import { productFacts } from './product-facts.js';
import { readProducts } from './products.js';

/** Characters of why a rate is made better; the table's check says the same. */
export const MAX_COUNTER_OFFER_REASON = 1000;
/** Counter-offers shown in a list. */
export const MAX_COUNTER_OFFERS_SHOWN = 200;

/** A counter-offer that can't be made or approved; the message says why and what to do. */
export class CounterOfferRefused extends Error {
  override readonly name = 'CounterOfferRefused';
}

export interface CounterOffer {
  counterOfferId: string;
  customerRef: CustomerRef;
  product: ProductRef;
  catalogueVersion: number;
  /** hundredths of a percentage point in the customer's favour */
  betterBy: number;
  /** what a manager may give alone, under that version */
  authority: number;
  proposedBy: string;
  proposedAt: Instant;
  /** the first instant at which it does not stand any more */
  validUntil: Instant;
  reason: string;
  approvedBy: string | null;
  approvedAt: Instant | null;
}

/** In a list nobody reads why: it is free text about one customer, for whoever has that one offer before them. */
export type ListedCounterOffer = Omit<CounterOffer, 'reason'>;

const LISTED = `
  counter_offer_id as "counterOfferId", customer_ref as "customerRef", product, catalogue_version as "catalogueVersion",
  better_by as "betterBy", authority, proposed_by as "proposedBy", proposed_at as "proposedAt",
  valid_until as "validUntil", approved_by as "approvedBy", approved_at as "approvedAt"`;
const COLUMNS = `${LISTED}, reason`;

/** True where the customer may be told of it. */
const AGREED = '(better_by <= authority or approved_by is not null)';

export const isAgreed = ({ betterBy, authority, approvedBy }: ListedCounterOffer): boolean =>
  betterBy <= authority || approvedBy !== null;

export interface Proposal {
  customerRef: CustomerRef;
  product: ProductRef;
  betterBy: number;
  /** a staff name, 1 to 100 characters */
  by: string;
  /** 1 to MAX_COUNTER_OFFER_REASON characters */
  reason: string;
  /** the last day of which the bank's data are seen; whether the product suits is judged on the day of `at` */
  asOf: PlainDate;
  at: Instant;
}

/**
 * Proposes a better rate. Within the product's authority it is in force at once; above it, it waits for another person.
 * The one that was agreed last counts. The same proposal again, while it stands, is the one that is there.
 * @throws CounterOfferRefused when it is above what two may give, the product has no rate, or it doesn't suit the customer
 */
export function proposeCounterOffer(database: Database, proposal: Proposal): Promise<CounterOffer> {
  const { customerRef, product: productRef, betterBy, by, reason, at } = proposal;
  return database.transaction(async (sql) => {
    await lockCustomer(sql, customerRef);
    const { product, version } = await productInForce(sql, productRef, at);
    assertWithinLimit(product, betterBy);
    await assertSuits(sql, product, proposal);
    const there = await sql.query<CounterOffer>(
      `select ${COLUMNS} from counter_offers
        where customer_ref = $1 and product = $2 and better_by = $3 and proposed_by = $4 and reason = $5
          and catalogue_version = $6 and valid_until > $7`,
      [customerRef, productRef, betterBy, by, reason, version, timestamp(at)],
    );
    if (there.rows[0]) return there.rows[0];
    const { rows } = await sql.query<CounterOffer>(
      `insert into counter_offers (customer_ref, catalogue_version, product, better_by, proposed_by, proposed_at,
                                   valid_until, reason, rules)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning ${COLUMNS}`,
      [
        customerRef,
        version,
        productRef,
        betterBy,
        by,
        timestamp(at),
        timestamp(addMillis(at, days(COUNTER_OFFER_DAYS))),
        reason,
        COUNTER_OFFER_RULES,
      ],
    );
    const made = one(rows, 'the counter-offer');
    await recordDecisions(sql, [decision(made, isAgreed(made) ? 'within-authority' : 'needs-approval', at)]);
    return made;
  });
}

async function productInForce(
  sql: Sql,
  productRef: ProductRef,
  at: Instant,
): Promise<{ product: Product; version: number }> {
  const catalogue = await readProducts(sql, { at });
  const product = catalogue?.definition.products.find((candidate) => candidate.product === productRef);
  if (!catalogue || !product)
    throw new CounterOfferRefused(`there is no product "${productRef}"; "keepwell product list" shows what there is.`);
  return { product, version: catalogue.version };
}

function assertWithinLimit(product: Product, betterBy: number): void {
  const verdict = counterOffer(product, betterBy);
  if (verdict.verdict !== 'refused') return;
  const what = `"${product.product}"`;
  if (verdict.why === 'no-rate')
    throw new CounterOfferRefused(`${what} has no rate that could be better; name a product with one.`);
  const most = percentOf(verdict.most);
  throw new CounterOfferRefused(
    verdict.why === 'above-limit'
      ? `${what} can be better by ${most} at most, whoever approves; ask for less.`
      : `a better rate is better by 0.01% or more, in steps of that; ${what} by ${most} at most.`,
  );
}

/** A better rate makes nothing suitable that is not. */
async function assertSuits(
  sql: Sql,
  product: Product,
  { customerRef, asOf, at }: Pick<Proposal, 'customerRef' | 'asOf' | 'at'>,
): Promise<void> {
  const installation = await readInstallation(sql);
  const { zone } = one(installation ? [installation] : [], 'the installation');
  const facts = await productFacts(sql, customerRef, { asOf, on: dateIn(zone, at) }, zone);
  const { barred, ...customer } = one(facts ? [facts] : [], `customer ${customerRef}`);
  const verdict = suitability(customer, product);
  const words = verdict.suitable ? [] : verdict.reasons.map((reason) => UNSUITABLE[reason]);
  if (barred.length + words.length > 0)
    throw new CounterOfferRefused(
      `"${product.product}" can't be offered to ${customerRef}: ${[...barred, ...words].join('; ')}.`,
    );
}

/**
 * Approves a counter-offer that is above one person's authority. Approving again by the same person changes nothing.
 * @throws CounterOfferRefused when there is none, it needs no approval, it is over, who approves also proposed it, or the
 *         product does not suit the customer any more
 */
export function approveCounterOffer(
  database: Database,
  { counterOfferId, by, at }: { counterOfferId: string; by: string; at: Instant },
): Promise<CounterOffer> {
  return database.transaction(async (sql) => {
    const there = await findCounterOffer(sql, counterOfferId);
    if (!there)
      throw new CounterOfferRefused(
        `there is no counter-offer "${counterOfferId}"; "keepwell product counter-offers --waiting" shows those that wait.`,
      );
    await lockCustomer(sql, there.customerRef);
    // asked again under the lock: another may have approved it meanwhile
    const offer = (await findCounterOffer(sql, counterOfferId)) ?? there;
    if (offer.approvedBy !== null && isSamePerson(offer.approvedBy, by)) return offer;
    assertApprovable(offer, by, at);
    const { product } = await productInForce(sql, offer.product, at);
    await assertSuits(sql, product, { customerRef: offer.customerRef, asOf: await dataUntil(sql), at });
    const approved = await sql.query<CounterOffer>(
      `update counter_offers set approved_by = $2, approved_at = $3 where counter_offer_id = $1 returning ${COLUMNS}`,
      [counterOfferId, by, timestamp(at)],
    );
    const done = one(approved.rows, 'the counter-offer');
    await recordDecisions(sql, [decision(done, 'approved', at)]);
    return done;
  });
}

function assertApprovable(offer: CounterOffer, by: string, at: Instant): void {
  const { counterOfferId, approvedBy, proposedBy, validUntil } = offer;
  if (approvedBy !== null)
    throw new CounterOfferRefused(`counter-offer ${counterOfferId} was approved by ${approvedBy} already.`);
  if (isAgreed(offer))
    throw new CounterOfferRefused(
      `counter-offer ${counterOfferId} is within the manager's authority (${percentOf(offer.authority)}) and is in force; it needs no approval.`,
    );
  if (isSamePerson(by, proposedBy))
    throw new CounterOfferRefused(
      `${proposedBy} proposed counter-offer ${counterOfferId} and can't approve it; another person has to.`,
    );
  if (at >= validUntil)
    throw new CounterOfferRefused(`counter-offer ${counterOfferId} is over; propose it again, then approve that one.`);
}

function decision(offer: CounterOffer, verdict: string, at: Instant): Decision {
  const { counterOfferId, customerRef, product, catalogueVersion, betterBy, authority, proposedBy, approvedBy } = offer;
  return {
    key: `counter-offer:${counterOfferId}:${approvedBy === null ? 'propose' : 'approve'}`,
    customerRef,
    journeyId: null,
    kind: 'counter-offer',
    verdict,
    reasons: [],
    saw: { product, catalogueVersion, betterBy, authority, proposedBy, approvedBy },
    result: { counterOfferId, validUntil: offer.validUntil },
    rules: COUNTER_OFFER_RULES,
    at,
  };
}

/** The counter-offer for a product that was agreed last and stands at an instant, or null. */
export async function counterOfferInForce(
  sql: Sql,
  customerRef: CustomerRef,
  product: ProductRef,
  at: Instant,
): Promise<CounterOffer | null> {
  const { rows } = await sql.query<CounterOffer>(
    `select ${COLUMNS} from counter_offers
      where customer_ref = $1 and product = $2 and coalesce(approved_at, proposed_at) <= $3 and valid_until > $3 and ${AGREED}
      order by coalesce(approved_at, proposed_at) desc, counter_offer_id desc limit 1`,
    [customerRef, product, timestamp(at)],
  );
  return rows[0] ?? null;
}

/** One counter-offer with why it was proposed, or null. */
export async function findCounterOffer(sql: Sql, counterOfferId: string): Promise<CounterOffer | null> {
  const { rows } = await sql.query<CounterOffer>(
    `select ${COLUMNS} from counter_offers where counter_offer_id::text = $1`,
    [counterOfferId],
  );
  return rows[0] ?? null;
}

/**
 * Counter-offers, the newest first, at most MAX_COUNTER_OFFERS_SHOWN.
 * @param waitingAt only those that wait for approval and stand at that instant
 */
export async function listCounterOffers(
  sql: Sql,
  { customerRef, waitingAt }: { customerRef?: CustomerRef; waitingAt?: Instant },
): Promise<ListedCounterOffer[]> {
  const { rows } = await sql.query<ListedCounterOffer>(
    `select ${LISTED} from counter_offers
      where ($1::text is null or customer_ref = $1)
        and ($2::timestamptz is null or (not ${AGREED} and valid_until > $2))
      order by proposed_at desc, counter_offer_id desc limit $3`,
    [customerRef ?? null, waitingAt === undefined ? null : timestamp(waitingAt), MAX_COUNTER_OFFERS_SHOWN],
  );
  return rows;
}
