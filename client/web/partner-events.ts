/** What partners say of orders, by signed webhooks; docs/api.md tells them how. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { partnerSettings } from '../../config/partners.js';
import { isSignedWebhook, WEBHOOK_HEADERS } from '../../config/webhooks.js';
import { businessTime } from '../../domain/business-clock.js';
import type { OrderRef, PartnerRef } from '../../domain/types.js';
import { readInstallation, type Installation } from '../../store/installation.js';
import {
  MAX_PARTNER_REASON_CHARS,
  MAX_PARTNER_REFERENCE_CHARS,
  receivePartnerEvent,
  type PartnerEvent,
  type Receiving,
} from '../../store/partner-events.js';
import { isOutage, logged, PageRefusal } from './refusal.js';
import { URLS } from './urls.js';
import type { App, Web } from './web.js';

/** Bytes of one event; a few hundred are needed. */
export const EVENT_LIMIT_BYTES = 16_384;
/** Events of one address in a minute: a partner sends those of all its customers. */
export const EVENTS_PER_MINUTE = 1_200;
const MINUTE_MS = 60_000;
/** Digits of an order's number: filled up to so many, and never more than a partner may send. */
const LEAST_ORDER_DIGITS = 7;
const MOST_ORDER_DIGITS = 12;
const ORDER_REF = new RegExp(`^R-\\d{4}-\\d{${LEAST_ORDER_DIGITS},${MOST_ORDER_DIGITS}}$`);
/** After an outage a partner sends again in so many seconds. */
const RETRY_AFTER_S = 30;

/** An event that is not taken, and the sentence that says why; it repeats nothing of the event. */
class EventRefusal extends Error {
  override readonly name = 'EventRefusal';
  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

const params = z.object({ partner: z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'there is no such partner') });
const text = (what: string, most: number): z.ZodString =>
  z
    .string(`${what} is a text`)
    .min(1, `${what} is empty`)
    .max(most, `${what} has at most ${most} characters`)
    // Postgres can't store it
    .refine((value) => !value.includes('\0'), `${what} holds a NUL character`);
const eventBody = z.object({
  orderRef: z.string('orderRef is a text').regex(ORDER_REF, 'orderRef is like R-2026-0000042'),
  status: z.enum(['fulfilled', 'refused'], 'status is fulfilled or refused'),
  partnerReference: text('partnerReference', MAX_PARTNER_REFERENCE_CHARS),
  reason: text('reason', MAX_PARTNER_REASON_CHARS).optional(),
});

/** In a scope of its own: the body is kept as it came, since its signature is of these very bytes. */
export function partnerRoutes(scope: App, web: Web): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: EVENT_LIMIT_BYTES },
    (_request, body, done) => done(null, body),
  );
  scope.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  const config = { rateLimit: { max: EVENTS_PER_MINUTE, timeWindow: MINUTE_MS } };
  scope.post(URLS.partnerEvents, { config, schema: { params } }, async (request) => {
    const event = readEvent(request.params.partner as PartnerRef, request);
    const installation = await readInstallation(web.database);
    if (!installation) throw new EventRefusal(503, 'No bank is loaded yet; send it again when one is.');
    const at = businessTime(installation.clock, Date.now());
    const received = await receivePartnerEvent(web.database, event, at);
    await tellRun(web, installation, received, request);
    return answerTo(event, received);
  });
}

/** @throws EventRefusal when it is not the partner's, or can't be read */
function readEvent(partnerRef: PartnerRef, { headers, body }: FastifyRequest): PartnerEvent {
  const { secrets } = partnerSettings(partnerRef);
  if (secrets.length === 0) throw new EventRefusal(404, 'There is no such partner, or it has no secret yet.');
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
  const parsed = eventBody.safeParse(parseJson(bytes));
  if (!parsed.success)
    throw new EventRefusal(400, `The event can't be read: ${parsed.error.issues[0]?.message ?? 'correct it'}.`);
  const { orderRef, reason = null, ...said } = parsed.data;
  return { partnerRef, eventId: signed.id ?? '', orderRef: orderRef as OrderRef, reason, ...said };
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

/** The fact is stored: a run that can't be told now is told when the event comes again, or by the daily round. */
async function tellRun(web: Web, { clock }: Installation, received: Receiving, request: FastifyRequest): Promise<void> {
  if (received.kind !== 'recorded' || !received.open) return;
  const { orderRef, customerRef } = received.order;
  try {
    await web.door.tellOrder({ orderRef, customerRef, clock });
  } catch (error) {
    request.log.warn({ ...logged(error), orderRef }, 'an order could not be told of its partner’s answer');
  }
}

/** The same event has the same answer, however often it comes. */
function answerTo({ orderRef, eventId, status }: PartnerEvent, received: Receiving): object {
  switch (received.kind) {
    case 'recorded':
      return { orderRef, eventId, status, recorded: true };
    case 'conflict':
      throw new EventRefusal(409, 'This webhook-id stands for another event; give each event an id of its own.');
    case 'unknown-order':
      throw new EventRefusal(404, 'There is no order of that reference for this partner.');
  }
}

/** The one place that turns whatever went wrong into `{ error }`. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = error instanceof EventRefusal ? error : asRefusal(error);
  if (refusal !== error && refusal.status >= 500)
    request.log.error({ ...logged(error), route: request.routeOptions.url }, 'an event failed');
  if (refusal.status === 503) reply.header('retry-after', String(RETRY_AFTER_S));
  return reply.code(refusal.status).send({ error: refusal.message });
}

function asRefusal(error: unknown): EventRefusal {
  if (error instanceof PageRefusal && error.status === 429)
    return new EventRefusal(429, 'Too many events at once; wait a minute and send them again.');
  const { statusCode, validation } = error as Partial<FastifyError>;
  if (validation) return new EventRefusal(404, 'There is no such partner, or it has no secret yet.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new EventRefusal(statusCode, "The event can't be read; docs/api.md shows how to send one.");
  if (isOutage(error)) return new EventRefusal(503, "Keepwell can't take it for the moment; send it again.");
  return new EventRefusal(500, 'Something is broken in Keepwell; its operators find it in the log of the pages.');
}
