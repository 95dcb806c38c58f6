import { Pool, types, type PoolClient, type QueryResultRow } from 'pg';

/** What SQL is run through: the pool, or the client of an open transaction. */
export interface Sql {
  query<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** Who asks: `owner` migrates and knows the planted truth, `app` is everybody else and can't rewrite the books. */
export type DatabaseRole = 'owner' | 'app';

/** One process holds at most this many connections, so that ten processes stay under Postgres' usual 100. */
export const MAX_CONNECTIONS = 10;
/** A connection that can't be had within this many ms is an outage, and is retried by the caller's policy. */
const CONNECT_TIMEOUT_MS = 10_000;
/** A transaction that will be rolled back may stand still for this long, ms. */
const UNMADE_IDLE_MS = 10_000;

const INT8 = 20;
const DATE = 1082;
const TIMESTAMPTZ = 1184;

/** int8 → bigint (money), date → `YYYY-MM-DD`, timestamptz → ms since the epoch: no value passes through a float or a local zone. */
const parsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (format === 'binary') return types.getTypeParser(oid, format);
    if (oid === INT8) return (text: string) => BigInt(text);
    if (oid === DATE) return (text: string) => text;
    if (oid === TIMESTAMPTZ) {
      const parse = types.getTypeParser(TIMESTAMPTZ, 'text') as (text: string) => Date;
      return (text: string) => parse(text).getTime();
    }
    return types.getTypeParser(oid, 'text');
  },
};

export class Database implements Sql {
  protected constructor(readonly pool: Pool) {}

  /**
   * Opens a pool of at most MAX_CONNECTIONS. Nothing is connected until the first query.
   * @param url  postgres URL of a user that is, or may become, the role
   */
  static open(url: string, role: DatabaseRole, onError: (error: Error) => void, max = MAX_CONNECTIONS): Database {
    const pool = new Pool({
      connectionString: url,
      max,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      types: parsers,
      application_name: `keepwell-${role}`,
      ...(role === 'app' ? { options: '-c role=keepwell_app' } : {}),
    });
    // an idle connection that breaks is replaced by the pool; without a listener it would end the process
    pool.on('error', onError);
    return new Database(pool);
  }

  query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null }> {
    return this.pool.query<Row>(text, values as unknown[]);
  }

  /** Runs `work` in one transaction; whatever it throws rolls everything back and is thrown on. */
  async transaction<Result>(work: (sql: PoolClient) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      client.release();
      return result;
    } catch (error) {
      // a connection whose rollback fails is not given back
      await client.query('rollback').then(
        () => client.release(),
        (failed: Error) => client.release(failed),
      );
      throw error;
    }
  }

  /** The same database inside one transaction that is rolled back: nothing that `work` does through it stays. */
  async unmade<Result>(work: (inside: Database) => Promise<Result>): Promise<Result> {
    const client = await this.pool.connect();
    try {
      await client.query('begin');
      // it holds rows and locks of real customers: whoever goes to sleep over it is put out
      await client.query(`set local idle_in_transaction_session_timeout = ${UNMADE_IDLE_MS}`);
      return await work(new Inside(this.pool, client));
    } finally {
      await client.query('rollback').then(
        () => client.release(),
        (failed: Error) => client.release(failed),
      );
    }
  }

  /**
   * Hears what is notified on a channel, on a connection of its own, until it is stopped or the connection breaks.
   * @param heard called for each notification; what was notified before is not heard
   * @param broken called once when the connection is lost
   */
  async listen(channel: string, heard: () => void, broken: (error: Error) => void): Promise<() => void> {
    const client = await this.pool.connect();
    let over = false;
    const end = (error?: Error): void => {
      if (over) return;
      over = true;
      client.release(true);
      if (error) broken(error);
    };
    client.on('notification', heard);
    client.on('error', end);
    await client.query(`listen ${client.escapeIdentifier(channel)}`);
    return () => end();
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

/** A transaction that looks like a database: transactions inside it are savepoints. */
class Inside extends Database {
  constructor(
    pool: Pool,
    private readonly client: PoolClient,
  ) {
    super(pool);
  }

  override query<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<{ rows: Row[]; rowCount: number | null }> {
    return this.client.query<Row>(text, values as unknown[]);
  }

  override async transaction<Result>(work: (sql: PoolClient) => Promise<Result>): Promise<Result> {
    await this.client.query('savepoint inside');
    try {
      const result = await work(this.client);
      await this.client.query('release savepoint inside');
      return result;
    } catch (error) {
      await this.client.query('rollback to savepoint inside');
      throw error;
    }
  }
}

/** The one row that a query must give. @throws Error naming `what` when there is none. */
export function one<Row>(rows: Row[], what: string): Row {
  const row = rows[0];
  if (row === undefined) throw new Error(`${what} is not there`);
  return row;
}

/** An instant for a timestamptz parameter. */
export const timestamp = (ms: number): Date => new Date(ms);
