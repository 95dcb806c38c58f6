import fc from 'fast-check';
import { addMillis, days, instant, points, type CustomerRef, type Instant, type OrderRef } from '../../domain/types.js';
import { CatalogueRefused, publishCatalogue, readStock } from '../../store/catalogue.js';
import { customerAccount, heldAccount, ledgerBalance, post, REDEEMED } from '../../store/ledger.js';
import { receivePartnerEvent, type PartnerEvent } from '../../store/partner-events.js';
import { OrderKeyConflict, placeOrder, readOrder, type OrderRequest, type OrderRow } from '../../store/redemption.js';
import {
  beginAsking,
  cancelOrder,
  notReached,
  openOrders,
  partnerTook,
  settleOrder,
} from '../../store/redemption-steps.js';
import { findOrder, listOrders } from '../../store/reads/redemption.js';
import { verifyDecisions } from '../../store/decisions.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { booksOfOrders, givePoints, openShop, orderOf, PARTNER, shopCatalogue } from '../setup/shop.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const later = (n: number): Instant => addMillis(AT, days(n));

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-11');
  await openShop(database, AT);
});
afterEach(() => database.drop());

async function rich(ref: string, amount = 1000): Promise<CustomerRef> {
  const customer = await addCustomer(database, { ref });
  await givePoints(database, customer, amount, AT);
  return customer;
}

const place = (request: OrderRequest) => placeOrder(database.app, request);

/** An order that was placed. */
async function placed(customer: CustomerRef, more: Parameters<typeof orderOf>[2] = {}): Promise<OrderRow> {
  const placing = await place(orderOf(customer, AT, more));
  if (placing.verdict !== 'placed') throw new Error(`refused: ${placing.reasons.join()}`);
  return placing.order;
}

const ask = (orderRef: OrderRef, at = AT) => beginAsking(database.app, orderRef, at);

/** An order that its partner has. */
async function ordered(customer: CustomerRef, more: Parameters<typeof orderOf>[2] = {}): Promise<OrderRow> {
  const order = await placed(customer, more);
  await ask(order.orderRef);
  await partnerTook(database.app, order.orderRef, AT);
  return order;
}

const says = (orderRef: OrderRef, status: PartnerEvent['status'], eventId = 'e1', more: Partial<PartnerEvent> = {}) => {
  const event = { partnerRef: PARTNER, eventId, orderRef, status, partnerReference: 'P-1', reason: null, ...more };
  return receivePartnerEvent(database.app, event as PartnerEvent, AT);
};

const balance = (customer: CustomerRef) => ledgerBalance(database.app, customerAccount(customer));
const held = (customer: CustomerRef) => ledgerBalance(database.app, heldAccount(customer));
const spent = () => ledgerBalance(database.app, REDEEMED);
const left = async (item = 'tea-set') =>
  [...(await readStock(database.app))].find(([ref]) => ref === item)?.[1].available;
const verdicts = async (customer: CustomerRef): Promise<{ verdict: string; reasons: string[] }[]> => {
  const { rows } = await database.owner.query<{ verdict: string; reasons: string[] }>(
    `select verdict, reasons from decisions where customer_ref = $1 and kind = 'redemption' order by sequence`,
    [customer],
  );
  return rows;
};

describe('an order', () => {
  test('holds the points, takes one piece and says why it was allowed', async () => {
    const customer = await rich('c1');
    const order = await placed(customer);
    expect(order).toMatchObject({ state: 'held', points: 300n, partnerRef: PARTNER, catalogueVersion: 1 });
    expect(order.orderRef).toMatch(/^R-2026-\d{7}$/);
    expect([await balance(customer), await held(customer), await left()]).toEqual([700n, 300n, 9]);
    expect(await verdicts(customer)).toEqual([{ verdict: 'placed', reasons: [] }]);
    expect(await verifyDecisions(database.app, customer)).toMatchObject({ whole: true });
  });

  test('has a number of its own past ten millions', async () => {
    const customer = await rich('c1');
    await database.owner.query(`select setval('order_numbers', 9999998)`);
    const refs = [];
    for (const key of ['k1', 'k2', 'k3']) refs.push((await placed(customer, { key })).orderRef);
    expect(refs).toEqual(['R-2026-9999999', 'R-2026-10000000', 'R-2026-10000001']);
  });

  test('asked for again under the same key is the first one, whatever has changed since', async () => {
    const customer = await rich('c1', 300);
    const order = await placed(customer);
    const again = await place(orderOf(customer, later(3)));
    expect(again).toMatchObject({ verdict: 'placed', isNew: false, order: { orderRef: order.orderRef } });
    await expect(place(orderOf(customer, AT, { item: 'umbrella' }))).rejects.toThrow(OrderKeyConflict);
    expect(await held(customer)).toBe(300n);
  });

  test('of another customer under the same key is another order', async () => {
    const [one, two] = [await rich('c1'), await rich('c2')];
    expect((await placed(one)).orderRef).not.toBe((await placed(two)).orderRef);
  });

  test('that is refused holds nothing, is a decision with its reasons, and leaves the key to the next try', async () => {
    const customer = await rich('c1', 299);
    const refusal = await place(orderOf(customer, AT));
    expect(refusal).toEqual({ verdict: 'refused', reasons: ['not-enough-points'] });
    expect(await place(orderOf(customer, AT))).toEqual(refusal);
    expect([await balance(customer), await left()]).toEqual([299n, 10]);
    expect(await verdicts(customer)).toEqual([{ verdict: 'not-placed', reasons: ['not-enough-points'] }]);
    await givePoints(database, customer, 1, AT);
    expect(await place(orderOf(customer, later(1)))).toMatchObject({ verdict: 'placed', isNew: true });
  });

  test('is refused for an item that is not there, and to a customer whose data are gone', async () => {
    const customer = await rich('c1');
    await database.owner.query(`update customers set erased_at = now() where customer_ref = 'c1'`);
    expect(await place(orderOf(customer, AT, { item: 'yacht' }))).toEqual({
      verdict: 'refused',
      reasons: ['item-unknown', 'erased'],
    });
    await expect(place(orderOf('c9' as CustomerRef, AT))).rejects.toThrow('customer c9 is not there');
  });

  test('costs a private customer less', async () => {
    const customer = await rich('c1');
    await database.owner.query(`insert into tier_history values ('c1', '2026-01-12', 'private', 'test')`);
    expect(await placed(customer)).toMatchObject({ points: 200n });
  });

  test('is allowed in credit care and during a complaint: the points are the customer’s own', async () => {
    const customer = await rich('c1');
    await database.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
       values ('c1', 'negative-balance', '2026-01-10', 95, '[]', now())`,
    );
    await database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, workflow_id, source, narrative, opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'k1', 'c1', 'w1', 'staff', 'words', now(), now(), now(), 'cn-2020')`,
    );
    await placed(customer);
  });

  test('of a limited item is refused when the limit is reached, until the oldest is long enough ago or came to nothing', async () => {
    const customer = await rich('c1');
    const umbrella = (key: string, at = AT) => place(orderOf(customer, at, { item: 'umbrella', key }));
    await umbrella('k1');
    const second = await umbrella('k2');
    expect(await umbrella('k3')).toEqual({ verdict: 'refused', reasons: ['over-limit'] });
    expect(await umbrella('k3', addMillis(later(30), -1 as never))).toMatchObject({ verdict: 'refused' });
    if (second.verdict === 'placed') await cancelOrder(database.app, second.order.orderRef, 'by-customer', AT);
    expect(await umbrella('k3')).toMatchObject({ verdict: 'placed' });
    expect(await umbrella('k4', later(30))).toMatchObject({ verdict: 'placed' });
  });
});

describe('many at once', () => {
  test('the last piece, wanted by ten, goes to one; the others keep their points and hear why', async () => {
    await openShop(database, later(1), { teaSets: 1 });
    const customers = await Promise.all(Array.from({ length: 10 }, (_, n) => rich(`c${n}`, 300)));
    const placings = await Promise.all(customers.map((customer) => place(orderOf(customer, later(2)))));
    expect(placings.filter(({ verdict }) => verdict === 'placed')).toHaveLength(1);
    for (const placing of placings)
      if (placing.verdict === 'refused') expect(placing.reasons).toEqual(['out-of-stock']);
    expect(await left()).toBe(0);
    const sums = await Promise.all(
      customers.map(async (customer) => (await balance(customer)) + (await held(customer))),
    );
    expect(sums).toEqual(customers.map(() => 300n));
    expect((await booksOfOrders(database)).map(({ posted }) => posted)).toEqual([['hold']]);
  });

  test('the same order sent ten times is one order, held once', async () => {
    const customer = await rich('c1');
    const placings = await Promise.all(Array.from({ length: 10 }, () => place(orderOf(customer, AT))));
    expect(new Set(placings.map((p) => (p.verdict === 'placed' ? p.order.orderRef : 'refused'))).size).toBe(1);
    expect(placings.filter((p) => p.verdict === 'placed' && p.isNew)).toHaveLength(1);
    expect([await held(customer), await left()]).toEqual([300n, 9]);
  });

  test('a customer with points for one order gets one, whichever of ten it is', async () => {
    const customer = await rich('c1', 500);
    const placings = await Promise.all(
      Array.from({ length: 10 }, (_, n) => place(orderOf(customer, AT, { key: `k${n}` }))),
    );
    expect(placings.filter(({ verdict }) => verdict === 'placed')).toHaveLength(1);
    expect([await balance(customer), await held(customer)]).toEqual([200n, 300n]);
  });

  test('an order that its partner fulfils, refuses and leaves unanswered at once ends in one way', async () => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    await Promise.all([
      says(orderRef, 'fulfilled', 'e1'),
      says(orderRef, 'refused', 'e2'),
      settleOrder(database.app, orderRef, 'no-answer', AT),
      settleOrder(database.app, orderRef, null, AT),
      cancelOrder(database.app, orderRef, 'by-staff', AT),
    ]);
    await settleOrder(database.app, orderRef, 'no-answer', AT);
    const [{ state, posted } = { state: '', posted: [''] }] = await booksOfOrders(database);
    expect(posted).toEqual(['hold', state === 'fulfilled' ? 'redeem' : 'return']);
    expect(await held(customer)).toBe(0n);
    expect((await balance(customer)) + (await spent())).toBe(1000n);
  });
});

describe('the end of an order', () => {
  test('fulfilled: the held points are spent, and the piece is gone', async () => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    expect(await settleOrder(database.app, orderRef, null, AT)).toBeNull();
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded', isNew: true, open: true });
    expect(await settleOrder(database.app, orderRef, null, later(1))).toBe('fulfilled');
    expect(await settleOrder(database.app, orderRef, 'no-answer', later(9))).toBe('fulfilled');
    expect([await balance(customer), await held(customer), await spent(), await left()]).toEqual([700n, 0n, 300n, 9]);
    expect(await readOrder(database.app, orderRef)).toMatchObject({ partnerReference: 'P-1', settledAt: later(1) });
    expect((await verdicts(customer)).map(({ verdict }) => verdict)).toEqual(['placed', 'ordered', 'fulfilled']);
  });

  test.each([
    ['refused by the partner', 'refused-by-partner'],
    ['not answered in time', 'no-answer'],
  ] as const)('%s: points and piece are back, with the reason', async (_words, reason) => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    expect(await settleOrder(database.app, orderRef, reason, later(7))).toBe('refused');
    expect([await balance(customer), await held(customer), await spent(), await left()]).toEqual([1000n, 0n, 0n, 10]);
    expect((await verdicts(customer)).at(-1)).toEqual({ verdict: 'refused', reasons: [reason] });
  });

  test('what the partner said counts, also when its time was up by then', async () => {
    const { orderRef } = await ordered(await rich('c1'));
    await says(orderRef, 'fulfilled');
    expect(await settleOrder(database.app, orderRef, 'no-answer', later(30))).toBe('fulfilled');
  });

  test('the first of two answers counts, and staff see that the second said otherwise', async () => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    await says(orderRef, 'refused', 'e1');
    await says(orderRef, 'fulfilled', 'e2');
    expect(await settleOrder(database.app, orderRef, null, AT)).toBe('refused');
    expect((await verdicts(customer)).at(-1)).toEqual({ verdict: 'late-fulfilment', reasons: ['late-fulfilment'] });
    expect(await findOrder(database.app, orderRef)).toMatchObject({ late: ['late-fulfilment'] });
  });

  test('a fulfilment that comes after the points went back moves none, and staff see it once', async () => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    const other = await ordered(customer, { key: 'k2' });
    await settleOrder(database.app, orderRef, 'no-answer', later(7));
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded', isNew: true, open: false });
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded', isNew: false });
    expect([await balance(customer), await spent()]).toEqual([700n, 0n]);
    expect((await verdicts(customer)).filter(({ verdict }) => verdict === 'late-fulfilment')).toHaveLength(1);
    // what the partner wrote stays with the event, and is in no decision
    const { rows } = await database.owner.query(`select saw from decisions where verdict = 'late-fulfilment'`);
    expect(rows).toEqual([
      { saw: { orderRef, state: 'refused', partnerRef: PARTNER, eventId: 'e1', status: 'fulfilled' } },
    ]);
    const { orders } = await listOrders(database.app, { late: true, limit: 10 });
    expect(orders.map((order) => order.orderRef)).toEqual([orderRef]);
    expect((await listOrders(database.app, { state: 'ordered', limit: 10 })).orders).toMatchObject([
      { orderRef: other.orderRef, late: [] },
    ]);
  });

  test('cancelled: only while the partner certainly does not know of it', async () => {
    const customer = await rich('c1');
    const { orderRef } = await placed(customer);
    const first = await ask(orderRef);
    expect(await cancelOrder(database.app, orderRef, 'by-customer', AT)).toEqual({ kind: 'too-late' });
    if (first.kind === 'ask') await notReached(database.app, first.order, first.attempt);
    expect(await cancelOrder(database.app, orderRef, 'by-customer', AT)).toEqual({
      kind: 'settled',
      state: 'cancelled',
    });
    expect([await balance(customer), await held(customer), await left()]).toEqual([1000n, 0n, 10]);
    expect(await ask(orderRef)).toEqual({ kind: 'settled', state: 'cancelled' });
  });

  test('an asking that may have reached the partner is not forgotten by a later one that did not, nor by an earlier one', async () => {
    const { orderRef } = await placed(await rich('c1'));
    const [first, second] = [await ask(orderRef), await ask(orderRef)];
    for (const asking of [second, first])
      if (asking.kind === 'ask') await notReached(database.app, asking.order, asking.attempt);
    expect(await cancelOrder(database.app, orderRef, 'by-staff', AT)).toEqual({ kind: 'too-late' });
  });
});

describe('what a partner says', () => {
  test('is written down once for each event id, and another content under it is refused', async () => {
    const { orderRef } = await ordered(await rich('c1'));
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded', isNew: true });
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded', isNew: false });
    expect(await says(orderRef, 'refused')).toEqual({ kind: 'conflict' });
    expect(await says(orderRef, 'fulfilled', 'e1', { reason: 'as agreed' })).toEqual({ kind: 'conflict' });
    expect((await database.owner.query('select 1 from partner_events')).rows).toHaveLength(1);
  });

  test('sent for two orders under one id at once, is taken for one of them', async () => {
    const orders = [await ordered(await rich('c1')), await ordered(await rich('c2'))];
    const kinds = await Promise.all(orders.map(async ({ orderRef }) => (await says(orderRef, 'fulfilled')).kind));
    expect(kinds.sort()).toEqual(['conflict', 'recorded']);
  });

  test('of an order that is not there, is another partner’s, or of which it was never told, is nothing', async () => {
    const { orderRef } = await placed(await rich('c1'));
    expect(await says('R-2026-0009999' as OrderRef, 'fulfilled')).toEqual({ kind: 'unknown-order' });
    expect(await says(orderRef, 'fulfilled')).toEqual({ kind: 'unknown-order' });
    await ask(orderRef);
    expect(await says(orderRef, 'fulfilled', 'e1', { partnerRef: 'other' as never })).toEqual({
      kind: 'unknown-order',
    });
    expect(await says(orderRef, 'fulfilled')).toMatchObject({ kind: 'recorded' });
    // it was quicker than the news that the partner had taken the order
    expect(await settleOrder(database.app, orderRef, null, AT)).toBe('fulfilled');
  });

  test('makes the order one that its run must look at', async () => {
    const [silent, answered] = [await ordered(await rich('c1')), await ordered(await rich('c2'))];
    const done = await ordered(await rich('c3'));
    await settleOrder(database.app, done.orderRef, 'no-answer', AT);
    await says(answered.orderRef, 'fulfilled');
    expect(await openOrders(database.app, null, 10)).toEqual([
      { orderRef: silent.orderRef, customerRef: 'c1', answered: false },
      { orderRef: answered.orderRef, customerRef: 'c2', answered: true },
    ]);
    expect(await openOrders(database.app, silent.orderRef, 10)).toHaveLength(1);
  });
});

describe('the database refuses', () => {
  test('to settle an order twice, to change what was ordered, or to take an order away', async () => {
    const { orderRef } = await ordered(await rich('c1'));
    await settleOrder(database.app, orderRef, 'no-answer', AT);
    const change = (what: string) =>
      database.owner.query(`update redemption_orders set ${what} where order_ref = $1`, [orderRef]);
    await expect(change(`state = 'fulfilled', reason = null`)).rejects.toThrow(/is refused for good/);
    const other = await placed(await rich('c2'));
    await expect(
      database.owner.query('update redemption_orders set points = 1 where order_ref = $1', [other.orderRef]),
    ).rejects.toThrow(/is never changed/);
    await expect(
      database.owner.query(
        `update redemption_orders set state = 'fulfilled', settled_at = now() where order_ref = $1`,
        [other.orderRef],
      ),
    ).rejects.toThrow(/is held, and can't become fulfilled/);
    await expect(database.app.query('update redemption_orders set points = 1')).rejects.toThrow(/permission denied/);
    for (const table of ['redemption_orders', 'partner_events', 'catalogue_versions'])
      await expect(database.app.query(`delete from ${table}`)).rejects.toThrow(/permission denied/);
    await expect(database.app.query('update partner_events set status = $1', ['refused'])).rejects.toThrow(
      /permission denied/,
    );
  });

  test('an order whose points are not held, and one that is settled without its posting', async () => {
    const customer = await rich('c1');
    const insert = `insert into redemption_orders (order_ref, customer_ref, idempotency_key, catalogue_version, item_ref, partner_ref, points, workflow_id, placed_at)
      values ('R-2026-0000999', 'c1', 'k', 1, 'tea-set', 'gift-house', 300, 'w', now())`;
    await expect(database.app.query(insert)).rejects.toThrow(/points of order R-2026-0000999 are not held/);
    const { orderRef } = await placed(customer);
    const cancelled = `update redemption_orders set state = 'cancelled', settled_at = now(), reason = 'by-staff' where order_ref = $1`;
    await expect(database.app.query(cancelled, [orderRef])).rejects.toThrow(/its points were not posted so/);
  });

  test('to return the points of an order that were redeemed', async () => {
    const customer = await rich('c1');
    const { orderRef } = await ordered(customer);
    await placed(customer, { key: 'k2' });
    await says(orderRef, 'fulfilled');
    await settleOrder(database.app, orderRef, null, AT);
    const accounts = { from: heldAccount(customer), to: customerAccount(customer) };
    const back = { key: `return:${orderRef}`, kind: 'return' as const, amount: points(300), memo: 'a mistake', at: AT };
    await expect(post(database.app, { ...back, ...accounts })).rejects.toThrow(/postings_settle_an_order_once/);
  });
});

describe('a catalogue', () => {
  const publish = (definition = shopCatalogue(), at = later(1)) =>
    publishCatalogue(database.app, { definition, sourceText: '', at, by: 'test' });

  test('published again is the version there is, and leaves the stock alone', async () => {
    await placed(await rich('c1'));
    expect(await publish()).toEqual({ version: 1, isNew: false, newest: 1 });
    expect(await left()).toBe(9);
  });

  test('with more stock adds what came in; orders placed by the older version keep it', async () => {
    const customer = await rich('c1');
    const { orderRef } = await placed(customer);
    expect(await publish(shopCatalogue({ teaSets: 15 }))).toEqual({ version: 2, isNew: true, newest: 2 });
    expect(await left()).toBe(14);
    expect(await readOrder(database.app, orderRef)).toMatchObject({ catalogueVersion: 1 });
    expect(await placed(customer, { key: 'k2', at: later(2) })).toMatchObject({ catalogueVersion: 2 });
  });

  test('with less stock than is ordered is refused, and nothing of it is in force', async () => {
    const customer = await rich('c1', 900);
    for (const key of ['k1', 'k2', 'k3']) await placed(customer, { key });
    await expect(publish(shopCatalogue({ teaSets: 2 }))).rejects.toThrow(
      new CatalogueRefused(
        `3 of "tea-set" are ordered or delivered already: its stock can't be 2; write every piece that ever came in.`,
      ),
    );
    expect(await publish(shopCatalogue({ teaSets: 3 }))).toMatchObject({ version: 2 });
    expect(await left()).toBe(0);
  });

  test('with a price for a tier that the bank does not have is refused', async () => {
    const definition = shopCatalogue();
    const [first, ...rest] = definition.items;
    if (!first) throw new Error('no items');
    const items = [{ ...first, price: { gold: 100 } }, ...rest];
    await expect(publish({ ...definition, items })).rejects.toThrow(/tier "gold", which this bank doesn't have/);
  });

  test('published ten times at once is one version', async () => {
    const definition = shopCatalogue({ teaSets: 12 });
    const all = await Promise.all(Array.from({ length: 10 }, () => publish(definition)));
    expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await left()).toBe(12);
  });
});

test('whatever happens to orders in whatever sequence, no point and no piece is lost, and none is spent twice', async () => {
  let run = 0;
  let refs: CustomerRef[] = [];
  let spentBefore = 0n;
  const step = fc.record({
    what: fc.constantFrom('place', 'ask', 'unreached', 'took', 'fulfilled', 'refused', 'look', 'silence', 'cancel'),
    who: fc.constantFrom(0, 1),
    which: fc.integer({ min: 0, max: 3 }),
    key: fc.constantFrom('k1', 'k2', 'k3'),
    item: fc.constantFrom('tea-set', 'umbrella'),
  });
  const one = async (act: {
    what: string;
    who: number;
    which: number;
    key: string;
    item: string;
  }): Promise<unknown> => {
    const customer = refs[act.who] as CustomerRef;
    if (act.what === 'place')
      return place(orderOf(customer, AT, act)).catch((error: unknown) => {
        if (!(error instanceof OrderKeyConflict)) throw error;
      });
    const order = (await booksOfOrders(database, refs))[act.which];
    if (!order) return undefined;
    const orderRef = order.orderRef as OrderRef;
    if (act.what === 'ask') return ask(orderRef);
    if (act.what === 'unreached') {
      const asking = await ask(orderRef);
      return asking.kind === 'ask' ? notReached(database.app, asking.order, asking.attempt) : undefined;
    }
    if (act.what === 'took') return partnerTook(database.app, orderRef, AT);
    if (act.what === 'fulfilled' || act.what === 'refused')
      return says(orderRef, act.what, `${orderRef}-${act.key}-${act.what}`);
    if (act.what === 'cancel') return cancelOrder(database.app, orderRef, 'by-customer', AT);
    return settleOrder(database.app, orderRef, act.what === 'silence' ? 'no-answer' : null, AT);
  };
  const whole = async (): Promise<void> => {
    const orders = await booksOfOrders(database, refs);
    const ends: Record<string, string[]> = {
      fulfilled: ['hold', 'redeem'],
      refused: ['hold', 'return'],
      cancelled: ['hold', 'return'],
    };
    for (const { state, posted } of orders) expect(posted).toEqual(ends[state] ?? ['hold']);
    let sum = (await spent()) - spentBefore;
    for (const ref of refs) sum += (await balance(ref)) + (await held(ref));
    expect(sum).toBe(1000n);
    const taken = orders.filter(({ state }) => state !== 'refused' && state !== 'cancelled').length;
    expect(Number(await left('tea-set')) + Number(await left('umbrella'))).toBe(3 - taken);
  };
  await fc.assert(
    fc
      .asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 8 }), async (rounds) => {
        // what stands in one round happens at once
        for (const round of rounds) {
          await Promise.all(round.map(one));
          await whole();
        }
      })
      .beforeEach(async () => {
        run += 1;
        refs = [await rich(`ca${run}`, 500), await rich(`cb${run}`, 500)];
        spentBefore = await spent();
        await database.owner.query(
          `update catalogue_stock set supplied = n, available = n
             from (values ('tea-set', 2), ('umbrella', 1)) as scarce (item, n) where item_ref = item`,
        );
      }),
    { numRuns: 100 },
  );
}, 120_000);
