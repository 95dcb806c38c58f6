import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant } from '../../domain/types.js';
import { receiveGatewayEvent } from '../../store/gateway-events.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

/** A dozen processes of some seconds each. */
jest.setTimeout(180_000);

const AT = instant(Date.UTC(2026, 0, 12, 2));
let database: TestDatabase;
let home: string;
beforeAll(async () => {
  database = await freshDatabase();
  home = await mkdtemp(join(tmpdir(), 'keepwell-channel-'));
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-11');
  await addCustomer(database, { ref: 'canna' });
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

const channel = (...args: string[]): Promise<Ended> =>
  runKeepwell({ url: database.url, home }, ['customer', 'channel', ...args]);
const addresses = async (): Promise<unknown[]> =>
  (await database.owner.query('select channel, address, refused_at from contact_addresses order by 1')).rows;

test('an address is set, shown masked, preferred and taken away again', async () => {
  const none = await channel('canna');
  expect(none.out).toMatch(/prefers +nothing was said/);
  expect(none.out).toMatch(/email +canna…mple .* yes +no\n|email .*yes/);
  expect(none.out).toContain('has answered nothing by SMS or instant message');

  const set = await channel('canna', '--sms', '+86 138-0013 8000', '--im', 'wechat:o6bmjrPTlm6', '--prefer', 'sms');
  expect([set.code, set.err]).toEqual([0, '']);
  expect(set.out).toMatch(/prefers +sms/);
  expect(set.out).toMatch(/sms +\+86…000 /);
  expect(set.out).not.toMatch(/13800138000|0013|o6bmjr/);
  expect(await addresses()).toEqual([
    { channel: 'im', address: 'wechat:o6bmjrPTlm6', refused_at: null },
    { channel: 'sms', address: '+8613800138000', refused_at: null },
  ]);

  // the same number again is as dead as it was; another one is not
  await database.owner.query('update contact_addresses set refused_at = now()');
  expect((await channel('canna', '--sms', '+8613800138000')).out).toMatch(/sms +\+86…000 .*no, dead since/);
  await channel('canna', '--sms', '+8613900139000');
  expect(await addresses()).toContainEqual({ channel: 'sms', address: '+8613900139000', refused_at: null });

  const removed = JSON.parse((await channel('canna', '--remove', 'sms', '--json')).out) as object;
  expect(removed).toMatchObject({
    customerRef: 'canna',
    preferred: null,
    channels: [{ channel: 'email' }, { channel: 'im' }],
  });
});

test('what can not be is told with what to write instead, and changes nothing', async () => {
  const before = await addresses();
  const wrong = await channel('canna', '--sms', '138 0013 8000');
  expect([wrong.code, wrong.err]).toEqual([
    2,
    'keepwell: --sms wants a number with "+" and the country, for instance +8613800138000.\n',
  ]);
  expect((await channel('canna', '--im', 'two words')).err).toContain('without blanks');
  expect((await channel('canna', '--im', 'x', '--remove', 'im')).err).toContain('contradict each other');
  expect((await channel('canna', '--remove', 'sms')).err).toContain(
    'canna has no address for sms; nothing was changed',
  );
  // a number that is good, with a preference that is not: neither is kept
  const half = await channel('canna', '--im', 'another', '--prefer', 'sms');
  expect([half.code, half.err]).toEqual([1, expect.stringContaining('add it with --sms') as string]);
  expect((await channel('cnobody', '--sms', '+8613800138000')).err).toContain('there is no customer "cnobody"');
  expect(await addresses()).toEqual(before);
});

test('what the customer answered is shown with its words', async () => {
  await receiveGatewayEvent(
    database.app,
    {
      channel: 'im',
      eventId: 'e1',
      digest: 'd',
      kind: 'reply',
      from: 'wechat:o6bmjrPTlm6',
      text: 'Please call me on Monday.',
      messageId: null,
      textId: '00000000-0000-8000-8000-000000000001',
    },
    AT,
  );
  expect((await channel('canna')).out).toMatch(/2026-01-12 10:00 +im +no +Please call me on Monday\./);
});
