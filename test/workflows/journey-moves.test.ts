import type { CampaignRef } from '../../domain/types.js';
import { refusalIn } from '../../domain/refusal.js';
import { applyMoves, planMoves, type PlannedMove } from '../../client/version-moves.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { stopOutbound } from '../../store/outbound-stops.js';
import { answerSurvey, journeyState, moveToVersion } from '../../workflows/contract.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { keepHistory } from '../setup/histories.js';
import { JourneyWorld } from '../setup/journey-world.js';

const CAMPAIGN = 'keep-your-tier' as CampaignRef;

let world: JourneyWorld;
beforeEach(async () => {
  world = await JourneyWorld.create();
});
afterEach(() => world.close());

const publish = async (edit: (text: string) => string): Promise<number> =>
  publishText(world.database, await shippedCampaign(CAMPAIGN, edit), await world.now());
const plan = async (version: number): Promise<PlannedMove[]> => {
  const to = await readCampaignVersion(world.database.app, CAMPAIGN, version);
  if (!to) throw new Error('no such version');
  return planMoves(world.database.app, { campaignRef: CAMPAIGN, to, at: await world.now() });
};
const apply = async (version: number): Promise<PlannedMove[]> =>
  applyMoves(world.client, await plan(version), { version, by: 'mei' });
const answers = (moves: PlannedMove[]): Record<string, object> =>
  Object.fromEntries(moves.map(({ customerRef, answer }) => [customerRef, answer]));
const letters = async (ref: string): Promise<string[]> => {
  const { rows } = await world.database.owner.query<{ key: string }>(
    `select outreach_key as key from outreach where customer_ref = $1 and state = 'sent' order by settled_at`,
    [ref],
  );
  return rows.map(({ key }) => key.split(':').slice(2).join(':'));
};

const laterOffer = (text: string): string => text.replace('wait: 5 days', 'wait: 8 days');
const greeted = (text: string): string =>
  text.replace(
    '  - step: offer\n',
    '  - step: second-word\n    kind: message\n    follows: outreach\n    wait: 7 days\n    template: manager-introduction\n    class: service\n  - step: offer\n',
  );

test('a journey that waits for its offer goes on under the new version, at the new time, and sends nothing twice', async () => {
  const { handle, journeyId } = await world.journey({ ref: 'cmoves' });
  await world.until('2026-01-15');
  const version = await publish((text) => greeted(laterOffer(text)));
  expect(answers(await plan(version))).toEqual({ cmoves: { kind: 'moves', step: 'second-word' } });
  expect(answers(await apply(version))).toEqual({ cmoves: { kind: 'moves', step: 'second-word' } });
  expect(await handle.query(journeyState)).toMatchObject({ step: 'second-word', version });
  await world.until('2026-01-18');
  await world.anHour();
  // by the old version the offer would have gone out on the 17th
  expect(await letters('cmoves')).toEqual(['outreach']);
  await world.until('2026-01-21');
  await world.anHour();
  expect(await letters('cmoves')).toEqual(['outreach', 'second-word', 'offer']);
  const { rows } = await world.database.owner.query<{ version: number }>(
    'select version from journeys where journey_id = $1',
    [journeyId],
  );
  expect(rows).toEqual([{ version }]);
  await keepHistory(world, handle.workflowId, 'journey-moved');
  // done again, nothing is left to move
  expect(answers(await apply(version))).toEqual({
    cmoves: { kind: 'stays', why: `it is under version ${version} already` },
  });
});

test('a move is taken back until something is said to the customer, and not after it', async () => {
  const early = await world.journey({ ref: 'cearly' });
  const late = await world.journey({ ref: 'clate' });
  await world.until('2026-01-15');
  const version = await publish(laterOffer);
  await apply(version);
  const undo = { version: version - 1, undo: true, by: 'mei' };
  await expect(early.handle.executeUpdate(moveToVersion, { args: [undo] })).resolves.toEqual({
    version: version - 1,
    step: 'offer',
  });
  await world.until('2026-01-17');
  await world.anHour();
  expect(await letters('cearly')).toEqual(['outreach', 'offer']);
  expect(await letters('clate')).toEqual(['outreach']);
  await world.until('2026-01-20');
  await world.anHour();
  await world.anHour();
  expect(await letters('clate')).toEqual(['outreach', 'offer']);
  const tooLate: unknown = await late.handle
    .executeUpdate(moveToVersion, { args: [undo] })
    .catch((error: unknown) => refusalIn(error));
  expect(tooLate).toBe(`too late to undo: the customer has been contacted under version ${version} since`);
  expect(await late.handle.query(journeyState)).toMatchObject({ version });
});

test('a version that changes the reward, or drops what is under way, is refused with the reason', async () => {
  await world.journey({ ref: 'cpromised' });
  await world.until('2026-01-15');
  const richer = await publish((text) => text.replace('points: 500', 'points: 900'));
  const [blocked] = await apply(richer);
  expect(blocked?.answer).toEqual({
    kind: 'blocked',
    why: expect.stringContaining('the reward promised is 500 points') as string,
  });
  const before = await publish((text) =>
    text.replace(
      'steps:\n',
      'steps:\n  - step: hello\n    kind: message\n    template: manager-introduction\n    class: service\n',
    ),
  );
  const [late] = await plan(before);
  expect(late?.answer).toEqual({
    kind: 'blocked',
    why: expect.stringContaining('"hello" before "outreach", which is done') as string,
  });
});

test('a letter that is held when its step goes is dropped, and the journey goes on under the new version', async () => {
  const { handle } = await world.journey({ ref: 'cdropped' });
  const { app, owner } = world.database;
  await stopOutbound(app, { at: await world.now(), by: 'mei', reason: 'a look' });
  await world.until('2026-01-18');
  expect(await handle.query(journeyState)).toMatchObject({ words: 'offer is held: outbound-stopped' });
  const version = await publish((text) => text.replace(/ {2}- step: offer\n[\s\S]*?(?=\nsurvey:)/, ''));
  expect(answers(await apply(version))).toEqual({ cdropped: { kind: 'moves', step: 'survey' } });
  await world.anHour();
  expect(await handle.query(journeyState)).toMatchObject({ step: 'survey', version });
  const { rows } = await owner.query(`select state from outreach where template = 'suitable-offer'`);
  expect(rows).toEqual([{ state: 'withheld' }]);
});

test('two hundred open journeys in different steps are all classified and moved, and none loses its place', async () => {
  const refs = Array.from({ length: 200 }, (_, index) => `cmany${index}`);
  // groups of forty begin a day apart and so stand in different steps
  const handles = new Map<string, Awaited<ReturnType<JourneyWorld['journey']>>['handle']>();
  const DAYS = ['2026-01-12', '2026-01-17', '2026-01-20', '2026-01-24', '2026-01-27'];
  for (const [group, day] of DAYS.entries()) {
    await world.until(day);
    await world.database.owner.query('update managers set capacity = 1000');
    for (const ref of refs.slice(group * 40, group * 40 + 40)) handles.set(ref, (await world.begin({ ref })).handle);
    await world.anHour();
  }
  await world.until('2026-01-28');
  const answered = refs.slice(0, 10);
  for (const ref of answered)
    await handles.get(ref)?.executeUpdate(answerSurvey, { args: [{ score: 9, textId: null }] });
  const before = new Map(await Promise.all(refs.map(async (ref) => [ref, await letters(ref)] as const)));
  const version = await publish((text) => greeted(laterOffer(text)));
  const planned = await plan(version);
  expect(planned).toHaveLength(200);
  const moved = await applyMoves(world.client, planned, { version, by: 'mei' });
  // what was planned is what became of it
  expect(answers(moved)).toEqual(answers(planned));
  const kinds = Object.values(answers(moved)).map((answer) => JSON.stringify(answer));
  const counted = Object.fromEntries(
    [...new Set(kinds)].map((kind) => [kind, kinds.filter((one) => one === kind).length]),
  );
  console.info(counted);
  expect(Object.keys(counted).length).toBeGreaterThanOrEqual(4);
  await world.until('2026-02-08');
  for (const ref of refs) {
    const sent = await letters(ref);
    expect(new Set(sent).size).toBe(sent.length);
    expect(sent.slice(0, before.get(ref)?.length)).toEqual(before.get(ref));
    expect(sent.filter((key) => key === 'survey')).toHaveLength(1);
    expect(sent.filter((key) => key === 'offer').length).toBeLessThanOrEqual(1);
  }
  // counted at the mailbox too
  expect(new Set(world.mail.received.map(({ messageId }) => messageId)).size).toBe(world.mail.received.length);
  expect(refs.every((ref) => world.mailTo(ref).length > 0)).toBe(true);
}, 300_000);
