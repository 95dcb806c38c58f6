import { DefaultLogger, NativeConnection, Runtime, Worker, type LogEntry } from '@temporalio/worker';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { gatewayDoors } from '../activities/gateway.js';
import { smtpMailDoor } from '../activities/mail.js';
import type { ChannelDoors } from '../activities/outreach-channel.js';
import { assertClockAllowed } from '../config/clock-guard.js';
import { dkimKey } from '../config/dkim.js';
import { createLog } from '../config/log.js';
import { readSurroundings, type Surroundings } from '../config/surroundings.js';
import { connectClient, dataConverter } from '../config/temporal.js';
import { Database } from '../store/database.js';
import { readInstallation, type Installation } from '../store/installation.js';
import { TASK_QUEUE } from '../workflows/contract.js';
import { buildActivities } from './activities.js';
import { watchGoals } from './goal-watch.js';

/** Connections of one worker to Postgres; activities beyond that wait for one. */
const DATABASE_CONNECTIONS = 16;
const MAX_ACTIVITIES = 32;
/** A worker that was killed is noticed after this long, and its workflows go on elsewhere. */
const STICKY_TIMEOUT = '2s';
/** What runs when the worker is told to stop gets this long to end. */
const DRAIN_TIME = '20s';

/** Temporal's own log lines go where ours go, so that there is one log to read. */
function installLog(log: Logger): void {
  const write = ({ level, message, meta }: LogEntry): void => {
    const names = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
    log[names[level]](meta ?? {}, message);
  };
  Runtime.install({ logger: new DefaultLogger('INFO', write), shutdownSignals: ['SIGTERM', 'SIGINT'] });
}

async function openBank(surroundings: Surroundings, database: Database): Promise<Installation> {
  const installation = await readInstallation(database);
  if (!installation)
    throw new Error('the database holds no bank: run `keepwell bank generate` or `keepwell import` first');
  assertClockAllowed(installation.clock, surroundings.embedded);
  return installation;
}

async function createWorker(
  surroundings: Surroundings,
  database: Database,
  doors: ChannelDoors,
  log: Logger,
): Promise<{ worker: Worker; close: () => Promise<void> }> {
  const { bankName, zone, clock } = await openBank(surroundings, database);
  const connection = await NativeConnection.connect({ address: surroundings.temporalAddress });
  const client = await connectClient(surroundings);
  const { linkSecret, webUrl, mailFrom } = surroundings;
  const mailDomain = mailFrom.replace(/^.*@|>$/g, '');
  const bank = { name: bankName, zone, clock };
  const parts = { database, bank, mailDomain, linkSecret, webUrl, workflows: client.workflow };
  const activityDependencies = { ...parts, ...doors };
  const worker = await Worker.create({
    connection,
    namespace: surroundings.temporalNamespace,
    taskQueue: TASK_QUEUE,
    workflowsPath: join(__dirname, '..', 'workflows', 'index.ts'),
    activities: buildActivities(activityDependencies),
    dataConverter: dataConverter(surroundings.payloadKeys),
    maxConcurrentActivityTaskExecutions: MAX_ACTIVITIES,
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT,
    shutdownGraceTime: DRAIN_TIME,
  });
  const stopWatching = watchGoals(activityDependencies, log);
  const close = async (): Promise<void> => {
    await stopWatching();
    await connection.close();
    await client.connection.close();
  };
  return { worker, close };
}

async function main(): Promise<void> {
  const log = createLog('worker');
  installLog(log);
  const surroundings = readSurroundings();
  const database = Database.open(
    surroundings.databaseUrl,
    'app',
    (error) => log.warn({ err: error }, 'a connection to Postgres broke'),
    DATABASE_CONNECTIONS,
  );
  const mail = smtpMailDoor(surroundings.smtpUrl, surroundings.mailFrom, dkimKey());
  const { worker, close } = await createWorker(surroundings, database, { mail, gateways: gatewayDoors() }, log);
  const running = worker.run();
  process.send?.({ ready: true });
  log.info({ taskQueue: TASK_QUEUE }, 'working');
  await running;
  await close();
  await database.close();
  log.info('drained and stopped');
  process.disconnect?.();
}

main().catch((error: unknown) => {
  createLog('worker').fatal({ err: error }, 'the worker stopped: its cause is in err');
  process.exitCode = 1;
  process.disconnect?.();
});
