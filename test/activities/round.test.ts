import { WorkflowExecutionAlreadyStartedError, type WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { journeyActivities } from '../../activities/journey.js';
import { roundActivities, type RoundActivities } from '../../activities/round.js';
import {
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type JourneyId,
  type PlainDate,
  type TierRef,
  type ZoneId,
} from '../../domain/types.js';
import type { Trigger } from '../../domain/trigger-names.js';
import { insertComplaint } from '../../store/complaints.js';
import { lockCustomer } from '../../store/customers.js';
import { timestamp, type Sql } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { closeJourney, insertJourney, markGoalMet } from '../../store/journeys.js';
import type { journeyStart } from '../../workflows/contract.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-12' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

type Start = (...start: ReturnType<typeof journeyStart>) => Promise<void>;
const isOf = (customerRef: string, [, options]: ReturnType<typeof journeyStart>): boolean =>
  options.args?.[0].customerRef === customerRef;

let database: TestDatabase;
/** Stands for Temporal's client: remembers what was started. */
let start: jest.Mock<ReturnType<Start>, Parameters<Start>>;
let round: RoundActivities;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
  start = jest.fn<ReturnType<Start>, Parameters<Start>>(async () => undefined);
  const workflows = { start } as unknown as WorkflowClient;
  round = roundActivities({ database: database.app, bank: BANK, workflows });
});
afterEach(() => database.drop());

/** An activity's surroundings; every attempt is handed out at this instant. */
const attempt = (at = AT): MockActivityEnvironment =>
  new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: at }, { logger: new DefaultLogger('ERROR') });
const admit = (asOf = DAY): Promise<{ admitted: number; refused: number }> =>
  attempt().run(() => round.admitCustomers({ asOf }));
const startJourneys = (): Promise<{ started: number }> => attempt().run(() => round.startJourneys());

async function found(customerRef: CustomerRef, trigger: Trigger, score = 80, asOf: string = DAY): Promise<void> {
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, $4, '[]', $5)`,
    [customerRef, trigger, asOf, score, timestamp(AT)],
  );
}
async function customerAtRisk(ref: string, trigger: Trigger = 'tier-at-risk', score = 80): Promise<CustomerRef> {
  const customerRef = await addCustomer(database, { ref });
  await found(customerRef, trigger, score);
  return customerRef;
}

/** What was decided on each customer, in words. */
async function decided(): Promise<string[]> {
  const { rows } = await database.owner.query<{ told: string }>(
    `select concat_ws(' ', d.customer_ref, d.verdict, coalesce(j.campaign_ref, reasons ->> 0)) as told
       from decisions d left join journeys j using (journey_id)
      where kind = 'admission' order by d.customer_ref, sequence`,
  );
  return rows.map(({ told }) => told);
}
async function count(table: 'journeys' | 'decisions', where = 'true'): Promise<number> {
  const { rows } = await database.owner.query<{ n: number }>(`select count(*)::int as n from ${table} where ${where}`);
  return rows[0]?.n ?? 0;
}

/** Returns when a connection waits for a lock that another one holds. */
async function blocked(): Promise<void> {
  for (let look = 0; look < 10_000; look += 1) {
    const { rows } = await database.owner.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
  throw new Error('nobody waits for a lock: the two transactions did not meet');
}

const openJourney = (customerRef: CustomerRef, campaignRef: string): Promise<JourneyId | null> =>
  insertJourney(database.app, {
    customerRef,
    campaignRef: campaignRef as CampaignRef,
    version: 1,
    findingId: null,
    asOf: '2026-01-05' as PlainDate,
    tierRef: 'affluent' as TierRef,
    at: addMillis(AT, days(-7)),
  });

describe('admission', () => {
  test('decides on everybody who was found: who begins, in which campaign, and who not and why', async () => {
    await customerAtRisk('catrisk');
    await customerAtRisk('cinthered', 'negative-balance');
    await customerAtRisk('cweak', 'tier-at-risk', 29);
    const both = await customerAtRisk('cboth');
    await found(both, 'card-overused', 40);
    const busy = await customerAtRisk('cbusy');
    await openJourney(busy, 'credit-care');
    const cross = await customerAtRisk('ccross');
    await complain(cross);
    const lately = await customerAtRisk('clately');
    const ended = await openJourney(lately, 'keep-your-tier');
    await closeJourney(database.app, ended as JourneyId, 'retained', 'ended', addMillis(AT, days(-1)));
    const lowest = await customerAtRisk('clowest');
    await database.owner.query(`update tier_history set tier_ref = 'mass' where customer_ref = $1`, [lowest]);
    const erased = await customerAtRisk('cerased');
    await database.owner.query('update customers set erased_at = $2 where customer_ref = $1', [erased, timestamp(AT)]);
    await addCustomer(database, { ref: 'cquiet' });

    expect(await admit()).toEqual({ admitted: 3, refused: 6 });
    expect(await decided()).toEqual([
      'catrisk admitted keep-your-tier',
      'cboth admitted credit-care',
      'cbusy refused journey-open',
      'ccross refused complaint-open',
      'cerased refused erased',
      'cinthered admitted credit-care',
      'clately refused cool-down',
      'clowest refused not-in-audience',
      'cweak refused score-too-low',
    ]);
    expect(await count('journeys', 'closed_at is null')).toBe(4);
  });

  test('writes what it saw, so that a customer can be told years later', async () => {
    const anna = await customerAtRisk('canna');
    await admit();
    const { rows } = await database.owner.query('select saw, result, rules, decided_at from decisions');
    const journey = await database.owner.query<{ journey_id: string }>(
      `select journey_id from journeys join findings using (finding_id) where trigger = 'tier-at-risk'`,
    );
    expect(journey.rows).toHaveLength(1);
    expect(rows).toMatchObject([
      {
        saw: {
          tierRef: 'affluent',
          openJourney: false,
          openComplaint: false,
          lastClosedAt: null,
          findings: [{ trigger: 'tier-at-risk', score: 80 }],
          campaigns: ['credit-care@1', 'keep-your-tier@1'],
        },
        result: { campaign: 'keep-your-tier', version: 1, journeyId: journey.rows[0]?.journey_id },
        rules: 'admission@2',
        decided_at: AT,
      },
    ]);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true, decisions: 1 });
  });

  test('of the same day twice admits nobody twice and decides nothing twice', async () => {
    await customerAtRisk('canna');
    await customerAtRisk('cboris', 'tier-at-risk', 10);
    expect(await admit()).toEqual({ admitted: 1, refused: 1 });
    const first = await decided();
    expect(await admit()).toEqual({ admitted: 0, refused: 0 });
    expect(await decided()).toEqual(first);
    expect(await count('journeys')).toBe(1);
  });

  test('of a day on which somebody was found later decides on that one alone', async () => {
    await customerAtRisk('canna');
    await admit();
    await customerAtRisk('cboris');
    expect(await admit()).toEqual({ admitted: 1, refused: 0 });
  });

  test('of the next day refuses who has a journey open from the day before, in whatever campaign', async () => {
    const anna = await customerAtRisk('canna');
    const boris = await customerAtRisk('cboris', 'negative-balance');
    await admit();
    const next = '2026-01-13' as PlainDate;
    await found(anna, 'negative-balance', 100, next);
    await found(boris, 'card-overused', 100, next);
    expect(await admit(next)).toEqual({ admitted: 0, refused: 2 });
    expect(await decided()).toEqual([
      'canna admitted keep-your-tier',
      'canna refused journey-open',
      'cboris admitted credit-care',
      'cboris refused journey-open',
    ]);
    expect(await count('decisions', `verdict = 'refused' and (saw ->> 'openJourney')::boolean`)).toBe(2);
    for (const ref of [anna, boris])
      expect(await verifyDecisions(database.app, ref)).toMatchObject({ whole: true, decisions: 2 });
  });

  test('refuses who has had a journey of the campaign for that day already, though it is over', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    const { journeyId } = await admitted(database, anna, DAY, AT);
    await closeJourney(database.app, journeyId, 'declined', 'ended', addMillis(AT, days(-91)));
    expect(await admit()).toEqual({ admitted: 0, refused: 1 });
    expect(await count('journeys')).toBe(1);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true, decisions: 1 });
  });

  test('waits for a complaint that is being opened, and hears it', async () => {
    const anna = await customerAtRisk('canna');
    let admitting: Promise<unknown> | undefined;
    await database.app.transaction(async (sql) => {
      await lockCustomer(sql, anna);
      await complain(anna, sql);
      admitting = admit();
      await blocked();
    });
    expect(await admitting).toEqual({ admitted: 0, refused: 1 });
    expect(await decided()).toEqual(['canna refused complaint-open']);
  });

  test('by two workers at once leaves each customer with one decision and one journey', async () => {
    for (let n = 0; n < 20; n += 1) await customerAtRisk(`c${n}`, 'tier-at-risk', n % 2 === 0 ? 80 : 10);
    await Promise.allSettled([admit(), admit(), admit()]);
    // what a retry would do
    await admit();
    expect(await count('decisions')).toBe(20);
    expect(await count('journeys')).toBe(10);
    expect(await count('decisions', `verdict = 'admitted'`)).toBe(10);
  });

  test('of more customers than fit into one transaction decides on all, and says on the way how far it is', async () => {
    await database.owner.query(
      `insert into customers (customer_ref, source, source_id, name, email, language, zone, customer_since)
       select 'c' || n, 'many', n, 'Zhang Wei', 'c' || n || '@customers.example', 'en', 'Asia/Shanghai', '2025-01-01'
         from generate_series(1, 450) n`,
    );
    await database.owner.query(
      `insert into tier_history select customer_ref, '2025-01-01', 'affluent', 'test' from customers`,
    );
    await database.owner.query(
      `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
       select customer_ref, 'tier-at-risk', $1, 80, '[]', $2 from customers`,
      [DAY, timestamp(AT)],
    );
    const env = attempt();
    const beats: unknown[] = [];
    env.on('heartbeat', (beat) => beats.push(beat));
    expect(await env.run(() => round.admitCustomers({ asOf: DAY }))).toEqual({ admitted: 450, refused: 0 });
    expect(beats).toHaveLength(3);
    expect(await count('journeys')).toBe(450);
    expect(await startJourneys()).toEqual({ started: 450 });
    expect(new Set(start.mock.calls.map(([, options]) => options.workflowId)).size).toBe(450);
  });

  test('asks for the tiers first when a customer has none on the day, and decides on nobody half', async () => {
    await customerAtRisk('canna');
    const boris = await customerAtRisk('cboris');
    await database.owner.query('delete from tier_history where customer_ref = $1', [boris]);
    await expect(admit()).rejects.toThrow(
      '1 of the customers found on 2026-01-12 have no tier on that day; evaluate the tiers first',
    );
    expect(await count('decisions')).toBe(0);
    expect(await count('journeys')).toBe(0);
  });

  async function complain(customerRef: CustomerRef, sql: Sql = database.app): Promise<void> {
    await insertComplaint(sql, {
      complaintKey: 'page:1',
      workflowId: 'complaint:page:1',
      customerRef,
      source: 'page',
      narrative: 'Nobody calls me back.',
      openedAt: AT,
      dueAt: addMillis(AT, days(15)),
      ruleSet: 'cn-2020',
    });
  }
});

describe('starting journeys', () => {
  test("starts each once, under the journey's own id, with nothing of the customer but the reference", async () => {
    await customerAtRisk('canna');
    await admit();
    expect(await startJourneys()).toEqual({ started: 1 });
    expect(await startJourneys()).toEqual({ started: 0 });
    const { rows } = await database.owner.query<{ journey_id: string; workflow_id: string; started_at: number }>(
      'select journey_id, workflow_id, started_at from journeys',
    );
    const [journey] = rows;
    expect(journey?.started_at).toBe(AT);
    expect(start.mock.calls).toEqual([
      [
        'customerJourney',
        expect.objectContaining({
          workflowId: journey?.workflow_id,
          // one that runs is left alone, and one that has run is never run again
          workflowIdConflictPolicy: 'USE_EXISTING',
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          args: [
            {
              journeyId: journey?.journey_id,
              customerRef: 'canna',
              campaignRef: 'keep-your-tier',
              version: 1,
              clock: BANK.clock,
            },
          ],
        }),
      ],
    ]);
  });

  test('after a crash between the start and the note of it asks for the same workflow again', async () => {
    await customerAtRisk('canna');
    await admit();
    await startJourneys();
    await database.owner.query('update journeys set started_at = null');
    await startJourneys();
    expect(start).toHaveBeenCalledTimes(2);
    expect(start.mock.calls[1]).toEqual(start.mock.calls[0]);
  });

  test('takes a journey that has run and ended as started', async () => {
    await customerAtRisk('canna');
    await admit();
    start.mockRejectedValue(new WorkflowExecutionAlreadyStartedError('it ran', 'journey:1', 'customerJourney'));
    expect(await startJourneys()).toEqual({ started: 1 });
    expect(await count('journeys', 'started_at is null')).toBe(0);
  });

  test('loses none when Temporal is down: what was not started is started by the next attempt', async () => {
    for (const ref of ['canna', 'cboris', 'cclara']) await customerAtRisk(ref);
    await admit();
    start.mockImplementation(async (...asked) => {
      if (isOf('cboris', asked)) throw new Error('no server');
    });
    await expect(startJourneys()).rejects.toThrow('no server');
    expect(await count('journeys', `customer_ref = 'cboris' and started_at is null`)).toBe(1);
    start.mockReset().mockResolvedValue(undefined);
    await startJourneys();
    expect(start.mock.calls.some((asked) => isOf('cboris', asked))).toBe(true);
    expect(await count('journeys', 'started_at is null')).toBe(0);
  });

  test('leaves alone a journey that was closed before it began', async () => {
    const anna = await customerAtRisk('canna');
    const journeyId = await openJourney(anna, 'keep-your-tier');
    await closeJourney(database.app, journeyId as JourneyId, 'declined', 'ended', AT);
    expect(await startJourneys()).toEqual({ started: 0 });
    expect(start).not.toHaveBeenCalled();
  });
});

test('the day that is judged is the last of which the data tell, and without a bank there is none', async () => {
  expect(await attempt().run(() => round.dayToJudge())).toBe(DAY);
  await database.owner.query('update installation set data_until = null');
  await expect(attempt().run(() => round.dayToJudge())).rejects.toThrow(/no bank is loaded/);
});

describe('a goal that is met while the journey is being settled', () => {
  test('counts when it was first: the customer gets what was earned', async () => {
    const anna = await addCustomer(database, { ref: 'canna' });
    const { journeyId } = await admitted(database, anna, DAY, AT);
    const journeys = journeyActivities({ database: database.app, bank: BANK });
    let settling: Promise<unknown> | undefined;
    await database.app.transaction(async (sql) => {
      await lockCustomer(sql, anna);
      settling = attempt().run(() => journeys.settleJourney({ journeyId, ending: 'window-over', at: AT }));
      await blocked();
      const evidence = { by: 'average-secured', daysHeld: 31, periodEnd: '2026-02-28' as PlainDate };
      expect(await markGoalMet(sql, journeyId, evidence, AT)).toBe(true);
    });
    expect(await settling).toMatchObject({ outcome: 'retained', rewarded: true });
    const { rows } = await database.owner.query(`select amount from postings where to_account = 'customer:canna'`);
    expect(rows).toEqual([{ amount: 500n }]);
  });
});
