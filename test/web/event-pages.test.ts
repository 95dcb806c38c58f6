import type { EventRef } from '../../domain/event-seats.js';
import { instant, type CustomerRef } from '../../domain/types.js';
import { cancelEvent, rsvp } from '../../store/events.js';
import { announce, placesOf } from '../setup/salon.js';
import { away, NOW, post, startWeb, type WebTest } from './web-setup.js';

const AT = instant(NOW - 60_000);
let web: WebTest;
let salon: EventRef;
beforeAll(async () => void (web = await startWeb()));
beforeEach(async () => {
  await web.reset();
  await web.db.owner.query('truncate events cascade');
  salon = await announce(web.db, AT, { seats: 1, place: '<b>Hall</b>' });
});
afterAll(() => web.close());

const page = (customer = 'c1') => web.link('events', customer);
const get = async (customer = 'c1') => (await web.app.inject({ url: page(customer) })).body;
const answer = (what: string, customer = 'c1', event: string = salon) =>
  post(web.app, `${page(customer)}/${event}`, { nonce: '', lang: 'en', answer: what });
const places = async () => (await placesOf(web.db, salon)).map(({ customerRef, state }) => `${customerRef} ${state}`);

test('a customer says that they come and that they do not, and the one who waits gets the seat', async () => {
  const before = await get();
  for (const words of ['Tea and markets', 'Salon', salon, '1 of 1 are free', 'I come', '&lt;b&gt;Hall&lt;/b&gt;'])
    expect(before).toContain(words);
  const got = await answer('come');
  expect(got.statusCode).toBe(200);
  expect(got.body).toContain('A seat is kept for you.');
  expect(got.body).toContain('You have a seat.');
  expect((await answer('come')).body).toContain('A seat is kept for you.');
  expect(await get('c2')).toContain('加入候补名单');
  expect((await answer('come', 'c2')).body).toContain('您在候补名单第 1 位');
  expect(await places()).toEqual(['c1 seated', 'c2 waiting']);
  expect((await answer('cancel')).body).toContain('Your place is free for somebody else.');
  expect(await get('c2')).toContain('席位已为您保留。');
  expect(await places()).toEqual(['c1 cancelled', 'c2 seated']);
});

test('opening the page, or a form’s address, changes nothing; nor does an answer that is none', async () => {
  await answer('come', 'c2');
  const before = await places();
  for (let i = 0; i < 2; i += 1) {
    expect((await web.app.inject({ url: page() })).statusCode).toBe(200);
    const form = await web.app.inject({ url: `${page()}/${salon}?answer=come` });
    expect([form.statusCode, form.headers.location]).toEqual([303, page()]);
  }
  expect((await answer('maybe')).statusCode).toBe(400);
  expect(await places()).toEqual(before);
});

test('what can’t be is said in a sentence, in the customer’s language', async () => {
  expect((await answer('cancel')).body).toContain('You had not said that you come');
  const unknown = await answer('come', 'c1', 'E-1994-9999999');
  expect([unknown.statusCode, unknown.body.includes('There is no such event any more.')]).toEqual([409, true]);
  await rsvp(web.db.app, { eventRef: salon, customerRef: 'c1' as CustomerRef, at: AT });
  await web.db.owner.query('update events set rsvp_until = $1', [new Date(NOW - 1)]);
  const late = await answer('come', 'c2');
  expect([late.statusCode, late.body.includes('本活动报名已截止')]).toEqual([409, true]);
  expect(await get('c2')).toContain('报名已截止。');
  await cancelEvent(web.db.app, { eventRef: salon, at: AT });
  expect(await get()).toContain('This event is cancelled.');
  expect(await get('c2')).toContain('目前没有计划中的活动');
});

test('only who has a seat sees where to take part online', async () => {
  const online = await announce(web.db, AT, { seats: 1, place: 'online', joinUrl: 'https://meet.example/x' });
  await answer('come', 'c1', online);
  await answer('come', 'c2', online);
  expect(await get()).toContain('https://meet.example/x');
  expect(await get('c2')).not.toContain('https://meet.example/x');
});

test('a link for something else is refused, also when posted to; while the database is away the answer can be sent again', async () => {
  const other = web.link('learn').replace('/learn/', '/events/');
  expect((await web.app.inject({ url: other })).statusCode).toBe(404);
  expect((await post(web.app, `${other}/${salon}`, { nonce: '', answer: 'come' })).statusCode).toBe(404);
  const spy = jest.spyOn(web.db.app, 'transaction').mockRejectedValue(away());
  const failed = await answer('come');
  spy.mockRestore();
  expect([failed.statusCode, failed.body.includes('name="answer" value="come"')]).toEqual([503, true]);
  expect(await places()).toEqual([]);
});
