import { partnerSettings, partnerVariable, type PartnerSettings } from '../config/partners.js';
import { NoSurroundings } from '../config/surroundings.js';
import { signWebhook } from '../config/webhooks.js';
import type { PartnerRef } from '../domain/types.js';

/** A partner that has not answered within this many ms is asked again. */
export const PARTNER_ANSWER_MS = 5_000;

/** What a partner is told: nothing by which it could know the customer but the bank's opaque reference. */
export interface DeliveryOrder {
  orderRef: string;
  item: string;
  quantity: 1;
  recipient: string;
}

export type Ordering =
  /** it has the order, from now or before */
  | { kind: 'taken' }
  /** it will not have it */
  | { kind: 'refused'; answer: string }
  /** may be asked again; `reached` false: it certainly knows nothing of this order by this asking */
  | { kind: 'later'; answer: string; reached: boolean };

export interface PartnerDoor {
  /** Asks a partner to deliver. The same order asked for twice is one delivery: the partner goes by Idempotency-Key. */
  order(partnerRef: PartnerRef, delivery: DeliveryOrder): Promise<Ordering>;
}

/** Codes of a request that never left: no address, no way, nobody who listens. */
const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/**
 * The answers that speak of the order itself: it can't be read, what it asks for is gone, or it is not acceptable. Any
 * other 4xx is of the door before it (a secret, an address, a clock) and says nothing against the order, and 409 is what
 * a partner answers while an earlier asking with the same Idempotency-Key is still in its hands
 * (draft-ietf-httpapi-idempotency-key-header, 2.7): taking these for a no would give back the points of every order
 * while a secret is wrong, or of one that is being delivered.
 */
const REFUSALS = new Set([400, 410, 422]);

/** Orders over HTTP, at the addresses and with the secrets of the environment. */
export function httpPartnerDoor(env: NodeJS.ProcessEnv = process.env): PartnerDoor {
  return {
    order: (partnerRef, delivery) => {
      const settings = usable(partnerRef, env);
      // an outage that a person ends: nothing is lost, and the order goes out once it is set
      if ('wrong' in settings) return Promise.resolve({ kind: 'later', answer: settings.wrong, reached: false });
      const { orderUrl, secrets } = settings;
      const [secret] = secrets;
      const missing = orderUrl === null ? 'URL' : secret === undefined ? 'SECRET' : null;
      if (orderUrl === null || secret === undefined)
        return Promise.resolve({
          kind: 'later',
          answer: `${partnerVariable(partnerRef, missing ?? 'URL')} is not set`,
          reached: false,
        });
      return post(orderUrl, secret, delivery);
    },
  };
}

/** The partner's settings, or the sentence that says what is wrong with them. */
function usable(partnerRef: PartnerRef, env: NodeJS.ProcessEnv): PartnerSettings | { wrong: string } {
  try {
    return partnerSettings(partnerRef, env);
  } catch (error) {
    if (error instanceof NoSurroundings) return { wrong: error.message };
    throw error;
  }
}

async function post(url: string, secret: string, delivery: DeliveryOrder): Promise<Ordering> {
  const body = JSON.stringify(delivery);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': delivery.orderRef,
        ...signWebhook(secret, delivery.orderRef, body, Date.now()),
      },
      body,
      // an order that is sent on to another address is not the order of this contract
      redirect: 'manual',
      signal: AbortSignal.timeout(PARTNER_ANSWER_MS),
    });
    await response.body?.cancel();
    return read(response.status);
  } catch (error) {
    const code = codeOf(error);
    return { kind: 'later', answer: code, reached: !NOT_REACHED.has(code) };
  }
}

function read(status: number): Ordering {
  const answer = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  if (REFUSALS.has(status)) return { kind: 'refused', answer };
  return { kind: 'later', answer, reached: true };
}

/** fetch says what happened in the cause of its error, and of a host with two addresses twice. */
function codeOf(error: unknown): string {
  const { code, errors, cause, name } = (error ?? {}) as Partial<Record<'code' | 'errors' | 'cause' | 'name', unknown>>;
  if (typeof code === 'string') return code;
  const inner: unknown = Array.isArray(errors) ? errors[0] : cause;
  if (inner) return codeOf(inner);
  return typeof name === 'string' ? name : 'unknown';
}
