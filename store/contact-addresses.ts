import { CONTACT_CHANNELS, type ContactChannel } from '../domain/contact-policy.js';
import type { CustomerRef, Instant } from '../domain/types.js';
import { UNSAID, type ConsentPurpose } from './consents.js';
import { one, timestamp, type Sql } from './database.js';

/** Channels whose addresses stand here; e-mail stands with the customer. */
export type AddressChannel = Exclude<ContactChannel, 'email'>;
/** E.164: what a gateway can dial from everywhere. */
const NUMBER = /^\+[1-9]\d{6,14}$/;
const MAX_ADDRESS_CHARS = 200;

/** How an address must look, said to who wrote another. */
export const ADDRESS_ADVICE: Readonly<Record<AddressChannel, string>> = {
  sms: 'a number with "+" and the country, for instance +8613800138000',
  im: `an account of 1 to ${MAX_ADDRESS_CHARS} characters without blanks, for instance wechat:o6_bmjrPTlm6_2sgVt7hMZOPfL2M`,
};

/** An address in the one way in which it is kept; null when it can't be one. Blanks, dots, dashes and brackets of numbers go. */
export function readAddress(channel: AddressChannel, text: string): string | null {
  const written = text.normalize('NFKC').trim();
  if (channel === 'im') return /^[^\s\p{Cc}]+$/u.test(written) && written.length <= MAX_ADDRESS_CHARS ? written : null;
  const digits = written.replace(/[\s().-]/g, '').replace(/^00/, '+');
  return NUMBER.test(digits) ? digits : null;
}

/** As much of an address as tells a person that it is the right one, and nobody else which it is. */
export function masked(address: string): string {
  const shown = Math.min(4, Math.floor(address.length / 4));
  return `${address.slice(0, shown)}…${address.slice(address.length - shown)}`;
}

/** What the channel's choice asks of one customer; the caller holds the customer's row. */
export interface CustomerChannels {
  preferred: ContactChannel | null;
  /** by which an earlier try of the message was made and came to nothing; null: there was none */
  triedBy: ContactChannel | null;
  /** null: none; of e-mail the customer's own */
  addresses: Readonly<Record<ContactChannel, { address: string; refused: boolean } | null>>;
  consents: Readonly<Record<ContactChannel, Readonly<Record<ConsentPurpose, boolean>>>>;
}

interface Row {
  preferred: ContactChannel | null;
  triedBy: ContactChannel | null;
  email: string;
  emailRefused: boolean;
  others: { channel: AddressChannel; address: string; refused: boolean }[];
  said: { channel: ContactChannel; purpose: ConsentPurpose; granted: boolean }[];
}

/** @param key of the message that is to be sent */
export async function customerChannels(sql: Sql, customerRef: CustomerRef, key: string): Promise<CustomerChannels> {
  const { rows } = await sql.query<Row>(
    `select preferred_channel as preferred, email, email_refused_at is not null as "emailRefused",
            (select channel from outreach where outreach_key = $2 and (state in ('waiting', 'claimed') or (state = 'held' and attempts > 0))) as "triedBy",
            coalesce((select jsonb_agg(jsonb_build_object('channel', channel, 'address', address,
                                                          'refused', refused_at is not null))
                        from contact_addresses a where a.customer_ref = c.customer_ref), '[]') as others,
            coalesce((select jsonb_agg(jsonb_build_object('channel', channel, 'purpose', purpose, 'granted', granted))
                        from consents s where s.customer_ref = c.customer_ref), '[]') as said
       from customers c where customer_ref = $1`,
    [customerRef, key],
  );
  const { preferred, triedBy, email, emailRefused, others, said } = one(rows, `customer ${customerRef}`);
  const ofEach = <Value>(valueOf: (channel: ContactChannel) => Value): Record<ContactChannel, Value> =>
    Object.fromEntries(CONTACT_CHANNELS.map((channel) => [channel, valueOf(channel)])) as Record<ContactChannel, Value>;
  return {
    preferred,
    triedBy,
    addresses: ofEach((channel) => {
      if (channel === 'email') return { address: email, refused: emailRefused };
      const there = others.find((other) => other.channel === channel);
      return there ? { address: there.address, refused: there.refused } : null;
    }),
    consents: ofEach((channel) => ({
      ...UNSAID,
      ...Object.fromEntries(said.filter((one) => one.channel === channel).map((one) => [one.purpose, one.granted])),
    })),
  };
}

/** Remembers that an address refused messages for good; the first time stays. The address may be another one by now. */
export async function refusedAt(
  sql: Sql,
  customerRef: CustomerRef,
  channel: AddressChannel,
  address: string,
  at: Instant,
): Promise<void> {
  await sql.query(
    `update contact_addresses set refused_at = coalesce(refused_at, $4)
      where customer_ref = $1 and channel = $2 and address = $3`,
    [customerRef, channel, address, timestamp(at)],
  );
}

export interface ContactAddress {
  channel: AddressChannel;
  /** personal: shown masked, logged never */
  address: string;
  addedAt: Instant;
  refusedAt: Instant | null;
}

/** A customer's addresses beside e-mail. */
export async function listAddresses(sql: Sql, customerRef: CustomerRef): Promise<ContactAddress[]> {
  const { rows } = await sql.query<ContactAddress>(
    `select channel, address, added_at as "addedAt", refused_at as "refusedAt"
       from contact_addresses where customer_ref = $1 order by channel desc`,
    [customerRef],
  );
  return rows;
}

/**
 * Sets the customer's address on a channel. Another one is not refused yet; what the customer has said about the channel
 * stays, whatever the address. Holds the customer's row.
 * @param address as readAddress gives it
 * @returns false when it was there before
 */
export async function setAddress(
  transaction: Sql,
  customerRef: CustomerRef,
  channel: AddressChannel,
  address: string,
  at: Instant,
): Promise<boolean> {
  await lockLiving(transaction, customerRef);
  const { rowCount } = await transaction.query(
    `insert into contact_addresses as known (customer_ref, channel, address, added_at) values ($1, $2, $3, $4)
     on conflict (customer_ref, channel) do update
       set address = excluded.address, added_at = excluded.added_at, refused_at = null
       where known.address <> excluded.address`,
    [customerRef, channel, address, timestamp(at)],
  );
  return rowCount === 1;
}

/** Removes the address; a preference for its channel goes with it. @returns false when there was none */
export async function removeAddress(
  transaction: Sql,
  customerRef: CustomerRef,
  channel: AddressChannel,
): Promise<boolean> {
  await lockLiving(transaction, customerRef);
  await transaction.query(
    'update customers set preferred_channel = null where customer_ref = $1 and preferred_channel = $2',
    [customerRef, channel],
  );
  const { rowCount } = await transaction.query(
    'delete from contact_addresses where customer_ref = $1 and channel = $2',
    [customerRef, channel],
  );
  return rowCount === 1;
}

/** @param preferred null: no preference */
export async function preferChannel(
  transaction: Sql,
  customerRef: CustomerRef,
  preferred: ContactChannel | null,
): Promise<void> {
  await lockLiving(transaction, customerRef);
  await transaction.query('update customers set preferred_channel = $2 where customer_ref = $1', [
    customerRef,
    preferred,
  ]);
}

/** @throws Error in words when there is no such customer, or one who was erased */
async function lockLiving(transaction: Sql, customerRef: CustomerRef): Promise<void> {
  const { rows } = await transaction.query<{ erased: boolean }>(
    'select erased_at is not null as erased from customers where customer_ref = $1 for no key update',
    [customerRef],
  );
  const [row] = rows;
  if (!row) throw new Error(`there is no customer "${customerRef}"; check the reference (it begins with c).`);
  if (row.erased) throw new Error(`customer ${customerRef} was erased and has no addresses; nothing was changed.`);
}
