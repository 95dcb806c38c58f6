import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { processIdentity } from '../config/process-identity.js';
import { EmbeddedError, homePaths, type Say } from './home.js';

/** How often a start tries to get the lock from a dead owner before it believes that others are quicker. */
const MOST_TRIES = 5;

const ownerSchema = z.object({ pid: z.number(), identity: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/** Held while the surroundings of a home run. */
export interface HomeLock {
  release(): Promise<void>;
}

/**
 * Takes the home for this process; the lock of a process that is gone is taken over with a sentence.
 * @throws EmbeddedError when another process runs Keepwell there
 */
export async function takeLock(home: string, say: Say): Promise<HomeLock> {
  const { lock } = homePaths(home);
  const identity = processIdentity(process.pid);
  if (identity === null)
    throw new EmbeddedError('This system does not tell when a process began; install procps (ps).');
  const mine = `${JSON.stringify({ pid: process.pid, identity })}\n`;
  // Written aside and then linked, so that nobody ever reads a lock without an owner in it.
  const draft = `${lock}.${randomUUID()}`;
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      if (await linked(draft, lock)) return { release: () => release(lock, mine) };
      await clearDeadLock(home, lock, say);
    }
    throw new EmbeddedError(`Others are starting in ${home} at the same time; try again in a moment.`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function clearDeadLock(home: string, lock: string, say: Say): Promise<void> {
  const text = await readFile(lock, 'utf8').catch(() => null);
  if (text === null) return;
  const owner = readOwner(text);
  if (owner !== null && processIdentity(owner.pid) === owner.identity) {
    throw new EmbeddedError(await refusal(home, owner.pid));
  }
  const aside = `${lock}.${randomUUID()}`;
  await rename(lock, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => null);
  // Somebody may have taken it over between the two steps: then that lock, which is alive, goes back.
  if (moved !== null && moved !== text) await linked(aside, lock);
  else if (moved !== null) say(`Process ${owner?.pid ?? '?'} ended without giving ${home} back; taking it over.`);
  await rm(aside, { force: true });
}

async function refusal(home: string, pid: number): Promise<string> {
  const text = await readFile(homePaths(home).surroundings, 'utf8').catch(() => '');
  const pages = /"webUrl":\s*"([^"]+)"/.exec(text)?.[1];
  const where = pages === undefined ? `process ${pid}, still starting` : `process ${pid}, pages at ${pages}`;
  return `Keepwell already runs here (${where}); stop it with Ctrl-C there, or set KEEPWELL_HOME to another folder.`;
}

function readOwner(text: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Only one's own lock is removed: after a takeover it belongs to somebody else. */
async function release(lock: string, mine: string): Promise<void> {
  const text = await readFile(lock, 'utf8').catch(() => null);
  if (text === mine) await rm(lock, { force: true });
}
