import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { processIdentity } from '../../config/process-identity.js';
import { recordChild, stopOrphans } from '../../embedded/children.js';
import { homePaths, openHome, removeHome } from '../../embedded/home.js';
import { homeKeys } from '../../embedded/keys.js';
import { takeLock } from '../../embedded/lock.js';
import { choosePorts, freePort } from '../../embedded/ports.js';
import { startPostgres } from '../../embedded/postgres.js';
import { superviseProcess } from '../../embedded/supervisor.js';

let home: string;
let said: string[];
const say = (line: string): void => void said.push(line);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keepwell-home-'));
  said = [];
  await openHome(home);
});

afterEach(() => removeHome(home));

async function deadProcess(): Promise<{ pid: number; identity: string }> {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const identity = processIdentity(pid) ?? '';
  child.kill('SIGKILL');
  await once(child, 'exit');
  return { pid, identity };
}

describe('the lock of a home', () => {
  test('is refused to a second one, who is told where the first is', async () => {
    const lock = await takeLock(home, say);
    await writeFile(homePaths(home).surroundings, '{"surroundings":{"webUrl": "http://127.0.0.1:8080"}}');
    await expect(takeLock(home, say)).rejects.toThrow(
      `Keepwell already runs here (process ${process.pid}, pages at http://127.0.0.1:8080)`,
    );
    await lock.release();
    await (await takeLock(home, say)).release();
    expect(said).toEqual([]);
  });

  test('is taken over from a process that is dead, with a sentence', async () => {
    const dead = await deadProcess();
    await writeFile(homePaths(home).lock, JSON.stringify(dead));
    await (await takeLock(home, say)).release();
    expect(said).toEqual([`Process ${dead.pid} ended without giving ${home} back; taking it over.`]);
  });

  test('is taken over when its id belongs to another process by now', async () => {
    await writeFile(homePaths(home).lock, JSON.stringify({ pid: process.pid, identity: 'an earlier boot/1' }));
    await (await takeLock(home, say)).release();
    expect(said).toHaveLength(1);
  });

  test('goes to one of many who want it from a dead process at once', async () => {
    await writeFile(homePaths(home).lock, JSON.stringify(await deadProcess()));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(home, say)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

test('what a killed supervisor left running is stopped, and a later process of the same id is not', async () => {
  const orphan = spawn(process.execPath, ['--eval', 'setInterval(() => 0, 1000)'], { stdio: 'ignore', detached: true });
  const exited = once(orphan, 'exit');
  recordChild(home, 'worker-1', orphan.pid ?? 0, 'SIGTERM');
  const path = homePaths(home).children;
  const noted = JSON.parse(await readFile(path, 'utf8')) as object[];
  const innocent = { name: 'worker-2', pid: process.pid, identity: 'an earlier boot/1', signal: 'SIGTERM' };
  await writeFile(path, JSON.stringify([...noted, innocent]));
  await stopOrphans(home, say);
  expect(await exited).toEqual([null, 'SIGTERM']);
  expect(said).toEqual([`Stopping worker-1 (process ${orphan.pid}), which a killed Keepwell left running.`]);
});

test('a process that never gets ready is told with the end of its log', async () => {
  const args = ['--eval', 'console.log("no such table"); process.exit(3)'];
  const broken = await superviseProcess({
    name: 'broken',
    command: process.execPath,
    args,
    home,
    say,
    ready: 'message',
  });
  await expect(broken.ready).rejects.toThrow(/broken ended before it was ready[\s\S]*no such table/);
});

describe('ports', () => {
  let taken: Server;
  let port: number;

  beforeEach(async () => {
    port = await freePort();
    taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterEach(() => taken.close());

  test('a port that the person set and is taken is refused with the name to change', async () => {
    const env = { KEEPWELL_WEB_PORT: String(port) };
    await expect(choosePorts(['web'], { env, say })).rejects.toThrow(
      `Port ${port} is taken, so the pages can't listen there; set KEEPWELL_WEB_PORT to another.`,
    );
    await expect(choosePorts(['web'], { env: { KEEPWELL_WEB_PORT: 'x' }, say })).rejects.toThrow('no port');
  });

  test('a usual port that is taken is replaced by a free one outside the outgoing range, with a sentence', async () => {
    // Whether the usual one is free on this machine is not ours to decide, so it is taken here if it can be.
    const usual = createServer().once('error', () => undefined);
    await new Promise<void>((resolve) => {
      usual.once('error', () => resolve()).listen(8080, '127.0.0.1', resolve);
    });
    const { web } = await choosePorts(['web'], { env: {}, say });
    usual.close();
    expect(web).not.toBe(8080);
    expect(web).toBeLessThan(32_768);
    expect(said).toEqual([`Port 8080 is taken, so the pages will be at port ${web}; KEEPWELL_WEB_PORT sets another.`]);
  });
});

test('keys are made once, for this user only, and never again over data that need them', async () => {
  const keys = await homeKeys(home);
  expect(await homeKeys(home)).toEqual(keys);
  expect((await stat(homePaths(home).keys)).mode & 0o777).toBe(0o600);
  await writeFile(join(homePaths(home).temporal, 'temporal.db'), '');
  await rm(homePaths(home).keys);
  await expect(homeKeys(home)).rejects.toThrow('bring it back from a backup');
});

test('Postgres keeps its data over a restart and a kill -9', async () => {
  const options = { home, port: await freePort(), password: 'a password', say };
  const first = await startPostgres(options);
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();

  const second = await startPostgres(options);
  const [version] = await query(second.url, 'show server_version');
  expect(version).toMatchObject({ server_version: expect.stringMatching(/^18\./) as string });
  await second.process.kill9();
  await second.process.ready;
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await second.stop();
});

async function query(url: string, sql: string): Promise<object[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<object>(sql);
  await client.end();
  return rows;
}
