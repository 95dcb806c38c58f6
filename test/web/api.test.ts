import type { Client } from '@temporalio/client';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { apiTokenHolder, createApiToken, readApiTokens } from '../../config/api-tokens.js';
import { buildWeb } from '../../client/web/app.js';
import type { App } from '../../client/web/web.js';
import { REQUESTS_PER_MINUTE } from '../../client/web/web.js';
import { readOffers } from '../../domain/loyalty-offer.js';
import { addMillis, days, instant, plainDate } from '../../domain/types.js';
import { evaluateEntitlements } from '../../store/entitlements.js';
import { publishOffers } from '../../store/loyalty-offers.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';
import { KEYS, SECRET, TemporalDouble } from './web-setup.js';

const text = readFileSync(join(__dirname, '..', '..', 'loyalty', 'offers.yaml'), 'utf8');
/** business time stands near here: a Tuesday noon in Shanghai */
const NOW = instant(Date.UTC(2026, 10, 24, 4));
const asOf = plainDate('2026-11-23');
const lending = createApiToken('lending');
const cards = createApiToken('cards');
const log: string[] = [];

let database: TestDatabase;
let app: App;
let open: App;

const web = (entries: string | undefined): Promise<App> =>
  buildWeb({
    database: database.app,
    client: new TemporalDouble().client as unknown as Client,
    surroundings: {
      linkSecret: SECRET,
      payloadKeys: KEYS,
      temporalNamespace: 'default',
      temporalUiUrl: null,
      mailboxUrl: null,
      webUrl: 'https://care.bank.example',
    },
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
    apiTokens: readApiTokens(entries === undefined ? {} : { KEEPWELL_API_TOKENS: entries }),
  });

beforeAll(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: NOW, anchor: Date.now(), rate: 1 }, asOf);
  const reading = readOffers(text, 'offers.yaml');
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  const before = addMillis(NOW, days(-200));
  await publishOffers(database.app, { ...reading.definition, sourceText: text, at: before, by: 'anna' });
  await addCustomer(database, { ref: 'c1', since: '2020-01-01' });
  await addCustomer(database, { ref: 'c2', since: '2026-01-01' });
  await addCustomer(database, { ref: 'c3', since: '2020-01-01' });
  await addCustomer(database, { ref: 'c4', since: '2020-01-01' });
  await evaluateEntitlements(database.app, { asOf, at: addMillis(NOW, days(-1)) });
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ('c3', 'card-overused', $1, 80, '[]', now())`,
    [asOf],
  );
  await database.owner.query(`update customers set erased_at = now() where customer_ref = 'c4'`);
  app = await web(`${lending.entry}, ${cards.entry}`);
  open = await web(undefined);
});
afterAll(async () => {
  await app.close();
  await open.close();
  // the pool's end does not wait for its sockets: the forced drop may still catch one, and that is no failure
  for (const { pool } of [database.app, database.owner]) pool.removeAllListeners('error').on('error', () => undefined);
  await database.drop();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const ask = (url: string, headers: Record<string, string> = bearer(lending.token), from = app) =>
  from.inject({ url, headers, remoteAddress: '192.0.2.7' });
const sentence = (expected: string) => ({ error: expect.stringContaining(expected) as string });

describe('the entitlements of a customer', () => {
  test('those in force, with the terms that machines read', async () => {
    const { statusCode, headers, body } = await ask('/api/customers/c1/entitlements');
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-robots-tag': 'noindex, nofollow' });
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(JSON.parse(body)).toEqual({
      customer: 'c1',
      at: expect.stringMatching(/^2026-11-24T04:0\d:\d\d\.\d{3}Z$/) as string,
      entitlements: [
        {
          offer: 'priority-home-loan',
          version: 1,
          kind: 'priority-lending',
          terms: { product: 'home-loan', decisionWithinWorkingDays: 2 },
          since: '2026-11-23T04:00:00.000Z',
          until: '2027-02-21T16:00:00.000Z',
        },
      ],
    });
  });

  test('none for who meets no conditions', async () => {
    expect((await ask('/api/customers/c2/entitlements')).json()).toMatchObject({ customer: 'c2', entitlements: [] });
  });

  test('none in credit care, though no evaluation has seen it yet', async () => {
    expect((await ask('/api/customers/c3/entitlements')).json()).toMatchObject({ entitlements: [] });
    const { rows } = await database.owner.query(
      `select 1 from entitlements where customer_ref = 'c3' and ended_at is null and suspended_at is null`,
    );
    expect(rows).toHaveLength(1);
  });

  test('nothing personal is in the answer: no name, address, tier, tenure or balance', async () => {
    const { body } = await ask('/api/customers/c1/entitlements');
    expect(body).not.toMatch(/Zhang|@|affluent|tier|2020|tenure|balance/i);
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['customer', 'at', 'entitlements']);
  });

  test.each(['c99', 'c4'])('of somebody who is not there or is erased: %s', async (ref) => {
    const { statusCode, body } = await ask(`/api/customers/${ref}/entitlements`);
    expect([statusCode, JSON.parse(body)]).toEqual([404, { error: 'There is no customer of that reference.' }]);
  });

  test('of what is no reference: refused, and not repeated', async () => {
    for (const ref of ['Zhang%20Wei', 'zhang@bank.example', `c${'1'.repeat(40)}`]) {
      const { statusCode, body } = await ask(`/api/customers/${ref}/entitlements`);
      expect([statusCode, JSON.parse(body)]).toEqual([400, sentence('reference begins with "c"')]);
      expect(body).not.toMatch(/zhang|111/i);
    }
  });
});

test('the offers that are granted today, with their conditions', async () => {
  const { statusCode, body } = await ask('/api/offers');
  expect(statusCode).toBe(200);
  expect(JSON.parse(body)).toMatchObject({
    offers: [
      {
        offer: 'loyal-loan-rate',
        kind: 'preferential-rate',
        name: { 'zh-CN': '忠诚客户个人贷款优惠利率' },
        terms: { product: 'personal-loan', basisPointsOff: 20 },
        conditions: { tenureMonths: 12, retainedOutcomes: { atLeast: 1, withinMonths: 24 } },
        validForDays: 180,
        from: null,
        until: null,
      },
      { offer: 'priority-home-loan', conditions: { tiers: { atLeastRank: 1 }, tenureMonths: 24 } },
      { offer: 'private-safe-deposit', conditions: { tiers: { named: ['private'] } }, until: '2027-12-31' },
    ],
  });
  expect(body).not.toContain('anna');
});

describe('who may ask', () => {
  const urls = ['/api/customers/c1/entitlements', '/api/customers/c99/entitlements', '/api/offers'];

  test('a system with a token that is configured, and no other', async () => {
    expect((await ask('/api/offers', bearer(cards.token))).statusCode).toBe(200);
    expect((await ask('/api/offers', { authorization: `bearer ${cards.token}` })).statusCode).toBe(200);
    for (const url of urls)
      for (const wrong of [createApiToken('lending').token, lending.entry, lending.token.slice(0, -1), 'x']) {
        const { statusCode, headers, body } = await ask(url, bearer(wrong));
        expect([statusCode, JSON.parse(body)]).toEqual([401, sentence('not known here')]);
        expect(headers['www-authenticate']).toBe('Bearer realm="keepwell", error="invalid_token"');
        expect(headers['cache-control']).toBe('no-store');
      }
  });

  test.each([{}, { authorization: '' }, { authorization: 'Basic bGVuZGluZzp4' }, { authorization: 'Bearer' }])(
    'nobody without one: %j',
    async (headers: Record<string, string>) => {
      const answer = await ask('/api/customers/c1/entitlements', headers);
      expect([answer.statusCode, answer.json()]).toEqual([401, sentence('Authorization: Bearer TOKEN')]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="keepwell"');
    },
  );

  test('nobody at all where none is configured, and the answer says how to set one', async () => {
    const { statusCode, body } = await ask('/api/offers', bearer(lending.token), open);
    expect([statusCode, JSON.parse(body)]).toEqual([503, sentence('keepwell api token create NAME')]);
    expect(body).toContain('KEEPWELL_API_TOKENS');
  });

  test('as often as they like: a token is not counted as a visitor is', async () => {
    for (let i = 0; i <= REQUESTS_PER_MINUTE; i += 1) expect((await ask('/api/offers')).statusCode).toBe(200);
  });

  test('the log says which system asked, and neither its token nor about whom', async () => {
    log.length = 0;
    await ask('/api/customers/c1/entitlements', bearer(cards.token));
    await ask('/api/customers/c1/entitlements', bearer('kw_wrong'));
    const written = log.join('');
    expect(written).toContain('"caller":"cards"');
    expect(written).toContain('"route":"/api/customers/:ref/entitlements"');
    expect(written).not.toMatch(/kw_|\/c1\//);
  });
});

test('what is no question of the API is answered in JSON too', async () => {
  const nowhere = await ask('/api/customers');
  expect([nowhere.statusCode, nowhere.json()]).toEqual([404, sentence('docs/api.md')]);
  const written = await app.inject({ method: 'POST', url: '/api/offers', headers: bearer(lending.token), payload: {} });
  expect([written.statusCode, written.json()]).toEqual([404, sentence('docs/api.md')]);
});

test('while Postgres is away the answer says so, and when to ask again', async () => {
  const away = await freshDatabase();
  const { app: lost } = away;
  const apart = await buildWeb({
    database: lost,
    client: new TemporalDouble().client as unknown as Client,
    surroundings: {
      linkSecret: SECRET,
      payloadKeys: KEYS,
      temporalNamespace: 'default',
      temporalUiUrl: null,
      mailboxUrl: null,
      webUrl: 'http://127.0.0.1:8080',
    },
    log: pino({ level: 'silent' }),
    apiTokens: readApiTokens({ KEEPWELL_API_TOKENS: lending.entry }),
  });
  const empty = await ask('/api/offers', bearer(lending.token), apart);
  expect([empty.statusCode, empty.json()]).toEqual([503, sentence('No bank is loaded yet')]);
  jest.spyOn(lost, 'query').mockRejectedValue(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  const gone = await ask('/api/offers', bearer(lending.token), apart);
  expect([gone.statusCode, gone.json()]).toEqual([503, sentence('ask again')]);
  expect(gone.headers['retry-after']).toBe('30');
  await apart.close();
  for (const { pool } of [away.app, away.owner]) pool.removeAllListeners('error').on('error', () => undefined);
  await away.drop();
});

describe('tokens', () => {
  test('are known by their digest alone, and are never the same', () => {
    expect(lending.token).toMatch(/^kw_[\w-]{43}$/);
    expect(lending.entry).toMatch(/^lending:[0-9a-f]{64}$/);
    expect(createApiToken('lending').token).not.toBe(lending.token);
    const tokens = readApiTokens({ KEEPWELL_API_TOKENS: `${lending.entry},${cards.entry}` });
    expect(apiTokenHolder(tokens, lending.token)).toBe('lending');
    expect(apiTokenHolder(tokens, cards.token)).toBe('cards');
    expect(apiTokenHolder(tokens, lending.entry)).toBeNull();
    expect(readApiTokens({})).toEqual([]);
  });

  test.each([
    ['lending', 'lending'],
    ['a name that is there twice', `${lending.entry},${lending.entry}`],
    ['a token instead of its digest', `lending:${lending.token}`],
    ['an empty entry', `${lending.entry},`],
  ])('an environment that is malformed stops the start, and is not repeated: %s', (_, entries) => {
    expect(() => readApiTokens({ KEEPWELL_API_TOKENS: entries })).toThrow(/^KEEPWELL_API_TOKENS is not usable/);
    expect(() => readApiTokens({ KEEPWELL_API_TOKENS: entries })).not.toThrow(lending.token);
  });

  test.each(['', 'Lending', 'x', 'a:b', 'a'.repeat(41)])('%j names no system', (name) => {
    expect(() => createApiToken(name)).toThrow(/in lower case with dashes/);
  });
});
