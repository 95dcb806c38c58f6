import { pauseCampaign, resumeCampaign } from '../../store/pauses.js';
import { resumeOutbound, stopOutbound } from '../../store/outbound-stops.js';
import type { CampaignRef, CustomerRef } from '../../domain/types.js';
import { insertComplaint } from '../../store/complaints.js';
import { lockCustomer } from '../../store/customers.js';
import { answerSurvey, journeyState, newsStart, type JourneyNews } from '../../workflows/contract.js';
import { keepHistory } from '../setup/histories.js';
import { JourneyWorld } from '../setup/journey-world.js';
import { book } from '../setup/small-bank.js';

const CAMPAIGN = 'keep-your-tier' as CampaignRef;

let world: JourneyWorld;
beforeEach(async () => {
  world = await JourneyWorld.create();
});
afterEach(() => world.close());

const subjects = (customer: string): number => world.mailTo(customer).length;

/** Tells the journeys as the command does; twice, since a telling may be repeated after a crash. */
async function tell(news: JourneyNews): Promise<void> {
  const handle = await world.client.workflow.start(...newsStart(news));
  await handle.result();
}

async function pause(): Promise<() => Promise<void>> {
  const { app } = world.database;
  const { pauseId, pausedAt } = await pauseCampaign(app, {
    campaignRef: CAMPAIGN,
    at: await world.now(),
    by: 'mei',
    reason: 'wrong rate in the offer',
  });
  await tell({ kind: 'paused', campaignRef: CAMPAIGN, pause: { pauseId, pausedAt } });
  return async () => {
    const over = await resumeCampaign(app, { campaignRef: CAMPAIGN, at: await world.now(), by: 'mei' });
    await tell({ kind: 'resumed', campaignRef: CAMPAIGN, pause: { pauseId, pausedAt, resumedAt: over.resumedAt } });
  };
}

test('paused for ten days in a wait of five, nothing is sent, and what is left of the wait is what it was', async () => {
  const { handle } = await world.journey({ ref: 'cpaused' });
  // begun on the 12th at ten; the offer is due on the 17th at ten
  await world.until('2026-01-14');
  const resume = await pause();
  expect(await handle.query(journeyState)).toMatchObject({ step: 'offer', paused: true });
  await world.until('2026-01-24');
  expect(subjects('cpaused')).toBe(1);
  await resume();
  expect(await handle.query(journeyState)).toMatchObject({ step: 'offer', paused: false });
  // three of the five days were left
  await world.until('2026-01-26');
  expect(subjects('cpaused')).toBe(1);
  await world.until('2026-01-27');
  await world.anHour();
  expect(subjects('cpaused')).toBe(2);
  const { rows } = await world.database.owner.query<{ claimed_at: number }>(
    `select claimed_at from outreach where template = 'suitable-offer'`,
  );
  const due = Date.parse('2026-01-27T02:00:00Z');
  expect(Math.abs((rows[0]?.claimed_at ?? 0) - due)).toBeLessThan(60_000);
  await keepHistory(world, handle.workflowId, 'journey-paused');
});

test('a message due in a pause is held with its reason and sent when the campaign goes on', async () => {
  const { handle } = await world.journey({ ref: 'cdue' });
  await world.until('2026-01-16');
  const { app, owner } = world.database;
  // committed, and nobody told: the door itself says no
  const { pauseId, pausedAt } = await pauseCampaign(app, {
    campaignRef: CAMPAIGN,
    at: await world.now(),
    by: 'mei',
    reason: 'a look at the offer',
  });
  await world.until('2026-01-19');
  expect(subjects('cdue')).toBe(1);
  const { rows } = await owner.query(
    `select state, reason, held_until from outreach where template = 'suitable-offer'`,
  );
  expect(rows).toEqual([{ state: 'held', reason: 'campaign-paused', held_until: null }]);
  const { resumedAt } = await resumeCampaign(app, { campaignRef: CAMPAIGN, at: await world.now(), by: 'mei' });
  await tell({ kind: 'resumed', campaignRef: CAMPAIGN, pause: { pauseId, pausedAt, resumedAt } });
  await world.anHour();
  expect(subjects('cdue')).toBe(2);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'survey', paused: false });
});

test('a survey that is out can be answered in a pause, and after it for as long as was left', async () => {
  const quick = await world.journey({ ref: 'cquick' });
  const slow = await world.journey({ ref: 'cslow' });
  await world.until('2026-02-01');
  const resume = await pause();
  await world.until('2026-02-20');
  const answer = { args: [{ score: 9, textId: null }] as [{ score: number; textId: null }] };
  await expect(quick.handle.executeUpdate(answerSurvey, answer)).resolves.toEqual({ complaintRef: null });
  await world.until('2026-03-03');
  await resume();
  const { rows } = await world.database.owner.query<{ days: number }>(
    `select round(extract(epoch from expires_at - asked_at) / 86400)::int as days from surveys where customer_ref = 'cslow'`,
  );
  // 21 days and the 30 of the pause
  expect(rows).toEqual([{ days: 51 }]);
  await world.until('2026-03-13');
  await expect(slow.handle.executeUpdate(answerSurvey, answer)).resolves.toEqual({ complaintRef: null });
});

test('nobody is thrown out by a pause longer than the journey, and a goal met in it is met', async () => {
  const { handle, journeyId } = await world.journey({ ref: 'clong' });
  await world.until('2026-01-20');
  const resume = await pause();
  await book(world.database, 'clong', '2026-01-20', 110_000_000n);
  await world.until('2026-07-01');
  expect(await world.outcome(journeyId)).toMatchObject({ outcome: null });
  await resume();
  await world.anHour();
  expect(await handle.query(journeyState)).toMatchObject({ step: 'survey' });
  expect((await world.dayEnd('2026-02-10')).goalsMet).toBe(1);
  await handle.result();
  expect(await world.outcome(journeyId)).toEqual({ outcome: 'retained', step: 'closed' });
});

test('the kill switch holds a journey where it stands until messages may leave again', async () => {
  const { handle } = await world.journey({ ref: 'cstop' });
  const { app } = world.database;
  await stopOutbound(app, { at: await world.now(), by: 'mei', reason: 'wrong names in letters' });
  await world.until('2026-01-19');
  expect(subjects('cstop')).toBe(1);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'offer', words: 'offer is held: outbound-stopped' });
  const { stopId } = await resumeOutbound(app, { at: await world.now(), by: 'mei' });
  await tell({ kind: 'door-opened', stopId });
  await world.anHour();
  expect(subjects('cstop')).toBe(2);
});

test('an offer held by a complaint when the campaign is paused is asked for quietly, and not given up in the pause', async () => {
  const { handle } = await world.journey({ ref: 'cquiet' });
  await world.until('2026-01-16');
  const { app, owner } = world.database;
  await app.transaction(async (sql) => {
    await lockCustomer(sql, 'cquiet' as CustomerRef);
    await insertComplaint(sql, {
      complaintKey: 'page:1',
      workflowId: 'complaint:page:1',
      customerRef: 'cquiet' as CustomerRef,
      source: 'page',
      narrative: 'Nobody calls me back.',
      openedAt: await world.now(),
      dueAt: await world.now(),
      ruleSet: 'cn-2020',
    });
  });
  await world.until('2026-01-18');
  const resume = await pause();
  await world.until('2026-03-01');
  const { events } = await world.history(handle.workflowId);
  // a question a week at the most, not one after the other
  expect(events).toBeLessThan(150);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'offer', paused: true });
  await owner.query(`update complaints set resolved_at = now(), resolution = 'sorry', resolved_by = 'h7'`);
  await resume();
  await world.anHour();
  expect(subjects('cquiet')).toBe(2);
});

test('the end of an earlier pause, told late, does not end the one that stands', async () => {
  const { handle } = await world.journey({ ref: 'ctwice' });
  const { app } = world.database;
  const told = { campaignRef: CAMPAIGN, by: 'mei' };
  const first = await pauseCampaign(app, { ...told, at: await world.now(), reason: 'first' });
  await tell({ kind: 'paused', campaignRef: CAMPAIGN, pause: first });
  await world.until('2026-01-13');
  const over = await resumeCampaign(app, { ...told, at: await world.now() });
  const second = await pauseCampaign(app, { ...told, at: await world.now(), reason: 'second' });
  await tell({ kind: 'paused', campaignRef: CAMPAIGN, pause: second });
  const { pauseId, pausedAt, resumedAt } = over;
  await tell({ kind: 'resumed', campaignRef: CAMPAIGN, pause: { pauseId, pausedAt, resumedAt } });
  expect(await handle.query(journeyState)).toMatchObject({ paused: true });
});

test('a journey that begins in a pause waits for its end and loses nothing', async () => {
  const { app } = world.database;
  const { pauseId, pausedAt } = await pauseCampaign(app, {
    campaignRef: CAMPAIGN,
    at: await world.now(),
    by: 'mei',
    reason: 'before anybody could tell',
  });
  const { handle } = await world.journey({ ref: 'cinside' });
  expect(await handle.query(journeyState)).toMatchObject({ step: 'outreach', paused: true });
  await world.until('2026-05-01');
  expect((await world.history(handle.workflowId)).events).toBeLessThan(30);
  const { resumedAt } = await resumeCampaign(app, { campaignRef: CAMPAIGN, at: await world.now(), by: 'mei' });
  await tell({ kind: 'resumed', campaignRef: CAMPAIGN, pause: { pauseId, pausedAt, resumedAt } });
  await world.anHour();
  expect(subjects('cinside')).toBe(1);
  await world.until('2026-05-07');
  expect(subjects('cinside')).toBe(2);
});

test('reminders that were held over their days come one at a time, not two in a second', async () => {
  await world.journey({ ref: 'cheld' });
  await world.until('2026-01-24');
  const { app } = world.database;
  await stopOutbound(app, { at: await world.now(), by: 'mei', reason: 'a look' });
  await world.until('2026-02-02');
  const { stopId } = await resumeOutbound(app, { at: await world.now(), by: 'mei' });
  await tell({ kind: 'door-opened', stopId });
  await world.until('2026-02-10');
  const { rows } = await world.database.owner.query<{ key: string; state: string }>(
    `select split_part(outreach_key, ':', 3) as key, state from outreach where template = 'survey-reminder' order by 1`,
  );
  expect(rows).toEqual([
    { key: 'reminder-1', state: 'withheld' },
    { key: 'reminder-2', state: 'sent' },
  ]);
});
