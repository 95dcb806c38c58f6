import { readApiTokens } from '../../config/api-tokens.js';
import { readSurroundings } from '../../config/surroundings.js';
import { createLog } from '../../config/log.js';
import { connectClient } from '../../config/temporal.js';
import { Database } from '../../store/database.js';
import { buildWeb } from './app.js';
import { logged } from './refusal.js';

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = '127.0.0.1';
/** Requests under way get this many ms to end when the process is told to stop. */
const CLOSE_LIMIT_MS = 10_000;

const log = createLog('web');

function readPort(text: string | undefined): number {
  const port = Number(text || DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(
    `KEEPWELL_WEB_PORT is "${text}"; set it to a port from 1 to 65535, or leave it out for ${DEFAULT_PORT}`,
  );
}

function inWords(error: unknown, port: string): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return `port ${port} is taken by another program; stop that one or set KEEPWELL_WEB_PORT to a free port`;
  if (code === 'EACCES') return `port ${port} may not be opened by this user; set KEEPWELL_WEB_PORT to one above 1023`;
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const surroundings = readSurroundings();
  const apiTokens = readApiTokens();
  const port = readPort(process.env['KEEPWELL_WEB_PORT']);
  const host = process.env['KEEPWELL_WEB_HOST'] || DEFAULT_HOST;
  const database = Database.open(surroundings.databaseUrl, 'app', (error) =>
    log.warn(logged(error), 'a database connection broke'),
  );
  const client = await connectClient(surroundings);
  const app = await buildWeb({
    database,
    client,
    surroundings,
    log,
    trustProxy: process.env['KEEPWELL_WEB_TRUST_PROXY'] || undefined,
    apiTokens,
  });
  const stop = async (): Promise<void> => {
    setTimeout(() => process.exit(1), CLOSE_LIMIT_MS).unref();
    await app.close();
    await database.close();
    await client.connection.close();
    log.info('stopped');
    // an open channel to the parent would keep the process alive
    if (process.connected) process.disconnect();
  };
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      stop().catch((error: unknown) => {
        log.error(logged(error), 'the web server did not stop in order');
        process.exit(1);
      });
    });
  await app.listen({ port, host, listenTextResolver: () => 'pages are served' });
  process.send?.({ ready: true });
}

main().catch((error: unknown) => {
  log.fatal(
    logged(error),
    `the web server can't start: ${inWords(error, process.env['KEEPWELL_WEB_PORT'] || String(DEFAULT_PORT))}`,
  );
  process.exit(1);
});
