import { readCatalogue, type CatalogueDefinition } from '../../domain/catalogue.js';
import { points, type CustomerRef, type Instant, type ItemRef } from '../../domain/types.js';
import { publishCatalogue } from '../../store/catalogue.js';
import { customerAccount, issuanceFor, post } from '../../store/ledger.js';
import type { OrderRequest } from '../../store/redemption.js';
import type { TestDatabase } from './database.js';

/** Of the one partner of a shop, in the form of Standard Webhooks. */
export const PARTNER_SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
export const PARTNER = 'gift-house';

/** A catalogue with a tea set for 300 points (200 for private customers) and an umbrella for 100, of which two a month. */
export function shopCatalogue({ teaSets = 10, umbrellas = 100, answerWithin = '7 days' } = {}): CatalogueDefinition {
  const text = `
partners:
  - partner: ${PARTNER}
    name: Gift House
    answerWithin: ${answerWithin}
items:
  - item: tea-set
    name: { en: Tea set, zh-CN: 茶具 }
    kind: gift
    partner: ${PARTNER}
    price: { all: 300, private: 200 }
    stock: ${teaSets}
  - item: umbrella
    name: { en: Umbrella, zh-CN: 雨伞 }
    kind: gift
    partner: ${PARTNER}
    price: { all: 100 }
    stock: ${umbrellas}
    limit: { orders: 2, within: 30 days }
`;
  const reading = readCatalogue(text, 'shop.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return reading.definition;
}

export async function openShop(
  { app }: Pick<TestDatabase, 'app'>,
  at: Instant,
  terms: Parameters<typeof shopCatalogue>[0] = {},
) {
  return publishCatalogue(app, { definition: shopCatalogue(terms), sourceText: '', at, by: 'test' });
}

/** Points out of nowhere, as transactions earn them. */
export async function givePoints(
  { app }: Pick<TestDatabase, 'app'>,
  customer: CustomerRef,
  amount: number,
  at: Instant,
): Promise<void> {
  const accounts = { from: issuanceFor('transactions'), to: customerAccount(customer) };
  const key = `earn:test:${customer}:${amount}:${at}`;
  await post(app, { key, kind: 'earn', ...accounts, amount: points(amount), memo: 'test', at });
}

export const orderOf = (
  customerRef: CustomerRef,
  at: Instant,
  more: Partial<OrderRequest> & { item?: string } = {},
): OrderRequest => {
  const { item = 'tea-set', ...rest } = more;
  const request = { customerRef, itemRef: item as ItemRef, key: 'k1', by: 'test', zone: 'Asia/Shanghai', at, ...rest };
  return request as OrderRequest;
};

/** The orders of these customers (all, when left out) beside what the books say of them: what must always agree. */
export async function booksOfOrders(
  { owner }: Pick<TestDatabase, 'owner'>,
  customers: readonly string[] | null = null,
) {
  const { rows } = await owner.query<{ orderRef: string; state: string; posted: string[] }>(
    `select order_ref as "orderRef", state,
            array(select kind from postings where idempotency_key in ('hold:' || order_ref, 'redeem:' || order_ref, 'return:' || order_ref)
                   order by posting_id) as posted
       from redemption_orders where $1::text[] is null or customer_ref = any($1) order by order_ref`,
    [customers],
  );
  return rows;
}
