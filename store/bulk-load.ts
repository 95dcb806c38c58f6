import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** What one column of a row may be; money and counts as bigint or whole numbers, days as `YYYY-MM-DD`, null for nothing. */
export type CopyValue = string | number | bigint | boolean | null;
export type CopyRow = readonly CopyValue[];

/** Rows are sent to the server in pieces of about this many characters: fewer round trips, still little memory. */
const CHUNK_CHARS = 65_536;

const IDENTIFIER = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/;
/** What COPY's text format would misread, and what UTF-8 can't carry. */
const NEEDS_CARE = /[\\\t\n\r\b\f\v\0\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const TO_ESCAPE = /[\\\t\n\r\b\f\v]/g;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};

/**
 * One value in COPY's text format.
 * @throws RangeError for a text that Postgres can't store, and for a number that isn't finite
 */
export function copyField(value: CopyValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError(`${value} is not a number that can be stored; give null where there is none`);
  if (typeof value !== 'string') return value.toString();
  if (!NEEDS_CARE.test(value)) return value;
  if (value.includes('\0'))
    throw new RangeError(
      `a text holds a NUL character, which Postgres can't store (${JSON.stringify(value.slice(0, 40))}); remove it from the data`,
    );
  if (LONE_SURROGATE.test(value))
    throw new RangeError(
      `a text holds half of a character pair, which UTF-8 can't carry (${JSON.stringify(value.slice(0, 40))}); repair the data's encoding`,
    );
  return value.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? character);
}

/**
 * Loads rows by COPY, as fast as the server takes them (backpressure; about 64 kB at a time), in the client's transaction.
 * @param table    lower-case name, with its schema where that isn't `public`
 * @param onRows   told how many rows have been handed over so far, after each chunk
 * @returns the number of rows loaded
 * @throws RangeError naming the row when a row has another number of values than there are columns, or can't be stored;
 *         the server's error as it came. The caller's transaction must then be rolled back.
 */
export async function copyRows(
  client: PoolClient,
  table: string,
  columns: readonly string[],
  rows: Iterable<CopyRow> | AsyncIterable<CopyRow>,
  onRows?: (rows: number) => void,
): Promise<number> {
  for (const name of [table, ...columns])
    if (!IDENTIFIER.test(name))
      throw new RangeError(`"${name}" is not a lower-case SQL name; write it as letters, digits and _`);
  let sent = 0;
  const encode = (row: CopyRow): string => {
    sent += 1;
    if (row.length !== columns.length)
      throw new RangeError(`row ${sent} for ${table} has ${row.length} values for ${columns.length} columns`);
    try {
      return row.map(copyField).join('\t') + '\n';
    } catch (error) {
      if (error instanceof RangeError)
        throw new RangeError(`row ${sent} for ${table}: ${error.message}`, { cause: error });
      throw error;
    }
  };
  async function* chunks(): AsyncGenerator<string> {
    let text = '';
    for await (const row of rows) {
      text += encode(row);
      if (text.length < CHUNK_CHARS) continue;
      yield text;
      onRows?.(sent);
      text = '';
    }
    if (text !== '') yield text;
    onRows?.(sent);
  }
  function* chunksAtOnce(source: Iterable<CopyRow>): Generator<string> {
    let text = '';
    for (const row of source) {
      text += encode(row);
      if (text.length < CHUNK_CHARS) continue;
      yield text;
      onRows?.(sent);
      text = '';
    }
    if (text !== '') yield text;
    onRows?.(sent);
  }
  // rows that are there already need no promise for each of them
  const source = Symbol.asyncIterator in rows ? chunks() : chunksAtOnce(rows);
  const statement = `copy ${table} (${columns.join(', ')}) from stdin`;
  await pipeline(Readable.from(source), client.query(copyFrom(statement)));
  return sent;
}
