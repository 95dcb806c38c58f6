import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant } from '../../domain/types.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { runKeepwell, type Ended } from '../setup/cli.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

/** A dozen processes of some seconds each. */
jest.setTimeout(180_000);

const AT = instant(Date.UTC(2026, 0, 12, 2));

let database: TestDatabase;
let home: string;
beforeAll(async () => {
  database = await freshDatabase();
  home = await mkdtemp(join(tmpdir(), 'keepwell-control-'));
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, '2026-01-11');
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true, force: true });
});
const keepwell = (...args: string[]): Promise<Ended> => runKeepwell({ url: database.url, home }, args);

test('a campaign is paused and resumed, each once, and what nobody could be told now is told later', async () => {
  const paused = await keepwell('campaign', 'pause', 'keep-your-tier', '--reason', 'wrong rate', '--by', 'mei');
  expect([paused.code, paused.out]).toEqual([0, 'keep-your-tier is paused: nothing of it leaves any more.\n']);
  // Temporal is not there: the door is shut all the same
  expect(paused.err).toContain('the daily round tells them');
  const again = await keepwell('campaign', 'pause', 'keep-your-tier', '--reason', 'twice', '--by', 'li');
  expect([again.code, again.err]).toEqual([1, expect.stringMatching(/is paused already, since .+ by mei/)]);
  const resumed = await keepwell('campaign', 'resume', 'keep-your-tier', '--by', 'li', '--json');
  expect(JSON.parse(resumed.out)).toMatchObject({ campaignRef: 'keep-your-tier', told: null });
  const none = await keepwell('campaign', 'resume', 'keep-your-tier');
  expect([none.code, none.err]).toEqual([1, expect.stringContaining('is not paused; there is nothing to resume')]);
  const unknown = await keepwell('campaign', 'pause', 'no-such', '--reason', 'x');
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('there is no campaign "no-such"')]);
  expect((await keepwell('campaign', 'pause', 'keep-your-tier', '--reason', ' ')).code).toBe(2);
  const { rows } = await database.owner.query('select paused_by, reason, resumed_by from campaign_pauses');
  expect(rows).toEqual([{ paused_by: 'mei', reason: 'wrong rate', resumed_by: 'li' }]);
});

test('the kill switch says who threw it and what waits', async () => {
  expect((await keepwell('outbound', 'status')).out).toBe('Messages leave as they are due.\nNothing is held.\n');
  expect((await keepwell('outbound', 'stop', '--reason', 'wrong names', '--by', 'mei')).code).toBe(0);
  const anna = await addCustomer(database, { ref: 'canna' });
  await database.owner.query(
    `insert into outreach (outreach_key, customer_ref, template, message_class, message_id, state, reason)
     values ('x', $1, 'suitable-offer', 'promotional', 'x@bank.example', 'held', 'outbound-stopped')`,
    [anna],
  );
  const status = await keepwell('outbound', 'status');
  expect(status.out).toMatch(
    /^Everything outbound is stopped since .+ by mei: wrong names\.\nHeld at the door:\n {2}1 held: outbound-stopped\n$/,
  );
  expect((await keepwell('outbound', 'stop', '--reason', 'twice')).code).toBe(1);
  expect((await keepwell('outbound', 'resume', '--by', 'li')).code).toBe(0);
  expect((await keepwell('outbound', 'resume')).err).toContain('nothing is stopped');
});

test('a move to another version is planned for each open journey before it is done', async () => {
  const boris = await addCustomer(database, { ref: 'cboris' });
  await admitted(database, boris, '2026-01-11', AT);
  const later = await shippedCampaign('keep-your-tier', (text) => text.replace('wait: 5 days', 'wait: 8 days'));
  const version = await publishText(database, later, AT);
  const plan = await keepwell('campaign', 'migrate', 'keep-your-tier', '--to', String(version), '--plan');
  expect(plan.code).toBe(0);
  expect(plan.out).toMatch(/cboris +1 +moves at step outreach/);
  expect(plan.out).toContain('1 would move, 0 stay, 0 are blocked.');
  const json = await keepwell('campaign', 'migrate', 'keep-your-tier', '--to', String(version), '--plan', '--json');
  expect(JSON.parse(json.out)).toMatchObject({
    moves: 1,
    journeys: [{ customerRef: 'cboris', from: 1, kind: 'moves', step: 'outreach' }],
  });
  const { rows } = await database.owner.query('select version from journeys');
  expect(rows).toEqual([{ version: 1 }]);
  expect((await keepwell('campaign', 'migrate', 'keep-your-tier', '--to', '2')).code).toBe(2);
  expect((await keepwell('campaign', 'migrate', 'keep-your-tier', '--to', 'two', '--plan')).code).toBe(2);
  const none = await keepwell('campaign', 'migrate', 'keep-your-tier', '--to', '99', '--plan');
  expect([none.code, none.err]).toEqual([1, expect.stringContaining('there is no version 99')]);
  const undo = await keepwell('campaign', 'migrate', 'keep-your-tier', '--undo', 'cboris');
  expect([undo.code, undo.err]).toEqual([1, expect.stringContaining('was not moved; there is nothing to undo')]);
});
