import { ServiceError } from '@temporalio/client';
import { createPayloadCodec } from '../../config/payload-codec.js';
import { insertText, readText, TextConflict } from '../../store/texts.js';
import { setConsent } from '../../store/consents.js';
import { REQUESTS_PER_MINUTE } from '../../client/web/web.js';
import { STYLE, URLS } from '../../client/web/urls.js';
import type { CustomerRef, Instant } from '../../domain/types.js';
import { randomUUID } from 'node:crypto';
import { KEYS, NOW, post, startWeb, type WebTest } from './web-setup.js';

let web: WebTest;
beforeAll(async () => void (web = await startWeb()));
afterAll(() => web.close());
afterEach(() => void (web.temporal.failWith = null));

const UI = 'http://127.0.0.1:8233';

test('every page forbids scripts and frames, keeps its address to itself and is not cached', async () => {
  for (const url of [
    '/',
    web.link('survey'),
    web.link('complaint'),
    web.link('preferences'),
    web.link('unsubscribe'),
    '/nowhere',
    '/survey/x',
  ]) {
    const { headers, body } = await web.app.inject({ url });
    expect(headers['content-security-policy']).toBe(
      "default-src 'none';style-src 'self';img-src 'self' data:;form-action 'self';frame-ancestors 'none';base-uri 'none'",
    );
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['x-robots-tag']).toContain('noindex');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).not.toMatch(/<script|<style| style=| on\w+=/);
  }
});

test('the style sheet is kept by browsers under an address that changes with it', async () => {
  const { headers, body } = await web.app.inject({ url: URLS.style });
  expect(body).toBe(STYLE);
  expect(headers['cache-control']).toContain('immutable');
  expect((await web.app.inject({ url: '/' })).body).toContain(URLS.style);
});

test('the log has neither tokens nor words nor addresses, in good times and bad', async () => {
  web.log.length = 0;
  const url = web.link('complaint');
  const token = url.split('/')[2] ?? '-';
  await web.app.inject({ url });
  await web.app.inject({ url: `${url}A` });
  await web.app.inject({ url: `/nowhere/${token}` });
  await web.app.inject({ url: `/complaint/%zz${token}` });
  web.temporal.failWith = new ServiceError('Failed', { cause: new Error('UNAVAILABLE') });
  await post(web.app, url, { nonce: randomUUID(), narrative: 'Very private words' });
  const written = web.log.join('');
  expect(written).toContain('/complaint/:token');
  expect(written).toContain('a form could not be stored');
  expect(written).not.toContain(token);
  expect(written).not.toMatch(/private words|jana@|Jana/);
});

test('what is too large, of a strange type or nowhere is answered by a page in words', async () => {
  const large = await post(web.app, web.link('complaint'), { nonce: randomUUID(), narrative: 'x'.repeat(1_100_000) });
  expect([large.statusCode, /too much at once/.test(large.body)]).toEqual([413, true]);
  const xml = await web.app.inject({
    method: 'POST',
    url: web.link('complaint'),
    headers: { 'content-type': 'text/xml' },
    payload: '<a/>',
  });
  expect([xml.statusCode, /could not be read/.test(xml.body)]).toEqual([415, true]);
  const twice = await web.app.inject({
    method: 'POST',
    url: web.link('survey'),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'score=1&score=2',
  });
  expect([twice.statusCode, /could not be read/.test(twice.body)]).toEqual([400, true]);
  const nowhere = await web.app.inject({ url: '/nowhere', headers: { 'accept-language': 'zh-CN,zh;q=0.9' } });
  expect([nowhere.statusCode, /页面不存在/.test(nowhere.body)]).toEqual([404, true]);
});

test('health says which part is away and what to look at', async () => {
  expect((await web.app.inject({ url: '/healthz' })).json()).toEqual({
    status: 'up',
    database: 'reachable',
    temporal: 'reachable',
  });
  web.temporal.failWith = new ServiceError('Failed', { cause: new Error('UNAVAILABLE') });
  const down = await web.app.inject({ url: '/healthz' });
  expect(down.statusCode).toBe(503);
  expect(down.json()).toMatchObject({
    status: 'down',
    database: 'reachable',
    temporal: expect.stringContaining('TEMPORAL_ADDRESS') as string,
  });
});

describe('the codec', () => {
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"customerRef":"c1"}') };
  const sealed = async () => {
    const [payload] = await createPayloadCodec(KEYS).encode([plain]);
    const text = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('base64');
    const metadata = Object.fromEntries(
      Object.entries(payload?.metadata ?? {}).map(([key, value]) => [key, text(value)]),
    );
    return { payloads: [{ metadata, data: text(payload?.data) }] };
  };
  const ask = async (headers: Record<string, string>, remoteAddress = '127.0.0.1', app = web.app) =>
    app.inject({ method: 'POST', url: '/codec/decode', headers, remoteAddress, payload: await sealed() });

  test('decodes for Temporal’s UI on this machine', async () => {
    const asked = await web.app.inject({
      method: 'OPTIONS',
      url: '/codec/decode',
      headers: { origin: UI, 'access-control-request-method': 'POST' },
    });
    expect([asked.statusCode, asked.headers['access-control-allow-origin']]).toEqual([204, UI]);
    const answer = await ask({ origin: UI });
    expect(answer.headers['access-control-allow-origin']).toBe(UI);
    expect(answer.json()).toEqual({
      payloads: [
        { metadata: { encoding: plain.metadata.encoding.toString('base64') }, data: plain.data.toString('base64') },
      ],
    });
    expect((await ask({})).statusCode).toBe(200);
  });

  test('does not exist for anybody else', async () => {
    const codes = [
      await ask({ origin: 'http://evil.example' }),
      await ask({ origin: 'null' }),
      await ask({ origin: UI }, '192.0.2.7'),
      await ask({ origin: UI, 'x-forwarded-for': '127.0.0.1' }),
    ].map((answer) => [answer.statusCode, answer.headers['access-control-allow-origin']]);
    expect(codes).toEqual(Array(4).fill([404, undefined]));
    const open = await startWeb({ webUrl: 'https://care.bank.example' });
    expect((await ask({ origin: UI }, '127.0.0.1', open.app)).statusCode).toBe(404);
    await open.close();
  });

  test('says what it can’t decode', async () => {
    const unknown = Buffer.from('other').toString('base64');
    const encoding = Buffer.from('binary/encrypted').toString('base64');
    const payload = { payloads: [{ metadata: { encoding, 'encryption-key-id': unknown }, data: '' }] };
    const answer = await web.app.inject({ method: 'POST', url: '/codec/decode', payload });
    expect([answer.statusCode, answer.json<{ message: string }>().message]).toEqual([
      400,
      expect.stringContaining('KEEPWELL_PAYLOAD_KEYS'),
    ]);
  });
});

test('one address asks so many times a minute, and no more; it is told to wait', async () => {
  const open = await startWeb({ webUrl: 'https://care.bank.example' });
  const ask = () => open.app.inject({ url: '/nowhere', remoteAddress: '192.0.2.7' });
  for (let i = 0; i < REQUESTS_PER_MINUTE; i += 1) expect((await ask()).statusCode).toBe(404);
  const refused = await ask();
  expect([refused.statusCode, /wait a minute/.test(refused.body)]).toEqual([429, true]);
  expect((await open.app.inject({ url: '/', remoteAddress: '192.0.2.8' })).body).not.toContain('Temporal');
  await open.close();
});

test('a text is stored once; other words under its id are refused', async () => {
  const text = { textId: randomUUID(), customerRef: 'c1' as CustomerRef, body: 'Words', receivedAt: NOW as Instant };
  await insertText(web.db.app, text);
  await insertText(web.db.app, { ...text, receivedAt: (NOW + 5) as Instant });
  await expect(insertText(web.db.app, { ...text, body: 'Others' })).rejects.toThrow(TextConflict);
  await expect(insertText(web.db.app, { ...text, customerRef: 'c2' as CustomerRef })).rejects.toThrow(TextConflict);
  expect(await readText(web.db.app, text.textId)).toEqual(text);
  expect(await readText(web.db.app, randomUUID())).toBeNull();
});

test('a consent waits for whoever holds the customer’s row, and keeps the first instant when said again', async () => {
  const consent = {
    customerRef: 'c2' as CustomerRef,
    channel: 'email',
    purpose: 'promotional',
    granted: false,
    source: 'test',
  } as const;
  const set = (at: number) => web.db.app.transaction((sql) => setConsent(sql, { ...consent, at: at as Instant }));
  let isSet = false;
  let waiting: Promise<unknown> = Promise.resolve();
  await web.db.owner.transaction(async (sql) => {
    await sql.query(`select 1 from customers where customer_ref = 'c2' for update`);
    waiting = set(NOW).then(() => (isSet = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isSet).toBe(false);
  });
  await waiting;
  expect(await set(NOW + 1_000)).toBe(false);
  const { rows } = await web.db.owner.query(
    `select changed_at from consents where customer_ref = 'c2' and not granted`,
  );
  expect(rows).toEqual([{ changed_at: NOW }]);
  const unknown = web.db.app.transaction((sql) =>
    setConsent(sql, { ...consent, customerRef: 'c9' as CustomerRef, at: NOW as Instant }),
  );
  await expect(unknown).rejects.toThrow('customer c9 is not there');
});
