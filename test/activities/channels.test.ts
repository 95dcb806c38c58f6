import { httpGatewayDoor, type GatewayDoors } from '../../activities/gateway.js';
import { smtpMailDoor, type MailDoor } from '../../activities/mail.js';
import { renderMessage, SAMPLE } from '../../activities/message-templates.js';
import { sendOutreach, type OutreachDependencies, type OutreachRequest } from '../../activities/outreach.js';
import { NextChannel } from '../../activities/outreach-settlement.js';
import type { ContactPolicy } from '../../domain/contact-policy.js';
import {
  addMillis,
  days,
  instant,
  millis,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type MessageClass,
  type ZoneId,
} from '../../domain/types.js';
import { preferChannel, setAddress } from '../../store/contact-addresses.js';
import { setConsent } from '../../store/consents.js';
import { verifyDecisions } from '../../store/decisions.js';
import { receiveGatewayEvent } from '../../store/gateway-events.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startGateway, type GatewayServer } from '../setup/gateway-server.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

/** Monday, ten in the morning in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const LATER = addMillis(AT, millis(60_000));
const SECRET = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const NUMBER = '+8613800138000';
const KEY = 'journey:j1:offer';

let database: TestDatabase;
let server: MailServer;
let sms: GatewayServer;
let anna: CustomerRef;
beforeAll(async () => void (server = await startMailServer()));
afterAll(() => server.close());
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-12');
  server.received.length = 0;
  sms = await startGateway(SECRET);
  anna = await addCustomer(database, { ref: 'canna' });
  await database.app.transaction((sql) => setAddress(sql, anna, 'sms', NUMBER, AT));
});
afterEach(async () => {
  expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  await sms.close();
  await database.drop();
});

const gateways = (): GatewayDoors => ({ sms: httpGatewayDoor({ url: sms.url, secrets: [SECRET] }) });
const deps = (more: Partial<OutreachDependencies> = {}): OutreachDependencies => ({
  database: database.app,
  bank: { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } },
  mail: smtpMailDoor(server.url, 'Test Bank <service@bank.example>'),
  gateways: gateways(),
  mailDomain: 'bank.example',
  ...more,
});
const policy = (more: Partial<ContactPolicy> = {}): ContactPolicy => ({
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  hours: { from: '00:00', to: '24:00' },
  channels: ['sms', 'email'],
  ...more,
});
const message = (messageClass: MessageClass, more: Partial<OutreachRequest> = {}): OutreachRequest => ({
  key: KEY,
  customerRef: anna,
  journeyId: null,
  complaintRef: null,
  template: 'suitable-offer',
  messageClass,
  purpose: 'other',
  campaign: { campaignRef: 'keep-your-tier' as CampaignRef, policy: policy() },
  at: AT,
  compose: async ({ language }) => {
    const { digest: _, ...data } = SAMPLE;
    return { ...renderMessage({ template: 'suitable-offer', language, data }), headers: {} };
  },
  ...more,
});
const agree = (channel: 'email' | 'sms', granted = true, at: Instant = AT): Promise<boolean> =>
  database.app.transaction((sql) =>
    setConsent(sql, { customerRef: anna, channel, purpose: 'promotional', granted, at, source: 'page:preferences' }),
  );

async function row(key = KEY) {
  const { rows } = await database.owner.query<{ state: string; channel: string; attempts: number; reason: string }>(
    'select state, channel, attempts, reason from outreach where outreach_key = $1',
    [key],
  );
  return rows[0];
}
async function decisions() {
  const { rows } = await database.owner.query<{ told: string; channel: string; passed: unknown }>(
    `select decision_key || ' ' || verdict || ' ' || reasons as told, saw ->> 'channel' as channel,
            saw -> 'choice' -> 'passedOver' as passed from decisions order by sequence`,
  );
  return rows;
}

describe('a message goes', () => {
  test("by the campaign's first channel, in its short text, and no mail beside it", async () => {
    await agree('sms');
    expect(await sendOutreach(deps(), message('promotional'))).toEqual({
      state: 'sent',
      reasons: [],
      unreachable: false,
    });
    expect(sms.sent).toEqual([
      {
        messageId: expect.stringMatching(/^[0-9a-f]{32}@bank\.example$/) as string,
        channel: 'sms',
        to: NUMBER,
        text: expect.stringMatching(/^Sample Bank: Dear Li Na, .*reply STOP/) as string,
        language: 'en',
        class: 'promotional',
      },
    ]);
    expect(server.received).toEqual([]);
    expect(await row()).toMatchObject({ state: 'sent', channel: 'sms', attempts: 1 });
    expect(await decisions()).toEqual([{ told: `${KEY} sent []`, channel: 'sms', passed: [] }]);
  });

  test('by e-mail when nobody agreed to promotions by SMS, and why is kept', async () => {
    expect((await sendOutreach(deps(), message('promotional'))).state).toBe('sent');
    expect([sms.asked, server.received.length, (await row())?.channel]).toEqual([[], 1, 'email']);
    expect(await decisions()).toEqual([
      {
        told: `${KEY} sent []`,
        channel: 'email',
        passed: [{ channel: 'sms', reasons: ['no-promotional-consent'] }],
      },
    ]);
  });

  test('by what the customer prefers, where the campaign uses it', async () => {
    await agree('sms');
    await database.app.transaction((sql) => preferChannel(sql, anna, 'email'));
    await sendOutreach(deps(), message('promotional'));
    expect((await row())?.channel).toBe('email');
    await database.app.transaction((sql) => preferChannel(sql, anna, 'sms'));
    await sendOutreach(deps(), message('promotional', { key: 'journey:j1:two' }));
    expect((await row('journey:j1:two'))?.channel).toBe('sms');
  });

  test('by e-mail where there is no gateway, no short text or no number', async () => {
    await agree('sms');
    const without = deps();
    delete without.gateways;
    await sendOutreach(without, message('promotional'));
    await sendOutreach(deps(), message('promotional', { key: 'k2', template: 'task-digest' }));
    await database.owner.query('delete from contact_addresses');
    await sendOutreach(deps(), message('promotional', { key: 'k3' }));
    expect((await decisions()).map(({ channel, passed }) => [channel, passed])).toEqual([
      ['email', [{ channel: 'sms', reasons: ['no-gateway'] }]],
      ['email', [{ channel: 'sms', reasons: ['no-short-text'] }]],
      ['email', [{ channel: 'sms', reasons: ['no-address'] }]],
    ]);
  });

  test('of an order by e-mail whatever a campaign would do, and else by what the customer prefers', async () => {
    const { campaign: _, ...ordered } = message('service', { template: 'reward-granted' });
    await database.app.transaction((sql) => preferChannel(sql, anna, 'sms'));
    await sendOutreach(deps(), ordered);
    await database.owner.query('update customers set email_refused_at = now()');
    await sendOutreach(deps(), { ...ordered, key: 'k2' });
    expect([(await row())?.channel, (await row('k2'))?.channel]).toEqual(['email', 'sms']);
  });

  test("of the law by e-mail, and by SMS where nobody lives at the customer's address any more", async () => {
    const { campaign: _, ...letter } = message('statutory', { template: 'complaint-acknowledgement' });
    await database.app.transaction((sql) => preferChannel(sql, anna, 'sms'));
    await sendOutreach(deps(), letter);
    await database.owner.query('update customers set email_refused_at = now()');
    await sendOutreach(deps(), { ...letter, key: 'k2' });
    expect([(await row())?.channel, (await row('k2'))?.channel]).toEqual(['email', 'sms']);
    // a letter that is too long for SMS is withheld, and staff see that
    const answer = await sendOutreach(deps(), { ...letter, key: 'k3', template: 'complaint-resolved' });
    expect(answer).toEqual({ state: 'withheld', reasons: ['address-refused', 'no-short-text'], unreachable: false });
  });
});

describe('a channel on which nobody can be reached', () => {
  test('gives its message to the next: it is neither lost nor sent twice, and the number is not written to again', async () => {
    await agree('sms');
    sms.numbers.set(NUMBER, 410);
    const settled = jest.fn(async () => undefined);
    const asked = message('promotional', { onSettled: settled });
    await expect(sendOutreach(deps(), asked)).rejects.toThrow(NextChannel);
    expect(await row()).toMatchObject({ state: 'waiting', channel: 'sms', reason: 'address-refused' });
    expect(settled).not.toHaveBeenCalled();
    const sent = { state: 'sent', reasons: [], unreachable: false };
    expect(await sendOutreach(deps(), { ...asked, at: LATER })).toEqual(sent);
    expect(await sendOutreach(deps(), { ...asked, at: LATER })).toEqual(sent);
    expect([sms.asked.length, sms.sent, server.received.length]).toEqual([1, [], 1]);
    expect(await row()).toMatchObject({ state: 'sent', channel: 'email', attempts: 2 });
    expect(await decisions()).toEqual([
      { told: `${KEY}:refused:sms refused ["HTTP 410"]`, channel: 'sms', passed: [] },
      { told: `${KEY} sent []`, channel: 'email', passed: [{ channel: 'sms', reasons: ['address-refused'] }] },
    ]);
    const { rows } = await database.owner.query('select 1 from contact_addresses where refused_at is not null');
    expect(rows).toHaveLength(1);
    await sendOutreach(deps(), message('promotional', { key: 'journey:j1:next', at: LATER }));
    expect(sms.asked).toHaveLength(1);
  });

  test('e-mail gives its message to SMS as well', async () => {
    await database.owner.query(`update customers set email = 'gone@refused.example'`);
    const byMail = message('service', {
      campaign: { campaignRef: 'keep-your-tier' as CampaignRef, policy: policy({ channels: ['email', 'sms'] }) },
    });
    await expect(sendOutreach(deps(), byMail)).rejects.toThrow(
      'the mail server did not take the message (550 to RCPT TO)',
    );
    expect((await sendOutreach(deps(), { ...byMail, at: LATER })).state).toBe('sent');
    expect([sms.sent.length, (await row())?.channel]).toEqual([1, 'sms']);
  });

  test('leaves the customer out of reach only when it was the last', async () => {
    await database.owner.query(`update customers set email_refused_at = now()`);
    sms.numbers.set(NUMBER, 410);
    const asked = message('service');
    expect(await sendOutreach(deps(), asked)).toEqual({ state: 'refused', reasons: ['HTTP 410'], unreachable: true });
    expect(await sendOutreach(deps(), { ...asked, key: 'k2', at: LATER })).toEqual({
      state: 'withheld',
      reasons: ['address-refused'],
      unreachable: true,
    });
  });

  test('for want of consent on another the customer is not out of reach: a service still finds them', async () => {
    await database.owner.query(`update customers set email_refused_at = now()`);
    const offer = await sendOutreach(deps(), message('promotional'));
    expect(offer).toEqual({
      state: 'withheld',
      reasons: ['address-refused', 'no-promotional-consent'],
      unreachable: false,
    });
    expect((await sendOutreach(deps(), message('service', { key: 'k2' }))).state).toBe('sent');
  });

  test('is not blamed for a text that was refused, and the message ends there', async () => {
    sms.moods.push(422);
    const refused = { state: 'refused', reasons: ['HTTP 422'], unreachable: false };
    expect(await sendOutreach(deps(), message('service'))).toEqual(refused);
    expect(await sendOutreach(deps(), message('service', { at: LATER }))).toEqual(refused);
    expect((await sendOutreach(deps(), message('service', { key: 'k2' }))).state).toBe('sent');
    expect([sms.sent.length, server.received]).toEqual([1, []]);
  });
});

describe('when a gateway leaves it unsure', () => {
  test.each(['promotional', 'service'] as const)('a %s message never goes by another channel', async (asked) => {
    await agree('sms');
    sms.moods.push('drop');
    const unsure = { state: 'unknown', reasons: ['ECONNRESET'], unreachable: false };
    expect(await sendOutreach(deps(), message(asked))).toEqual(unsure);
    // not even when it turns out that nobody is there
    await database.owner.query('update contact_addresses set refused_at = now()');
    expect(await sendOutreach(deps(), message(asked, { at: LATER }))).toEqual(unsure);
    expect([sms.sent.length, sms.asked.length, server.received]).toEqual([1, 1, []]);
  });

  test('a worker that dies after the claim leaves it unsure, whatever the next one could choose', async () => {
    await agree('sms');
    const dying: GatewayDoors = { sms: { deliver: () => Promise.reject(new Error('the worker died')) } };
    await expect(sendOutreach(deps({ gateways: dying }), message('promotional'))).rejects.toThrow('the worker died');
    await database.app.transaction((sql) => preferChannel(sql, anna, 'email'));
    expect((await sendOutreach(deps(), message('promotional', { at: LATER }))).state).toBe('unknown');
    expect([sms.asked, server.received]).toEqual([[], []]);
  });

  test("the law's letter is tried again by the same channel under the same id, and the gateway sends it once", async () => {
    await database.owner.query(`update customers set email_refused_at = now()`);
    const { campaign: _, ...letter } = message('statutory', { template: 'complaint-acknowledgement' });
    sms.moods.push('drop');
    await expect(sendOutreach(deps(), letter)).rejects.toThrow('the sms gateway did not take the message (ECONNRESET)');
    // by now mail would reach the customer again: the letter stays with the gateway that may have it
    await database.owner.query(`update customers set email_refused_at = null`);
    expect((await sendOutreach(deps(), { ...letter, at: LATER })).state).toBe('sent');
    expect([sms.asked.length, sms.sent.length, server.received]).toEqual([2, 1, []]);
  });
});

describe('when a gateway takes nothing just now', () => {
  test.each([429, 500, 503])('after %d the message waits, and goes by the same channel', async (status) => {
    await agree('sms');
    sms.moods.push(status);
    await expect(sendOutreach(deps(), message('promotional'))).rejects.toThrow(
      `the sms gateway did not take the message (HTTP ${status}); it will be tried again`,
    );
    expect(await row()).toMatchObject({ state: 'waiting', channel: 'sms' });
    await database.app.transaction((sql) => preferChannel(sql, anna, 'email'));
    expect((await sendOutreach(deps(), message('promotional', { at: LATER }))).state).toBe('sent');
    expect([sms.sent.length, server.received]).toEqual([1, []]);
  });
});

describe('caps', () => {
  const capped = policy({ caps: [{ most: 2, within: days(7), channel: 'sms' }] });
  const campaign = { campaignRef: 'keep-your-tier' as CampaignRef, policy: capped };

  test('of one channel count that channel alone, over both channels', async () => {
    await agree('sms');
    const send = (key: string, more: Partial<OutreachRequest> = {}) =>
      sendOutreach(deps(), message('promotional', { key, campaign, ...more }));
    const byMail = { campaignRef: campaign.campaignRef, policy: { ...capped, channels: ['email' as const] } };
    for (const key of ['m1', 'm2', 'm3']) expect((await send(key, { campaign: byMail })).state).toBe('sent');
    for (const key of ['s1', 's2']) expect((await send(key)).state).toBe('sent');
    expect(await send('s3')).toEqual({
      state: 'held',
      reasons: ['cap-reached'],
      unreachable: false,
      until: AT + days(7),
      tried: false,
    });
    expect(await row('s3')).toMatchObject({ state: 'held', channel: 'sms' });
    expect((await send('m4', { campaign: byMail })).state).toBe('sent');
    expect([sms.sent.length, server.received.length]).toEqual([2, 4]);
  });
});

describe('a reply of "stop"', () => {
  const stop = (at: Instant) =>
    receiveGatewayEvent(
      database.app,
      {
        channel: 'sms',
        eventId: 'e1',
        digest: 'd',
        kind: 'reply',
        from: NUMBER,
        text: 'STOP',
        messageId: null,
        textId: '00000000-0000-8000-8000-000000000001',
      },
      at,
    );

  test('that commits first is heard: the promotion waits for it, and does not go by SMS', async () => {
    await agree('sms');
    let sending: ReturnType<typeof sendOutreach> | undefined;
    const byGateway = policy({ channels: ['sms'] });
    await database.app.transaction(async (sql) => {
      await setConsent(sql, {
        customerRef: anna,
        channel: 'sms',
        purpose: 'promotional',
        granted: false,
        at: AT,
        source: 'gateway:sms',
      });
      const campaign = { campaignRef: 'keep-your-tier' as CampaignRef, policy: byGateway };
      sending = sendOutreach(deps(), message('promotional', { campaign }));
    });
    expect(await sending).toMatchObject({ state: 'withheld', reasons: ['no-promotional-consent'] });
    expect(sms.asked).toEqual([]);
  });

  test('of twenty races none is lost: what is claimed after it goes by SMS no more, and no later than a lease', async () => {
    for (let race = 0; race < 20; race += 1) {
      await agree('sms');
      await database.owner.query('delete from inbound_messages');
      await database.owner.query('delete from gateway_events');
      const key = `journey:race:${race}`;
      const accepting: MailDoor = { deliver: async () => ({ kind: 'accepted', answer: '250 ok' }) };
      const [stopped] = await Promise.all([
        stop(AT),
        sendOutreach(deps({ mail: accepting }), message('promotional', { key })),
      ]);
      expect(stopped).toMatchObject({ outcome: 'opt-out', toTell: [anna] });
      const after = await sendOutreach(deps({ mail: accepting }), message('promotional', { key: `${key}:after` }));
      expect({ race, state: after.state, channel: (await row(`${key}:after`))?.channel }).toEqual({
        race,
        state: 'sent',
        channel: 'email',
      });
      await database.owner.query('delete from texts');
    }
  });
});
