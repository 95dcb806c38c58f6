import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JourneyWorld } from './journey-world.js';

const ROOT = join(__dirname, '..', '..');
export const HISTORIES = join(__dirname, '..', 'replay', 'histories');

/**
 * How many events a run took. With KEEPWELL_RECORD_HISTORIES=1 its history is also stored for the replay tests; do that
 * once for each release, never to silence a replay that fails: docs/changing-a-workflow.md.
 * @param runId of one that went on as new; without it the last run
 */
export async function keepHistory(
  world: JourneyWorld,
  workflowId: string,
  name: string,
  runId?: string,
): Promise<number> {
  const { json, events } = await world.history(workflowId, runId);
  // a stack trace tells where this copy of the house stands, which is nobody's business
  const told = json.replaceAll(ROOT, '.');
  if (process.env['KEEPWELL_RECORD_HISTORIES'] === '1') await writeFile(join(HISTORIES, `${name}.json`), `${told}\n`);
  return events;
}

interface CountedEvent {
  eventType: string;
}

/**
 * What a run costs in Temporal actions, as Temporal Cloud counts them: a start, each attempt of an activity, a timer, a
 * signal, an update, an upsert of search attributes, a child two; local activities of one task are one.
 */
export async function temporalActions(world: JourneyWorld, workflowId: string): Promise<number> {
  const { events } = JSON.parse((await world.history(workflowId)).json) as { events: CountedEvent[] };
  const COSTS: Record<string, number> = {
    WORKFLOW_EXECUTION_STARTED: 1,
    ACTIVITY_TASK_STARTED: 1,
    TIMER_STARTED: 1,
    WORKFLOW_EXECUTION_SIGNALED: 1,
    WORKFLOW_EXECUTION_UPDATE_ACCEPTED: 1,
    UPSERT_WORKFLOW_SEARCH_ATTRIBUTES: 1,
    START_CHILD_WORKFLOW_EXECUTION_INITIATED: 2,
  };
  const kinds = events.map(({ eventType }) => eventType.replace('EVENT_TYPE_', ''));
  const tasksWithMarkers = kinds.filter((kind, index) => kind === 'MARKER_RECORDED' && kinds[index - 1] !== kind);
  return kinds.reduce((sum, kind) => sum + (COSTS[kind] ?? 0), tasksWithMarkers.length);
}
