import type { WorkflowClient } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { roundActivities, type RoundActivities } from '../../activities/round.js';
import type { Trigger } from '../../domain/trigger-names.js';
import {
  addDays,
  addMillis,
  days,
  instant,
  type CampaignRef,
  type CustomerRef,
  type Instant,
  type ManagerRef,
  type PlainDate,
  type ZoneId,
} from '../../domain/types.js';
import { admitByHand } from '../../store/admit-by-hand.js';
import { readCampaignVersion } from '../../store/campaigns.js';
import { timestamp } from '../../store/database.js';
import { verifyDecisions } from '../../store/decisions.js';
import { addExclusion, liftExclusion, listExclusions } from '../../store/exclusions.js';
import { recordTaskResult } from '../../store/tasks.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, smallBank } from '../setup/small-bank.js';

/** A Monday, at ten in Shanghai. */
const AT = instant(Date.UTC(2026, 0, 12, 2));
const DAY = '2026-01-11' as PlainDate;
const BANK = { name: 'Test Bank', zone: 'Asia/Shanghai' as ZoneId, clock: { origin: AT, anchor: AT, rate: 1 } };

let database: TestDatabase;
let round: RoundActivities;
let anna: CustomerRef;
beforeEach(async () => {
  database = await freshDatabase();
  await smallBank(database, BANK.clock, DAY);
  round = roundActivities({ database: database.app, bank: BANK, workflows: {} as WorkflowClient });
  anna = await addCustomer(database, { ref: 'canna' });
  await database.owner.query(`update customers set manager_ref = 'm1'`);
});
afterEach(() => database.drop());

async function found(customerRef: CustomerRef, trigger: Trigger, asOf: PlainDate = DAY): Promise<void> {
  await database.owner.query(
    `insert into findings (customer_ref, trigger, as_of, score, reasons, found_at) values ($1, $2, $3, 80, '[]', $4)`,
    [customerRef, trigger, asOf, timestamp(AT)],
  );
}
const judge = (asOf: PlainDate = DAY, at: Instant = AT): Promise<{ admitted: number; refused: number }> =>
  new MockActivityEnvironment({ currentAttemptScheduledTimestampMs: at }, { logger: new DefaultLogger('ERROR') }).run(
    () => round.admitCustomers({ asOf }),
  );

interface Task {
  taskId: string;
  key: string;
  managerRef: ManagerRef | null;
  dueAt: number;
  result: string | null;
}
async function tasks(): Promise<Task[]> {
  const { rows } = await database.owner.query<Task>(
    `select task_id as "taskId", task_key as key, manager_ref as "managerRef", due_at as "dueAt", result
       from tasks where kind = 'fraud-check' order by task_id`,
  );
  return rows;
}
async function answer(result: string, at: Instant = addMillis(AT, days(0.2))): Promise<void> {
  const task = (await tasks()).find((each) => each.result === null);
  if (!task) throw new Error('nobody is asked anything');
  const done = { taskId: task.taskId, by: 'm1' as ManagerRef, result, reason: null, callBackAt: null, note: null };
  await recordTaskResult(database.app, { ...done, at, day: '2026-01-12' as PlainDate });
}
async function decided(): Promise<string[]> {
  const { rows } = await database.owner.query<{ told: string }>(
    `select concat_ws(' ', kind, verdict, (select string_agg(r, ', ') from jsonb_array_elements_text(reasons) r)) as told
       from decisions where customer_ref = $1 and kind <> 'task' order by sequence`,
    [anna],
  );
  return rows.map(({ told }) => told);
}
async function journeys(): Promise<number> {
  return (await database.owner.query('select 1 from journeys')).rowCount ?? 0;
}

describe('a large outflow', () => {
  test("is a question on the manager's list, due at the end of the next working day, and begins no journey", async () => {
    await found(anna, 'large-outflow');
    await found(anna, 'tier-at-risk');
    expect(await judge()).toEqual({ admitted: 0, refused: 1 });
    expect(await tasks()).toEqual([
      {
        taskId: expect.any(String) as unknown,
        key: `fraud-check:canna:${DAY}`,
        managerRef: 'm1',
        // Tuesday, 18:00 in Shanghai
        dueAt: Date.UTC(2026, 0, 13, 10),
        result: null,
      },
    ]);
    expect(await decided()).toEqual(['admission refused fraud-check-open']);
    expect(await journeys()).toBe(0);
  });

  test("is on the team leads' list where the customer has no manager, or one who has left", async () => {
    await database.owner.query(`update managers set left_on = '2026-01-10' where manager_ref = 'm1'`);
    const boris = await addCustomer(database, { ref: 'cboris' });
    await found(anna, 'large-outflow');
    await found(boris, 'large-outflow');
    await judge();
    expect((await tasks()).map(({ managerRef }) => managerRef)).toEqual([null, null]);
  });

  test('is not asked of a manager whom the customer has complained about', async () => {
    await database.owner.query(
      `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source,
                               narrative, opened_at, opened_wall, due_at, rule_set)
       values ('K-1', 'k', 'canna', 'm1', 'k', 'page', 'No.', now(), now(), now(), 'cn')`,
    );
    await found(anna, 'large-outflow');
    await judge();
    expect((await tasks()).map(({ managerRef }) => managerRef)).toEqual([null]);
  });

  test('is asked about while a journey is open as well', async () => {
    await found(anna, 'tier-at-risk');
    await judge();
    await found(anna, 'large-outflow', addDays(DAY, 1));
    await judge(addDays(DAY, 1));
    expect(await tasks()).toHaveLength(1);
    expect(await decided()).toEqual([
      'admission admitted tier-at-risk',
      'admission refused journey-open, fraud-check-open',
    ]);
  });

  test('keeps every other finding out as long as the question is open, on later days too', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await found(anna, 'negative-balance', addDays(DAY, 40));
    await judge(addDays(DAY, 40));
    expect(await decided()).toEqual(['admission refused fraud-check-open', 'admission refused fraud-check-open']);
    expect(await tasks()).toHaveLength(1);
  });

  test('is asked about once, however often the day is judged and however many rounds run at once', async () => {
    await found(anna, 'large-outflow');
    await Promise.allSettled([judge(), judge(), judge()]);
    await judge();
    expect(await tasks()).toHaveLength(1);
    expect(await decided()).toHaveLength(1);
  });

  test('that somebody has cleared begins the journey when the same day is judged again, and that once', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('not-cheated');
    expect(await judge()).toEqual({ admitted: 1, refused: 0 });
    expect(await judge()).toEqual({ admitted: 0, refused: 0 });
    expect(await decided()).toEqual(['admission refused fraud-check-open', 'admission admitted large-outflow']);
    expect(await journeys()).toBe(1);
    expect(await verifyDecisions(database.app, anna)).toMatchObject({ whole: true });
  });

  test('that somebody has cleared begins the journey on the next day, without being asked about again', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('not-cheated');
    await found(anna, 'large-outflow', addDays(DAY, 1));
    expect(await judge(addDays(DAY, 1))).toEqual({ admitted: 1, refused: 0 });
    expect(await tasks()).toHaveLength(1);
  });

  test('is asked about anew once the answer is thirty days old', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('not-cheated');
    const later = addDays(DAY, 30);
    await found(anna, 'large-outflow', later);
    await judge(later, addMillis(AT, days(30)));
    expect((await tasks()).map(({ key }) => key)).toEqual([`fraud-check:canna:${DAY}`, `fraud-check:canna:${later}`]);
    expect((await decided()).at(-1)).toBe('admission refused fraud-check-open');
  });

  test('where nobody could be reached stays a question, and the next day asks it again', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('wrong-number');
    expect(await judge()).toEqual({ admitted: 0, refused: 1 });
    expect(await judge()).toEqual({ admitted: 0, refused: 0 });
    expect(await tasks()).toHaveLength(1);
    await found(anna, 'large-outflow', addDays(DAY, 1));
    await judge(addDays(DAY, 1));
    expect(await tasks()).toHaveLength(2);
    expect(await journeys()).toBe(0);
  });

  test('by which the customer is being cheated excludes them in the name of who found out, once, and begins nothing', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('cheated');
    expect(await judge()).toEqual({ admitted: 0, refused: 1 });
    expect(await judge()).toEqual({ admitted: 0, refused: 0 });
    await found(anna, 'large-outflow', addDays(DAY, 1));
    await judge(addDays(DAY, 1));
    const { exclusions } = await listExclusions(database.app, { customerRef: anna, lifted: true, limit: 9 });
    expect(exclusions).toMatchObject([{ kind: 'suspected-fraud', excludedBy: 'm1', liftedAt: null }]);
    expect(await decided()).toEqual([
      'admission refused fraud-check-open',
      'exclusion suspected-fraud',
      'admission refused excluded',
      'admission refused excluded',
    ]);
    expect(await tasks()).toHaveLength(1);
  });

  test('excludes nobody again whom somebody has looked at since', async () => {
    await found(anna, 'large-outflow');
    await judge();
    await answer('cheated');
    await judge();
    const list = () => listExclusions(database.app, { customerRef: anna, lifted: true, limit: 9 });
    const exclusionId = (await list()).exclusions[0]?.exclusionId ?? '';
    const lift = { exclusionId, reason: 'a mistake', by: 'Li Na', at: addMillis(AT, days(1)) };
    await liftExclusion(database.app, lift);
    await found(anna, 'tier-at-risk', addDays(DAY, 2));
    await judge(addDays(DAY, 2), addMillis(AT, days(2)));
    expect((await list()).exclusions).toHaveLength(1);
    expect((await decided()).at(-1)).toBe('admission admitted tier-at-risk');
  });

  test('of somebody who has died, or is suspected already, is no question for anybody', async () => {
    const boris = await addCustomer(database, { ref: 'cboris' });
    const excluding = { reason: 'recorded', by: 'Li Na', at: AT };
    await addExclusion(database.app, { customerRef: anna, kind: 'deceased', ...excluding });
    await addExclusion(database.app, { customerRef: boris, kind: 'suspected-fraud', ...excluding });
    await found(anna, 'large-outflow');
    await found(boris, 'large-outflow');
    expect(await judge()).toEqual({ admitted: 0, refused: 2 });
    expect(await tasks()).toEqual([]);
    expect((await decided()).at(-1)).toBe('admission refused excluded');
  });
});

describe('by hand', () => {
  async function start(at: Instant = AT) {
    const campaign = await readCampaignVersion(database.app, 'keep-your-tier' as CampaignRef);
    if (!campaign) throw new Error('no campaign');
    return admitByHand(database.app, { customerRef: anna, campaign, asOf: DAY, at, by: 'Li Na' });
  }

  test('nobody starts a journey on a large outflow; the question is asked instead', async () => {
    await found(anna, 'large-outflow');
    expect(await start()).toEqual({ verdict: 'refused', reasons: ['fraud-check-open'] });
    expect(await tasks()).toHaveLength(1);
    await answer('not-cheated');
    expect(await start(addMillis(AT, days(1)))).toMatchObject({ verdict: 'admitted' });
  });

  test('nobody starts a journey for somebody who is excluded', async () => {
    await addExclusion(database.app, { customerRef: anna, kind: 'frozen', reason: 'recorded', by: 'Li Na', at: AT });
    expect(await start()).toEqual({ verdict: 'refused', reasons: ['excluded'] });
    expect(await journeys()).toBe(0);
  });
});
