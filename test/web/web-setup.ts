/** A web server over a real Postgres; Temporal is a double that records what it was asked. */
import { ServiceError, type Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { signLink, type LinkPurpose } from '../../config/links.js';
import type { ComplaintInput } from '../../workflows/contract.js';
import { buildWeb } from '../../client/web/app.js';
import type { App, WebSurroundings } from '../../client/web/web.js';
import { freshDatabase, type TestDatabase } from '../setup/database.js';

export const SECRET = Buffer.alloc(32, 1).toString('base64');
export const KEYS = `k1:${Buffer.alloc(32, 2).toString('base64')}`;
/** business time stands near here: the clock's rate is 1 and its origin is set when the test begins */
export const NOW = Date.parse('1994-04-20T10:00:00Z');
const LATER = NOW + 30 * 86_400_000;

export interface Call {
  what: 'answer' | 'complain' | 'signal';
  workflowId: string;
  updateId?: string;
  args: unknown[];
}

interface UpdateOptions {
  updateId: string;
  args: unknown[];
}
interface WithStartOptions {
  updateId: string;
  startWorkflowOperation: { options: { workflowId: string; workflowIdReusePolicy: string; args: [ComplaintInput] } };
}

/** Answers as the workflows would, or fails as told. */
export class TemporalDouble {
  readonly calls: Call[] = [];
  failWith: Error | null = null;
  complaintRef: string | null = null;

  private record<Value>(call: Call, value: Value): Promise<Value> {
    this.calls.push(call);
    return this.failWith ? Promise.reject(this.failWith) : Promise.resolve(value);
  }

  readonly client = {
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    workflowService: { getSystemInfo: () => (this.failWith ? Promise.reject(this.failWith) : Promise.resolve({})) },
    workflow: {
      getHandle: (workflowId: string) => ({
        executeUpdate: (_: unknown, { updateId, args }: UpdateOptions) =>
          this.record({ what: 'answer', workflowId, updateId, args }, { complaintRef: this.complaintRef }),
        signal: (...args: unknown[]) => this.record({ what: 'signal', workflowId, args }, undefined),
      }),
      executeUpdateWithStart: (_: unknown, { updateId, startWorkflowOperation: { options } }: WithStartOptions) =>
        this.record(
          { what: 'complain', workflowId: options.workflowId, updateId, args: options.args },
          { complaintRef: 'K-1994-0000007', dueAt: NOW + 5 * 86_400_000 },
        ),
    },
  };
}

export interface WebTest {
  db: TestDatabase;
  temporal: TemporalDouble;
  app: App;
  journeyId: string;
  log: string[];
  link(purpose: LinkPurpose, subject?: string, expiresAt?: number): string;
  /** as it was at the start, with another journey: quicker than another database */
  reset(): Promise<void>;
  close(): Promise<void>;
}

const SURROUNDINGS: WebSurroundings = {
  linkSecret: SECRET,
  payloadKeys: KEYS,
  temporalNamespace: 'default',
  temporalUiUrl: 'http://127.0.0.1:8233',
  mailboxUrl: 'http://127.0.0.1:8025',
  webUrl: 'http://127.0.0.1:8080',
};

/** Two customers: c1 reads English and has an open journey with a survey, c2 reads Chinese and has none. */
export async function startWeb(surroundings: Partial<WebSurroundings> = {}): Promise<WebTest> {
  const db = await freshDatabase();
  const temporal = new TemporalDouble();
  const log: string[] = [];
  const app = await buildWeb({
    database: db.app,
    client: temporal.client as unknown as Client,
    surroundings: { ...SURROUNDINGS, ...surroundings },
    log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
  });
  const web: WebTest = {
    db,
    temporal,
    app,
    journeyId: '',
    log,
    link: (purpose, subject = purpose === 'survey' ? web.journeyId : 'c1', expiresAt = LATER) =>
      `/${purpose}/${signLink(SECRET, { purpose, subject, expiresAt })}`,
    reset: async () => {
      await db.owner.query('truncate installation, tiers, customers, campaigns cascade');
      web.journeyId = randomUUID();
      await fill(db, web.journeyId);
      Object.assign(temporal, { failWith: null, complaintRef: null });
      temporal.calls.length = 0;
    },
    close: async () => {
      await app.close();
      // the pool's end does not wait for its sockets: the forced drop may still catch one, and that is no failure
      for (const { pool } of [db.app, db.owner]) pool.removeAllListeners('error').on('error', () => undefined);
      await db.drop();
    },
  };
  await web.reset();
  return web;
}

async function fill({ owner }: TestDatabase, journeyId: string): Promise<void> {
  const at = new Date(NOW - 86_400_000);
  await owner.query(
    `insert into installation (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate)
     values ('Berka & Sons', 'CZK', 'Europe/Prague', 'CZ', 'bohai@1', $1, now(), 1)`,
    [new Date(NOW)],
  );
  await owner.query(`insert into tiers values ('mass', 0, 'Mass', '大众', 0)`);
  await owner.query(
    `insert into customers (customer_ref, source, source_id, name, email, language, zone)
     values ('c1', 't', '1', 'Jana', 'jana@example.org', 'en', 'Europe/Prague'),
            ('c2', 't', '2', '李娜', 'li@example.org', 'zh-CN', 'Asia/Shanghai')`,
  );
  await owner.query(
    `insert into consents select c, 'email', p, true, $1, 'import'
       from unnest(array['c1', 'c2']) c, unnest(array['promotional', 'survey']) p`,
    [at],
  );
  await owner.query(`insert into campaigns values ('keep', 1)`);
  await owner.query(`insert into campaign_versions values ('keep', 1, '{}', '', 'd', $1, 't')`, [at]);
  await owner.query(`insert into campaign_launches values ('keep', 1, $1, 'u')`, [at]);
  await owner.query(
    `insert into journeys (journey_id, customer_ref, campaign_ref, version, as_of, workflow_id, tier_at_start, admitted_at)
     values ($1, 'c1', 'keep', 1, '1994-04-19', $3, 'mass', $2)`,
    [journeyId, at, `journey:${journeyId}`],
  );
  await owner.query(`insert into surveys (journey_id, customer_ref, asked_at, expires_at) values ($1, 'c1', $2, $3)`, [
    journeyId,
    at,
    new Date(LATER),
  ]);
}

/** How many rows each table has: what a GET must leave as it is. */
export async function rowCounts({ owner }: TestDatabase): Promise<Record<string, unknown>> {
  const { rows } = await owner.query<{ counts: Record<string, unknown> }>(
    `select jsonb_build_object('texts', (select jsonb_agg(t) from texts t), 'consents', (select jsonb_agg(c) from consents c),
       'surveys', (select jsonb_agg(s) from surveys s), 'complaints', (select count(*) from complaints),
       'journeys', (select jsonb_agg(j) from journeys j), 'decisions', (select count(*) from decisions)) as counts`,
  );
  return rows[0]?.counts ?? {};
}

export const post = (app: App, url: string, fields: Record<string, string>) =>
  app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  });

export const nonceOf = (html: string): string => /name="nonce" value="([^"]+)"/.exec(html)?.[1] ?? '';

export interface TextRow {
  text_id: string;
  customer_ref: string;
  body: string;
}

export const HOSTILE = `</textarea><script>alert(1)</script><img src=x onerror=alert(1)>"'&`;

export const textsOf = async ({ db }: WebTest): Promise<TextRow[]> =>
  (await db.owner.query<TextRow>('select * from texts order by received_at')).rows;

/** as Temporal's client says that the server is away */
export const away = (): Error => new ServiceError('Failed to connect', { cause: new Error('14 UNAVAILABLE') });
