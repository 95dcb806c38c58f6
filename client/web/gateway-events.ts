/** What gateways say of messages, and what customers answer by them, by signed webhooks; docs/gateways.md tells them how. */
import type { FastifyRequest } from 'fastify';
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import { gatewaySettings, GATEWAY_CHANNELS, type GatewayChannel } from '../../config/gateways.js';
import { businessTime } from '../../domain/business-clock.js';
import { readInstallation } from '../../store/installation.js';
import { receiveGatewayEvent, type EventReceiving, type GatewayEvent } from '../../store/gateway-events.js';
import { sendingId } from './form.js';
import { tellJourney } from './opt-out.js';
import { answerEventError, EventRefusal, keepRawBodies, readSigned } from './signed-events.js';
import { URLS } from './urls.js';
import type { App, Web } from './web.js';

/** Bytes of one event: the longest reply in JSON's own escapes fits. */
export const GATEWAY_EVENT_LIMIT_BYTES = 32_768;
/** Events of one address in a minute: receipts come as fast as messages went out. */
export const GATEWAY_EVENTS_PER_MINUTE = 6_000;
const MINUTE_MS = 60_000;
/** Characters of a reply: ten parts of a long SMS have 1,530; an instant message may be longer. */
export const MAX_REPLY_CHARS = 4_000;
const MAX_FROM_CHARS = 200;
const MAX_MESSAGE_ID_CHARS = 200;

const NOBODY = 'There is no gateway for this channel here, or it has no secret yet.';
const params = z.object({ channel: z.enum(GATEWAY_CHANNELS as [GatewayChannel, ...GatewayChannel[]]) });

const text = (what: string, most: number): z.ZodString =>
  z
    .string(`${what} is a text`)
    .min(1, `${what} is empty`)
    .max(most, `${what} has at most ${most} characters`)
    // Postgres can't store it
    .refine((value) => !value.includes('\0'), `${what} holds a NUL character`);
const messageId = text('messageId', MAX_MESSAGE_ID_CHARS);
const eventBody = z.discriminatedUnion(
  'event',
  [
    z.object({ event: z.literal('delivered'), messageId }),
    z.object({ event: z.literal('bounced'), messageId }),
    z.object({
      event: z.literal('reply'),
      from: text('from', MAX_FROM_CHARS),
      text: text('text', MAX_REPLY_CHARS),
      messageId: messageId.optional(),
    }),
  ],
  'event is delivered, bounced or reply',
);

/** In a scope of its own, for the sake of its bodies. */
export function gatewayRoutes(scope: App, web: Web): void {
  keepRawBodies(scope, GATEWAY_EVENT_LIMIT_BYTES);
  scope.setErrorHandler((error, request, reply) =>
    answerEventError(error, request, reply, { nobody: NOBODY, guide: 'docs/gateways.md' }),
  );
  const config = { rateLimit: { max: GATEWAY_EVENTS_PER_MINUTE, timeWindow: MINUTE_MS } };
  scope.post(URLS.gatewayEvents, { config, schema: { params } }, async (request) => {
    const event = readEvent(web, request.params.channel, request);
    const installation = await readInstallation(web.database);
    if (!installation) throw new EventRefusal(503, 'No bank is loaded yet; send it again when one is.');
    const received = await receiveGatewayEvent(web.database, event, businessTime(installation.clock, Date.now()));
    return answerTo(event, received, await tellAll(web, received, request));
  });
}

/** @throws EventRefusal when it is not the gateway's, or can't be read */
function readEvent(web: Web, channel: GatewayChannel, request: FastifyRequest): GatewayEvent {
  const settings = gatewaySettings(channel);
  if (!settings) throw new EventRefusal(404, NOBODY);
  const { eventId, bytes, said } = readSigned(request, settings.secrets);
  const parsed = eventBody.safeParse(said);
  if (!parsed.success)
    throw new EventRefusal(400, `The event can't be read: ${parsed.error.issues[0]?.message ?? 'correct it'}.`);
  const told = { channel, eventId, digest: digestOf(web, bytes) };
  const { data } = parsed;
  if (data.event !== 'reply') return { ...told, kind: data.event, messageId: data.messageId };
  const { from, text: words, messageId: answered = null } = data;
  return { ...told, kind: 'reply', from, text: words, messageId: answered, textId: sendingId(eventId, channel) };
}

/** Keyed with a secret that the database does not hold: of a short reply from an unknown number nobody can find out the number. */
const digestOf = (web: Web, bytes: Buffer): string =>
  createHmac('sha256', Buffer.from(web.surroundings.linkSecret, 'base64'))
    .update('keepwell gateway event\0')
    .update(bytes)
    .digest('hex');

/** Whether every journey that has to know of an opt-out was told; each is told again when the event comes again. */
async function tellAll(web: Web, received: EventReceiving, request: FastifyRequest): Promise<boolean> {
  if (received.kind !== 'recorded') return true;
  const told = [];
  for (const customerRef of received.toTell) told.push(await tellJourney(web, customerRef, 'any-channel', request));
  return told.every(Boolean);
}

/** The same event has the same answer, however often it comes. */
function answerTo({ eventId, kind }: GatewayEvent, received: EventReceiving, isTold: boolean): object {
  if (received.kind === 'conflict')
    throw new EventRefusal(409, 'This webhook-id stands for another event; give each event an id of its own.');
  if (!isTold)
    throw new EventRefusal(503, 'The opt-out is stored and holds, but a journey could not be told; send it again.');
  return { eventId, event: kind, outcome: received.outcome };
}
