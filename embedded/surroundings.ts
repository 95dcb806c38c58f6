import { rm } from 'node:fs/promises';
import { processIdentity } from '../config/process-identity.js';
import type { Surroundings, SurroundingsFile } from '../config/surroundings.js';
import { stopOrphans } from './children.js';
import { EmbeddedError, homePaths, inWords, openHome, writePrivately, type Say } from './home.js';
import { homeKeys, type Keys } from './keys.js';
import { takeLock } from './lock.js';
import { startMailbox, type RunningMailbox } from './mailbox.js';
import { choosePorts, type Ports } from './ports.js';
import { startPostgres, type RunningPostgres } from './postgres.js';
import { startTemporal, type RunningTemporal } from './temporal.js';

const HOST = '127.0.0.1';
const SAMPLE_SENDER = 'Keepwell Bank <service@keepwell.example>';

export interface StartOptions {
  /** folder for all data; made when missing */
  home: string;
  say: Say;
  /** where own addresses (TEMPORAL_ADDRESS, DATABASE_URL, SMTP_URL), ports and keys are looked for */
  env?: NodeJS.ProcessEnv;
  /**
   * For demos and tests: starts all three whatever the environment says, on any free ports, with Temporal in memory
   * and keys of its own. Give it a new folder.
   */
  fresh?: boolean;
  /** ports that the caller chose already */
  ports?: Partial<Ports>;
  /** one of the three crashed and could not be brought back */
  onGivenUp?: (why: EmbeddedError) => void;
}

export interface RunningSurroundings {
  surroundings: Surroundings;
  ports: Ports;
  /** lets other commands find these surroundings, until stop() */
  publish(): Promise<void>;
  /** mailbox, Temporal, Postgres, in this order; then the home is given back. A second call does nothing. */
  stop(): Promise<void>;
}

interface Parts {
  temporal: RunningTemporal | undefined;
  database: RunningPostgres | undefined;
  mailbox: RunningMailbox | undefined;
}

/** How each part is started; absent where the person has one of their own. */
type PartOptions = { [Part in keyof Parts]: (() => Promise<NonNullable<Parts[Part]>>) | undefined };

/**
 * Starts those of Temporal, Postgres and the mailbox that the environment has no address for, and takes the home for
 * this process. What a killed predecessor left behind is stopped or taken over first, with a sentence.
 * @throws EmbeddedError with a sentence for the person; everything that had started is stopped again
 */
export async function startSurroundings(options: StartOptions): Promise<RunningSurroundings> {
  const { home, say } = options;
  try {
    await openHome(home);
    const lock = await takeLock(home, say);
    try {
      // What a killed start had published is not true any more.
      await rm(homePaths(home).surroundings, { force: true });
      await stopOrphans(home, say);
      return await startParts(options, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw inWords(error, home);
  }
}

async function startParts(options: StartOptions, lock: { release(): Promise<void> }): Promise<RunningSurroundings> {
  const { home, say, fresh = false } = options;
  const given = options.env ?? process.env;
  const env = fresh ? {} : given;
  const own = { temporal: !env['TEMPORAL_ADDRESS'], database: !env['DATABASE_URL'], smtp: !env['SMTP_URL'] };
  demandSecrets(own, env);
  const keys = await homeKeys(home);
  const parts = [
    ...(own.temporal ? (['temporal', 'temporalUi'] as const) : []),
    ...(own.database ? (['postgres'] as const) : []),
    ...(own.smtp ? (['smtp', 'mailbox'] as const) : []),
    'web' as const,
  ];
  const ports = await choosePorts(parts, { env, say, anyFree: fresh, fixed: options.ports ?? {} });
  const webUrl = env['KEEPWELL_WEB_URL'] || `http://${HOST}:${ports.web}`;
  const common = { home, say, ...(options.onGivenUp === undefined ? {} : { onGivenUp: options.onGivenUp }) };

  const temporalPorts = { port: ports.temporal, uiPort: ports.temporalUi };
  const mailboxPorts = { smtpPort: ports.smtp, pagePort: ports.mailbox };
  const { temporal, database, mailbox } = await startTogether({
    temporal: own.temporal
      ? () => startTemporal({ ...common, ...temporalPorts, webUrl, durable: !fresh, env: given })
      : undefined,
    database: own.database
      ? () => startPostgres({ ...common, port: ports.postgres, password: keys.postgresPassword })
      : undefined,
    mailbox: own.smtp ? () => startMailbox({ ...common, ...mailboxPorts }) : undefined,
  });
  const surroundings: Surroundings = {
    temporalAddress: temporal?.address ?? env['TEMPORAL_ADDRESS'] ?? '',
    temporalNamespace: temporal?.namespace ?? (env['TEMPORAL_NAMESPACE'] || 'default'),
    temporalUiUrl: temporal?.uiUrl ?? (env['TEMPORAL_UI_URL'] || null),
    databaseUrl: database?.url ?? env['DATABASE_URL'] ?? '',
    smtpUrl: mailbox?.smtpUrl ?? env['SMTP_URL'] ?? '',
    mailboxUrl: mailbox?.url ?? (env['KEEPWELL_MAILBOX_URL'] || null),
    webUrl,
    embedded: own,
    ...secrets(env, keys),
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = async (): Promise<void> => {
    for (const part of [mailbox, temporal, database]) await part?.stop();
    await rm(homePaths(home).surroundings, { force: true });
    await lock.release();
  };
  return {
    surroundings,
    ports,
    publish: () => publish(home, surroundings),
    stop: () => (stopped ??= stopOnce()),
  };
}

/** What is not kept in this home must not depend on keys that only this home has. */
function demandSecrets(own: Surroundings['embedded'], env: NodeJS.ProcessEnv): void {
  const demands = [
    {
      own: own.temporal,
      given: 'TEMPORAL_ADDRESS',
      needs: 'KEEPWELL_PAYLOAD_KEYS',
      why: 'to read its histories later',
    },
    {
      own: own.database,
      given: 'DATABASE_URL',
      needs: 'KEEPWELL_LINK_SECRET',
      why: 'so that links in sent mail stay good',
    },
    { own: own.smtp, given: 'SMTP_URL', needs: 'KEEPWELL_MAIL_FROM', why: 'as the sender of real mail' },
  ];
  for (const demand of demands) {
    if (demand.own || env[demand.needs]) continue;
    throw new EmbeddedError(
      `${demand.given} is set, so ${demand.needs} has to be set too, ${demand.why}; Keepwell makes its own only for what it starts itself.`,
    );
  }
}

function secrets(env: NodeJS.ProcessEnv, keys: Keys): Pick<Surroundings, 'payloadKeys' | 'linkSecret' | 'mailFrom'> {
  return {
    payloadKeys: env['KEEPWELL_PAYLOAD_KEYS'] || keys.payloadKeys,
    linkSecret: env['KEEPWELL_LINK_SECRET'] || keys.linkSecret,
    mailFrom: env['KEEPWELL_MAIL_FROM'] || SAMPLE_SENDER,
  };
}

/** What was started together; when one of them fails, the others are stopped again and its failure is thrown. */
async function startTogether(options: PartOptions): Promise<Parts> {
  const starting = { temporal: options.temporal?.(), database: options.database?.(), mailbox: options.mailbox?.() };
  const results = await Promise.allSettled(Object.values(starting).filter((part) => part !== undefined));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    for (const result of results) if (result.status === 'fulfilled') await result.value.stop();
    throw failure.reason;
  }
  return { temporal: await starting.temporal, database: await starting.database, mailbox: await starting.mailbox };
}

async function publish(home: string, surroundings: Surroundings): Promise<void> {
  const file: SurroundingsFile = { surroundings, pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  await writePrivately(homePaths(home).surroundings, `${JSON.stringify(file, null, 2)}\n`);
}
