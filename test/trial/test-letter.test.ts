import { readLink, type LinkPurpose } from '../../config/links.js';
import type { CampaignDefinition } from '../../domain/campaign.js';
import { instant, type CampaignRef, type PlainDate, type ZoneId } from '../../domain/types.js';
import { readCampaignInForce } from '../../store/campaign-launches.js';
import { sendTestLetter, smtpOf, TestRefused, type TestLetterRequest } from '../../trial/test-letter.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

let database: TestDatabase;
let server: MailServer;
let definition: CampaignDefinition;
beforeEach(async () => {
  database = await freshDatabase();
  server = await startMailServer();
  await smallBank(database, BANK.clock, DAY);
  const inForce = await readCampaignInForce(database.app, 'keep-your-tier' as CampaignRef);
  if (!inForce) throw new Error('the campaign is not in force');
  ({ definition } = inForce);
});
afterEach(async () => {
  await server.close();
  await database.drop();
});

const send = (asked: Partial<TestLetterRequest>) =>
  sendTestLetter(
    {
      database: database.app,
      bank: BANK,
      webUrl: 'https://bank.example',
      ...smtpOf(server.url, 'Bank <b@bank.example>'),
    },
    {
      definition,
      step: 'outreach',
      to: 'me@bank.example',
      customerRef: null,
      language: null,
      asOf: DAY,
      at: AT,
      ...asked,
    },
  );
async function rowsOf(table: string): Promise<number> {
  const { rows } = await database.owner.query<{ n: number }>(`select count(*)::int as n from ${table}`);
  return rows[0]?.n ?? 0;
}

test.each(['outreach', 'offer', 'survey', 'reminder-1', 'reward'])(
  '%s of a made-up customer comes marked',
  async (step) => {
    const { delivery, subject } = await send({ step, language: 'zh-CN' });
    expect(delivery.kind).toBe('accepted');
    expect(server.received).toMatchObject([{ to: 'me@bank.example', subject }]);
    expect(subject).toMatch(/^\[Test\] .*\p{Script=Han}/u);
    expect(server.received[0]?.text).toContain('Test Bank');
  },
);

test("with a customer's data it reads as it would to them, in their language or the one that is asked for", async () => {
  const customerRef = await addCustomer(database, { ref: 'c1' });
  await send({ customerRef });
  await send({ customerRef, language: 'zh-CN' });
  const [own, chinese] = server.received;
  expect(own?.text).toContain('Zhang Wei');
  expect(own?.subject).not.toMatch(/\p{Script=Han}/u);
  expect(chinese?.subject).toMatch(/\p{Script=Han}/u);
});

test('it is recorded nowhere, and nothing of what was done to write it stays', async () => {
  const customerRef = await addCustomer(database, { ref: 'c1' });
  await send({ customerRef, step: 'survey' });
  for (const table of ['outreach', 'journeys', 'decisions', 'surveys', 'tasks']) expect(await rowsOf(table)).toBe(0);
  expect(await rowsOf('campaign_versions')).toBe(2);
});

test('its links lead nowhere: a click unsubscribes nobody', async () => {
  const customerRef = await addCustomer(database, { ref: 'c1' });
  for (const asked of [{ customerRef }, {}]) {
    await send({ ...asked, step: 'offer' });
    const mail = server.received.at(-1);
    expect(mail?.headers['list-unsubscribe']).toMatch(/^<https:\/\/bank\.example\/unsubscribe\//);
    const links = [
      ...`${mail?.text} ${mail?.headers['list-unsubscribe']}`.matchAll(/https:\/\/bank\.example\/([a-z]+)\/([\w-]+)/g),
    ];
    expect(links.length).toBeGreaterThan(1);
    for (const [, purpose, token] of links)
      expect(readLink(Buffer.alloc(32, 1).toString('base64'), purpose as LinkPurpose, token ?? '', AT).ok).toBe(false);
  }
});

test.each(['c1@customers.example', ' C1@Customers.Example '])(
  "an address that is a customer's gets no test: %j",
  async (to) => {
    await addCustomer(database, { ref: 'c1' });
    await expect(send({ to })).rejects.toThrow(TestRefused);
    await expect(send({ to })).rejects.toThrow(/this address is a customer's/);
    expect(server.received).toEqual([]);
  },
);

test('while the kill switch is thrown not even a test leaves the bank', async () => {
  await database.owner.query(
    `insert into outbound_stops (stopped_at, stopped_by, reason) values ('2026-01-12Z', 'anna', 'a test')`,
  );
  await expect(send({})).rejects.toThrow(/the kill switch is thrown/);
  expect(server.received).toEqual([]);
});

test('what is no message is told with those that are', async () => {
  await expect(send({ step: 'outreech' })).rejects.toThrow(
    'there is no message "outreech" in keep-your-tier; messages are outreach, offer, survey, reminder-1, reminder-2, reward.',
  );
  const call = { step: 'ring', kind: 'call', wait: 0, dueWorkingDays: 3, waitFor: 0 } as never;
  await expect(
    send({ definition: { ...definition, steps: [call, ...definition.steps] }, step: 'ring' }),
  ).rejects.toThrow(/"ring" is a task for the manager, nothing is sent there/);
});
