/** What routes for signed webhooks share: the body as it came, its signature, and refusals in one sentence. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isSignedWebhook, WEBHOOK_HEADERS } from '../../config/webhooks.js';
import { isOutage, logged, PageRefusal } from './refusal.js';
import type { App } from './web.js';

/** After an outage an event is sent again in so many seconds. */
const RETRY_AFTER_S = 30;

/** An event that is not taken, and the sentence that says why; it repeats nothing of the event. */
export class EventRefusal extends Error {
  override readonly name = 'EventRefusal';
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** The scope's bodies are JSON, and kept as they came: a signature is of these very bytes. */
export function keepRawBodies(scope: App, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
}

/**
 * The event's id, its bytes and what they say.
 * @throws EventRefusal when it was not signed with one of the secrets
 */
export function readSigned(
  { headers, body }: FastifyRequest,
  secrets: readonly string[],
): { eventId: string; bytes: Buffer; said: unknown } {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  const signed = {
    id: oneOf(headers[WEBHOOK_HEADERS.id]),
    timestamp: oneOf(headers[WEBHOOK_HEADERS.timestamp]),
    signature: oneOf(headers[WEBHOOK_HEADERS.signature]),
  };
  if (!isSignedWebhook(secrets, signed, bytes, Date.now()))
    throw new EventRefusal(
      401,
      'The signature is not good: sign "webhook-id.webhook-timestamp.body" with the secret, within five minutes of now.',
    );
  return { eventId: signed.id ?? '', bytes, said: parseJson(bytes) };
}

const oneOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? undefined : header;

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return null;
  }
}

/** The one place that turns whatever went wrong with an event into `{ error }`. @param nobody said where there is no such sender */
export function answerEventError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  { nobody, guide }: { nobody: string; guide: string },
): FastifyReply {
  const refusal = error instanceof EventRefusal ? error : asRefusal(error, nobody, guide);
  if (refusal !== error && refusal.status >= 500)
    request.log.error({ ...logged(error), route: request.routeOptions.url }, 'an event failed');
  if (refusal.status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  return reply.code(refusal.status).send({ error: refusal.message });
}

function asRefusal(error: unknown, nobody: string, guide: string): EventRefusal {
  if (error instanceof PageRefusal && error.status === 429)
    return new EventRefusal(429, 'Too many events at once; wait a minute and send them again.');
  const { statusCode, validation } = error as Partial<FastifyError>;
  if (validation) return new EventRefusal(404, nobody);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new EventRefusal(statusCode, `The event can't be read; ${guide} shows how to send one.`);
  if (isOutage(error)) return new EventRefusal(503, "Keepwell can't take it for the moment; send it again.");
  return new EventRefusal(500, 'Something is broken in Keepwell; its operators find it in the log of the pages.');
}
