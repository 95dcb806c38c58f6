import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.js';

const FOLDER = join(__dirname, 'migrations');
/** Any number that nobody else uses as an advisory lock: two processes that start together migrate one after the other. */
const MIGRATION_LOCK = 7_114_020;

/**
 * Brings the database to this version of Keepwell: forward only, each file once, all in one transaction.
 * @returns the names of the migrations that were applied now
 * @throws Error when the database was migrated by a newer Keepwell
 */
export async function migrate(owner: Database): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  return owner.transaction(async (sql) => {
    await sql.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await sql.query(
      'create table if not exists migrations (name text primary key, applied_wall timestamptz not null default now())',
    );
    const { rows } = await sql.query<{ name: string }>('select name from migrations');
    const done = new Set(rows.map((row) => row.name));
    const unknown = [...done].filter((name) => !files.includes(name));
    if (unknown.length > 0)
      throw new Error(
        `this database was migrated by a newer Keepwell (it has ${unknown.join(', ')}); run that version, or restore a back-up`,
      );
    const missing = files.filter((name) => !done.has(name));
    for (const name of missing) {
      await sql.query(await readFile(join(FOLDER, name), 'utf8'));
      await sql.query('insert into migrations (name) values ($1)', [name]);
    }
    return missing;
  });
}
