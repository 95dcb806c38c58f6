import { bundleWorkflowCode } from '@temporalio/worker';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { openHome, removeHome } from '../../embedded/home.js';
import { freePort } from '../../embedded/ports.js';
import { startPostgres, type RunningPostgres } from '../../embedded/postgres.js';
import { Database } from '../../store/database.js';
import { migrate } from '../../store/migrate.js';

declare global {
  /** set-up and teardown are loaded apart from each other: the process is what they share */
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

/** One Postgres for the whole run with a migrated template to clone, and the workflows bundled once. */
export default async function globalSetup(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'keepwell-test-'));
  // Postgres refuses to run as root and becomes another user: that user must get in
  await chmod(home, 0o755);
  await openHome(home);
  const postgres = await startTestPostgres(home);
  globalThis.stopTestPostgres = async () => {
    await postgres.stop();
    process.off('exit', postgres.killWithUs);
    await removeHome(home);
  };
  const server = new Pool({ connectionString: postgres.url, max: 1 });
  await server.query('create database keepwell_template');
  const url = postgres.url.replace(/\/keepwell$/, '');
  const template = Database.open(`${url}/keepwell_template`, 'owner', (error) => console.error(error));
  await migrate(template);
  await template.close();
  await server.end();
  process.env['KEEPWELL_TEST_POSTGRES'] = url;

  const { code } = await bundleWorkflowCode({
    workflowsPath: join(__dirname, '..', '..', 'workflows', 'index.ts'),
    // one line for each module is of no use to who reads a test's output
    logger: { ...console, trace() {}, debug() {}, info() {}, log() {} },
  });
  const bundle = join(home, 'workflows.js');
  await writeFile(bundle, code);
  process.env['KEEPWELL_TEST_BUNDLE'] = bundle;
}

async function startTestPostgres(home: string): Promise<RunningPostgres & { killWithUs: () => void }> {
  // a test's data need not survive a power cut
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const say = (line: string): void => console.error(line);
  const postgres = await startPostgres({ home, port: await freePort(), password: 'keepwell', say, settings });
  // a run that dies takes its Postgres with it
  const killWithUs = (): void => {
    const { pid } = postgres.process;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };
  process.once('exit', killWithUs);
  return { ...postgres, killWithUs };
}
