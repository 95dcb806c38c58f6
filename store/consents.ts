import type { CustomerRef, Instant } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

export type ConsentChannel = 'email';
export const CONSENT_PURPOSES = ['promotional', 'survey'] as const;
export type ConsentPurpose = (typeof CONSENT_PURPOSES)[number];

export interface Consent {
  customerRef: CustomerRef;
  channel: ConsentChannel;
  purpose: ConsentPurpose;
  granted: boolean;
  /** business instant */
  at: Instant;
  /** where the customer said so: `page:preferences`, `page:unsubscribe`, `import` */
  source: string;
}

/**
 * Writes one consent inside the caller's transaction. The customer's row is locked first: the door that sends mail locks
 * it too, so a withdrawal and a mail under way come one after the other. Said again, it keeps the first instant.
 * @returns whether anything changed
 * @throws Error when there is no such customer
 */
export async function setConsent(transaction: Sql, consent: Consent): Promise<boolean> {
  const { customerRef, channel, purpose, granted } = consent;
  const locked = await transaction.query('select 1 from customers where customer_ref = $1 for update', [customerRef]);
  if (locked.rowCount !== 1) throw new Error(`customer ${customerRef} is not there; check the reference`);
  const written = await transaction.query(
    `insert into consents as known (customer_ref, channel, purpose, granted, changed_at, source)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (customer_ref, channel, purpose) do update
       set granted = excluded.granted, changed_at = excluded.changed_at, source = excluded.source
       where known.granted <> excluded.granted`,
    [customerRef, channel, purpose, granted, timestamp(consent.at), consent.source],
  );
  return written.rowCount === 1;
}

/** What a customer has agreed to by mail. Where nothing is recorded the answer is no: consent is given, not presumed. */
export async function readConsents(sql: Sql, customerRef: CustomerRef): Promise<Record<ConsentPurpose, boolean>> {
  const { rows } = await sql.query<{ purpose: ConsentPurpose }>(
    `select purpose from consents where customer_ref = $1 and channel = 'email' and granted`,
    [customerRef],
  );
  const granted = new Set(rows.map((row) => row.purpose));
  return { promotional: granted.has('promotional'), survey: granted.has('survey') };
}
