import type { PartnerRef } from '../domain/types.js';
import { NoSurroundings } from './surroundings.js';
import { isWebhookSecret, SECRET_LEAST_BYTES, SECRET_MOST_BYTES } from './webhooks.js';

/** What the environment says of one partner that delivers what customers redeem. */
export interface PartnerSettings {
  /** where orders are posted; null: not set */
  orderUrl: string | null;
  /** the first signs what the bank sends, all verify what the partner sends; none: its events are not taken */
  secrets: readonly string[];
}

/** `gift-house` → `KEEPWELL_PARTNER_GIFT_HOUSE_URL`, `…_SECRET`. */
export function partnerVariable(partnerRef: PartnerRef, what: 'URL' | 'SECRET'): string {
  return `KEEPWELL_PARTNER_${partnerRef.toUpperCase().replaceAll('-', '_')}_${what}`;
}

/**
 * A partner's address and secrets, from the environment alone: they differ from place to place, and a secret has no
 * business in a file that people edit.
 * @throws NoSurroundings when what is set can't be used; the value itself is not repeated
 */
export function partnerSettings(partnerRef: PartnerRef, env: NodeJS.ProcessEnv = process.env): PartnerSettings {
  const orderUrl = env[partnerVariable(partnerRef, 'URL')] || null;
  if (orderUrl !== null && !(URL.canParse(orderUrl) && /^https?:$/.test(new URL(orderUrl).protocol)))
    throw new NoSurroundings(
      `${partnerVariable(partnerRef, 'URL')} is not usable: it must be an address that starts with https:// or http://; correct it.`,
    );
  const secrets = (env[partnerVariable(partnerRef, 'SECRET')] || '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  if (!secrets.every(isWebhookSecret))
    throw new NoSurroundings(
      `${partnerVariable(partnerRef, 'SECRET')} is not usable: it must be whsec_ and the base64 of ${SECRET_LEAST_BYTES} to ${SECRET_MOST_BYTES} bytes, more than one joined by commas; correct it.`,
    );
  return { orderUrl, secrets };
}
