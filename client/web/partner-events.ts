/** What partners say of orders, by signed webhooks; docs/api.md tells them how. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { partnerSettings } from '../../config/partners.js';
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
import { logged } from './refusal.js';
import { answerEventError, EventRefusal, keepRawBodies, readSigned } from './signed-events.js';
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
const NOBODY = 'There is no such partner, or it has no secret yet.';

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
  keepRawBodies(scope, EVENT_LIMIT_BYTES);
  scope.setErrorHandler((error, request, reply) =>
    answerEventError(error, request, reply, { nobody: NOBODY, guide: 'docs/api.md' }),
  );
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
function readEvent(partnerRef: PartnerRef, request: FastifyRequest): PartnerEvent {
  const { secrets } = partnerSettings(partnerRef);
  if (secrets.length === 0) throw new EventRefusal(404, NOBODY);
  const { eventId, said: body } = readSigned(request, secrets);
  const parsed = eventBody.safeParse(body);
  if (!parsed.success)
    throw new EventRefusal(400, `The event can't be read: ${parsed.error.issues[0]?.message ?? 'correct it'}.`);
  const { orderRef, reason = null, ...said } = parsed.data;
  return { partnerRef, eventId, orderRef: orderRef as OrderRef, reason, ...said };
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
