import { tellTasksDone } from '../../activities/tasks.js';
import { dateIn } from '../../domain/calendar.js';
import { days, plainDate, type ManagerRef, type ZoneId } from '../../domain/types.js';
import { listTasks } from '../../store/reads/task.js';
import { recordTaskResult } from '../../store/tasks.js';
import { journeyState, journeyStart } from '../../workflows/contract.js';
import { publishText, shippedCampaign } from '../setup/campaign-version.js';
import { addCustomer, admitted } from '../setup/small-bank.js';
import { FIRST_DAY, JourneyWorld } from '../setup/journey-world.js';

let world: JourneyWorld;
beforeAll(async () => {
  world = await JourneyWorld.create();
});
afterAll(() => world.close());

test('a journey opens its first contact, and hears once of a task that was done while nobody could tell it', async () => {
  const { customerRef, journeyId, handle } = await world.journey({ ref: 'ctold' });
  const { tasks } = await listTasks(world.database.app, { customerRef, limit: 9 });
  expect(tasks).toMatchObject([{ kind: 'first-contact', journeyId, managerRef: 'm1' }]);
  const taskId = tasks[0]?.taskId ?? '';
  const at = await world.now();
  const answer = { result: 'reached', reason: 'rate', callBackAt: null, note: null };
  await recordTaskResult(world.database.app, {
    ...answer,
    taskId,
    by: 'm1' as ManagerRef,
    at,
    day: plainDate(FIRST_DAY),
  });
  const deps = { database: world.database.app, workflows: world.client.workflow };
  expect(await tellTasksDone(deps, at, () => undefined)).toEqual({ told: 1 });
  expect(await tellTasksDone(deps, at, () => undefined)).toEqual({ told: 0 });
  const history = await handle.fetchHistory();
  const signals = (history.events ?? []).flatMap(
    (event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? [],
  );
  expect(signals).toEqual(['taskDone']);
});

test('a task of a run that is gone is counted as told', async () => {
  const { customerRef, handle } = await world.journey({ ref: 'cgone' });
  await handle.terminate('a test');
  const { tasks } = await listTasks(world.database.app, { customerRef, limit: 9 });
  const at = await world.now();
  const answer = { result: 'wrong-number', reason: null, callBackAt: null, note: null };
  const done = { ...answer, taskId: tasks[0]?.taskId ?? '', by: 'm1' as ManagerRef, at, day: plainDate(FIRST_DAY) };
  await recordTaskResult(world.database.app, done);
  const deps = { database: world.database.app, workflows: world.client.workflow };
  expect(await tellTasksDone(deps, at, () => undefined)).toEqual({ told: 1 });
});

test('a customer whose number is a stranger’s is not waited for: the journey goes on to its next step', async () => {
  const call = `  - step: call\n    kind: call\n    follows: outreach\n    wait: 1 day\n    dueWorkingDays: 3\n    waitFor: 6 days\n`;
  const text = await shippedCampaign('keep-your-tier', (shipped) =>
    shipped.replace('  # A suitable product.', `${call}  # A suitable product.`),
  );
  const { database } = world;
  const version = await publishText(database, text, await world.now());
  const customerRef = await addCustomer(database, { ref: 'cstranger' });
  const row = await admitted(database, customerRef, FIRST_DAY, await world.now());
  await database.owner.query('update journeys set version = $2 where journey_id = $1', [row.journeyId, version]);
  const handle = await world.client.workflow.start(...journeyStart({ ...row, version, clock: world.clock }));
  await world.anHour();
  const { tasks } = await listTasks(database.app, { customerRef, limit: 9 });
  const at = await world.now();
  const answer = { result: 'wrong-number', reason: null, callBackAt: null, note: null };
  const done = { ...answer, taskId: tasks[0]?.taskId ?? '', by: 'm1' as ManagerRef, at };
  await recordTaskResult(database.app, { ...done, day: plainDate(dateIn('Asia/Shanghai' as ZoneId, at)) });
  await world.sleep(days(1));
  expect((await listTasks(database.app, { customerRef, all: true, limit: 9 })).tasks.map(({ kind }) => kind)).toEqual([
    'first-contact',
  ]);
  expect(await handle.query(journeyState)).toMatchObject({ step: 'offer' });
});
