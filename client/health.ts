import type { Client } from '@temporalio/client';
import { assertClockAllowed } from '../config/clock-guard.js';
import { readSurroundings, type Surroundings } from '../config/surroundings.js';
import { connectClient } from '../config/temporal.js';
import { Database } from '../store/database.js';
import { knownYears } from '../domain/public-holidays.js';
import { calendarsInForce } from '../store/campaigns.js';
import { openStop } from '../store/outbound-stops.js';
import { pausedCampaigns } from '../store/pauses.js';
import { readInstallation } from '../store/installation.js';
import { missingMigrations } from '../store/reads/migrations.js';
import { SCHEDULES, searchAttributes, TASK_QUEUE } from '../workflows/contract.js';
import { describeSchedule } from './schedules.js';

/** What was found of one part: `words` says how it is, or what to do. */
export interface Finding {
  part: string;
  ok: boolean;
  words: string;
}

/** A part that has not answered within this many ms is called silent. */
const PROBE_LIMIT_MS = 5_000;
/** A worker asks for work at least once a minute; this many ms without it, and it is gone. */
const WORKER_SILENT_MS = 90_000;

/** The end of a calendar is told so long before, wall ms. */
const CALENDAR_NOTICE_MS = 60 * 86_400_000;

/** Something is wrong with a part; the message says what to do. */
class Ailment extends Error {}

/** Looks at every part in turn; what depends on a part that is missing is not looked at. */
export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const findings: Finding[] = [];
  const look = async <Value>(part: string, work: () => Promise<[Value, string]>): Promise<Value | null> => {
    try {
      const [value, words] = await within(work());
      findings.push({ part, ok: true, words });
      return value;
    } catch (error) {
      findings.push({ part, ok: false, words: error instanceof Error ? error.message || error.name : String(error) });
      return null;
    }
  };
  const surroundings = await look('surroundings', async () => {
    const found = readSurroundings(env);
    return [found, ownParts(found)];
  });
  if (!surroundings) return findings;
  await examineBank(surroundings, look);
  await examineTemporal(surroundings, look);
  await look('mail', async () => [null, await greetMailServer(surroundings.smtpUrl)]);
  await look('pages', async () => [null, await openPages(surroundings.webUrl)]);
  return findings;
}

type Look = <Value>(part: string, work: () => Promise<[Value, string]>) => Promise<Value | null>;

function ownParts({ embedded }: Surroundings): string {
  const own = Object.entries(embedded).flatMap(([part, isOwn]) => (isOwn ? [part] : []));
  return own.length > 0 ? `found; started by Keepwell: ${own.join(', ')}` : 'found; none started by Keepwell';
}

async function examineBank(surroundings: Surroundings, look: Look): Promise<void> {
  const database = Database.open(surroundings.databaseUrl, 'app', () => undefined, 1);
  const server = new URL(surroundings.databaseUrl).host;
  try {
    const reached = await look('postgres', async () => {
      await database.query('select 1').catch((cause: unknown) => {
        throw new Ailment(
          `Postgres at ${server} can't be used (${codeOf(cause)}); see whether it runs, and run npm start once to set it up`,
          { cause },
        );
      });
      const missing = await missingMigrations(database);
      if (missing.length > 0)
        throw new Ailment(`the database lacks ${missing.join(', ')}; restart npm start, which migrates it`);
      return [true, `answers at ${server} and is up to date`];
    });
    if (!reached) return;
    await look('messages', async () => [null, await messagesLeave(database)]);
    await look('calendars', async () => [null, await calendarsKnown(database)]);
    await look('bank', async () => {
      const installation = await readInstallation(database);
      if (!installation)
        throw new Ailment('no bank is loaded; use "keepwell bank generate" or "keepwell import berka"');
      assertClockAllowed(installation.clock, surroundings.embedded);
      const { bankName, dataUntil, clock } = installation;
      const speed = clock.rate === 1 ? '' : `, its clock runs ${clock.rate} times as fast`;
      return [installation, `${bankName} with data until ${dataUntil}${speed}`];
    });
  } finally {
    await database.close();
  }
}

/** The kill switch and pauses are meant to be there; they are told, since nobody should have to guess. */
async function messagesLeave(database: Database): Promise<string> {
  const stop = await openStop(database);
  if (stop)
    throw new Ailment(
      `everything outbound is stopped since ${new Date(stop.stoppedAt).toISOString()} by ${stop.stoppedBy}; "keepwell outbound resume" lets messages leave`,
    );
  const paused = await pausedCampaigns(database);
  return paused.length > 0 ? `leave, but for paused campaigns: ${paused.join(', ')}` : 'leave as they are due';
}

/** Beyond its last year a calendar holds every message from day to day. */
async function calendarsKnown(database: Database): Promise<string> {
  const used = await calendarsInForce(database);
  const soon = new Date(Date.now() + CALENDAR_NOTICE_MS).getUTCFullYear();
  const ending = used.filter((calendar) => knownYears(calendar).last < soon);
  if (ending.length > 0)
    throw new Ailment(
      `holidays of ${ending.map((calendar) => `${calendar} are known to the end of ${knownYears(calendar).last}`).join(', ')}: after that messages under such a calendar are held; update date-holidays and chinese-days, or take the calendar out of the campaign`,
    );
  return used.length > 0 ? `known for a while: ${used.join(', ')}` : 'no campaign keeps a calendar of holidays';
}

async function examineTemporal(surroundings: Surroundings, look: Look): Promise<void> {
  const client = await look('temporal', async () => {
    const connected = await connectClient(surroundings);
    return [connected, `answers at ${surroundings.temporalAddress}, namespace ${surroundings.temporalNamespace}`];
  });
  if (!client) return;
  try {
    await look('search attributes', async () => [null, await seekAttributes(client)]);
    await look('worker', async () => [null, await seekWorkers(client)]);
    await look('schedule', async () => [null, await seekSchedule(client)]);
  } finally {
    await client.connection.close();
  }
}

async function seekAttributes(client: Client): Promise<string> {
  const { namespace } = client.options;
  const found = await client.connection.operatorService.listSearchAttributes({ namespace });
  const wanted = Object.values(searchAttributes).map(({ name }) => name);
  const missing = wanted.filter((name) => !(name in (found.customAttributes ?? {})));
  if (missing.length > 0) {
    const add = missing.map((name) => `--name ${name} --type Keyword`).join(' ');
    throw new Ailment(`not registered: ${missing.join(', ')}; run "temporal operator search-attribute create ${add}"`);
  }
  return `registered: ${wanted.join(', ')}`;
}

async function seekWorkers(client: Client): Promise<string> {
  const { namespace } = client.options;
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: TASK_QUEUE },
    taskQueueType: 1,
  });
  const awake = (pollers ?? []).filter(
    ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < WORKER_SILENT_MS,
  );
  if (awake.length === 0)
    throw new Ailment(
      `no worker asks the queue "${TASK_QUEUE}" for work; nothing goes on until one runs, see npm start`,
    );
  return `${awake.length} ask the queue "${TASK_QUEUE}" for work`;
}

async function seekSchedule(client: Client): Promise<string> {
  const state = await describeSchedule(client, SCHEDULES.round).catch((cause: unknown) => {
    throw new Ailment('the daily round is not scheduled; restart npm start, which schedules it', { cause });
  });
  if (state.paused)
    throw new Ailment(`the daily round is paused (${state.note ?? 'no note'}); "keepwell schedule resume" goes on`);
  const next = state.nextRuns[0];
  return `the daily round runs next at ${next === undefined ? 'no time' : new Date(next).toISOString()}`;
}

async function greetMailServer(smtpUrl: string): Promise<string> {
  const { createTransport } = await import('nodemailer');
  const server = new URL(smtpUrl).host;
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: PROBE_LIMIT_MS,
    greetingTimeout: PROBE_LIMIT_MS,
  });
  try {
    await transport.verify();
    return `the mail server answers at ${server}`;
  } catch (cause) {
    throw new Ailment(
      `the mail server at ${server} can't be used (${codeOf(cause)}); see whether it runs, and SMTP_URL`,
      { cause },
    );
  } finally {
    transport.close();
  }
}

async function openPages(webUrl: string): Promise<string> {
  const answer = await fetch(webUrl, { signal: AbortSignal.timeout(PROBE_LIMIT_MS), redirect: 'manual' }).catch(
    (cause: unknown) => {
      throw new Ailment(
        `the pages at ${webUrl} don't answer; customers' links lead nowhere until they do, see npm start`,
        { cause },
      );
    },
  );
  if (answer.status >= 500) throw new Ailment(`the pages at ${webUrl} answer with ${answer.status}; look at their log`);
  return `answer at ${webUrl}`;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}

async function within<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Ailment(`no answer within ${(2 * PROBE_LIMIT_MS) / 1000} s; see whether it runs`)),
      2 * PROBE_LIMIT_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
