import {
  answerSurvey,
  assignComplaint,
  complaintRestart,
  journeyState,
  optedOut,
  resolveComplaint,
  withdraw,
} from '../../workflows/contract.js';
import { setConsent } from '../../store/consents.js';
import { JourneyWorld } from '../setup/journey-world.js';
import { keepHistory } from '../setup/histories.js';
import { book } from '../setup/small-bank.js';

/** What a happy journey may cost: it is waited for by the thousand. */
const MAX_HAPPY_EVENTS = 60;

let world: JourneyWorld;
beforeEach(async () => {
  world = await JourneyWorld.create();
});
afterEach(() => world.close());

const classes = (customer: string): string[] => world.mailTo(customer).map((mail) => mail.messageClass);
const templates = async (customer: string): Promise<string[]> => {
  const { rows } = await world.database.owner.query<{ template: string }>(
    `select template from outreach where customer_ref = $1 and state = 'sent' order by settled_at, outreach_key`,
    [customer],
  );
  return rows.map((row) => row.template);
};
/** The words with which an update was refused. */
const refusal = async (update: Promise<unknown>): Promise<string> => {
  const error: unknown = await update.then(
    () => new Error('it was not refused'),
    (failure: unknown) => failure,
  );
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  return cause instanceof Error ? cause.message : String(cause);
};

/** A customer who answered the survey unhappily on 24 January; the complaint's reference. */
async function unhappy(ref: string, before: () => void = () => undefined) {
  const journey = await world.journey({ ref });
  await world.until('2026-01-24');
  before();
  const textId = await world.words(journey.customerRef, 'Nobody called me back for three weeks.');
  const { complaintRef } = await journey.handle.executeUpdate(answerSurvey, { args: [{ score: 2, textId }] });
  const { rows } = await world.database.owner.query<{ workflow_id: string; narrative: string }>(
    'select workflow_id, narrative from complaints where complaint_ref = $1',
    [complaintRef],
  );
  expect(rows[0]?.narrative).toBe('Nobody called me back for three weeks.');
  return { ...journey, complaintRef, complaint: world.client.workflow.getHandle(rows[0]?.workflow_id ?? '') };
}

test('a happy customer answers, secures the tier and is rewarded once, in at most 60 events', async () => {
  const journey = await world.journey({ ref: 'chappy' });
  await world.until('2026-01-17');
  await world.anHour();
  expect(classes('chappy')).toEqual(['service', 'promotional']);
  await book(world.database, 'chappy', '2026-01-20', 110_000_000n);
  await world.until('2026-01-24');
  const answer = { args: [{ score: 9, textId: null }] as [{ score: number; textId: null }] };
  await expect(journey.handle.executeUpdate(answerSurvey, answer)).resolves.toEqual({ complaintRef: null });
  expect((await world.dayEnd('2026-02-08')).goalsMet).toBe(0);
  expect((await world.dayEnd('2026-02-10')).goalsMet).toBe(1);
  await world.anHour();
  expect(await world.outcome(journey.journeyId)).toEqual({ outcome: 'retained', step: 'closed' });
  expect(await world.points(journey.customerRef)).toBe(500n);
  expect(await templates('chappy')).toEqual([
    'manager-introduction',
    'suitable-offer',
    'survey-invitation',
    'reward-granted',
  ]);
  expect(new Set(world.mail.received.map((mail) => mail.messageId)).size).toBe(4);
  const events = await keepHistory(world, journey.handle.workflowId, 'journey-happy');
  console.info(`the happy journey took ${events} events`);
  expect(events).toBeLessThanOrEqual(MAX_HAPPY_EVENTS);
});

test('a silent customer is reminded twice and no more, and keeps the tier without a reward', async () => {
  const journey = await world.journey({ ref: 'csilent' });
  await world.until('2026-02-20');
  expect(await templates('csilent')).toEqual([
    'manager-introduction',
    'suitable-offer',
    'survey-invitation',
    'survey-reminder',
    'survey-reminder',
  ]);
  await world.until('2026-04-10');
  expect(await world.outcome(journey.journeyId)).toEqual({ outcome: 'retained', step: 'closed' });
  expect(await world.points(journey.customerRef)).toBe(0n);
  const late = journey.handle.executeUpdate(answerSurvey, { args: [{ score: 9, textId: null }] });
  await expect(late).rejects.toThrow();
  await keepHistory(world, journey.handle.workflowId, 'journey-silent');
});

test('a customer whose tier falls is counted as downgraded', async () => {
  // below the threshold since November: January is the third miss, and the rule takes the tier
  const journey = await world.journey({ ref: 'cfalls', slidFrom: '2025-11-01' });
  await world.until('2026-02-20');
  await world.dayEnd('2026-02-19');
  await world.until('2026-04-10');
  expect((await world.outcome(journey.journeyId)).outcome).toBe('downgraded');
});

test('an unhappy answer opens a complaint, which is acknowledged, answered in time, and ends the hold', async () => {
  const { handle, complaint, complaintRef, customerRef } = await unhappy('cunhappy');
  await world.anHour();
  expect(await handle.query(journeyState)).toMatchObject({ complaintOpen: true });
  expect(classes('cunhappy').at(-1)).toBe('statutory');
  const selfish = complaint.executeUpdate(assignComplaint, { args: [{ handlerRef: 'm1' }] });
  expect(await refusal(selfish)).toMatch(/manager complained about/);
  await complaint.executeUpdate(assignComplaint, { args: [{ handlerRef: 'h7' }] });
  const textId = await world.words(customerRef, 'We are sorry. Ms Chen calls you today.');
  await complaint.executeUpdate(resolveComplaint, { args: [{ handlerRef: 'h7', textId }] });
  await world.anHour();
  expect(await handle.query(journeyState)).toMatchObject({ complaintOpen: false });
  expect((await templates('cunhappy')).slice(-2)).toEqual(['complaint-acknowledgement', 'complaint-resolved']);
  const { rows } = await world.database.owner.query(
    'select escalated_at, resolved_by from complaints where complaint_ref = $1',
    [complaintRef],
  );
  expect(rows).toEqual([{ escalated_at: null, resolved_by: 'h7' }]);
  await keepHistory(world, handle.workflowId, 'journey-unhappy');
  await keepHistory(world, complaint.workflowId, 'complaint-resolved');
});

test('a complaint that nobody answers in 15 days is escalated, and answered all the same', async () => {
  const { complaint, complaintRef, customerRef } = await unhappy('cignored');
  await world.until('2026-02-08');
  const before = await world.database.owner.query('select escalated_at from complaints where complaint_ref = $1', [
    complaintRef,
  ]);
  expect(before.rows).toEqual([{ escalated_at: null }]);
  await world.until('2026-02-09');
  const { rows } = await world.database.owner.query<{ escalated_to: string; late: number }>(
    `select escalated_to, extract(epoch from escalated_at - due_at)::int as late from complaints where complaint_ref = $1`,
    [complaintRef],
  );
  expect(rows[0]?.escalated_to).toBe('complaint-unit-head');
  expect(rows[0]?.late).toBeLessThan(60);
  expect((await templates('cignored')).at(-1)).toBe('complaint-escalated');
  const textId = await world.words(customerRef, 'The head of the unit has looked into it.');
  await complaint.executeUpdate(resolveComplaint, { args: [{ handlerRef: 'head', textId }] });
  await complaint.result();
  await keepHistory(world, complaint.workflowId, 'complaint-escalated');
});

test('a complaint is escalated on its day though no mail server takes the acknowledgement', async () => {
  const { complaintRef } = await unhappy('cnomail', () => world.mail.dropNext(Infinity));
  await world.until('2026-02-09');
  const { rows } = await world.database.owner.query<{ acknowledged: boolean; late: number }>(
    `select acknowledged_at is not null as acknowledged, extract(epoch from escalated_at - due_at)::int as late
       from complaints where complaint_ref = $1`,
    [complaintRef],
  );
  expect(rows[0]?.acknowledged).toBe(false);
  expect(rows[0]?.late).toBeLessThan(60);
  world.mail.dropNext(0);
  await world.anHour();
  expect((await templates('cnomail')).slice(-2)).toEqual(['complaint-acknowledgement', 'complaint-escalated']);
});

test('a tier secured while the survey waits ends the wait at once', async () => {
  const journey = await world.journey({ ref: 'csecured' });
  await book(world.database, 'csecured', '2026-01-20', 110_000_000n);
  await world.until('2026-02-10');
  expect(await journey.handle.query(journeyState)).toMatchObject({ step: 'survey' });
  const secured = await world.now();
  expect((await world.dayEnd('2026-02-10')).goalsMet).toBe(1);
  await journey.handle.result();
  expect((await world.now()) - secured).toBeLessThan(60_000);
  expect(await world.outcome(journey.journeyId)).toEqual({ outcome: 'retained', step: 'closed' });
  expect(await world.points(journey.customerRef)).toBe(500n);
  await keepHistory(world, journey.handle.workflowId, 'journey-secured');
});

test('a deposit for one day secures nothing and earns nothing', async () => {
  const journey = await world.journey({ ref: 'conedayer' });
  await book(world.database, 'conedayer', '2026-02-27', 900_000_000n);
  await book(world.database, 'conedayer', '2026-02-28', -900_000_000n, 'transfer-out');
  await world.until('2026-02-28');
  expect((await world.dayEnd('2026-02-27')).goalsMet).toBe(0);
  // the month's average was lifted over the threshold, so by the rule the tier stands; the reward is not owed
  expect((await world.dayEnd('2026-02-28')).goalsMet).toBe(1);
  await journey.handle.result();
  expect((await world.outcome(journey.journeyId)).outcome).toBe('retained');
  expect(await world.points(journey.customerRef)).toBe(0n);
  const { rows } = await world.database.owner.query<{ reasons: string[] }>(
    `select reasons from decisions where journey_id = $1 and kind = 'settlement'`,
    [journey.journeyId],
  );
  expect(rows[0]?.reasons).toContain('not-held-long-enough');
  await keepHistory(world, journey.handle.workflowId, 'journey-one-day-deposit');
});

test('a customer who opts out while the journey waits hears no more of it', async () => {
  const journey = await world.journey({ ref: 'coptout' });
  await world.until('2026-01-14');
  const at = await world.now();
  await world.database.app.transaction((sql) =>
    setConsent(sql, {
      customerRef: journey.customerRef,
      channel: 'email',
      purpose: 'promotional',
      granted: false,
      at,
      source: 'test',
    }),
  );
  await journey.handle.signal(optedOut);
  await world.until('2026-02-20');
  expect(await world.outcome(journey.journeyId)).toEqual({ outcome: 'opted-out', step: 'closed' });
  expect(classes('coptout')).toEqual(['service']);
  await keepHistory(world, journey.handle.workflowId, 'journey-opted-out');
});

test('an address that refuses mail for good ends the journey as unreachable', async () => {
  const journey = await world.journey({ ref: 'cgone', email: 'cgone@refused.example' });
  expect(await world.outcome(journey.journeyId)).toEqual({ outcome: 'unreachable', step: 'closed' });
  expect(world.mailTo('cgone')).toEqual([]);
  await keepHistory(world, journey.handle.workflowId, 'journey-unreachable');
});

test('a server that does not take the mail for now is asked again, and takes it once', async () => {
  world.mail.dropNext(2);
  const journey = await world.journey({ ref: 'clater' });
  expect(world.mailTo('clater')).toHaveLength(1);
  const { rows } = await world.database.owner.query('select attempts, state from outreach where journey_id = $1', [
    journey.journeyId,
  ]);
  expect(rows).toEqual([{ attempts: 3, state: 'sent' }]);
});

test('a letter that no server takes for five days is given up, which is written down, and the journey goes on', async () => {
  world.mail.dropNext(Infinity);
  const journey = await world.journey({ ref: 'cdown' });
  await world.until('2026-01-16');
  expect(await journey.handle.query(journeyState)).toMatchObject({ step: 'outreach' });
  await world.until('2026-01-17');
  await world.anHour();
  world.mail.dropNext(0);
  await world.until('2026-01-18');
  expect(classes('cdown')).toEqual(['promotional']);
  const { rows } = await world.database.owner.query(
    `select state, reason from outreach where template = 'manager-introduction'`,
  );
  expect(rows).toEqual([{ state: 'withheld', reason: 'not-taken-in-time' }]);
});

test('a customer who withdraws while a letter is being tried gets none of it, and hears at once how it ended', async () => {
  const journey = await world.journey({ ref: 'cleaves' });
  world.mail.dropNext(Infinity);
  await world.until('2026-01-18');
  await expect(journey.handle.executeUpdate(withdraw, { args: [{ by: 'customer' }] })).resolves.toMatchObject({
    outcome: 'declined',
  });
  world.mail.dropNext(0);
  await world.until('2026-01-20');
  expect(classes('cleaves')).toEqual(['service']);
  const { rows } = await world.database.owner.query(
    `select state, reason from outreach where template = 'suitable-offer'`,
  );
  expect(rows).toEqual([{ state: 'withheld', reason: 'journey-ending' }]);
});

test('a customer in whom credit trouble was found of late is not sold to', async () => {
  await world.journey({ ref: 'ctrouble' });
  await world.database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
     values ('ctrouble', 'negative-balance', '2026-01-10', 95, '[]', now())`,
  );
  await world.until('2026-01-23');
  expect(classes('ctrouble')).toEqual(['service', 'service']);
});

test('an answer to a survey whose letter was left unsure counts like any other', async () => {
  const journey = await world.journey({ ref: 'cunsure' });
  await world.until('2026-01-21');
  // as a crash between the server's yes and ours leaves it
  await world.database.owner.query(
    `insert into outreach (outreach_key, customer_ref, journey_id, template, message_class, message_id, state, attempts)
     values ('journey:' || $1::text || ':survey', 'cunsure', $1::uuid, 'survey-invitation', 'service', 'unsure@bank.example', 'claimed', 1)`,
    [journey.journeyId],
  );
  await world.database.owner.query(
    `insert into surveys (journey_id, customer_ref, asked_at, expires_at) values ($1, 'cunsure', '2026-01-22', '2026-02-12')`,
    [journey.journeyId],
  );
  await world.until('2026-01-24');
  await journey.handle.executeUpdate(answerSurvey, { args: [{ score: 9, textId: null }] });
  const { rows } = await world.database.owner.query('select score from surveys');
  expect(rows).toEqual([{ score: 9 }]);
});

test('a complaint whose run was ended by force is taken up again, keeps its number and its day, and repeats no letter', async () => {
  const { complaint, complaintRef, customerRef } = await unhappy('cforced');
  await world.anHour();
  await complaint.terminate('by mistake');
  const { rows } = await world.database.owner.query<{ complaint_key: string }>('select complaint_key from complaints');
  const input = { complaintKey: rows[0]?.complaint_key ?? '', customerRef, source: 'survey', textId: null } as const;
  const again = await world.client.workflow.start(...complaintRestart({ ...input, clock: world.clock }));
  await again.executeUpdate(assignComplaint, { args: [{ handlerRef: 'h1' }] });
  await world.until('2026-02-09');
  const late = await world.database.owner.query<{ ref: string; handler_ref: string; late: number }>(
    `select complaint_ref as ref, handler_ref, extract(epoch from escalated_at - due_at)::int as late from complaints`,
  );
  expect(late.rows).toMatchObject([{ ref: complaintRef, handler_ref: 'h1' }]);
  expect(late.rows[0]?.late).toBeLessThan(60);
  expect((await templates('cforced')).slice(-2)).toEqual(['complaint-acknowledgement', 'complaint-escalated']);
});

test('of two answers to one complaint the second is refused and told by whom the first was given', async () => {
  const { complaint, customerRef } = await unhappy('ctwohandlers');
  const words = [await world.words(customerRef, 'We are sorry.'), await world.words(customerRef, 'Not our fault.')];
  const answers = ['h1', 'h2'].map((handlerRef, index) =>
    refusal(complaint.executeUpdate(resolveComplaint, { args: [{ handlerRef, textId: words[index] ?? '' }] })),
  );
  expect(await Promise.all(answers)).toEqual(
    expect.arrayContaining(['it was not refused', expect.stringMatching(/was answered already by h[12]/)]),
  );
});

test('a promotion waits while a complaint is open, and is dropped when the survey is due', async () => {
  const journey = await world.journey({ ref: 'cheld' });
  await world.database.owner.query(
    `insert into complaints (complaint_ref, complaint_key, customer_ref, workflow_id, source, narrative, opened_at, opened_wall, due_at, rule_set)
     values ('K-1', 'k1', 'cheld', 'w1', 'staff', 'words', now(), now(), now(), 'cn-2020')`,
  );
  await world.until('2026-01-23');
  expect(classes('cheld')).toEqual(['service', 'service']);
  const { rows } = await world.database.owner.query<{ verdict: string; reasons: string[] }>(
    `select verdict, reasons from decisions where journey_id = $1 and kind = 'message' and reasons <> '[]' order by sequence`,
    [journey.journeyId],
  );
  // nobody told this journey of the complaint: it asks the door every day
  expect(new Set(rows.slice(0, -1).map((row) => row.verdict))).toEqual(new Set(['held']));
  expect(rows.at(-1)?.verdict).toBe('withheld');
  expect(rows[0]?.reasons).toEqual(['complaint-open']);
});

test('a customer without promotional consent gets the service and no offer', async () => {
  await world.journey({ ref: 'cnoads', promotionalConsent: false });
  await world.until('2026-01-23');
  expect(classes('cnoads')).toEqual(['service', 'service']);
});

test('a survey counts one answer, says no to a second and to a score that does not exist', async () => {
  const journey = await world.journey({ ref: 'ctwice' });
  const answer = (score: number): Promise<unknown> =>
    journey.handle.executeUpdate(answerSurvey, { args: [{ score, textId: null }] });
  expect(await refusal(answer(9))).toMatch(/not open/);
  await world.until('2026-01-24');
  expect(await refusal(answer(11))).toMatch(/0 to 10/);
  await answer(9);
  expect(await refusal(answer(1))).toMatch(/answered already/);
});

test('staff withdraw a customer and hear how it ended', async () => {
  const journey = await world.journey({ ref: 'cwithdrawn' });
  await expect(journey.handle.executeUpdate(withdraw, { args: [{ by: 'staff' }] })).resolves.toMatchObject({
    outcome: 'declined',
  });
  await keepHistory(world, journey.handle.workflowId, 'journey-withdrawn');
});

test('when no manager has room the journey asks every day, and gives up after two weeks', async () => {
  await world.database.owner.query('update managers set capacity = 0');
  const journey = await world.journey({ ref: 'cnobody' });
  expect(await journey.handle.query(journeyState)).toMatchObject({ step: 'waiting-for-manager' });
  await world.until('2026-01-27');
  expect((await world.outcome(journey.journeyId)).outcome).toBe('ineligible');
  expect(world.mailTo('cnobody')).toEqual([]);
});
