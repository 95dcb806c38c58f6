import { GATEWAY_EVENT_LIMIT_BYTES } from '../../client/web/gateway-events.js';
import { instant, type CustomerRef } from '../../domain/types.js';
import { listReplies } from '../../store/gateway-events.js';
import { signedEvent } from '../setup/gateway-server.js';
import { away, NOW, rowCounts, startWeb, type WebTest } from './web-setup.js';

const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const ENV = { KEEPWELL_GATEWAY_SMS_URL: 'http://127.0.0.1:1/messages', KEEPWELL_GATEWAY_SMS_SECRET: SECRET };
const NUMBER = '+420601234567';
const STRANGER = '+420777000111';
const AT = new Date(NOW);

let web: WebTest;
beforeAll(async () => {
  Object.assign(process.env, ENV);
  web = await startWeb();
});
afterAll(async () => {
  for (const name of Object.keys(ENV)) delete process.env[name];
  await web.close();
});
beforeEach(async () => {
  await web.db.owner.query('truncate gateway_events cascade');
  await web.reset();
  await web.db.owner.query(`insert into contact_addresses values ('c1', 'sms', $1, $2)`, [
    NUMBER,
    new Date(NOW - 86_400_000),
  ]);
  await web.db.owner.query(
    `insert into outreach (outreach_key, customer_ref, journey_id, template, message_class, message_id, state, channel, claimed_at)
     values ('j:offer', 'c1', $1, 'suitable-offer', 'promotional', 'm1@bank.example', 'sent', 'sms', $2)`,
    [web.journeyId, AT],
  );
  await web.db.owner.query(`insert into consents values ('c1', 'sms', 'promotional', true, $1, 'import')`, [
    new Date(NOW - 86_400_000),
  ]);
  web.log.length = 0;
});

let sent = 0;
interface Sending {
  id?: string;
  secret?: string;
  at?: number;
  channel?: string;
  payload?: string;
}
/** Sends an event as the gateway signs it. */
function send(said: object, { id = `evt_${++sent}`, secret = SECRET, at, channel = 'sms', payload }: Sending = {}) {
  const signed = signedEvent(secret, said, { id, ...(at === undefined ? {} : { at }) });
  const body = payload === undefined ? signed : { ...signed, payload };
  return web.app.inject({ method: 'POST', url: `/gateways/${channel}/events`, ...body });
}
const reply = (text: string, more: object = {}) => ({ event: 'reply', from: NUMBER, text, ...more });

const rows = async (sql: string): Promise<unknown[]> => (await web.db.owner.query(sql)).rows;
/** Connections that wait for a lock of another one. */
const WAITING = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
const consent = async (ref = 'c1') =>
  rows(
    `select channel, granted, source from consents where customer_ref = '${ref}' and purpose = 'promotional' order by 1`,
  );
const outreach = () =>
  rows(`select state, reason, delivered_at is not null as delivered, bounced_at is not null as bounced from outreach`);
const addresses = () => rows('select refused_at is not null as dead from contact_addresses');

describe('a receipt', () => {
  test('says that a message is delivered; the message stays sent', async () => {
    const answer = await send({ event: 'delivered', messageId: 'm1@bank.example' }, { id: 'e1' });
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { eventId: 'e1', event: 'delivered', outcome: 'recorded' },
    ]);
    expect(await outreach()).toEqual([{ state: 'sent', reason: null, delivered: true, bounced: false }]);
    expect(web.temporal.calls).toEqual([]);
  });

  test('of a bounce makes the address dead and the message refused, with a decision that says why', async () => {
    expect((await send({ event: 'bounced', messageId: 'm1@bank.example' })).statusCode).toBe(200);
    expect(await outreach()).toEqual([{ state: 'refused', reason: 'bounced', delivered: false, bounced: true }]);
    expect(await addresses()).toEqual([{ dead: true }]);
    expect(await rows(`select decision_key, verdict, reasons, saw ->> 'template' as template from decisions`)).toEqual([
      { decision_key: 'j:offer:bounced', verdict: 'bounced', reasons: ['address-refused'], template: 'suitable-offer' },
    ]);
  });

  test('of a bounce that comes twice under two ids is one bounce', async () => {
    for (const id of ['b1', 'b2'])
      expect((await send({ event: 'bounced', messageId: 'm1@bank.example' }, { id })).statusCode).toBe(200);
    expect(await rows('select 1 from decisions')).toHaveLength(1);
  });

  test('of a bounce of before the customer gave another number says nothing against that', async () => {
    await web.db.owner.query('update contact_addresses set added_at = $1', [new Date(NOW + 1)]);
    await send({ event: 'bounced', messageId: 'm1@bank.example' });
    expect(await addresses()).toEqual([{ dead: false }]);
  });

  test('of a message that nobody knows, or of another channel, is taken and changes nothing', async () => {
    const answer = await send({ event: 'bounced', messageId: 'other@bank.example' });
    expect([answer.statusCode, answer.json<{ outcome: string }>().outcome]).toEqual([200, 'unknown']);
    await web.db.owner.query(`update outreach set channel = 'email'`);
    expect((await send({ event: 'bounced', messageId: 'm1@bank.example' })).json()).toMatchObject({
      outcome: 'unknown',
    });
    expect(await addresses()).toEqual([{ dead: false }]);
  });
});

describe('a reply', () => {
  test('is feedback: the words are kept for a person, with the message and journey that they answer', async () => {
    const answer = await send(reply('Thank you, I will come by on Monday.'));
    expect([answer.statusCode, answer.json<{ outcome: string }>().outcome]).toEqual([200, 'recorded']);
    expect(await listReplies(web.db.app, 'c1' as CustomerRef)).toEqual([
      {
        channel: 'sms',
        receivedAt: expect.any(Number) as number,
        optOut: false,
        journeyId: web.journeyId,
        text: 'Thank you, I will come by on Monday.',
      },
    ]);
    expect(await rows('select outreach_key from inbound_messages')).toEqual([{ outreach_key: 'j:offer' }]);
    expect(await consent()).toContainEqual({ channel: 'sms', granted: true, source: 'import' });
    expect(web.temporal.calls).toEqual([]);
  });

  test.each(['STOP', 'stop.', '退订', 'TD', 'unsubscribe'])(
    'of "%s" withdraws the consent for this channel alone, and the open journey is told',
    async (words) => {
      const answer = await send(reply(words));
      expect([answer.statusCode, answer.json<{ outcome: string }>().outcome]).toEqual([200, 'opt-out']);
      expect(await consent()).toEqual([
        { channel: 'email', granted: true, source: 'import' },
        { channel: 'sms', granted: false, source: 'gateway:sms' },
      ]);
      expect(web.temporal.calls).toEqual([
        {
          what: 'signal',
          workflowId: `journey:${web.journeyId}`,
          args: [expect.objectContaining({ name: 'optedOut' }) as object],
        },
      ]);
    },
  );

  test('of "stop" from a number of two customers holds for both, and the words are those of one', async () => {
    await web.db.owner.query(`insert into contact_addresses values ('c2', 'sms', $1, $2)`, [NUMBER, AT]);
    await send(reply('STOP'));
    expect(await consent('c2')).toContainEqual({ channel: 'sms', granted: false, source: 'gateway:sms' });
    expect(await rows('select customer_ref, text_id is not null as words from inbound_messages order by 1')).toEqual([
      { customer_ref: 'c1', words: true },
      { customer_ref: 'c2', words: false },
    ]);
  });

  test('whose number is written otherwise, or changed since, is known by its message', async () => {
    expect((await send(reply('STOP', { from: '00420 601-234-567' }))).json()).toMatchObject({ outcome: 'opt-out' });
    const changed = await send(reply('hello', { from: STRANGER, messageId: 'm1@bank.example' }));
    expect(changed.json()).toMatchObject({ outcome: 'recorded' });
  });

  test('of an unknown number is taken, and nothing personal is kept of it', async () => {
    const before = await rowCounts(web.db);
    const answer = await send(reply('STOP', { from: STRANGER }), { id: 'e9' });
    expect([answer.statusCode, answer.json()]).toEqual([200, { eventId: 'e9', event: 'reply', outcome: 'unknown' }]);
    expect(await rowCounts(web.db)).toEqual(before);
    const kept = JSON.stringify(await rows('select * from gateway_events'));
    expect(kept).toContain('"outcome":"unknown"');
    expect(kept).not.toMatch(/777000111|STOP/);
    expect(await rows('select 1 from inbound_messages')).toEqual([]);
  });

  test('of an erased customer is not kept either', async () => {
    await web.db.owner.query(`update customers set erased_at = $1 where customer_ref = 'c1'`, [AT]);
    expect((await send(reply('hello', { messageId: 'm1@bank.example' }))).json()).toMatchObject({ outcome: 'unknown' });
    expect(await rows('select 1 from texts')).toEqual([]);
  });
});

describe('the same event', () => {
  test('twice, or ten times at once, is one, with one answer', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => send(reply('hello'), { id: 'same' })));
    expect(all.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(200));
    expect(new Set(all.map(({ body }) => body)).size).toBe(1);
    expect(await rows('select 1 from inbound_messages')).toHaveLength(1);
    expect(await rows('select 1 from texts')).toHaveLength(1);
  });

  test('twice while the customer is held by a message under way is one: the second waits for the first', async () => {
    let both: Promise<{ statusCode: number }[]> = Promise.resolve([]);
    await web.db.app.transaction(async (sql) => {
      await sql.query(`select 1 from customers where customer_ref = 'c1' for update`);
      both = Promise.all([send(reply('hello'), { id: 'same' }), send(reply('hello'), { id: 'same' })]);
      for (let waiting = 0; waiting < 2;) waiting = (await rows(WAITING)).length;
    });
    expect((await both).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect(await rows('select 1 from inbound_messages')).toHaveLength(1);
  });

  test('of an opt-out does not take back a consent that was given since', async () => {
    await send(reply('STOP'), { id: 'same' });
    await web.db.owner.query(`update consents set granted = true where channel = 'sms'`);
    expect((await send(reply('STOP'), { id: 'same' })).json()).toMatchObject({ outcome: 'opt-out' });
    expect(await consent()).toContainEqual(expect.objectContaining({ channel: 'sms', granted: true }));
  });

  test('id for another content is a conflict, and changes nothing', async () => {
    await send(reply('hello'), { id: 'same' });
    const other = await send(reply('STOP'), { id: 'same' });
    expect([other.statusCode, other.json()]).toEqual([
      409,
      { error: expect.stringContaining('another event') as string },
    ]);
    expect(await consent()).toContainEqual({ channel: 'sms', granted: true, source: 'import' });
  });

  test('comes again when the journey could not be told: the opt-out holds from the first time on', async () => {
    web.temporal.failWith = away();
    const first = await send(reply('STOP'), { id: 'same' });
    expect([first.statusCode, first.headers['retry-after']]).toEqual([503, '30']);
    expect(await consent()).toContainEqual({ channel: 'sms', granted: false, source: 'gateway:sms' });
    web.temporal.failWith = null;
    expect((await send(reply('STOP'), { id: 'same' })).statusCode).toBe(200);
    expect(web.temporal.calls.map(({ what }) => what)).toEqual(['signal', 'signal']);
  });
});

test.each<[string, Sending]>([
  ['with another secret', { secret: `whsec_${Buffer.alloc(32, 6).toString('base64')}` }],
  ['six minutes ago', { at: Date.now() - 360_000 }],
  ['over another body', { payload: JSON.stringify(reply('STOP')) }],
])('an event signed %s is refused, and nothing is written', async (_words, sending) => {
  const answer = await send(reply('hello'), sending);
  expect([answer.statusCode, answer.json()]).toEqual([401, { error: expect.stringContaining('signature') as string }]);
  expect(await rows('select 1 from gateway_events')).toEqual([]);
});

test.each<[object, string]>([
  [{ event: 'lost', messageId: 'm' }, 'event is delivered, bounced or reply'],
  [{ event: 'delivered' }, 'messageId is a text'],
  [reply(''), 'text is empty'],
  [reply('x'.repeat(4_001)), 'text has at most 4000 characters'],
  [reply('a\0b'), 'text holds a NUL character'],
  [{ event: 'reply', text: 'x' }, 'from is a text'],
])('an event of %j can’t be read, and says why', async (said, why) => {
  const answer = await send(said);
  expect([answer.statusCode, answer.json()]).toEqual([400, { error: `The event can't be read: ${why}.` }]);
  expect(await rows('select 1 from gateway_events')).toEqual([]);
});

test('what is too large, for a channel without a gateway or for none at all is refused', async () => {
  expect((await send(reply('x'.repeat(GATEWAY_EVENT_LIMIT_BYTES)))).statusCode).toBe(413);
  expect((await send(reply('x'), { channel: 'im' })).statusCode).toBe(404);
  expect((await send(reply('x'), { channel: 'pigeon' })).statusCode).toBe(404);
});

test('a GET changes nothing and is no address', async () => {
  const before = await rowCounts(web.db);
  expect((await web.app.inject({ url: `/gateways/sms/events?event=reply&from=${NUMBER}&text=STOP` })).statusCode).toBe(
    404,
  );
  expect(await rowCounts(web.db)).toEqual(before);
  expect(await rows('select 1 from gateway_events')).toEqual([]);
});

test('the log has neither numbers nor words', async () => {
  await send(reply('Jana here'));
  await send(reply('Jana here', { from: STRANGER }));
  const written = web.log.join('');
  expect(written).toContain('/gateways/:channel/events');
  expect(written).not.toMatch(/Jana|601234567|777000111|v1,/);
});

describe('the page of preferences', () => {
  const post = (fields: Record<string, string>) =>
    web.app.inject({
      method: 'POST',
      url: web.link('preferences'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(fields).toString(),
    });
  const all = { promotional: 'yes', survey: 'yes', 'sms-promotional': 'yes', 'sms-survey': 'yes', preferred: 'none' };
  const preferred = () => rows(`select preferred_channel as channel from customers where customer_ref = 'c1'`);

  test('asks of the channels that reach the customer, and no others', async () => {
    const page = (await web.app.inject({ url: web.link('preferences') })).body;
    expect(page).toContain('Offers by mail');
    expect(page).toContain('Offers by SMS');
    expect(page).not.toContain('instant message');
    expect(page).toMatch(/name="preferred" value="none" checked/);
    const other = (await web.app.inject({ url: web.link('preferences', 'c2') })).body;
    expect(other).toContain('优惠邮件');
    expect(other).not.toMatch(/优惠短信|name="preferred"/);
  });

  test('takes the preferred channel, and takes it back', async () => {
    expect((await post({ ...all, preferred: 'sms' })).statusCode).toBe(200);
    expect(await preferred()).toEqual([{ channel: 'sms' }]);
    // one that reaches nobody is no answer to the question
    await post({ ...all, preferred: 'im' });
    expect(await preferred()).toEqual([{ channel: 'sms' }]);
    await post(all);
    expect(await preferred()).toEqual([{ channel: null }]);
    expect(await consent()).toEqual([
      { channel: 'email', granted: true, source: 'import' },
      { channel: 'sms', granted: true, source: 'import' },
    ]);
  });

  test('a no to one channel leaves the journey to the other; the last no ends it', async () => {
    await post({ ...all, 'sms-promotional': 'no' });
    expect(await consent()).toContainEqual({ channel: 'sms', granted: false, source: 'page:preferences' });
    expect(web.temporal.calls).toEqual([]);
    await post({ ...all, 'sms-promotional': 'no', promotional: 'no' });
    expect(web.temporal.calls).toMatchObject([{ what: 'signal', workflowId: `journey:${web.journeyId}` }]);
  });

  test('a form that was opened before the number was there says nothing of it', async () => {
    await post({ promotional: 'yes', survey: 'no' });
    expect(await consent()).toContainEqual({ channel: 'sms', granted: true, source: 'import' });
    const asked = await post({ ...all, 'sms-promotional': 'perhaps' });
    expect([asked.statusCode, asked.body]).toEqual([422, expect.stringContaining('sms-promotional-problem')]);
  });
});

test('business time is that of the installation', async () => {
  await send(reply('STOP'));
  const [row] = (await rows('select received_at as at from inbound_messages')) as { at: number }[];
  expect(Math.abs((row?.at ?? 0) - instant(NOW))).toBeLessThan(600_000);
});
