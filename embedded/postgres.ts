import { execFile } from 'node:child_process';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { processIdentity } from '../config/process-identity.js';
import { stopPid } from './children.js';
import { EmbeddedError, type Say } from './home.js';
import { postgresPlace, type PostgresPlace } from './postgres-place.js';
import { superviseProcess, type SupervisedProcess } from './supervisor.js';

const run = promisify(execFile);

/** The database and its owner. */
const NAME = 'keepwell';
const MADE_MARK = 'keepwell.made';
/** Workers, web, commands and tests each hold a small pool. */
const MAX_CONNECTIONS = 200;
/** Making a new cluster takes a second; on a machine that is busy, ten. */
const INIT_LIMIT_MS = 60_000;
/** A probe that hangs is asked again. */
const PROBE_LIMIT_MS = 2_000;

export interface PostgresOptions {
  /** an opened home (see openHome) */
  home: string;
  /** on 127.0.0.1; there is no socket file */
  port: number;
  password: string;
  say: Say;
  /** of the server, beside its own; tests give up durability for speed */
  settings?: Record<string, string>;
  onGivenUp?: (why: EmbeddedError) => void;
}

export interface RunningPostgres {
  /** of the database `keepwell`, as its owner */
  url: string;
  process: SupervisedProcess;
  /** a fast shutdown: open transactions are rolled back, a checkpoint is written */
  stop(): Promise<void>;
}

/**
 * Starts Postgres 18 on the home's data, which are made the first time (UTF-8, sorted by code point).
 * @throws EmbeddedError with the end of its log when it does not start
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { home, port, password, say } = options;
  const place = await postgresPlace(home, say);
  if (!(await isCluster(place.data))) await makeCluster(place, password, home);
  await stopForgotten(place.data, say);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: String(MAX_CONNECTIONS),
    log_min_messages: 'warning',
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const server = await superviseProcess({
    name: 'postgres',
    command: join(place.programs, 'bin', 'postgres'),
    args: ['-D', place.data, '-p', String(port), ...flags],
    cwd: place.data,
    ...(place.user === undefined ? {} : { user: place.user }),
    home,
    say,
    ready: () => answers(urlOf(port, password, 'postgres')),
    stopSignal: 'SIGINT',
    ...(options.onGivenUp === undefined ? {} : { onGivenUp: options.onGivenUp }),
  });
  try {
    await server.ready;
    await ensureDatabase(urlOf(port, password, 'postgres'), home);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: urlOf(port, password, NAME), process: server, stop: () => server.stop() };
}

function urlOf(port: number, password: string, database: string): string {
  return `postgresql://${NAME}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** Our own mark, set last: initdb writes its files early, and one that was killed leaves a cluster that never starts. */
async function isCluster(data: string): Promise<boolean> {
  return access(join(data, MADE_MARK)).then(
    () => true,
    () => false,
  );
}

async function makeCluster(place: PostgresPlace, password: string, home: string): Promise<void> {
  if (await hasVersion(place.data)) {
    // A cluster without our mark was cut off while it was made, so nothing was ever kept in it.
    await emptyFolder(place);
  }
  const passwordFile = `${place.data}.password`;
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (place.user !== undefined) await run('chown', [String(place.user.uid), passwordFile]);
  try {
    const options = { ...place.user, timeout: INIT_LIMIT_MS, cwd: '/', env: { ...process.env, LC_ALL: 'C' } };
    const login = [`--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    // The built-in locale sorts the same on every system; an index made by a system's own may break by its update.
    const text = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    await run(join(place.programs, 'bin', 'initdb'), [`--pgdata=${place.data}`, ...login, ...text], options);
    await run('touch', [join(place.data, MADE_MARK)], { ...place.user });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new EmbeddedError(
      `Postgres could not make its data in ${home}: ${(stderr || message).trim()}\n` +
        'If it speaks of a shared library, install the packages again without --ignore-scripts (npm ci).',
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function hasVersion(data: string): Promise<boolean> {
  return access(join(data, 'PG_VERSION')).then(
    () => true,
    () => false,
  );
}

async function emptyFolder(place: PostgresPlace): Promise<void> {
  await rm(place.data, { recursive: true, force: true });
  await run('mkdir', ['-m', '700', place.data]);
  if (place.user !== undefined) await run('chown', [`${place.user.uid}:${place.user.gid}`, place.data]);
}

/** A Postgres that still runs on these data though nobody noted it: its own pid file tells. */
async function stopForgotten(data: string, say: Say): Promise<void> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  const identity = processIdentity(pid);
  if (identity === null) return;
  // The id may belong to somebody else by now; only a process that was started on this very folder is stopped.
  const { stdout: commandLine } = await run('ps', ['-o', 'args=', '-p', String(pid)]);
  if (!commandLine.includes(data)) return;
  say(`Stopping a Postgres (process ${pid}) that still runs on ${data}.`);
  await stopPid(pid, identity, 'SIGINT');
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: PROBE_LIMIT_MS });
  // An error after the answer is told by whoever uses the database; unheard it would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    // Refused by password: it runs, but with other data than the key belongs to.
    if ((error as { code?: string }).code === '28P01') return true;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function ensureDatabase(url: string, home: string): Promise<void> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [NAME]);
    if (rowCount === 0) await client.query(`create database ${NAME}`);
  } catch (error) {
    throw new EmbeddedError(
      `Postgres runs but does not let us in (${(error as Error).message}): the password in ${home}/keys.json is not ` +
        'the one of its data; bring the keys back that belong to them.',
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
