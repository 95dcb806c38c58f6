import { Client } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { temporal } from '@temporalio/proto';
import { randomUUID } from 'node:crypto';
import { smtpMailDoor } from '../../activities/mail.js';
import { businessTime, type BusinessClock } from '../../domain/business-clock.js';
import type { CustomerRef, Instant, PlainDate, ZoneId } from '../../domain/types.js';
import { insertText } from '../../store/texts.js';
import { buildActivities } from '../../workers/activities.js';
import {
  journeyStart,
  searchAttributes,
  TASK_QUEUE,
  WORKFLOWS,
  type RoundInput,
  type RoundResult,
} from '../../workflows/contract.js';
import { freshDatabase, type TestDatabase } from './database.js';
import { startMailServer, type MailServer } from './mail-server.js';
import { addCustomer, admitted, smallBank, type NewCustomer } from './small-bank.js';

const ZONE = 'Asia/Shanghai' as ZoneId;
/** Monday 12 January 2026, ten in the morning in Shanghai: business time begins here whatever the wall says. */
const BEGINNING = Date.UTC(2026, 0, 12, 2);
export const FIRST_DAY = '2026-01-12';
const HOUR_MS = 3_600_000;
const KEYWORD = temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD;

/** A bank, a mail server, a worker and Temporal's time-skipping server: months pass as fast as nothing happens in them. */
export class JourneyWorld {
  private constructor(
    readonly database: TestDatabase,
    readonly mail: MailServer,
    readonly client: Client,
    readonly clock: BusinessClock,
    private readonly env: TestWorkflowEnvironment,
    private readonly worker: Worker,
    private readonly running: Promise<void>,
  ) {}

  static async create(): Promise<JourneyWorld> {
    quietly();
    const path = process.env['KEEPWELL_TEMPORAL_TEST_SERVER'];
    if (!path) throw new Error('the Temporal test server is not there; start tests with `npm test`, which fetches it');
    const env = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path } },
    });
    await env.connection.operatorService.addSearchAttributes({
      namespace: 'default',
      searchAttributes: Object.fromEntries(Object.values(searchAttributes).map(({ name }) => [name, KEYWORD])),
    });
    // a plain client: the environment's own would let time run whenever somebody waits for a result
    const client = new Client({ connection: env.connection });
    const database = await freshDatabase();
    const mail = await startMailServer();
    const clock = { origin: BEGINNING, anchor: await env.currentTimeMs(), rate: 1 };
    await smallBank(database, clock, FIRST_DAY);
    const door = smtpMailDoor(mail.url, 'Test Bank <service@bank.example>');
    const bank = { name: 'Test Bank', zone: ZONE, clock };
    const links = { linkSecret: Buffer.alloc(32, 7).toString('base64'), webUrl: 'http://bank.example' };
    const worker = await Worker.create({
      connection: env.nativeConnection,
      taskQueue: TASK_QUEUE,
      workflowBundle: { codePath: process.env['KEEPWELL_TEST_BUNDLE'] ?? '' },
      activities: buildActivities({
        database: database.app,
        bank,
        mail: door,
        mailDomain: 'bank.example',
        ...links,
        workflows: client.workflow,
      }),
    });
    return new JourneyWorld(database, mail, client, clock, env, worker, worker.run());
  }

  async close(): Promise<void> {
    this.worker.shutdown();
    await this.running;
    await this.env.teardown();
    await this.mail.close();
    await this.database.drop();
  }

  async now(): Promise<Instant> {
    return businessTime(this.clock, await this.env.currentTimeMs());
  }

  /** Lets time pass until ten in the morning of a day in Shanghai. */
  async until(day: string): Promise<void> {
    const span = Date.parse(`${day}T02:00:00Z`) - (await this.now());
    if (span > 0) await this.env.sleep(span);
  }

  /** Lets an hour pass: whatever is due happens. */
  anHour(): Promise<void> {
    return this.sleep(HOUR_MS);
  }

  /** Lets so many ms pass. */
  async sleep(ms: number): Promise<void> {
    await this.env.sleep(ms);
  }

  /** A customer found on the bank's day, and the journey begun; the first letter has gone out or failed. */
  async journey(customer: NewCustomer) {
    const begun = await this.begin(customer);
    await this.anHour();
    return begun;
  }

  /** The same without letting time pass, for many at once. */
  async begin(customer: NewCustomer) {
    const ref = await addCustomer(this.database, customer);
    const at = await this.now();
    const { rows } = await this.database.owner.query<{ data_until: PlainDate }>('select data_until from installation');
    const row = await admitted(this.database, ref, rows[0]?.data_until ?? FIRST_DAY, at);
    const handle = await this.client.workflow.start(...journeyStart({ ...row, clock: this.clock }));
    return { ...row, handle };
  }

  /** The bank's data now tell of all days up to this one; tiers and goals are looked at. */
  async dayEnd(day: string): Promise<RoundResult> {
    await this.database.owner.query('update installation set data_until = $1', [day]);
    const input: RoundInput = { clock: this.clock, scope: 'goals' };
    const handle = await this.client.workflow.start(WORKFLOWS.round, {
      taskQueue: TASK_QUEUE,
      workflowId: `round:${randomUUID()}`,
      args: [input],
    });
    return (await handle.result()) as RoundResult;
  }

  /** Words of a customer or of staff, kept before a workflow is told. */
  async words(customerRef: CustomerRef, body: string): Promise<string> {
    const textId = randomUUID();
    await insertText(this.database.app, { textId, customerRef, body, receivedAt: await this.now() });
    return textId;
  }

  async outcome(journeyId: string): Promise<{ outcome: string | null; step: string }> {
    const { rows } = await this.database.owner.query<{ outcome: string | null; step: string }>(
      'select outcome, step from journeys where journey_id = $1',
      [journeyId],
    );
    return rows[0] ?? { outcome: null, step: 'missing' };
  }

  async points(customerRef: CustomerRef): Promise<bigint> {
    const { rows } = await this.database.owner.query<{ points: bigint }>(
      'select coalesce(sum(amount), 0)::bigint as points from postings where to_account = $1',
      [`customer:${customerRef}`],
    );
    return rows[0]?.points ?? 0n;
  }

  subjectsTo(customer: string): string[] {
    return this.mailTo(customer).map((mail) => mail.subject);
  }

  mailTo(customer: string): MailServer['received'] {
    return this.mail.received.filter((mail) => mail.to.startsWith(`${customer}@`));
  }

  /** The history of a run, the last one when none is named, as JSON that replays. */
  async history(workflowId: string, runId?: string): Promise<{ json: string; events: number }> {
    const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
    return { json: JSON.stringify(JSON.parse(historyToJSON(history)), null, 1), events: history.events?.length ?? 0 };
  }
}

let quiet = false;
/** Temporal's own log is only of interest when something is wrong. */
function quietly(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}
