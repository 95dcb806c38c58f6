import type { CustomerRef, Instant } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

/** Where the customer may be spoken to; a call is a manager's task, the others are messages. */
export type ConsentChannel = 'email' | 'sms' | 'im' | 'call';
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
  const locked = await transaction.query('select 1 from customers where customer_ref = $1 for no key update', [
    customerRef,
  ]);
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

/**
 * What holds where a customer has said nothing: promotions need a yes, a question about service only that nobody said
 * no. Pages and the door for messages both go by this.
 */
export const UNSAID: Record<ConsentPurpose, boolean> = { promotional: false, survey: true };

/** What a customer agrees to on a channel, as said or else as UNSAID has it. */
export async function readConsents(
  sql: Sql,
  customerRef: CustomerRef,
  channel: ConsentChannel,
): Promise<Record<ConsentPurpose, boolean>> {
  const { rows } = await sql.query<{ purpose: ConsentPurpose; granted: boolean }>(
    `select purpose, granted from consents where customer_ref = $1 and channel = $2`,
    [customerRef, channel],
  );
  return { ...UNSAID, ...Object.fromEntries(rows.map(({ purpose, granted }) => [purpose, granted])) };
}
