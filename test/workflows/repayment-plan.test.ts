import type { temporal } from '@temporalio/proto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { smtpMailDoor } from '../../activities/mail.js';
import { sendOutreach, type OutreachDependencies } from '../../activities/outreach.js';
import { repaymentActivities, type RepaymentDependencies } from '../../activities/repayment.js';
import { planWorkflowId, type PlanRef } from '../../domain/repayment-plan.js';
import { addDays, type CustomerRef, type PlainDate, type ZoneId } from '../../domain/types.js';
import { verifyDecisions } from '../../store/decisions.js';
import { toResume } from '../../store/plans-to-resume.js';
import { proposeRepaymentPlan } from '../../store/plan-proposals.js';
import { agreePlan, endPlan, readInstalments, readPlan } from '../../store/repayment-plans.js';
import { answerStanding } from '../../store/standing-requests.js';
import { paymentBooked, planDecided, planStart, planState } from '../../workflows/contract.js';
import { keepHistory } from '../setup/histories.js';
import { JourneyWorld } from '../setup/journey-world.js';
import { addDebtor, bookOnCard, proposalOf } from '../setup/plans.js';

const ZONE = 'Asia/Shanghai' as ZoneId;
/** What one instalment that is paid in time may cost. */
const MAX_INSTALMENT_EVENTS = 45;

let world: JourneyWorld;
let customers: CustomerRef[];
beforeEach(async () => {
  world = await JourneyWorld.create();
  customers = [];
});
afterEach(async () => {
  // whatever happened in a test, what was decided on a customer is one whole chain
  for (const customer of customers)
    expect(await verifyDecisions(world.database.app, customer)).toMatchObject({ whole: true });
  await world.close();
});

const bank = () => ({ name: 'Test Bank', zone: ZONE, clock: world.clock });
const order = async (planRef: PlanRef) => ({ planRef, by: 'anna', zone: ZONE, at: await world.now() });
const run = (planRef: PlanRef, runId?: string) => world.client.workflow.getHandle(planWorkflowId(planRef), runId);

/** A plan that the customer has agreed to, as staff leave it: committed, and its run not begun yet. */
async function agreed(ref: string, more: Parameters<typeof proposalOf>[2] = {}) {
  const customerRef = await addDebtor(world.database, { ref });
  customers.push(customerRef);
  return agreeOf(customerRef, more);
}

async function agreeOf(customerRef: CustomerRef, more: Parameters<typeof proposalOf>[2] = {}) {
  const proposing = await proposeRepaymentPlan(world.database.app, proposalOf(customerRef, await world.now(), more));
  if (proposing.verdict !== 'proposed') throw new Error(proposing.reasons.join());
  const { planRef } = proposing.plan;
  await agreePlan(world.database.app, await order(planRef));
  return { planRef, customerRef, instalments: proposing.instalments };
}

async function start(planRef: PlanRef) {
  const plan = await readPlan(world.database.app, planRef);
  if (!plan) throw new Error(planRef);
  const { next, missed, customerRef } = await toResume(world.database.app, plan, ZONE);
  const handle = await world.client.workflow.start(
    ...planStart({ planRef, customerRef, next, missed, clock: world.clock }),
  );
  await world.anHour();
  return handle;
}

/** A plan whose run has begun. */
async function begun(ref: string, more: Parameters<typeof proposalOf>[2] = {}) {
  const plan = await agreed(ref, more);
  const { firstExecutionRunId: firstRun } = await start(plan.planRef);
  return { ...plan, firstRun };
}

/** The bank's data tell of all days up to this one. */
const dataUntil = (day: string) => world.database.owner.query('update installation set data_until = $1', [day]);
const pay = (customer: CustomerRef, day: string, amount: bigint) => bookOnCard(world.database, customer, day, amount);
/** The morning after an instalment's grace, of which the bank's data tell by then. */
async function pastGrace(dueOn: PlainDate): Promise<void> {
  await dataUntil(addDays(dueOn, 5));
  await world.until(addDays(dueOn, 6));
}

let tries = 0;
/** Tries to send a promotion through the one door; the customer has consented to them. */
async function promotion(customerRef: CustomerRef): Promise<string> {
  const deps: OutreachDependencies = {
    database: world.database.app,
    bank: bank(),
    mail: smtpMailDoor(world.mail.url, 'Test Bank <service@bank.example>'),
    mailDomain: 'bank.example',
  };
  tries += 1;
  const { state, reasons } = await sendOutreach(deps, {
    key: `test:promotion:${tries}`,
    customerRef,
    journeyId: null,
    complaintRef: null,
    template: 'suitable-offer',
    messageClass: 'promotional',
    purpose: 'other',
    at: await world.now(),
    compose: () => Promise.resolve({ subject: 'Buy!', html: '<p>Buy!</p>', text: 'Buy!', headers: {} }),
  });
  return [state, ...reasons].join(' ');
}

const states = async (planRef: PlanRef) =>
  (await readInstalments(world.database.app, planRef)).map(({ state }) => state);
const tasks = async () =>
  (
    await world.database.owner.query<{ task: string }>(
      `select kind || ' ' || task_key as task from tasks order by task_id`,
    )
  ).rows.map(({ task }) => task);
const requests = async () =>
  (await world.database.owner.query('select plan_ref, answer from standing_requests')).rows as unknown[];
/** Letters about a plan, without its reference, and how often each came. */
function letters(customer: string): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { subject } of world.mailTo(customer)) {
    const kind = subject.replace(/ P-2026-\d+/, '').replace(/\d+ of \d+ is due on .*$/, '… is due');
    counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return counted;
}

/** The runs of a plan, the first one first, and how many events each has. */
async function runsOf(planRef: PlanRef, firstRun: string): Promise<{ runId: string; events: number }[]> {
  const runs: { runId: string; events: number }[] = [];
  for (let runId: string | null | undefined = firstRun; runId;) {
    const history: temporal.api.history.v1.IHistory = await run(planRef, runId).fetchHistory();
    runs.push({ runId, events: history.events?.length ?? 0 });
    runId = history.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return runs;
}

/** The daily round's look at plans. */
async function sweep(): Promise<{ looked: number; told: number }> {
  const deps = { database: world.database.app, bank: bank(), workflows: world.client.workflow };
  const { resumePlans } = repaymentActivities(deps as unknown as RepaymentDependencies);
  const attempt = { currentAttemptScheduledTimestampMs: await world.now() };
  const activity = new MockActivityEnvironment(attempt, { logger: new DefaultLogger('ERROR') });
  const swept = await activity.run<[], { looked: number; told: number }, typeof resumePlans>(resumePlans);
  await world.anHour();
  return swept;
}

test('twelve monthly instalments, one missed and paid later: reminded, watched, kept, the standing asked for back, and no promotion leaves', async () => {
  const customer = await addDebtor(world.database, { ref: 'ctwelve' });
  customers.push(customer);
  // the door is open for promotions before the plan and after it: what closes it is the plan alone
  expect(await promotion(customer)).toBe('sent');
  const { planRef, instalments } = await agreeOf(customer);
  const refused: string[] = [await promotion(customer)];
  const { firstExecutionRunId: firstRun } = await start(planRef);
  refused.push(await promotion(customer));
  expect(instalments.map(({ dueOn }) => dueOn).slice(0, 4)).toEqual([
    '2026-01-31',
    '2026-02-28',
    '2026-03-31',
    '2026-04-30',
  ]);

  for (const { number, dueOn, amount } of instalments) {
    await dataUntil(addDays(dueOn, -6));
    await world.until(addDays(dueOn, -5));
    refused.push(await promotion(customer));
    expect((await states(planRef))[number - 1]).toBe('due');
    await world.until(dueOn);
    if (number !== 5) await pay(customer, dueOn, number === 7 ? 2n * amount : amount);
    refused.push(await promotion(customer));
    await pastGrace(dueOn);
    refused.push(await promotion(customer));
    expect((await states(planRef))[number - 1]).toBe(number === 5 ? 'missed' : 'kept');
    if (number === 7) expect((await states(planRef))[4]).toBe('made-good');
    expect(await tasks()).toHaveLength([number >= 5, number === 12].filter(Boolean).length);
  }

  expect(await tasks()).toEqual([
    `missed-instalment plan:${planRef}:instalment-5:missed`,
    `standing plan:${planRef}:standing`,
  ]);
  expect(await readPlan(world.database.app, planRef)).toMatchObject({ state: 'kept', closedAt: null });
  expect(await requests()).toEqual([{ plan_ref: planRef, answer: null }]);
  expect(await run(planRef).query(planState)).toMatchObject({ waitsFor: 'standing' });
  await world.anHour();
  refused.push(await promotion(customer));

  // a person gives the standing back
  await answerStanding(world.database.app, { ...(await order(planRef)), by: 'li jun', reason: null });
  await run(planRef).signal(planDecided);
  expect(await run(planRef).result()).toMatchObject({ waitsFor: 'over' });
  expect(letters('ctwelve')).toEqual({
    'Buy!': 1,
    'Your repayment plan': 1,
    'Instalment … is due': 12,
    'Instalment 5 of your plan: let us look at it together': 1,
    'Your repayment plan is paid': 1,
    'Your credit standing is restored': 1,
  });
  expect(new Set(refused)).toEqual(new Set(['withheld credit-care']));
  expect(refused).toHaveLength(3 * 12 + 3);
  expect(await promotion(customer)).toBe('sent');
  // the plan's own letters are service, every one
  const classes = world.mailTo('ctwelve').filter(({ subject }) => subject !== 'Buy!');
  expect(new Set(classes.map(({ messageClass }) => messageClass))).toEqual(new Set(['service']));

  const runs = await runsOf(planRef, firstRun);
  expect(runs).toHaveLength(13);
  console.info(`events of each run of a plan: ${runs.map(({ events }) => events).join(', ')}`);
  const [, paid] = runs;
  expect(paid?.events).toBeLessThanOrEqual(MAX_INSTALMENT_EVENTS);
  await keepHistory(world, planWorkflowId(planRef), 'plan-first', runs[0]?.runId);
  await keepHistory(world, planWorkflowId(planRef), 'plan-instalment', runs[1]?.runId);
  await keepHistory(world, planWorkflowId(planRef), 'plan-missed', runs[5]?.runId);
  await keepHistory(world, planWorkflowId(planRef), 'plan-standing', runs[12]?.runId);
}, 180_000);

test('more is missed than the policy allows: the plan is broken, a person decides, and no promotion leaves until then', async () => {
  const { planRef, customerRef, instalments } = await begun('cbroken');
  for (const { number, dueOn } of instalments.slice(0, 3)) {
    await pastGrace(dueOn);
    expect((await states(planRef))[number - 1]).toBe('missed');
    expect(await promotion(customerRef)).toBe('withheld credit-care');
  }
  await world.anHour();
  expect(await readPlan(world.database.app, planRef)).toMatchObject({ state: 'broken' });
  expect(await run(planRef).query(planState)).toMatchObject({ waitsFor: 'broken' });
  expect(await tasks()).toEqual([
    ...[1, 2, 3].map((n) => `missed-instalment plan:${planRef}:instalment-${n}:missed`),
    `hardship plan:${planRef}:broken`,
  ]);
  expect(await requests()).toEqual([]);
  // months later it is still a person's to decide
  await world.until('2026-07-01');
  expect(await promotion(customerRef)).toBe('withheld credit-care');
  expect(world.mailTo('cbroken')).toHaveLength(1 + 3 + 3);
  await keepHistory(world, planWorkflowId(planRef), 'plan-broken');
  await endPlan(world.database.app, { ...(await order(planRef)), reason: 'replaced' });
  await run(planRef).signal(planDecided);
  expect(await run(planRef).result()).toMatchObject({ waitsFor: 'over', words: 'the plan is ended' });
  // and another plan can be agreed
  await dataUntil('2026-06-30');
  const next = proposalOf(customerRef, await world.now());
  expect(
    await proposeRepaymentPlan(world.database.app, {
      ...next,
      terms: { ...next.terms, firstDue: '2026-07-31' as PlainDate },
      statedIncome: 1_000_000n as never,
    }),
  ).toMatchObject({ verdict: 'proposed' });
});

test('a missed last instalment can be paid for a month; without it the plan is broken', async () => {
  const late = await begun('clate', { total: 100_000n as never, instalments: 2 });
  const never = await begun('cnever', { total: 100_000n as never, instalments: 2 });
  for (const { customerRef } of [late, never]) await pay(customerRef, '2026-01-30', 50_000n);
  await pastGrace('2026-01-31' as PlainDate);
  await pastGrace('2026-02-28' as PlainDate);
  for (const { planRef } of [late, never]) {
    expect(await states(planRef)).toEqual(['kept', 'missed']);
    expect(await run(planRef).query(planState)).toMatchObject({ waitsFor: 'catch-up' });
  }
  await pay(late.customerRef, '2026-03-20', 50_000n);
  await dataUntil('2026-04-05');
  await world.until('2026-04-06');
  await world.anHour();
  expect(await readPlan(world.database.app, late.planRef)).toMatchObject({ state: 'kept' });
  expect(await readPlan(world.database.app, never.planRef)).toMatchObject({ state: 'broken' });
});

test('who pays ahead is not reminded, and who pays all at once is done', async () => {
  const { planRef, customerRef } = await begun('cahead');
  await pay(customerRef, '2026-01-13', 100_000n);
  await dataUntil('2026-01-14');
  await world.until('2026-01-15');
  await run(planRef).signal(paymentBooked);
  await world.anHour();
  expect((await states(planRef)).slice(0, 3)).toEqual(['kept', 'kept', 'due']);
  await world.until('2026-03-20');
  expect(letters('cahead')).toEqual({ 'Your repayment plan': 1 });
  await pay(customerRef, '2026-03-20', 500_000n);
  await dataUntil('2026-03-20');
  await run(planRef).signal(paymentBooked);
  await world.anHour();
  expect(await readPlan(world.database.app, planRef)).toMatchObject({ state: 'kept' });
  expect(letters('cahead')).toEqual({ 'Your repayment plan': 1, 'Your repayment plan is paid': 1 });
});

test('an instalment paid some days too late is made good before the next reminder, and does not count for the next', async () => {
  const { planRef, customerRef } = await begun('ctoolate');
  await pastGrace('2026-01-31' as PlainDate);
  await pay(customerRef, '2026-02-10', 50_000n);
  await dataUntil('2026-02-11');
  expect(await sweep()).toEqual({ looked: 1, told: 1 });
  expect((await states(planRef)).slice(0, 2)).toEqual(['made-good', 'due']);
  expect(await sweep()).toEqual({ looked: 1, told: 0 });
  await pastGrace('2026-02-28' as PlainDate);
  expect((await states(planRef)).slice(0, 3)).toEqual(['made-good', 'missed', 'due']);
});

test('nothing is called missed while the bank’s data do not tell of the day', async () => {
  const { planRef, customerRef } = await begun('cbehind');
  await dataUntil('2026-02-04');
  await world.until('2026-02-08');
  expect((await states(planRef))[0]).toBe('due');
  expect(await tasks()).toEqual([]);
  // it had been paid in time all along
  await pay(customerRef, '2026-02-05', 50_000n);
  await dataUntil('2026-02-08');
  await world.until('2026-02-09');
  expect((await states(planRef))[0]).toBe('kept');
  expect(letters('cbehind')).toEqual({ 'Your repayment plan': 1, 'Instalment … is due': 1 });
});

test('a letter that no mail server takes does not hold up the plan', async () => {
  world.mail.dropNext(Infinity);
  const { planRef, customerRef } = await begun('cnomail');
  await world.until('2026-02-01');
  await pay(customerRef, '2026-01-31', 50_000n);
  await pastGrace('2026-01-31' as PlainDate);
  expect((await states(planRef)).slice(0, 2)).toEqual(['kept', 'due']);
  const { rows } = await world.database.owner.query<{ told: string }>(
    `select template || ' ' || state || ' ' || reason as told from outreach order by template`,
  );
  expect(rows.map(({ told }) => told)).toEqual([
    'instalment-due withheld not-taken-in-time',
    'plan-agreed withheld not-taken-in-time',
  ]);
});

test('the standing that a person refuses closes the plan, and no letter says that it is restored', async () => {
  const { planRef, customerRef } = await begun('crefused', { total: 100_000n as never, instalments: 2 });
  await pay(customerRef, '2026-01-13', 100_000n);
  await dataUntil('2026-01-14');
  await run(planRef).signal(paymentBooked);
  await world.anHour();
  await answerStanding(world.database.app, { ...(await order(planRef)), reason: 'a bankruptcy is pending' });
  await run(planRef).signal(planDecided);
  await run(planRef).result();
  expect(letters('crefused')).toEqual({ 'Your repayment plan': 1, 'Your repayment plan is paid': 1 });
  expect(await promotion(customerRef)).toBe('sent');
});

describe('the daily round', () => {
  test('starts a plan that was agreed and whose process died after the commit', async () => {
    const { planRef } = await agreed('cdied');
    await world.until('2026-01-14');
    expect(world.mailTo('cdied')).toEqual([]);
    expect(await sweep()).toEqual({ looked: 1, told: 0 });
    expect(await sweep()).toEqual({ looked: 1, told: 0 });
    expect(letters('cdied')).toEqual({ 'Your repayment plan': 1 });
    expect(await run(planRef).query(planState)).toMatchObject({ waitsFor: 'instalment', instalment: 1 });
  });

  test('takes up a plan whose run was ended by force where it stood, and says nothing twice', async () => {
    const { planRef, customerRef } = await begun('cforced');
    await pastGrace('2026-01-31' as PlainDate);
    await pay(customerRef, '2026-02-28', 50_000n);
    await world.until('2026-02-24');
    await run(planRef).terminate('by mistake');
    const before = letters('cforced');
    await sweep();
    expect(letters('cforced')).toEqual(before);
    await pastGrace('2026-02-28' as PlainDate);
    expect((await states(planRef)).slice(0, 3)).toEqual(['missed', 'kept', 'due']);
    expect(await tasks()).toHaveLength(1);
  });

  test('takes up a plan after the reminder: money for the reminded instalment is not given to the one before', async () => {
    const { planRef, customerRef } = await begun('creminded');
    await pastGrace('2026-01-31' as PlainDate);
    await world.until('2026-02-24');
    expect(letters('creminded')).toHaveProperty('Instalment … is due', 2);
    await run(planRef).terminate('by mistake');
    await pay(customerRef, '2026-02-25', 50_000n);
    await dataUntil('2026-02-25');
    await world.until('2026-02-26');
    await sweep();
    expect((await states(planRef)).slice(0, 3)).toEqual(['missed', 'kept', 'due']);
    expect(await sweep()).toMatchObject({ told: 0 });
  });

  test('tells a run of a decision of which it was not told', async () => {
    const { planRef, customerRef } = await begun('cuntold', { total: 100_000n as never, instalments: 2 });
    await pay(customerRef, '2026-01-13', 100_000n);
    await dataUntil('2026-01-14');
    await sweep();
    await answerStanding(world.database.app, { ...(await order(planRef)), reason: null });
    await sweep();
    expect(await run(planRef).result()).toMatchObject({ waitsFor: 'over' });
    expect(letters('cuntold')).toHaveProperty('Your credit standing is restored', 1);
    // a run that has ended is not begun again
    await sweep();
    expect(letters('cuntold')).toHaveProperty('Your credit standing is restored', 1);
  });
});
