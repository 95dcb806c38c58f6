import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Stage } from '../../demo/stage.js';
import type { CustomerRef, OrderRef } from '../../domain/types.js';
import { one } from '../../store/database.js';
import { customerAccount, heldAccount, ledgerBalance } from '../../store/ledger.js';
import { placeOrder, readOrder } from '../../store/redemption.js';
import { redemptionStart } from '../../workflows/contract.js';
import { startPartner, type PartnerServer } from '../setup/partner-server.js';
import { booksOfOrders, givePoints, openShop, orderOf, PARTNER, PARTNER_SECRET } from '../setup/shop.js';

/** The worker is a real process, and dies by kill -9. */
jest.setTimeout(180_000);
const WITHIN_MS = 60_000;
const LOOK_MS = 25;
/** Whoever commits the spending of points waits for this lock, as long as somebody holds it. */
const REDEEM_LOCK = 4_243;
const ENV = ['KEEPWELL_PARTNER_GIFT_HOUSE_URL', 'KEEPWELL_PARTNER_GIFT_HOUSE_SECRET'] as const;

let stage: Stage;
let partner: PartnerServer;
beforeAll(async () => {
  const home = join(await mkdtemp(join(tmpdir(), 'keepwell-kills-')), 'home');
  stage = await Stage.open({ customers: 60, seed: 4 }, () => undefined, home);
  const eventsUrl = (): string => `${stage.running.surroundings.webUrl}/partners/${PARTNER}/events`;
  partner = await startPartner({ secret: PARTNER_SECRET, eventsUrl });
  // the stage's processes get it from ours
  [process.env[ENV[0]], process.env[ENV[1]]] = [partner.url, PARTNER_SECRET];
  await stage.owner.query(`
    create function hold_redeem() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(${REDEEM_LOCK}); return null; end $$`);
  await stage.owner.query(`
    create constraint trigger hold_redeem after insert on postings deferrable initially deferred
      for each row when (new.kind = 'redeem') execute function hold_redeem()`);
  await stage.begin();
  await openShop(stage, stage.now(), { answerWithin: '60 days' });
});
afterAll(async () => {
  for (const name of ENV) delete process.env[name];
  await stage.close();
  await partner.close();
});

/** Looks until it is so; how long that takes decides nothing. */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const began = Date.now(); !(await look()); await new Promise((done) => setTimeout(done, LOOK_MS)))
    if (Date.now() - began > WITHIN_MS) throw new Error(`${what}: not within ${WITHIN_MS / 1000} s`);
}

interface Begun {
  orderRef: OrderRef;
  customerRef: CustomerRef;
}

/** An order of the next customer who has none, handed on. */
async function begin(): Promise<Begun> {
  const { rows } = await stage.owner.query<{ ref: CustomerRef }>(
    `select customer_ref as ref from customers c
      where not exists (select 1 from redemption_orders o where o.customer_ref = c.customer_ref) order by 1 limit 1`,
  );
  const { ref: customerRef } = one(rows, 'a customer without an order');
  await givePoints(stage, customerRef, 1000, stage.now());
  const placing = await placeOrder(stage.app, orderOf(customerRef, stage.now(), { item: 'umbrella' }));
  if (placing.verdict !== 'placed') throw new Error(placing.reasons.join());
  const { orderRef } = placing.order;
  await stage.client.workflow.start(...redemptionStart({ orderRef, customerRef, clock: stage.clock }));
  return { orderRef, customerRef };
}

const result = ({ orderRef }: Begun): Promise<unknown> =>
  stage.client.workflow.getHandle(`redemption:${orderRef}`).result();
const stateOf = async ({ orderRef }: Begun) => (await readOrder(stage.app, orderRef))?.state;
const deliveries = ({ orderRef }: Begun): number =>
  partner.orders.filter((order) => order.orderRef === orderRef).length;
/** What the books say at the end of an order that was fulfilled. */
async function expectSpentOnce({ customerRef }: Begun): Promise<void> {
  const [books] = await booksOfOrders(stage, [customerRef]);
  expect(books).toMatchObject({ state: 'fulfilled', posted: ['hold', 'redeem'] });
  expect(await ledgerBalance(stage.app, heldAccount(customerRef))).toBe(0n);
  const { rows } = await stage.owner.query<{ earned: bigint }>(
    `select coalesce(sum(amount), 0)::bigint as earned from postings where to_account = $1`,
    [customerAccount(customerRef)],
  );
  expect(await ledgerBalance(stage.app, customerAccount(customerRef))).toBe(one(rows, 'the points').earned - 100n);
}

test('a worker that dies when the partner has the order and it has not heard of it: one delivery order, spent once', async () => {
  const askedBefore = partner.asked;
  partner.onTaken = async () => {
    partner.onTaken = () => Promise.resolve();
    await stage.worker?.kill9();
  };
  const begun = await begin();
  await until('the next worker knows that the partner has it', async () => (await stateOf(begun)) === 'ordered');
  expect([partner.asked - askedBefore, deliveries(begun)]).toEqual([2, 1]);
  expect(await partner.answer(begun.orderRef, { status: 'fulfilled' })).toMatchObject({ status: 200 });
  expect(await result(begun)).toMatchObject({ state: 'fulfilled' });
  await expectSpentOnce(begun);
});

test('a worker that dies when the spending is committed and it has not heard of it spends nothing twice, and the customer hears once', async () => {
  const begun = await begin();
  await until('the partner has it', async () => (await stateOf(begun)) === 'ordered');
  const lock = new Pool({ connectionString: stage.running.surroundings.databaseUrl, max: 1 });
  await lock.query('select pg_advisory_lock($1)', [REDEEM_LOCK]);
  await partner.answer(begun.orderRef, { status: 'fulfilled' });
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted`;
  await until('the spending is about to be committed', async () => {
    const { rows } = await stage.owner.query(waiting, [REDEEM_LOCK]);
    return rows.length > 0;
  });
  await stage.worker?.kill9();
  await stage.worker?.ready;
  await lock.query('select pg_advisory_unlock($1)', [REDEEM_LOCK]);
  await lock.end();
  expect(await result(begun)).toMatchObject({ state: 'fulfilled' });
  expect(deliveries(begun)).toBe(1);
  await expectSpentOnce(begun);
  const letters = (await stage.mailbox.all()).filter((mail) => mail.subject.includes(begun.orderRef));
  expect(letters).toHaveLength(1);
});
