import type { ContactChannel } from '../domain/contact-policy.js';
import { NoSurroundings } from './surroundings.js';
import { isWebhookSecret, SECRET_LEAST_BYTES, SECRET_MOST_BYTES } from './webhooks.js';

/** What goes by a gateway; e-mail has a mail server. */
export type GatewayChannel = Exclude<ContactChannel, 'email'>;
export const GATEWAY_CHANNELS: readonly GatewayChannel[] = ['sms', 'im'];

/** What the environment says of one gateway. */
export interface GatewaySettings {
  /** where messages are posted */
  url: string;
  /** the first signs what the bank sends, all verify what the gateway sends */
  secrets: readonly [string, ...string[]];
}

/** `sms` → `KEEPWELL_GATEWAY_SMS_URL`, `…_SECRET`. */
export function gatewayVariable(channel: GatewayChannel, what: 'URL' | 'SECRET'): string {
  return `KEEPWELL_GATEWAY_${channel.toUpperCase()}_${what}`;
}

/**
 * A gateway's address and secrets; null: neither is set, and the channel is not to be had.
 * @throws NoSurroundings when one is set without the other, or can't be used; the value itself is not repeated
 */
export function gatewaySettings(channel: GatewayChannel, env: NodeJS.ProcessEnv = process.env): GatewaySettings | null {
  const [urlName, secretName] = [gatewayVariable(channel, 'URL'), gatewayVariable(channel, 'SECRET')];
  const url = env[urlName] || null;
  const [first, ...others] = (env[secretName] || '')
    .split(',')
    .map((secret) => secret.trim())
    .filter((secret) => secret !== '');
  if (url === null && first === undefined) return null;
  if (url === null || first === undefined) {
    const [there, missing] = url === null ? [secretName, urlName] : [urlName, secretName];
    throw new NoSurroundings(
      `${there} is set and ${missing} is not; set both, or neither to have no channel ${channel}.`,
    );
  }
  if (!(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new NoSurroundings(
      `${urlName} is not usable: it must be an address that starts with https:// or http://; correct it.`,
    );
  if (![first, ...others].every(isWebhookSecret))
    throw new NoSurroundings(
      `${secretName} is not usable: it must be whsec_ and the base64 of ${SECRET_LEAST_BYTES} to ${SECRET_MOST_BYTES} bytes, more than one joined by commas; correct it.`,
    );
  return { url, secrets: [first, ...others] };
}
