import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { Stage } from '../../demo/stage.js';
import { days, type CampaignRef, type CustomerRef, type JourneyId } from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { one } from '../../store/database.js';
import { customerAccount, ledgerBalance, reservedAccount } from '../../store/ledger.js';
import { budgetLeft } from '../../store/rewards.js';
import { goalMet, journeyStart, TASK_QUEUE, WORKFLOWS, type RoundInput } from '../../workflows/contract.js';

/** The worker is a real process, and dies by kill -9. */
jest.setTimeout(180_000);
const WITHIN_MS = 60_000;
const LOOK_MS = 25;
const CAMPAIGN = 'keep-your-tier' as CampaignRef;
/** Whoever commits a grant waits for this lock, as long as somebody holds it. */
const GRANT_LOCK = 4_242;

let stage: Stage;
beforeAll(async () => {
  const home = join(await mkdtemp(join(tmpdir(), 'keepwell-kills-')), 'home');
  stage = await Stage.open({ customers: 60, seed: 4 }, () => undefined, home);
  await stage.owner.query(`
    create function hold_grant() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock_shared(${GRANT_LOCK}); return null; end $$`);
  await stage.owner.query(`
    create constraint trigger hold_grant after insert on postings deferrable initially deferred
      for each row when (new.kind = 'grant') execute function hold_grant()`);
  await stage.begin();
});
afterAll(() => stage.close());

/** Looks until it is so; how long that takes decides nothing. */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const began = Date.now(); !(await look()); await new Promise((done) => setTimeout(done, LOOK_MS)))
    if (Date.now() - began > WITHIN_MS) throw new Error(`${what}: not within ${WITHIN_MS / 1000} s`);
}

interface Begun {
  journeyId: JourneyId;
  customerRef: CustomerRef;
  workflowId: string;
}

/** A journey of the next customer who has none, with its reward reserved. */
async function begin(): Promise<Begun> {
  const { rows } = await stage.owner.query<{ ref: CustomerRef }>(
    `select customer_ref as ref from tier_history join tiers using (tier_ref) join customers c using (customer_ref)
      where rank > 0 and not exists (select 1 from journeys j where j.customer_ref = c.customer_ref) order by 1 limit 1`,
  );
  const { ref: customerRef } = one(rows, 'a customer with a tier to keep');
  const campaign = one([await readCampaignVersion(stage.app, CAMPAIGN)], 'the campaign');
  if (!campaign) throw new Error('the campaign is not published');
  const asked = { customerRef, campaign, asOf: stage.asOf, at: stage.now(), by: 'test' };
  const admission = await admitByHand(stage.app, asked);
  if (admission.verdict !== 'admitted') throw new Error(admission.reasons.join());
  const { journeyId } = admission;
  const { version } = campaign;
  const [type, options] = journeyStart({ journeyId, customerRef, campaignRef: CAMPAIGN, version, clock: stage.clock });
  const { workflowId } = await stage.client.workflow.start(type, options);
  const reserved = reservedAccount(CAMPAIGN, customerRef);
  await until('the reward is reserved', async () => (await ledgerBalance(stage.app, reserved)) === 500n);
  return { journeyId, customerRef, workflowId };
}

/** The goal is met, and the journey is told. */
async function meetGoal({ journeyId, workflowId }: Begun): Promise<void> {
  await stage.owner.query(
    `update journeys set goal_met_at = admitted_at, goal_evidence = '{"by":"average-secured","daysHeld":20}' where journey_id = $1`,
    [journeyId],
  );
  await stage.client.workflow.getHandle(workflowId).signal(goalMet);
}

async function killWorker(): Promise<void> {
  await stage.worker?.kill9();
  await stage.worker?.ready;
}

const grants = async ({ customerRef }: Begun): Promise<number> => {
  const { rows } = await stage.owner.query(`select 1 from postings where kind = 'grant' and to_account = $1`, [
    customerAccount(customerRef),
  ]);
  return rows.length;
};
const held = async (begun: Begun): Promise<{ customer: bigint; reserved: bigint; grants: number }> => ({
  customer: await ledgerBalance(stage.app, customerAccount(begun.customerRef)),
  reserved: await ledgerBalance(stage.app, reservedAccount(CAMPAIGN, begun.customerRef)),
  grants: await grants(begun),
});

/** What the campaign may still promise, and what it has promised in journeys that go on. */
async function promisable(): Promise<bigint> {
  const { rows } = await stage.owner.query<{ promised: bigint }>(
    'select coalesce(sum(points), 0)::bigint as promised from reward_reservations where settled_at is null',
  );
  return (await budgetLeft(stage.app, CAMPAIGN)) + one(rows, 'what is promised').promised;
}

test('a worker that dies between the reservation and the grant costs the customer nothing: one grant, nothing left reserved', async () => {
  const left = await budgetLeft(stage.app, CAMPAIGN);
  const begun = await begin();
  await stage.worker?.kill9();
  expect(await held(begun)).toEqual({ customer: 0n, reserved: 500n, grants: 0 });
  await meetGoal(begun);
  const result: unknown = await stage.client.workflow.getHandle(begun.workflowId).result();
  expect(result).toMatchObject({ outcome: 'retained' });
  expect(await held(begun)).toEqual({ customer: 500n, reserved: 0n, grants: 1 });
  expect(await budgetLeft(stage.app, CAMPAIGN)).toBe(left - 500n);
});

test('a worker that dies when its grant is committed and it has not heard of it grants nothing twice, and the customer hears once', async () => {
  const begun = await begin();
  const lock = new Pool({ connectionString: stage.running.surroundings.databaseUrl, max: 1 });
  await lock.query('select pg_advisory_lock($1)', [GRANT_LOCK]);
  await meetGoal(begun);
  const waiting = `select 1 from pg_locks where locktype = 'advisory' and objid = $1 and not granted`;
  await until('the grant is about to be committed', async () => {
    const { rows } = await stage.owner.query(waiting, [GRANT_LOCK]);
    return rows.length > 0;
  });
  await killWorker();
  await lock.query('select pg_advisory_unlock($1)', [GRANT_LOCK]);
  await lock.end();
  await until("the dead worker's transaction is committed", async () => (await grants(begun)) === 1);
  const result: unknown = await stage.client.workflow.getHandle(begun.workflowId).result();
  expect(result).toMatchObject({ outcome: 'retained' });
  expect(await held(begun)).toEqual({ customer: 500n, reserved: 0n, grants: 1 });
  const { rows } = await stage.owner.query<{ id: string }>(
    `select '<' || message_id || '>' as id from outreach where journey_id = $1 and template = 'reward-granted'`,
    [begun.journeyId],
  );
  expect(rows).toHaveLength(1);
  const letters = (await stage.mailbox.all()).filter((mail) => mail.messageId === rows[0]?.id);
  expect(letters).toHaveLength(1);
});

test('a journey that was terminated holds its reservation no longer than until the next round, or its expiry', async () => {
  const before = await promisable();
  const [terminated, forgotten] = [await begin(), await begin()];
  for (const { workflowId } of [terminated, forgotten])
    await stage.client.workflow.getHandle(workflowId).terminate('a test');
  // of this one the records say that it is closed: nothing but its expiry ends the reservation
  await stage.owner.query(`update journeys set closed_at = admitted_at, outcome = 'ineligible' where journey_id = $1`, [
    forgotten.journeyId,
  ]);
  await stage.owner.query('update reward_reservations set expires_at = $2 where journey_id = $1', [
    forgotten.journeyId,
    new Date(stage.now() + days(0.01)),
  ]);
  const input: RoundInput = { clock: stage.clock, asOf: stage.asOf, scope: 'all' };
  const options = { taskQueue: TASK_QUEUE, args: [input] };
  await until('both are released', async () => {
    await stage.client.workflow.execute(WORKFLOWS.round, { ...options, workflowId: `round:${Date.now()}` });
    return (await held(terminated)).reserved + (await held(forgotten)).reserved === 0n;
  });
  expect(await held(terminated)).toEqual({ customer: 0n, reserved: 0n, grants: 0 });
  const { rows } = await stage.owner.query<{ as: string }>(
    `select settled_as as as from reward_reservations where journey_id = any($1) order by 1`,
    [[terminated.journeyId, forgotten.journeyId]],
  );
  expect(rows.map((row) => row.as)).toEqual(['expired', 'released']);
  expect(await promisable()).toBe(before);
});
