import { signWebhook } from '../../config/webhooks.js';
import { EVENT_LIMIT_BYTES } from '../../client/web/partner-events.js';
import { instant, type CustomerRef, type OrderRef } from '../../domain/types.js';
import { placeOrder, readOrder } from '../../store/redemption.js';
import { beginAsking, partnerTook, settleOrder } from '../../store/redemption-steps.js';
import { givePoints, openShop, orderOf, PARTNER, PARTNER_SECRET } from '../setup/shop.js';
import { away, NOW, startWeb, type WebTest } from './web-setup.js';

const AT = instant(NOW);
const CUSTOMER = 'c1' as CustomerRef;
const ENV = { KEEPWELL_PARTNER_GIFT_HOUSE_SECRET: PARTNER_SECRET };

let web: WebTest;
let orderRef: OrderRef;
/** orders of which a run was told */
let told: unknown[];
let failWith: Error | null;

beforeAll(async () => {
  Object.assign(process.env, ENV);
  web = await startWeb();
  await web.db.owner.query(
    `insert into tiers values ('affluent', 1, 'Affluent', '贵宾', 1), ('private', 2, 'Private', '私人', 2)`,
  );
  await openShop(web.db, AT, { teaSets: 100 });
  await givePoints(web.db, CUSTOMER, 10_000, AT);
  Object.assign(web.temporal.client.workflow, {
    signalWithStart: (...asked: unknown[]) => (failWith ? Promise.reject(failWith) : Promise.resolve(told.push(asked))),
  });
});
afterAll(async () => {
  for (const name of Object.keys(ENV)) delete process.env[name];
  await web.close();
});

let orders = 0;
beforeEach(async () => {
  told = [];
  failWith = null;
  orders += 1;
  const placing = await placeOrder(web.db.app, orderOf(CUSTOMER, AT, { key: `k${orders}` }));
  if (placing.verdict !== 'placed') throw new Error(placing.reasons.join());
  ({ orderRef } = placing.order);
  await beginAsking(web.db.app, orderRef, AT);
  await partnerTook(web.db.app, orderRef, AT);
});

interface Sending {
  id?: string;
  secret?: string;
  at?: number;
  body?: string;
  partner?: string;
  type?: string;
}

/** Sends an event as its partner signs it. */
function send(said: object, sending: Sending = {}) {
  const { id = `evt_${orders}`, secret = PARTNER_SECRET, at = Date.now(), partner = PARTNER } = sending;
  const signed = JSON.stringify({ orderRef, status: 'fulfilled', partnerReference: 'P-1', ...said });
  const headers = { 'content-type': sending.type ?? 'application/json', ...signWebhook(secret, id, signed, at) };
  return web.app.inject({
    method: 'POST',
    url: `/partners/${partner}/events`,
    headers,
    payload: sending.body ?? signed,
  });
}

const events = async (): Promise<unknown[]> =>
  (await web.db.owner.query('select event_id, status, reason from partner_events where order_ref = $1', [orderRef]))
    .rows;

test('an event is written down, the order’s run is told, and no points have moved yet', async () => {
  const { statusCode, headers, body } = await send({ reason: 'left at the door' });
  expect(statusCode).toBe(200);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(JSON.parse(body)).toEqual({ orderRef, eventId: `evt_${orders}`, status: 'fulfilled', recorded: true });
  expect(await events()).toEqual([{ event_id: `evt_${orders}`, status: 'fulfilled', reason: 'left at the door' }]);
  expect(told).toMatchObject([
    [
      'redemptionOrder',
      { workflowId: `redemption:${orderRef}`, args: [{ orderRef, customerRef: 'c1' }], signalArgs: [] },
    ],
  ]);
  expect(await readOrder(web.db.app, orderRef)).toMatchObject({ state: 'ordered' });
});

test('the same event again has the same answer, to the byte, also when the order is settled by then', async () => {
  const first = await send({});
  const again = await send({});
  await settleOrder(web.db.app, orderRef, null, AT);
  const late = await send({});
  expect([again.statusCode, late.statusCode]).toEqual([200, 200]);
  expect([again.body, late.body]).toEqual([first.body, first.body]);
  expect(await events()).toHaveLength(1);
  // a settled order has no run to tell
  expect(told).toHaveLength(2);
});

test('ten of the same at once are one event', async () => {
  const all = await Promise.all(Array.from({ length: 10 }, () => send({})));
  expect(all.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200));
  expect(new Set(all.map(({ body }) => body)).size).toBe(1);
  expect(await events()).toHaveLength(1);
});

test('another content under the id of an event is a conflict, and changes nothing', async () => {
  await send({});
  const other = await send({ status: 'refused' });
  expect([other.statusCode, other.json()]).toEqual([
    409,
    { error: expect.stringContaining('another event') as string },
  ]);
  expect(await events()).toMatchObject([{ status: 'fulfilled' }]);
});

test.each<[string, Sending]>([
  ['with another secret', { secret: `whsec_${Buffer.alloc(32, 6).toString('base64')}` }],
  ['six minutes ago', { at: Date.now() - 360_000 }],
  ['six minutes from now', { at: Date.now() + 360_000 }],
  ['over another body', { body: '{"orderRef":"R-2026-0000001","status":"fulfilled","partnerReference":"P-1"}' }],
])('an event signed %s is refused, and nothing is written', async (_words, sending) => {
  const answer = await send({}, sending);
  expect([answer.statusCode, answer.json()]).toEqual([401, { error: expect.stringContaining('signature') as string }]);
  expect([await events(), told]).toEqual([[], []]);
});

test('an event without any signature is refused', async () => {
  const answer = await web.app.inject({
    method: 'POST',
    url: `/partners/${PARTNER}/events`,
    payload: { orderRef, status: 'fulfilled', partnerReference: 'P-1' },
  });
  expect(answer.statusCode).toBe(401);
});

test('an order that is not there is not known', async () => {
  expect((await send({ orderRef: 'R-1994-9999999' })).statusCode).toBe(404);
  expect((await send({}, { partner: 'lounge-club' })).statusCode).toBe(404);
  expect((await send({}, { partner: 'Gift_House' })).statusCode).toBe(404);
});

test.each<[object, string]>([
  [{ status: 'lost' }, 'status is fulfilled or refused'],
  [{ orderRef: '42' }, 'orderRef is like R-2026-0000042'],
  [{ partnerReference: '' }, 'partnerReference is empty'],
  [{ partnerReference: 7 }, 'partnerReference is a text'],
  [{ reason: 'x'.repeat(1001) }, 'reason has at most 1000 characters'],
  [{ reason: 'a\0b' }, 'reason holds a NUL character'],
])('an event of %j can’t be read, and says why', async (said, why) => {
  const answer = await send(said);
  expect([answer.statusCode, answer.json()]).toEqual([400, { error: `The event can't be read: ${why}.` }]);
  expect(await events()).toEqual([]);
});

test('what is no JSON, of another type or too large is refused', async () => {
  const codes = [await send({}, { type: 'text/xml' }), await send({ reason: 'x'.repeat(EVENT_LIMIT_BYTES) })].map(
    ({ statusCode }) => statusCode,
  );
  expect(codes).toEqual([415, 413]);
  const body = 'not json';
  const headers = { 'content-type': 'application/json', ...signWebhook(PARTNER_SECRET, 'e', body, Date.now()) };
  const answer = await web.app.inject({ method: 'POST', url: `/partners/${PARTNER}/events`, headers, payload: body });
  expect(answer.statusCode).toBe(400);
});

test('a GET changes nothing and is no address', async () => {
  expect((await web.app.inject({ url: `/partners/${PARTNER}/events` })).statusCode).toBe(404);
  expect([await events(), told]).toEqual([[], []]);
});

test('while Temporal is away the event is taken all the same; it comes again and the run is told', async () => {
  failWith = away();
  expect((await send({})).statusCode).toBe(200);
  expect([await events(), told]).toEqual([[expect.anything()], []]);
  failWith = null;
  expect((await send({})).statusCode).toBe(200);
  expect(told).toHaveLength(1);
});

test('the log has neither the partner’s words nor its signature', async () => {
  web.log.length = 0;
  await send({ reason: 'Jana was not at home' });
  await send({ status: 'lost', reason: 'Jana again' });
  const written = web.log.join('');
  expect(written).toContain('/partners/:partner/events');
  expect(written).not.toMatch(/Jana|v1,/);
});
