import { createServer, type IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { isSignedWebhook, signWebhook, WEBHOOK_HEADERS } from '../../config/webhooks.js';

export interface TakenOrder {
  orderRef: string;
  item: string;
  quantity: number;
  recipient: string;
}

export interface Answer {
  status: 'fulfilled' | 'refused';
  /** the same id is the same event */
  eventId?: string;
  reason?: string;
}

/** How many times an event is sent before the partner gives up. */
const MOST_SENDINGS = 5;
/** ms between two sendings of one event */
const PAUSE_MS = 50;

/**
 * A partner that delivers, as its contract says (docs/api.md): it takes orders by HTTP, each Idempotency-Key once,
 * from nobody but the bank, and answers them later by signed webhooks that it sends again until they are taken.
 */
export interface PartnerServer {
  /** what KEEPWELL_PARTNER_…_URL is set to */
  url: string;
  /** orders that it delivers: one for each Idempotency-Key */
  orders: TakenOrder[];
  /** how often it was asked, repeats included */
  asked: number;
  /** nobody listens: connections are refused */
  down(): Promise<void>;
  up(): Promise<void>;
  /** the next so many orders are taken, and the line breaks before the bank hears of it */
  loseAnswers(n: number): void;
  /** what is answered instead of taking an order; null takes them again */
  answerWith(status: number | null): void;
  /** called once an order is taken and before it is answered */
  onTaken: (order: TakenOrder) => Promise<void>;
  /** set: each order is answered by itself after so many ms */
  answerAfterMs: number | null;
  /** Sends an event about an order until it is taken. @returns the last HTTP status, and the body that came with it */
  answer(orderRef: string, answer: Answer): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export interface PartnerOptions {
  secret: string;
  /** the bank's address for this partner's events; asked for when there is something to send */
  eventsUrl: () => string;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function isFromTheBank(secret: string, { headers }: IncomingMessage, body: string): boolean {
  const header = (name: string): string | undefined => (typeof headers[name] === 'string' ? headers[name] : undefined);
  const signed = {
    id: header(WEBHOOK_HEADERS.id),
    timestamp: header(WEBHOOK_HEADERS.timestamp),
    signature: header(WEBHOOK_HEADERS.signature),
  };
  return isSignedWebhook([secret], signed, Buffer.from(body), Date.now());
}

async function sendEvent(
  url: string,
  secret: string,
  orderRef: string,
  { status, eventId = `evt_${randomUUID()}`, reason }: Answer,
): Promise<{ status: number; body: unknown }> {
  const body = JSON.stringify({ orderRef, status, partnerReference: `P-${orderRef}`, reason });
  for (let sending = 1; ; sending += 1) {
    const headers = { 'content-type': 'application/json', ...signWebhook(secret, eventId, body, Date.now()) };
    const sent = await fetch(url, { method: 'POST', headers, body }).catch(() => null);
    if (sent && (sent.status < 500 || sending === MOST_SENDINGS))
      return { status: sent.status, body: await sent.json() };
    if (sending === MOST_SENDINGS) throw new Error(`the bank could not be told of ${orderRef}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export async function startPartner({ secret, eventsUrl }: PartnerOptions): Promise<PartnerServer> {
  const taken = new Map<string, TakenOrder>();
  let lose = 0;
  let refusal: number | null = null;
  let port = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const body = await textOf(request);
      const key = request.headers['idempotency-key'];
      partner.asked += 1;
      const answer = (status: number): void => void response.writeHead(status).end();
      if (request.method !== 'POST' || typeof key !== 'string') return answer(400);
      if (!isFromTheBank(secret, request, body)) return answer(401);
      if (refusal !== null) return answer(refusal);
      const order = JSON.parse(body) as TakenOrder;
      const isNew = !taken.has(key);
      if (isNew) {
        taken.set(key, order);
        partner.orders.push(order);
      }
      await partner.onTaken(order);
      if (isNew && partner.answerAfterMs !== null)
        setTimeout(() => void partner.answer(order.orderRef, { status: 'fulfilled' }), partner.answerAfterMs);
      if (lose > 0) {
        lose -= 1;
        return request.socket.destroy();
      }
      return answer(isNew ? 202 : 200);
    })();
  });
  const listen = (): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const partner: PartnerServer = {
    url: '',
    orders: [],
    asked: 0,
    onTaken: () => Promise.resolve(),
    answerAfterMs: null,
    down: stop,
    up: listen,
    loseAnswers: (n) => void (lose = n),
    answerWith: (status) => void (refusal = status),
    answer: (orderRef, answer) => sendEvent(eventsUrl(), secret, orderRef, answer),
    close: stop,
  };
  await listen();
  const address = server.address();
  port = typeof address === 'object' && address ? address.port : 0;
  partner.url = `http://127.0.0.1:${port}/orders`;
  return partner;
}
