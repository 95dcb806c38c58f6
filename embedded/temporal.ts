import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time';
import { EmbeddedError, homePaths, type Say } from './home.js';
import { superviseProcess, type SupervisedProcess } from './supervisor.js';

const NAMESPACE = 'default';
/** Days for which Temporal's own pages show a run after its end; the database keeps what was decided for good. */
const RETENTION_DAYS = 90;
/** What journeys can be found by in Temporal; opaque values only. docker-compose.yml makes the same four. */
export const SEARCH_ATTRIBUTES = ['KeepwellCustomer', 'KeepwellCampaign', 'KeepwellStep', 'KeepwellOutcome'] as const;

/** A probe that hangs is asked again. */
const PROBE_LIMIT_MS = 2_000;
/** The dev server writes its file when it ends. */
const STOP_LIMIT_MS = 15_000;

export interface TemporalOptions {
  /** an opened home (see openHome) */
  home: string;
  port: number;
  uiPort: number;
  /** of Keepwell's pages, which decode payloads for Temporal's own */
  webUrl: string;
  /** in a file of the home; else in memory, and a crash loses all journeys */
  durable: boolean;
  say: Say;
  env?: NodeJS.ProcessEnv;
  onGivenUp?: (why: EmbeddedError) => void;
}

export interface RunningTemporal {
  address: string;
  namespace: string;
  uiUrl: string;
  process: SupervisedProcess;
  stop(): Promise<void>;
}

/**
 * Starts Temporal's dev server with its pages; it is ready when the namespace and the search attributes are there.
 * @throws EmbeddedError when its program is unknown (KEEPWELL_TEMPORAL_CLI) or it does not start
 */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { home, port, uiPort, durable, say } = options;
  const program = (options.env ?? process.env)['KEEPWELL_TEMPORAL_CLI'];
  if (!program) {
    throw new EmbeddedError('KEEPWELL_TEMPORAL_CLI names no Temporal program; use the npm scripts, which find it.');
  }
  const file = durable ? ['--db-filename', join(homePaths(home).temporal, 'temporal.db')] : [];
  const attributes = SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  const ports = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const pages = ['--ui-codec-endpoint', `${options.webUrl}/codec`, '--ui-disable-news-fetch'];
  const quiet = ['--log-level', 'error', '--disable-config-file', '--disable-config-env'];
  const address = `127.0.0.1:${port}`;
  const server = await superviseProcess({
    name: 'temporal',
    command: program,
    args: ['server', 'start-dev', ...ports, ...pages, ...file, ...attributes, ...quiet],
    home,
    say,
    ready: () => answers(address),
    stopLimitMs: STOP_LIMIT_MS,
    // One in memory would come back empty: better to end than to go on without the journeys.
    ...(durable ? {} : { maxRestarts: 0 }),
    ...(options.onGivenUp === undefined ? {} : { onGivenUp: options.onGivenUp }),
  });
  try {
    await server.ready;
    await keepHistories(address);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  return { address, namespace: NAMESPACE, uiUrl, process: server, stop: () => server.stop() };
}

/** The dev server forgets a run a day after its end; support staff ask later than that. */
async function keepHistories(address: string): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: PROBE_LIMIT_MS });
  try {
    await connection.workflowService.updateNamespace({
      namespace: NAMESPACE,
      config: { workflowExecutionRetentionTtl: msToTs(RETENTION_DAYS * 86_400_000) },
    });
  } finally {
    await connection.close();
  }
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: PROBE_LIMIT_MS });
  try {
    return await connection.withDeadline(Date.now() + PROBE_LIMIT_MS, async () => {
      await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
      const found = await connection.operatorService.listSearchAttributes({ namespace: NAMESPACE });
      return SEARCH_ATTRIBUTES.every((name) => name in (found.customAttributes ?? {}));
    });
  } finally {
    await connection.close();
  }
}
