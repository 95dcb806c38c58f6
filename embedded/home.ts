import { chmod, mkdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Less free disk than this and nothing is started: Postgres alone writes 48 MiB to begin and grows by segments of 16. */
const LEAST_FREE_DISK_MIB = 500;

/** A log longer than this is set aside as `NAME.log.1` at the next start. */
const LONGEST_LOG_BYTES = 10 * 1024 * 1024;

const MIB = 1024 * 1024;

/** Something stands in the way of the embedded surroundings; the message says what it is and what to do. */
export class EmbeddedError extends Error {
  override readonly name: string = 'EmbeddedError';
}

/** One line for the person at the console. */
export type Say = (line: string) => void;

/** Files and folders in a home. */
export const homePaths = (home: string) => ({
  lock: join(home, 'lock'),
  keys: join(home, 'keys.json'),
  children: join(home, 'children.json'),
  surroundings: join(home, 'surroundings.json'),
  logs: join(home, 'logs'),
  postgres: join(home, 'postgres'),
  postgresLocation: join(home, 'postgres.location'),
  temporal: join(home, 'temporal'),
  mailbox: join(home, 'mailbox'),
});

/**
 * Makes the home folder and its rooms, readable by this user only, and looks whether the disk has room.
 * @throws EmbeddedError when it can't be written or less than 500 MiB are free
 */
export async function openHome(home: string): Promise<void> {
  const paths = homePaths(home);
  try {
    await mkdir(home, { recursive: true });
    // Postgres can't run as root and so must pass through this folder as another user; its rooms stay closed.
    await chmod(home, process.getuid?.() === 0 ? 0o711 : 0o700);
    for (const room of [paths.logs, paths.temporal, paths.mailbox]) await mkdir(room, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new EmbeddedError(
      `The folder ${home} can't be used (${(error as Error).message}); set KEEPWELL_HOME to one that can be written.`,
    );
  }
  const disk = await statfs(home);
  const freeMib = Math.floor((disk.bavail * disk.bsize) / MIB);
  if (freeMib < LEAST_FREE_DISK_MIB) {
    throw new EmbeddedError(
      `The disk that holds ${home} has ${freeMib} MiB left and Keepwell needs ${LEAST_FREE_DISK_MIB} to start; ` +
        'free some space, or set KEEPWELL_HOME to a folder on another disk. Nothing was changed.',
    );
  }
}

/**
 * Path of a log in the home. A long log of an earlier run is set aside first, one generation back.
 * @param name of the process that writes it
 */
export async function logFile(home: string, name: string): Promise<string> {
  const path = join(homePaths(home).logs, `${name}.log`);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LONGEST_LOG_BYTES) await rename(path, `${path}.1`);
  return path;
}

/** Deletes a home and whatever Postgres had to keep elsewhere for it. Nothing may run in it any more. */
export async function removeHome(home: string): Promise<void> {
  const elsewhere = await readFile(homePaths(home).postgresLocation, 'utf8').catch(() => null);
  if (elsewhere !== null) await rm(elsewhere.trim(), { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}

/** Replaces a file in one step, for this user's eyes only: a crash leaves the old or the new one, never half of one. */
export async function writePrivately(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: 0o600, flush: true });
  await rename(draft, path);
}

/** Turns an error of the operating system that people can do something about into words; others pass unchanged. */
export function inWords(error: unknown, home: string): Error {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedError(
      `The disk that holds ${home} is full; free some space and start again. What was answered for is kept.`,
    );
  }
  return error instanceof Error ? error : new Error(String(error));
}
