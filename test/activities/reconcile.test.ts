import type { WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { reconcileActivities } from '../../activities/reconcile.js';
import { reservationExpiry } from '../../domain/reward-reservation.js';
import { instant, type CampaignRef, type Instant, type JourneyId, type ZoneId } from '../../domain/types.js';
import { readJourney, type JourneyRow } from '../../store/journeys.js';
import { budgetLeft, reserveReward } from '../../store/rewards.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, '2026-01-12');
});
afterEach(() => database.drop());

/** Closes what Temporal (a double that lists one run, now in this status) says was ended by force. */
function closeEnded(workflowId: string, status: string): Promise<{ closed: number }> {
  const workflows = {
    async *list() {
      yield await Promise.resolve({ workflowId });
    },
    getHandle: () => ({ describe: () => Promise.resolve({ status: { name: status } }) }),
  } as unknown as WorkflowClient;
  const { closeEndedJourneys } = reconcileActivities({ database: database.app, bank: BANK, workflows });
  const attempt = new MockActivityEnvironment(
    { currentAttemptScheduledTimestampMs: AT },
    { logger: new DefaultLogger('ERROR') },
  );
  return attempt.run(closeEndedJourneys);
}

const outcomes = async (): Promise<unknown[]> =>
  (await database.owner.query('select customer_ref, outcome from journeys order by customer_ref')).rows;

test('a journey whose run was terminated is closed with its reason, once, and the customer is free again', async () => {
  const journey = await admitted(database, await addCustomer(database, { ref: 'cended' }), '2026-01-12', AT);
  await admitted(database, await addCustomer(database, { ref: 'cother' }), '2026-01-12', AT);
  expect(await closeEnded(`journey:${journey.journeyId}`, 'TERMINATED')).toEqual({ closed: 1 });
  expect(await closeEnded(`journey:${journey.journeyId}`, 'TERMINATED')).toEqual({ closed: 0 });
  expect(await outcomes()).toEqual([
    { customer_ref: 'cended', outcome: 'ineligible' },
    { customer_ref: 'cother', outcome: null },
  ]);
  await admitted(database, journey.customerRef, '2026-02-01', AT);
});

const reserve = async ({ journeyId }: { journeyId: JourneyId }): Promise<JourneyRow> => {
  const journey = await readJourney(database.app, journeyId);
  expect(await database.app.transaction((sql) => reserveReward(sql, journey, AT))).toBe('reserved');
  return journey;
};
const left = (): Promise<bigint> => budgetLeft(database.app, 'keep-your-tier' as CampaignRef);

test('a journey whose run was terminated gives back the reward that was reserved for it', async () => {
  const journey = await admitted(database, await addCustomer(database, { ref: 'cended' }), '2026-01-12', AT);
  await reserve(journey);
  expect(await left()).toBe(199_500n);
  await closeEnded(`journey:${journey.journeyId}`, 'TERMINATED');
  expect(await left()).toBe(200_000n);
});

test('a reservation that nobody gave back lapses at its expiry, once, with a reason', async () => {
  const { definition, journeyId } = await reserve(
    await admitted(database, await addCustomer(database, { ref: 'clapsed' }), '2026-01-12', AT),
  );
  const sweep = (at: Instant): Promise<{ released: number; stuck: number }> => {
    const workflows = {} as WorkflowClient;
    const { releaseLapsedReservations } = reconcileActivities({ database: database.app, bank: BANK, workflows });
    const attempt = new MockActivityEnvironment(
      { currentAttemptScheduledTimestampMs: at },
      { logger: new DefaultLogger('ERROR') },
    );
    return attempt.run(releaseLapsedReservations);
  };
  const expiry = reservationExpiry(definition, AT);
  expect(await sweep(instant(expiry - 1))).toEqual({ released: 0, stuck: 0 });
  expect(await left()).toBe(199_500n);
  // of this one the books know nothing
  const other = await readJourney(
    database.app,
    (await admitted(database, await addCustomer(database, { ref: 'cstuck' }), '2026-01-12', AT)).journeyId,
  );
  await database.owner.query(
    `insert into reward_reservations (journey_id, campaign_ref, customer_ref, points, reserved_at, expires_at) values ($1, $2, $3, 500, $4, $5)`,
    [other.journeyId, other.campaignRef, other.customerRef, new Date(AT), new Date(AT + 1)],
  );
  expect(await sweep(expiry)).toEqual({ released: 1, stuck: 1 });
  expect(await sweep(expiry)).toEqual({ released: 0, stuck: 1 });
  expect(await left()).toBe(200_000n);
  const { rows } = await database.owner.query('select journey_id, reasons from decisions where kind = $1', ['reward']);
  expect(rows).toEqual([{ journey_id: journeyId, reasons: ['reservation-lapsed'] }]);
});

test('a complaint whose run was terminated is taken up again; one that was answered is left alone', async () => {
  for (const ref of ['cwaits', 'canswered']) await addCustomer(database, { ref });
  await database.owner.query(
    `insert into complaints (complaint_ref, complaint_key, customer_ref, workflow_id, source, narrative, opened_at, opened_wall, due_at, rule_set, resolved_at, resolution)
     values ('K-1', 'page:1', 'cwaits', 'complaint:page:1', 'page', 'words', now(), now(), now(), 'cn-2020', null, null),
            ('K-2', 'page:2', 'canswered', 'complaint:page:2', 'page', 'words', now(), now(), now(), 'cn-2020', now(), 'sorry')`,
  );
  const started: unknown[] = [];
  const workflows = {
    async *list() {
      yield await Promise.resolve({ workflowId: 'complaint:page:1' });
      yield { workflowId: 'complaint:page:2' };
    },
    start: (type: string, { workflowId, workflowIdReusePolicy }: Record<string, unknown>) =>
      Promise.resolve(started.push({ type, workflowId, workflowIdReusePolicy })),
  } as unknown as WorkflowClient;
  const { resumeEndedComplaints } = reconcileActivities({ database: database.app, bank: BANK, workflows });
  const attempt = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  expect(await attempt.run(resumeEndedComplaints)).toEqual({ resumed: 1 });
  const again = { type: 'complaintCase', workflowId: 'complaint:page:1', workflowIdReusePolicy: 'ALLOW_DUPLICATE' };
  expect(started).toEqual([again]);
});

test('a run that was reset goes on under the same id and keeps its journey', async () => {
  const journey = await admitted(database, await addCustomer(database, { ref: 'creset' }), '2026-01-12', AT);
  expect(await closeEnded(`journey:${journey.journeyId}`, 'RUNNING')).toEqual({ closed: 0 });
  expect(await outcomes()).toEqual([{ customer_ref: 'creset', outcome: null }]);
});
