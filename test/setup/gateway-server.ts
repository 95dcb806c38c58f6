import { createServer, type IncomingMessage } from 'node:http';
import { randomUUID } from 'node:crypto';
import { isSignedWebhook, signWebhook, WEBHOOK_HEADERS } from '../../config/webhooks.js';
import type { GatewayMessage } from '../../activities/gateway.js';

/** What the next message meets. */
export type GatewayMood =
  /** answered with this status, and not sent */
  | number
  /** taken, and the line breaks before the answer */
  | 'drop'
  /** taken, and never answered */
  | 'silent';

/**
 * A gateway for SMS or instant messages, as docs/gateways.md has its contract: it sends each message id once, to nobody but
 * for the bank, and tells by signed webhooks what became of it and what people answer.
 */
export interface GatewayServer {
  /** what KEEPWELL_GATEWAY_…_URL is set to */
  url: string;
  /** messages that went out to phones: one for each id */
  sent: GatewayMessage[];
  /** what was asked, repeats and refusals included */
  asked: GatewayMessage[];
  /** what the next messages meet, one after the other; once empty, all are taken */
  moods: GatewayMood[];
  /** what a number meets whenever it is written to */
  numbers: Map<string, GatewayMood>;
  close(): Promise<void>;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

const header = ({ headers }: IncomingMessage, name: string): string | undefined =>
  typeof headers[name] === 'string' ? headers[name] : undefined;

export async function startGateway(secret: string): Promise<GatewayServer> {
  const taken = new Set<string>();
  const server = createServer((request, response) => {
    void (async () => {
      const body = await textOf(request);
      const answer = (status: number): void => void response.writeHead(status).end();
      const signed = {
        id: header(request, WEBHOOK_HEADERS.id),
        timestamp: header(request, WEBHOOK_HEADERS.timestamp),
        signature: header(request, WEBHOOK_HEADERS.signature),
      };
      if (!isSignedWebhook([secret], signed, Buffer.from(body), Date.now())) return answer(401);
      const message = JSON.parse(body) as GatewayMessage;
      if (header(request, 'idempotency-key') !== message.messageId) return answer(400);
      gateway.asked.push(message);
      const mood = gateway.moods.shift() ?? gateway.numbers.get(message.to) ?? 202;
      const isNew = !taken.has(message.messageId);
      if (typeof mood === 'number' && mood >= 300) return answer(mood);
      if (isNew) {
        taken.add(message.messageId);
        gateway.sent.push(message);
      }
      if (mood === 'drop') return request.socket.destroy();
      if (mood !== 'silent') return answer(isNew ? mood : 409);
    })();
  });
  const gateway: GatewayServer = {
    url: '',
    sent: [],
    asked: [],
    moods: [],
    numbers: new Map(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  gateway.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/messages`;
  return gateway;
}

/** The body and headers of an event as a gateway signs it. */
export function signedEvent(
  secret: string,
  said: object,
  { id = `evt_${randomUUID()}`, at = Date.now() }: { id?: string; at?: number } = {},
): { headers: Record<string, string>; payload: string } {
  const payload = JSON.stringify(said);
  return { headers: { 'content-type': 'application/json', ...signWebhook(secret, id, payload, at) }, payload };
}
