import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a link may be used for; a link for one thing is useless for every other. Numbers are in links already mailed. */
const PURPOSE_CODES = { survey: 1, complaint: 2, preferences: 3, unsubscribe: 4, learn: 5, events: 6 } as const;
export type LinkPurpose = keyof typeof PURPOSE_CODES;
export const LINK_PURPOSES = Object.keys(PURPOSE_CODES) as readonly LinkPurpose[];

/** Bytes of a subject; a journey's id is 36. It keeps a List-Unsubscribe header under 200 characters. */
export const MAX_SUBJECT_BYTES = 48;
/** Characters of the longest token; anything longer is not ours and is not even decoded. */
export const MAX_TOKEN_CHARS = 128;

const FORMAT = 1;
const EXPIRY_BYTES = 6;
const HEAD_BYTES = 2 + EXPIRY_BYTES;
const MAC_BYTES = 32;
const LATEST_EXPIRY = 2 ** (8 * EXPIRY_BYTES) - 1;

export interface Link {
  purpose: LinkPurpose;
  /** an opaque reference: a journey's id or a customer's reference, never a name or an address */
  subject: string;
  /** business instant, ms since the epoch; at this instant the link is dead already */
  expiresAt: number;
}

export type LinkReading = { ok: true; subject: string } | { ok: false; reason: 'forged' | 'expired' | 'wrong-purpose' };

/**
 * A token of at most MAX_TOKEN_CHARS that is safe in a path: base64url of format, purpose, expiry and subject, followed
 * by their HMAC-SHA256.
 * @param secret base64 of at least 32 bytes
 * @throws RangeError when the subject or the expiry doesn't fit
 */
export function signLink(secret: string, link: Link): string {
  const subject = Buffer.from(link.subject, 'utf8');
  if (subject.length === 0 || subject.length > MAX_SUBJECT_BYTES)
    throw new RangeError(`a link's subject has 1 to ${MAX_SUBJECT_BYTES} bytes; sign the opaque reference`);
  if (!Number.isSafeInteger(link.expiresAt) || link.expiresAt < 0 || link.expiresAt > LATEST_EXPIRY)
    throw new RangeError('a link expires at a whole number of milliseconds since 1970; give it a business instant');
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(FORMAT, 0);
  head.writeUInt8(PURPOSE_CODES[link.purpose], 1);
  head.writeUIntBE(link.expiresAt, 2, EXPIRY_BYTES);
  const payload = Buffer.concat([head, subject]);
  return Buffer.concat([payload, seal(secret, payload)]).toString('base64url');
}

/**
 * Reads a token for one purpose. The signature is compared in constant time and before anything else is believed.
 * @param now business instant, ms since the epoch
 */
export function readLink(secret: string, purpose: LinkPurpose, token: string, now: number): LinkReading {
  const forged = { ok: false, reason: 'forged' } as const;
  if (token.length > MAX_TOKEN_CHARS) return forged;
  const bytes = Buffer.from(token, 'base64url');
  // base64 has spare bits and Node skips foreign characters: only the one spelling that we wrote is accepted
  if (bytes.length <= HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== token) return forged;
  const payload = bytes.subarray(0, -MAC_BYTES);
  if (!timingSafeEqual(seal(secret, payload), bytes.subarray(-MAC_BYTES))) return forged;
  if (payload.readUInt8(0) !== FORMAT) return forged;
  if (payload.readUInt8(1) !== PURPOSE_CODES[purpose]) return { ok: false, reason: 'wrong-purpose' };
  if (now >= payload.readUIntBE(2, EXPIRY_BYTES)) return { ok: false, reason: 'expired' };
  return { ok: true, subject: payload.subarray(HEAD_BYTES).toString('utf8') };
}

/** The address that a mail carries: each purpose has the page of its name. */
export function linkUrl(webUrl: string, purpose: LinkPurpose, token: string): string {
  return `${webUrl.replace(/\/+$/, '')}/${purpose}/${token}`;
}

function seal(secret: string, payload: Uint8Array): Buffer {
  // the first words keep this signature apart from any other use of the same secret
  return createHmac('sha256', Buffer.from(secret, 'base64')).update('keepwell link\0').update(payload).digest();
}
