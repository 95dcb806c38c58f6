import { tellTasksDone } from '../../activities/tasks.js';
import { plainDate, type ManagerRef } from '../../domain/types.js';
import { listTasks } from '../../store/reads/task.js';
import { recordTaskResult } from '../../store/tasks.js';
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
