import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import { DeterminismViolationError } from '@temporalio/workflow';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HISTORIES } from '../setup/histories.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

interface StoredEvent {
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
}
interface StoredHistory {
  events: StoredEvent[];
}

const names = readdirSync(HISTORIES).filter((name) => name.endsWith('.json'));
const stored = async (name: string): Promise<StoredHistory> =>
  JSON.parse(await readFile(join(HISTORIES, name), 'utf8')) as StoredHistory;
const replay = (history: StoredHistory, name: string): Promise<void> =>
  Worker.runReplayHistory(
    { workflowBundle: { codePath: process.env['KEEPWELL_TEST_BUNDLE'] ?? '' } },
    historyFromJSON(history),
    name,
  );

test('every kind of journey and complaint has a stored history', () => {
  expect(names.length).toBeGreaterThanOrEqual(10);
});

test.each(names)('customers on their way under %s go on under the code of today', async (name) => {
  await replay(await stored(name), name);
});

test('a history in which another step was taken does not replay', async () => {
  const history = await stored('journey-happy.json');
  const scheduled = history.events.filter((event) => event.activityTaskScheduledEventAttributes);
  const type = scheduled.at(-1)?.activityTaskScheduledEventAttributes?.activityType;
  expect(type?.name).toBe('sendJourneyMessage');
  if (type) type.name = 'dropOffer';
  await expect(replay(history, 'tampered')).rejects.toThrow(DeterminismViolationError);
});
