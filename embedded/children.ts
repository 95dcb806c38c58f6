import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { processIdentity } from '../config/process-identity.js';
import { homePaths, type Say } from './home.js';

/** How long an orphan gets to end by itself before it is killed. Postgres writes its checkpoint in that time. */
const ORPHAN_LIMIT_MS = 15_000;
/** How often we look whether it ended. */
const LOOK_AGAIN_MS = 50;

const childSchema = z.object({
  name: z.string(),
  pid: z.number(),
  identity: z.string(),
  signal: z.enum(['SIGINT', 'SIGTERM']),
});
type Child = z.infer<typeof childSchema>;

/** Notes a child of the supervisor, so that the next start can stop it if this supervisor is killed. */
export function recordChild(home: string, name: string, pid: number, signal: Child['signal']): void {
  const identity = processIdentity(pid);
  if (identity === null) return;
  write(home, [...read(home).filter((child) => child.pid !== pid), { name, pid, identity, signal }]);
}

/** Strikes out a child that ended. */
export function forgetChild(home: string, pid: number): void {
  write(
    home,
    read(home).filter((child) => child.pid !== pid),
  );
}

/**
 * Stops what a killed supervisor left running in this home, last started first. Call with the home's lock held.
 * A process is only touched when it is the very one that was noted, not one that got its id later.
 */
export async function stopOrphans(home: string, say: Say): Promise<void> {
  for (const child of read(home).reverse()) {
    if (processIdentity(child.pid) !== child.identity) continue;
    say(`Stopping ${child.name} (process ${child.pid}), which a killed Keepwell left running.`);
    await stopPid(child.pid, child.identity, child.signal);
  }
  write(home, []);
}

/** Signals a process that is not our child, waits up to 15 s, then kills it. */
export async function stopPid(pid: number, identity: string, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  const until = Date.now() + ORPHAN_LIMIT_MS;
  while (processIdentity(pid) === identity) {
    if (Date.now() > until) process.kill(pid, 'SIGKILL');
    await pause(LOOK_AGAIN_MS);
  }
}

function read(home: string): Child[] {
  try {
    return z.array(childSchema).parse(JSON.parse(readFileSync(homePaths(home).children, 'utf8')));
  } catch {
    // Missing or half a file: Postgres is still found by its own pid file, the others fail on their ports.
    return [];
  }
}

/** At once and in one step: the note must be on disk before anything can happen to us. */
function write(home: string, children: Child[]): void {
  const { children: path } = homePaths(home);
  writeFileSync(`${path}.draft`, `${JSON.stringify(children)}\n`, { mode: 0o600 });
  renameSync(`${path}.draft`, path);
}
