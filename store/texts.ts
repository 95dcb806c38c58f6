import type { CustomerRef, Instant } from '../domain/types.js';
import { one, timestamp, type Sql } from './database.js';

/** Characters (code points) of the longest text; the table refuses more. */
export const MAX_TEXT_CHARS = 20_000;

export interface Text {
  /** a uuid that the writer chose, so that the same form sent twice is one text */
  textId: string;
  customerRef: CustomerRef;
  /** 1 to MAX_TEXT_CHARS characters, without NUL */
  body: string;
  /** business instant */
  receivedAt: Instant;
}

/** The id is taken by another text; nothing was stored and nothing overwritten. */
export class TextConflict extends Error {
  override readonly name = 'TextConflict';
  constructor(readonly textId: string) {
    super(`text ${textId} is already stored with other words; store these under an id of their own`);
  }
}

/**
 * Stores a customer's or an employee's words; storing the same again changes nothing.
 * @throws TextConflict when the id already has another body or belongs to another customer
 */
export async function insertText(sql: Sql, text: Text): Promise<void> {
  const values = [text.textId, text.customerRef, text.body];
  const inserted = await sql.query(
    `insert into texts (text_id, customer_ref, body, received_at) values ($1, $2, $3, $4)
     on conflict (text_id) do nothing`,
    [...values, timestamp(text.receivedAt)],
  );
  if (inserted.rowCount === 1) return;
  // compared by the database, so that both bodies went through the same encoding
  const { rows } = await sql.query<{ same: boolean }>(
    'select customer_ref = $2 and body = $3 as same from texts where text_id = $1',
    values,
  );
  if (!one(rows, `text ${text.textId}`).same) throw new TextConflict(text.textId);
}

/** The words kept under an id, or null when there are none (never stored, or erased since). */
export async function readText(sql: Sql, textId: string): Promise<Text | null> {
  const { rows } = await sql.query<{ customer_ref: CustomerRef; body: string; received_at: Instant }>(
    'select customer_ref, body, received_at from texts where text_id = $1',
    [textId],
  );
  const row = rows[0];
  return row ? { textId, customerRef: row.customer_ref, body: row.body, receivedAt: row.received_at } : null;
}
