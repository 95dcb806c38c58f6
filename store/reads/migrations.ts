import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from '../database.js';

const FOLDER = join(__dirname, '..', 'migrations');
const UNDEFINED_TABLE = '42P01';

/** Migrations that this version has and the database has not, in order; all of them for an empty database. */
export async function missingMigrations(sql: Sql): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  const done = await sql.query<{ name: string }>('select name from migrations').then(
    ({ rows }) => new Set(rows.map((row) => row.name)),
    (error: { code?: string }) => {
      if (error.code === UNDEFINED_TABLE) return new Set<string>();
      throw error;
    },
  );
  return files.filter((name) => !done.has(name));
}
