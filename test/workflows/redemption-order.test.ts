import { WithStartWorkflowOperation } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import pino from 'pino';
import { redemptionActivities, type RedemptionDependencies } from '../../activities/redemption.js';
import { buildWeb } from '../../client/web/app.js';
import type { App } from '../../client/web/web.js';
import type { CustomerRef, OrderRef } from '../../domain/types.js';
import { customerAccount, ledgerBalance, REDEEMED } from '../../store/ledger.js';
import { receivePartnerEvent, type PartnerEvent } from '../../store/partner-events.js';
import { placeOrder, readOrder } from '../../store/redemption.js';
import { cancelRedemption, redemptionStart, redemptionState } from '../../workflows/contract.js';
import { keepHistory } from '../setup/histories.js';
import { JourneyWorld } from '../setup/journey-world.js';
import { startPartner, type PartnerServer } from '../setup/partner-server.js';
import { booksOfOrders, givePoints, openShop, orderOf, PARTNER, PARTNER_SECRET } from '../setup/shop.js';
import { addCustomer } from '../setup/small-bank.js';

const URL_VARIABLE = 'KEEPWELL_PARTNER_GIFT_HOUSE_URL';
const SECRET_VARIABLE = 'KEEPWELL_PARTNER_GIFT_HOUSE_SECRET';
/** What an order that goes well may cost. */
const MAX_FULFILLED_EVENTS = 30;

let world: JourneyWorld;
let partner: PartnerServer;
let web: App;

beforeEach(async () => {
  world = await JourneyWorld.create();
  web = await buildWeb({
    database: world.database.app,
    client: world.client,
    surroundings: {
      linkSecret: Buffer.alloc(32, 7).toString('base64'),
      payloadKeys: `k1:${Buffer.alloc(32, 2).toString('base64')}`,
      temporalNamespace: 'default',
      temporalUiUrl: null,
      mailboxUrl: null,
      webUrl: 'http://127.0.0.1:8080',
    },
    log: pino({ level: 'silent' }),
  });
  const address = await web.listen({ port: 0, host: '127.0.0.1' });
  partner = await startPartner({ secret: PARTNER_SECRET, eventsUrl: () => `${address}/partners/${PARTNER}/events` });
  Object.assign(process.env, { [URL_VARIABLE]: partner.url, [SECRET_VARIABLE]: PARTNER_SECRET });
  await openShop(world.database, await world.now());
});
afterEach(async () => {
  delete process.env[URL_VARIABLE];
  delete process.env[SECRET_VARIABLE];
  await partner.close();
  await web.close();
  await world.close();
});

/** An order of 300 of the customer's 1,000 points, as a page leaves it: committed, and not handed on yet. */
async function placed(ref: string) {
  const customerRef = await addCustomer(world.database, { ref });
  const at = await world.now();
  await givePoints(world.database, customerRef, 1000, at);
  const placing = await placeOrder(world.database.app, orderOf(customerRef, at));
  if (placing.verdict !== 'placed') throw new Error(placing.reasons.join());
  const { orderRef } = placing.order;
  const start = redemptionStart({ orderRef, customerRef, clock: world.clock });
  return { orderRef, customerRef, start, handle: world.client.workflow.getHandle(`redemption:${orderRef}`) };
}

/** The same, handed on; what can be done at once has been done. */
async function handedOn(ref: string) {
  const order = await placed(ref);
  await world.client.workflow.start(...order.start);
  await world.anHour();
  return order;
}

const state = async (orderRef: OrderRef) => (await readOrder(world.database.app, orderRef))?.state;
const balance = (customer: CustomerRef) => ledgerBalance(world.database.app, customerAccount(customer));
const spent = () => ledgerBalance(world.database.app, REDEEMED);
const posted = async () => (await booksOfOrders(world.database)).map((order) => order.posted);
const refusal = async (update: Promise<unknown>): Promise<string> => {
  let error: unknown = await update.then(
    () => new Error('it was not refused'),
    (failure: unknown) => failure,
  );
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  return error instanceof Error ? error.message : String(error);
};
/** The daily round's look at open orders. */
const sweep = (): Promise<{ looked: number; told: number }> => {
  const bank = { name: 'Test Bank', zone: 'Asia/Shanghai', clock: world.clock };
  const deps = { database: world.database.app, bank, workflows: world.client.workflow };
  const { resumeRedemptions } = redemptionActivities(deps as unknown as RedemptionDependencies);
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(resumeRedemptions);
};

test('an order that its partner fulfils is delivered once, its points are spent, and the customer is told', async () => {
  const order = await handedOn('cfine');
  expect(partner.orders).toEqual([{ orderRef: order.orderRef, item: 'tea-set', quantity: 1, recipient: 'cfine' }]);
  expect(await order.handle.query(redemptionState)).toMatchObject({ state: 'ordered' });
  await world.until('2026-01-15');
  expect(await partner.answer(order.orderRef, { status: 'fulfilled' })).toMatchObject({ status: 200 });
  expect(await order.handle.result()).toMatchObject({ state: 'fulfilled', waitsUntil: null });
  expect([await balance(order.customerRef), await spent()]).toEqual([700n, 300n]);
  expect(await posted()).toEqual([['hold', 'redeem']]);
  expect(world.mailTo('cfine')).toMatchObject([
    { subject: `Your order ${order.orderRef} is done`, messageClass: 'service' },
  ]);
  expect(world.mailTo('cfine')[0]?.text).toContain('Gift House tells us');
  const events = await keepHistory(world, order.handle.workflowId, 'redemption-fulfilled');
  console.info(`an order that went well took ${events} events`);
  expect(events).toBeLessThanOrEqual(MAX_FULFILLED_EVENTS);
});

test('an order that its partner refuses gives the points back, and the customer is told', async () => {
  const order = await handedOn('crefused');
  await partner.answer(order.orderRef, { status: 'refused', reason: 'sold out' });
  expect(await order.handle.result()).toMatchObject({ state: 'refused' });
  expect([await balance(order.customerRef), await spent()]).toEqual([1000n, 0n]);
  expect(world.subjectsTo('crefused')).toEqual([`Your points are back: order ${order.orderRef}`]);
  // the partner's words are for staff
  expect(world.mailTo('crefused')[0]?.text).not.toContain('sold out');
  await keepHistory(world, order.handle.workflowId, 'redemption-refused');
});

test('a partner that says nothing for seven days: the points go back on that day, and a late yes moves none', async () => {
  const order = await handedOn('csilent');
  await world.until('2026-01-19');
  expect(await state(order.orderRef)).toBe('ordered');
  await world.anHour();
  expect(await order.handle.result()).toMatchObject({ state: 'refused' });
  expect(await balance(order.customerRef)).toBe(1000n);
  const { rows } = await world.database.owner.query<{ late: number }>(
    `select extract(epoch from settled_at - answer_by)::int as late from redemption_orders`,
  );
  expect(rows[0]?.late).toBeLessThan(60);
  expect(world.subjectsTo('csilent')).toEqual([`Your points are back: order ${order.orderRef}`]);
  expect(await partner.answer(order.orderRef, { status: 'fulfilled' })).toMatchObject({ status: 200 });
  expect([await balance(order.customerRef), await spent()]).toEqual([1000n, 0n]);
  const late = await world.database.owner.query(`select reasons from decisions where verdict = 'late-fulfilment'`);
  expect(late.rows).toEqual([{ reasons: ['late-fulfilment'] }]);
  await keepHistory(world, order.handle.workflowId, 'redemption-silent');
});

test('a partner that is down for two days gets one delivery order when it is back', async () => {
  await partner.down();
  const order = await handedOn('cdown');
  await world.until('2026-01-14');
  expect([await state(order.orderRef), await balance(order.customerRef)]).toEqual(['held', 700n]);
  await partner.up();
  await world.anHour();
  expect([await state(order.orderRef), partner.orders.length]).toEqual(['ordered', 1]);
  await partner.answer(order.orderRef, { status: 'fulfilled' });
  await order.handle.result();
  expect(await posted()).toEqual([['hold', 'redeem']]);
});

test('a partner that is not configured yet is asked once it is, and nothing is lost', async () => {
  delete process.env[URL_VARIABLE];
  const order = await handedOn('cunset');
  expect([await state(order.orderRef), partner.asked]).toEqual(['held', 0]);
  process.env[URL_VARIABLE] = partner.url;
  await world.anHour();
  expect([await state(order.orderRef), partner.orders.length]).toEqual(['ordered', 1]);
});

test.each([
  [URL_VARIABLE, 'gift-house.example/orders'],
  [SECRET_VARIABLE, 'whsec_short'],
])('a partner whose %s is malformed certainly knows nothing: the order can still be cancelled', async (name, value) => {
  process.env[name] = value;
  const order = await handedOn('cmalformed');
  expect(await readOrder(world.database.app, order.orderRef)).toMatchObject({ state: 'held', askedAt: null });
  await order.handle.executeUpdate(cancelRedemption, { args: [{ by: 'customer' }] });
  expect([partner.asked, await balance(order.customerRef)]).toEqual([0, 1000n]);
});

test('a partner that has not taken an order for thirty days is asked no more: the points go back', async () => {
  partner.answerWith(503);
  const order = await handedOn('cgivenup');
  await world.until('2026-02-10');
  expect([await state(order.orderRef), await balance(order.customerRef)]).toEqual(['held', 700n]);
  await world.until('2026-02-12');
  expect(await order.handle.result()).toMatchObject({ state: 'refused' });
  expect(await readOrder(world.database.app, order.orderRef)).toMatchObject({ reason: 'no-answer' });
  expect([await posted(), await balance(order.customerRef)]).toEqual([[['hold', 'return']], 1000n]);
  expect(world.subjectsTo('cgivenup')).toEqual([`Your points are back: order ${order.orderRef}`]);
});

test('a worker that dies after the partner took the order and before that is written down asks again: one delivery order', async () => {
  // what follows the partner's yes can't be committed until it has been asked twice
  await world.database.owner.query(
    `alter table redemption_orders add constraint dies check (state <> 'ordered') not valid`,
  );
  partner.onTaken = async () => {
    if (partner.asked === 2) await world.database.owner.query('alter table redemption_orders drop constraint dies');
  };
  const order = await handedOn('cdies');
  expect([partner.asked, partner.orders.length, await state(order.orderRef)]).toEqual([2, 1, 'ordered']);
  await partner.answer(order.orderRef, { status: 'fulfilled' });
  await order.handle.result();
  expect(await posted()).toEqual([['hold', 'redeem']]);
});

test('a partner whose yes is lost on the way is asked again: one delivery order', async () => {
  partner.loseAnswers(2);
  const order = await handedOn('clost');
  expect([partner.asked, partner.orders.length, await state(order.orderRef)]).toEqual([3, 1, 'ordered']);
});

test('a partner that answers before it is known to have the order is believed', async () => {
  partner.onTaken = async ({ orderRef }) => {
    partner.onTaken = () => Promise.resolve();
    await partner.answer(orderRef, { status: 'fulfilled' });
    // and the news that it has the order never comes
    partner.loseAnswers(1);
  };
  const order = await handedOn('cquick');
  expect(await order.handle.result()).toMatchObject({ state: 'fulfilled' });
  expect([await posted(), partner.orders.length]).toEqual([[['hold', 'redeem']], 1]);
});

test('a partner that answers twice, under one id and under another: the points are spent once', async () => {
  const order = await handedOn('ctwice');
  const answers = [{ eventId: 'e1' }, { eventId: 'e1' }, { eventId: 'e2' }].map((more) =>
    partner.answer(order.orderRef, { status: 'fulfilled', ...more }),
  );
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200]);
  await order.handle.result();
  expect(await partner.answer(order.orderRef, { status: 'fulfilled', eventId: 'e3' })).toMatchObject({ status: 200 });
  expect([await posted(), await spent()]).toEqual([[['hold', 'redeem']], 300n]);
  expect(world.mailTo('ctwice')).toHaveLength(1);
});

test.each([400, 410, 422])('a partner that answers %i has refused for good', async (status) => {
  partner.answerWith(status);
  const order = await handedOn('cno');
  expect(await order.handle.result()).toMatchObject({ state: 'refused' });
  expect([partner.asked, await balance(order.customerRef)]).toEqual([1, 1000n]);
});

test.each([301, 401, 403, 404, 405, 408, 409, 429, 500, 503])(
  'a partner that answers %i is asked again',
  async (status) => {
    partner.answerWith(status);
    const order = await handedOn('cagain');
    expect(await state(order.orderRef)).toBe('held');
    expect(partner.asked).toBeGreaterThan(1);
    partner.answerWith(null);
    await world.anHour();
    expect([await state(order.orderRef), partner.orders.length]).toEqual(['ordered', 1]);
  },
);

test('while nobody listens at the partner’s the order can be cancelled, and is never delivered', async () => {
  await partner.down();
  const order = await handedOn('ccancels');
  const ended = await order.handle.executeUpdate(cancelRedemption, { args: [{ by: 'customer' }] });
  expect(ended).toMatchObject({ state: 'cancelled' });
  await partner.up();
  expect(await order.handle.result()).toMatchObject({ state: 'cancelled' });
  await world.anHour();
  expect([partner.asked, await balance(order.customerRef)]).toEqual([0, 1000n]);
  expect([await posted(), world.mailTo('ccancels')]).toEqual([[['hold', 'return']], []]);
  await keepHistory(world, order.handle.workflowId, 'redemption-cancelled');
});

test('an order that was never handed on begins with being cancelled: its partner hears nothing of it', async () => {
  const order = await placed('cnever');
  const [workflow, options] = order.start;
  const startWorkflowOperation = new WithStartWorkflowOperation(workflow, {
    ...options,
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await world.client.workflow.executeUpdateWithStart(cancelRedemption, {
    args: [{ by: 'staff' }],
    startWorkflowOperation,
  });
  await order.handle.result();
  expect([await state(order.orderRef), partner.asked]).toEqual(['cancelled', 0]);
  // not by luck: nobody was sent to ask
  expect((await world.history(order.handle.workflowId)).json).not.toContain('deliverOrder');
});

test('an order that its partner may be at work on can’t be cancelled, nor can a settled one', async () => {
  const order = await handedOn('ctoolate');
  const cancel = (): Promise<string> =>
    refusal(order.handle.executeUpdate(cancelRedemption, { args: [{ by: 'customer' }] }));
  expect(await cancel()).toMatch(/the partner may be at work on R-2026-\d+ already/);
  await partner.answer(order.orderRef, { status: 'fulfilled' });
  await order.handle.result();
  expect(await posted()).toEqual([['hold', 'redeem']]);
});

test('a letter that no mail server takes does not hold up the points', async () => {
  world.mail.dropNext(Infinity);
  const order = await handedOn('cnomail');
  await partner.answer(order.orderRef, { status: 'refused' });
  await world.anHour();
  expect([await state(order.orderRef), await balance(order.customerRef)]).toEqual(['refused', 1000n]);
  world.mail.dropNext(0);
  await world.until('2026-01-13');
  expect(world.mailTo('cnomail')).toHaveLength(1);
});

describe('the daily round', () => {
  test('hands on an order whose process died after the commit', async () => {
    const order = await placed('cdied');
    await world.until('2026-01-13');
    expect([await state(order.orderRef), partner.asked]).toEqual(['held', 0]);
    expect(await sweep()).toEqual({ looked: 1, told: 0 });
    expect(await sweep()).toEqual({ looked: 1, told: 0 });
    await world.anHour();
    expect([await state(order.orderRef), partner.orders.length]).toEqual(['ordered', 1]);
  });

  test('tells an order of an answer of which it was not told', async () => {
    const order = await handedOn('cuntold');
    const said = { partnerRef: PARTNER, eventId: 'e1', orderRef: order.orderRef, status: 'fulfilled' };
    const event = { ...said, partnerReference: 'P-1', reason: null } as PartnerEvent;
    await receivePartnerEvent(world.database.app, event, await world.now());
    expect(await sweep()).toEqual({ looked: 1, told: 1 });
    expect(await order.handle.result()).toMatchObject({ state: 'fulfilled' });
    expect(await sweep()).toEqual({ looked: 0, told: 0 });
  });

  test('takes up an order whose run was cancelled by force while its partner was down', async () => {
    await partner.down();
    const order = await handedOn('cstopped');
    await order.handle.cancel();
    await expect(order.handle.result()).rejects.toThrow(/cancelled/);
    expect(await state(order.orderRef)).toBe('held');
    await partner.up();
    await sweep();
    await world.anHour();
    expect([await state(order.orderRef), partner.orders.length]).toEqual(['ordered', 1]);
  });

  test('takes up an order whose run was ended by force, which keeps its day and is not ordered again', async () => {
    const order = await handedOn('cforced');
    await order.handle.terminate('by mistake');
    await sweep();
    await world.until('2026-01-19');
    expect([await state(order.orderRef), partner.asked]).toEqual(['ordered', 1]);
    await world.anHour();
    expect([await state(order.orderRef), await balance(order.customerRef)]).toEqual(['refused', 1000n]);
  });
});
