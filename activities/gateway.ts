import { request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { GATEWAY_CHANNELS, gatewaySettings, type GatewayChannel, type GatewaySettings } from '../config/gateways.js';
import { signWebhook } from '../config/webhooks.js';
import type { Language, MessageClass } from '../domain/types.js';
import { LEAST_TO_BEGIN_MS, type Delivery } from './mail.js';

/** A gateway to which no connection comes about within this many ms has taken nothing. */
const CONNECT_MS = 1_500;

/** One message as a gateway is told of it; docs/gateways.md is its contract. */
export interface GatewayMessage {
  /** the same for every try of one message; the gateway sends it once */
  messageId: string;
  channel: GatewayChannel;
  /** a number of E.164, or the account at the instant messenger or service */
  to: string;
  text: string;
  language: Language;
  class: MessageClass;
}

export interface GatewayDoor {
  /** @param deadline wall instant (ms) at which the line is cut, whatever was said */
  deliver(message: GatewayMessage, deadline: number): Promise<Delivery>;
}

/** The gateways that can be had; a channel that is not here has none. */
export type GatewayDoors = Readonly<Partial<Record<GatewayChannel, GatewayDoor>>>;

/**
 * A door for each gateway that the environment names.
 * @throws NoSurroundings in words when a setting can't be used
 */
export function gatewayDoors(env: NodeJS.ProcessEnv = process.env): GatewayDoors {
  const doors: Partial<Record<GatewayChannel, GatewayDoor>> = {};
  for (const channel of GATEWAY_CHANNELS) {
    const settings = gatewaySettings(channel, env);
    if (settings) doors[channel] = httpGatewayDoor(settings);
  }
  return doors;
}

/** A gateway over HTTP, a connection for each message: an idle one that has gone stale would leave every send unsure. */
export function httpGatewayDoor({ url, secrets: [secret] }: GatewaySettings): GatewayDoor {
  return {
    deliver: async (message, deadline) => {
      const body = JSON.stringify(message);
      const left = deadline - Date.now();
      if (left < LEAST_TO_BEGIN_MS) return { kind: 'later', answer: 'the claim was too old' };
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'idempotency-key': message.messageId,
        ...signWebhook(secret, message.messageId, body, Date.now()),
      };
      return post(new URL(url), { method: 'POST', agent: false, headers }, body, left);
    },
  };
}

/** What an HTTP status tells about the message. */
export function readStatus(status: number): Delivery {
  const answer = `HTTP ${status}`;
  // 409: it has this message from an earlier try
  if ((status >= 200 && status < 300) || status === 409) return { kind: 'accepted', answer };
  if (status === 410) return { kind: 'refused', answer, address: true };
  if (status === 422) return { kind: 'refused', answer, address: false };
  // 401, 404 and the like are of the secret or the address of the gateway: no word on the message, and a person mends it
  return { kind: 'later', answer };
}

function post(url: URL, options: RequestOptions, body: string, withinMs: number): Promise<Delivery> {
  return new Promise((resolve) => {
    // until the connection stands nothing of the message has left, and nobody can have taken it
    let handedOver = false;
    const isSecure = url.protocol === 'https:';
    const asking: ClientRequest = (isSecure ? httpsRequest : httpRequest)(url, options);
    const settle = (delivery: Delivery): void => {
      clearTimeout(limit);
      clearTimeout(connecting);
      asking.destroy();
      resolve(delivery);
    };
    const broken = (answer: string): void => settle({ kind: handedOver ? 'unknown' : 'later', answer });
    const limit = setTimeout(() => broken('the claim ran out'), withinMs);
    const connecting = setTimeout(() => broken('ETIMEDOUT'), CONNECT_MS);
    asking.on('socket', (socket) =>
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        clearTimeout(connecting);
        handedOver = true;
      }),
    );
    // the status is the whole answer: what else comes is not waited for
    asking.on('response', ({ statusCode = 0 }) => settle(readStatus(statusCode)));
    asking.on('error', (error: NodeJS.ErrnoException) => broken(error.code ?? error.name));
    asking.end(body);
  });
}
