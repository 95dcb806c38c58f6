import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JourneyWorld } from './journey-world.js';

const ROOT = join(__dirname, '..', '..');
export const HISTORIES = join(__dirname, '..', 'replay', 'histories');

/**
 * How many events a run took. With KEEPWELL_RECORD_HISTORIES=1 its history is also stored for the replay tests; do that
 * once for each release, never to silence a replay that fails: docs/changing-a-workflow.md.
 */
export async function keepHistory(world: JourneyWorld, workflowId: string, name: string): Promise<number> {
  const { json, events } = await world.history(workflowId);
  // a stack trace tells where this copy of the house stands, which is nobody's business
  const told = json.replaceAll(ROOT, '.');
  if (process.env['KEEPWELL_RECORD_HISTORIES'] === '1') await writeFile(join(HISTORIES, `${name}.json`), `${told}\n`);
  return events;
}
