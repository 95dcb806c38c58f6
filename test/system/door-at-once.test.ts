import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { CLAIM_LEASE_MS } from '../../activities/mail.js';
import type { CampaignRef } from '../../domain/types.js';
import { passDoor } from '../../store/door-locks.js';
import { pauseCampaign } from '../../store/pauses.js';
import { stopOutbound } from '../../store/outbound-stops.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { startMailServer, type MailServer } from '../setup/mail-server.js';
import { smallBank } from '../setup/small-bank.js';
import { DOOR_AT } from './door-client.js';

jest.setTimeout(180_000);
const CAMPAIGNS = ['keep-your-tier', 'credit-care'];
/** At most so many messages in seven days; the policy of door-client.ts says so. */
const CAP = 2;

let database: TestDatabase;
let mail: MailServer;
const children: ChildProcess[] = [];
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, { origin: DOOR_AT, anchor: DOOR_AT, rate: 1 }, '2026-01-12');
  mail = await startMailServer();
});
afterEach(async () => {
  children.splice(0).forEach((child) => child.kill('SIGKILL'));
  await mail.close();
  await database.drop();
});

async function customers(count: number): Promise<void> {
  await database.owner.query(
    `insert into customers (customer_ref, source, source_id, name, email, language, zone, branch_ref, customer_since)
     select 'c' || n, 'test', 'c' || n, 'Zhang Wei', 'c' || n || '@customers.example', 'en', 'Asia/Shanghai', 'b1', '2025-01-01'
       from generate_series(0, $1::int - 1) n`,
    [count],
  );
  await database.owner.query(
    `insert into consents select customer_ref, 'email', 'promotional', true, now(), 'test' from customers`,
  );
}

type Became = Record<string, number>;

/** Processes that send for one campaign each, all at once; resolves when they have done. */
async function sendAtOnce(
  campaigns: readonly string[],
  load: { messageClass: string; customers: number; each: number },
  environment: Record<string, string> = {},
): Promise<{ done: Promise<Became[]> }> {
  const started = campaigns.map((campaign) => {
    const args = [campaign, load.messageClass, String(load.customers), String(load.each)];
    const env = { ...process.env, DOOR_DATABASE: database.url, DOOR_SMTP: mail.url, ...environment };
    return fork(join(__dirname, 'door-client.ts'), args, { execArgv: ['--import', 'tsx'], env });
  });
  children.push(...started);
  await Promise.all(started.map((child) => once(child, 'message')));
  const done = Promise.all(started.map(answer));
  started.forEach((child) => child.send('go'));
  return { done };
}

function answer(child: ChildProcess): Promise<Became> {
  return new Promise((resolve, reject) => {
    child.once('message', (became) => resolve(became as Became));
    child.once('exit', (code) => reject(new Error(`a process ended with ${code} before it had sent everything`)));
  });
}

/** Letters that each customer found in the mailbox. */
function counted(): Map<string, number> {
  const letters = new Map<string, number>();
  for (const { to } of mail.received) letters.set(to, (letters.get(to) ?? 0) + 1);
  return letters;
}

test('two campaigns in two processes, 500 shared customers, a cap of two in seven days: nobody is over it', async () => {
  await customers(500);
  const { done } = await sendAtOnce(CAMPAIGNS, { messageClass: 'promotional', customers: 500, each: 3 });
  const became = await done;
  const letters = counted();
  expect(letters.size).toBe(500);
  expect([...letters.values()].filter((count) => count !== CAP)).toEqual([]);
  const sum = (what: string): number => became.reduce((total, one) => total + (one[what] ?? 0), 0);
  expect([sum('sent'), sum('held cap-reached')]).toEqual([1000, 2000]);
  // every hold is a row with its reason and its end, and a decision
  const { rows } = await database.owner.query(
    `select reason, count(*)::int as messages, min(held_until) = max(held_until) as same,
            (select count(*)::int from decisions where verdict = 'held' and reasons = '["cap-reached"]') as decisions
       from outreach where state = 'held' group by reason`,
  );
  expect(rows).toEqual([{ reason: 'cap-reached', messages: 2000, same: true, decisions: 2000 }]);
});

test('without the lock on the customer the same load goes over the cap', async () => {
  await customers(200);
  const { done } = await sendAtOnce(
    CAMPAIGNS,
    { messageClass: 'promotional', customers: 200, each: 3 },
    { DOOR_WITHOUT_LOCK: '1' },
  );
  await done;
  expect([...counted().values()].filter((count) => count > CAP).length).toBeGreaterThan(0);
});

/** Waits until the mailbox has so many letters. */
async function received(count: number): Promise<void> {
  while (mail.received.length < count) await new Promise((look) => setImmediate(look));
}

test('the kill switch with a thousand sends queued: nothing is accepted later than a lease after it', async () => {
  await customers(1000);
  const { done } = await sendAtOnce(['keep-your-tier'], { messageClass: 'service', customers: 1000, each: 1 });
  await received(100);
  await stopOutbound(database.app, { at: DOOR_AT, by: 'mei', reason: 'wrong names in letters' });
  const stopped = Date.now();
  const [became] = await done;
  const sent = became?.['sent'] ?? 0;
  expect(mail.received).toHaveLength(sent);
  expect(sent).toBeLessThan(1000);
  expect(became).toEqual({ sent, 'held outbound-stopped': 1000 - sent });
  const late = mail.received.filter(({ acceptedAt }) => acceptedAt > stopped + CLAIM_LEASE_MS);
  expect(late).toEqual([]);
  const after = mail.received.filter(({ acceptedAt }) => acceptedAt > stopped);
  console.info(`${sent} of 1,000 were sent, ${after.length} of them after the stop, all within a lease`);
});

test('a paused campaign lets nothing out from its commit on, and the other campaign goes on', async () => {
  await customers(400);
  const { done } = await sendAtOnce(CAMPAIGNS, { messageClass: 'service', customers: 400, each: 1 });
  await received(50);
  await pauseCampaign(database.app, {
    campaignRef: CAMPAIGNS[0] as CampaignRef,
    at: DOOR_AT,
    by: 'mei',
    reason: 'a look',
  });
  const [paused, other] = await done;
  const sent = paused?.['sent'] ?? 0;
  expect(paused).toEqual({ sent, 'held campaign-paused': 400 - sent });
  expect(sent).toBeLessThan(400);
  expect(other).toEqual({ sent: 400 });
});

test.each([
  [
    'a pause',
    () =>
      pauseCampaign(database.app, {
        campaignRef: CAMPAIGNS[0] as CampaignRef,
        at: DOOR_AT,
        by: 'mei',
        reason: 'a look',
      }),
  ],
  ['the kill switch', () => stopOutbound(database.app, { at: DOOR_AT, by: 'mei', reason: 'a look' })],
] as const)('%s waits for a claim that is under way, and none begins beside it', async (_what, close) => {
  let closed = false;
  let closing: Promise<void> = Promise.resolve();
  await database.app.transaction(async (sql) => {
    await passDoor(sql, CAMPAIGNS[0] as CampaignRef);
    closing = close().then(() => void (closed = true));
    await lockedOut();
    expect(closed).toBe(false);
  });
  await closing;
});

/** Returns when somebody waits for an advisory lock. */
async function lockedOut(): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`,
    );
    if (rows.length > 0) return;
  }
  throw new Error('nobody waits: the door was closed under the hands of a claim');
}
