import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { explain, isAlive } from './checks.mjs';

/** How long one installation may keep another waiting. A cold `npm ci` on a slow line takes a few minutes. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** How often the one that waits looks again. */
const LOOK_AGAIN_MS = 200;
/** A lock folder without an owner's id in it for this long was left by a process that died between the two steps. */
const OWNERLESS_MS = 5_000;

/** Where downloads are kept between clones: `$XDG_CACHE_HOME/keepwell`, or `~/.cache/keepwell`. */
export function cacheFolder() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepwell');
}

/**
 * Runs `work` while no other process runs work of the same name; the lock of a dead process is taken over.
 * The lock is a folder, since making one is atomic on every file system.
 * @template T
 * @param {string} name a file name
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws Error when the other holds it longer than 15 minutes
 */
export async function oneAtATime(name, work) {
  const lock = join(cacheFolder(), 'locks', name);
  await mkdir(dirname(lock), { recursive: true });
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function takeLock(lock) {
  const began = Date.now();
  let said = false;
  let ownerlessSince = null;
  for (;;) {
    try {
      await mkdir(lock);
      await writeFile(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(join(lock, 'pid'), 'utf8').catch(() => ''));
    if (owner === 0) ownerlessSince ??= Date.now();
    else ownerlessSince = null;
    const abandoned = owner === 0 ? Date.now() - ownerlessSince > OWNERLESS_MS : !isAlive(owner);
    if (abandoned) {
      await rm(lock, { recursive: true, force: true });
      continue;
    }
    if (!said) explain(`another process (${owner || 'starting'}) is installing the same thing; waiting for it.`);
    said = true;
    if (Date.now() - began > LONGEST_WAIT_MS) {
      throw new Error(`Process ${owner} has been installing for over 15 minutes; stop it and run this again.`);
    }
    await pause(LOOK_AGAIN_MS);
  }
}
