/**
 * Signed messages between the bank and its partners, by Standard Webhooks (standardwebhooks.com, 1.0.0): the receiver
 * knows who sent the body and when, and which message it is. Written out here for the reason in
 * docs/decisions/0013-webhook-signatures-without-a-library.md.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const WEBHOOK_HEADERS = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const;

/** A message that was sent longer ago than this, or later than now by more, is refused: it may be an old one played again. */
export const WEBHOOK_TOLERANCE_MS = 300_000;
/** Bytes of a secret, as the specification bounds them. */
export const SECRET_LEAST_BYTES = 24;
export const SECRET_MOST_BYTES = 64;
/** Signatures looked at in one header; a sender has two while it changes its secret. */
const MOST_SIGNATURES = 8;
/** Characters of the id, which the receiver has to keep; a longer one is not looked at. */
export const MAX_WEBHOOK_ID_CHARS = 200;
const VERSION = 'v1';
const PREFIX = 'whsec_';
const MAC_BYTES = 32;

export interface WebhookHeaders {
  id: string | undefined;
  /** whole seconds since 1970, wall */
  timestamp: string | undefined;
  /** `v1,<base64>`, more than one divided by blanks */
  signature: string | undefined;
}

/** Whether a text is a secret of the form `whsec_<base64>`, or without its prefix. */
export function isWebhookSecret(text: string): boolean {
  const { length } = keyOf(text);
  const encoded = text.replace(PREFIX, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) && length >= SECRET_LEAST_BYTES && length <= SECRET_MOST_BYTES;
}

/**
 * The three headers of a message.
 * @param secret as isWebhookSecret wants it
 * @param id     the same for the same message, however often it is sent
 * @param now    wall, ms since the epoch
 */
export function signWebhook(secret: string, id: string, body: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const mac = seal(secret, id, timestamp, Buffer.from(body)).toString('base64');
  return {
    [WEBHOOK_HEADERS.id]: id,
    [WEBHOOK_HEADERS.timestamp]: timestamp,
    [WEBHOOK_HEADERS.signature]: `${VERSION},${mac}`,
  };
}

/**
 * Whether the body was signed with one of the secrets, as this message and of late. Signatures are compared in constant
 * time.
 * @param secrets more than one while a secret is being changed
 * @param now     wall, ms since the epoch
 */
export function isSignedWebhook(
  secrets: readonly string[],
  { id, timestamp, signature }: WebhookHeaders,
  body: Uint8Array,
  now: number,
): boolean {
  if (!id || id.length > MAX_WEBHOOK_ID_CHARS || !signature || !/^\d{1,12}$/.test(timestamp ?? '')) return false;
  if (Math.abs(now - Number(timestamp) * 1000) > WEBHOOK_TOLERANCE_MS) return false;
  const given = signature.split(' ', MOST_SIGNATURES).flatMap(macOf);
  const wanted = secrets.map((secret) => seal(secret, id, timestamp ?? '', body));
  return given.some((mac) => wanted.some((own) => timingSafeEqual(own, mac)));
}

function macOf(entry: string): Buffer[] {
  const [version, encoded = ''] = entry.split(',', 2);
  const mac = Buffer.from(encoded, 'base64');
  return version === VERSION && mac.length === MAC_BYTES ? [mac] : [];
}

function seal(secret: string, id: string, timestamp: string, body: Uint8Array): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.`).update(body).digest();
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(PREFIX, ''), 'base64');
}
