import { bundleWorkflowCode } from '@temporalio/worker';
import { mkdtemp, writeFile, chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { migrate } from '../../store/migrate.js';
import { Database } from '../../store/database.js';
import { TestPostgres } from './postgres.js';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** One Postgres for the whole run with a migrated template to clone, and the workflows bundled once. */
export default async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keepwell-test-'));
  // Postgres refuses to run as root and becomes another user: that user must get in
  await chmod(folder, 0o755);
  const port = await freePort();
  const postgres = new TestPostgres();
  await postgres.start(join(folder, 'postgres'), port);
  // set-up and teardown are loaded apart from each other: the process is what they share
  globalThis.keepwellTestPostgres = postgres;
  const url = `postgres://keepwell:keepwell@127.0.0.1:${port}`;
  const server = new Pool({ connectionString: `${url}/postgres`, max: 1 });
  await server.query('create database keepwell_template');
  const template = Database.open(`${url}/keepwell_template`, 'owner', (error) => console.error(error));
  await migrate(template);
  await template.close();
  await server.end();
  process.env['KEEPWELL_TEST_POSTGRES'] = url;

  const { code } = await bundleWorkflowCode({ workflowsPath: join(__dirname, '..', '..', 'workflows', 'index.ts') });
  const bundle = join(folder, 'workflows.js');
  await writeFile(bundle, code);
  process.env['KEEPWELL_TEST_BUNDLE'] = bundle;
}
