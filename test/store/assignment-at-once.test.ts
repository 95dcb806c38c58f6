import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assignManager, type AssignmentSnapshot } from '../../domain/assignment.js';
import { instant, plainDate, type CustomerRef, type JourneyId, type ManagerRef } from '../../domain/types.js';
import { customersToAssign, readAssignmentSnapshot, withNeeds } from '../../store/assignment.js';
import { verifyDecisions } from '../../store/decisions.js';
import { brokenRules } from '../domain/assignment-rules.js';
import type { AssigningOrder } from '../setup/assigning-worker.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';
import { addCustomer, admitted, smallBank } from '../setup/small-bank.js';

const CUSTOMERS = 300;
const MANAGERS = 12;
const AT = Date.UTC(2026, 0, 12, 2);
const DAY = '2026-01-12';
/** A local activity has 5 s. */
const LONGEST_MS = 5_000;

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase();
  await bank();
});
afterEach(() => database.drop());

/** Twelve managers in three branches with room for 264, of different languages, tiers, skills and leave. */
async function bank(): Promise<void> {
  const { owner } = database;
  await smallBank(database, { origin: AT, anchor: AT, rate: 1 }, DAY);
  await owner.query('delete from managers');
  await owner.query(
    `insert into branches (branch_ref, name, parent_ref) values ('b2', 'South', 'b1'), ('b3', 'North', null)`,
  );
  await owner.query(
    `insert into managers (manager_ref, branch_ref, name, email, languages, capacity, skills, segments, work_days)
     select 'm' || i, 'b' || 1 + i % 3, 'Manager', 'm@bank.example',
            case i % 3 when 0 then '{en}'::text[] when 1 then '{zh-CN}' else '{zh-CN,en}' end, 22,
            case when i % 2 = 0 then '{advice}'::text[] else '{advice,tax}' end,
            case when i = 7 then '{mass}'::text[] end, case when i = 9 then '{2,3,4,5}'::int[] end
       from generate_series(1, ${MANAGERS}) i`,
  );
  await owner.query(`insert into manager_leave values ('m4', '2026-01-12', '2026-01-13', now(), 'test')`);
  await owner.query(`insert into manager_certificates values ('m5', 'wealth', '2025-01-01', '2026-01-11')`);
  await owner.query(
    `insert into manager_certificates select 'm' || i, 'wealth', '2025-01-01', '2026-12-31' from generate_series(1, 12) i where i <> 5`,
  );
  // what a campaign asks of a manager stands in its definition
  await owner.query(
    `update campaign_versions set definition = definition || '{"assignment": {"skills": ["advice"], "certificates": ["wealth"]}}'
      where campaign_ref = 'keep-your-tier'`,
  );
}

async function journeys(): Promise<JourneyId[]> {
  const { owner } = database;
  const ids: JourneyId[] = [];
  for (let i = 0; i < CUSTOMERS; i += 1) {
    const ref = await addCustomer(database, { ref: `c${i}` });
    ids.push((await admitted(database, ref, DAY, AT)).journeyId);
  }
  await owner.query(
    `update customers set branch_ref = 'b' || 1 + n % 3, language = case when n % 4 = 0 then 'zh-CN' else 'en' end,
            manager_ref = case when n % 5 = 0 then 'm' || 1 + n % 12 end
       from (select customer_ref as ref, substr(customer_ref, 2)::int as n from customers) c where customer_ref = ref`,
  );
  await owner.query(
    `insert into tier_history select 'c' || i, '2026-01-02', 'private', 'test' from generate_series(0, 299, 10) i`,
  );
  await owner.query(
    `insert into complaints (complaint_ref, complaint_key, customer_ref, about_manager_ref, workflow_id, source, narrative,
                             opened_at, opened_wall, due_at, rule_set, resolved_at, resolution)
     select 'K-' || i, 'page:' || i, 'c' || i, 'm' || 1 + i % 12, 'complaint:' || i, 'page', 'No.', now(), now(), now(), 'cn', now(), 'Sorry.'
       from generate_series(0, 299, 3) i`,
  );
  return ids;
}

/** Half of the journeys are opened by each of two worker processes, at once. */
async function openByTwoWorkers(journeyIds: readonly JourneyId[], locked: boolean): Promise<number[]> {
  const script = join(__dirname, '..', 'setup', 'assigning-worker.ts');
  const work = async (half: number): Promise<number> => {
    const own = journeyIds.filter((_, i) => i % 2 === half);
    const order: AssigningOrder = { url: database.url, journeyIds: own, at: AT, locked };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, JSON.stringify(order)]);
    return (JSON.parse(stdout) as { longest: number }).longest;
  };
  return Promise.all([work(0), work(1)]);
}

interface Assigned {
  customerRef: CustomerRef;
  managerRef: ManagerRef | null;
}

/** Who got whom, in the order in which the assignments were committed: ids of tasks are made in the order of time. */
async function assignments(): Promise<Assigned[]> {
  const { rows } = await database.owner.query<Assigned>(
    `select j.customer_ref as "customerRef", j.manager_ref as "managerRef"
       from journeys j left join tasks t on t.journey_id = j.journey_id order by t.task_id nulls last, 1`,
  );
  return rows;
}

/** Every way in which the result breaks a rule, or differs from what the pure function says of the snapshot of its turn. */
async function faults(before: AssignmentSnapshot, after: Assigned[]): Promise<string[]> {
  const needs = { skills: ['advice'], certificates: ['wealth'] };
  const customers = await customersToAssign(
    database.owner,
    after.map((each) => each.customerRef),
    instant(AT),
  );
  const wrong: string[] = [];
  for (const { customerRef, managerRef } of after) {
    const request = customers.find((each) => each.request.customerRef === customerRef)?.request;
    if (!request) throw new Error(`${customerRef} is missing`);
    const asked = withNeeds(request, needs);
    const answer = assignManager(asked, before);
    const expected = answer.kind === 'assigned' ? answer.managerRef : null;
    if (expected !== managerRef) wrong.push(`${customerRef} got ${managerRef} where the snapshot says ${expected}`);
    if (managerRef) wrong.push(...brokenRules(asked, before, managerRef).map((what) => `${managerRef} ${what}`));
    for (const manager of before.managers) if (manager.managerRef === managerRef) manager.openJourneys += 1;
  }
  return wrong;
}

test('300 customers and 12 managers, assigned at once by two workers: nobody has too many, no rule is broken', async () => {
  const ids = await journeys();
  const before = await readAssignmentSnapshot(database.owner, plainDate(DAY));
  const began = performance.now();
  const longest = await openByTwoWorkers(ids, true);
  console.log(
    `${CUSTOMERS} assignments by two processes: ${Math.round(performance.now() - began)} ms with their starts, the longest ${Math.round(Math.max(...longest))} ms`,
  );
  expect(Math.max(...longest)).toBeLessThan(LONGEST_MS);
  const { rows } = await database.owner.query<{ over: number; decided: number; full: number }>(
    `select (select count(*)::int from managers m where capacity < (
               select count(*) from journeys j where j.manager_ref = m.manager_ref and closed_at is null)) as over,
            (select count(*)::int from managers m where capacity = (
               select count(*) from journeys j where j.manager_ref = m.manager_ref and closed_at is null)) as full,
            (select count(*)::int from decisions where kind = 'assignment') as decided`,
  );
  // 8 or 9 of the 12 can have these customers, with room for fewer than there are
  expect(rows[0]).toMatchObject({ over: 0, decided: CUSTOMERS });
  expect(rows[0]?.full).toBeGreaterThanOrEqual(8);
  const after = await assignments();
  expect(await faults(before, after)).toEqual([]);
  const told = await database.owner.query(
    `select 1 from tasks where kind = 'first-contact' and manager_ref is not null`,
  );
  expect(told.rowCount).toBe(after.filter((each) => each.managerRef !== null).length);
  for (const ref of ['c0', 'c150', 'c299'])
    expect(await verifyDecisions(database.app, ref as CustomerRef)).toMatchObject({ whole: true });
});

test('without the lock managers get more than they can look after', async () => {
  const ids = await journeys();
  const before = await readAssignmentSnapshot(database.owner, plainDate(DAY));
  await openByTwoWorkers(ids, false);
  const wrong = await faults(before, await assignments());
  expect(wrong.filter((what) => what.endsWith('has no room'))).not.toEqual([]);
});
