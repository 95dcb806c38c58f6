import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { createPayloadCodec } from '../../config/payload-codec.js';
import { PageRefusal } from './refusal.js';
import { URLS } from './urls.js';
import { isLocal, type App, type Web } from './web.js';

/** Bytes of one request: a page of a history with its payloads. */
export const CODEC_LIMIT_BYTES = 4_194_304;
/** Payloads of one request. */
export const CODEC_MAX_PAYLOADS = 2_000;

const base64 = z.string().regex(/^[A-Za-z0-9+/_-]*={0,2}$/);
const body = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default('') }))
    .max(CODEC_MAX_PAYLOADS),
});

/**
 * Lets Temporal's own UI show what the payloads say. It is offered to this machine alone, and to a browser only when the
 * UI's page asks: to anybody else the address does not exist.
 */
export function codecRoutes(app: App, web: Web): void {
  const codec = createPayloadCodec(web.surroundings.payloadKeys);
  const origin = web.surroundings.temporalUiUrl === null ? null : new URL(web.surroundings.temporalUiUrl).origin;
  const admit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const asking = request.headers.origin;
    if (!isLocal(web, request) || (asking !== undefined && asking !== origin)) throw new PageRefusal(404, 'notFound');
    if (asking === undefined) return;
    reply.header('access-control-allow-origin', asking).header('vary', 'origin');
    // the pages' policy keeps other origins out; this answer is meant for one
    reply.header('cross-origin-resource-policy', 'cross-origin');
  };

  app.options(URLS.codec, { onRequest: admit }, async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'content-type, x-namespace')
      .send(),
  );
  app.post(URLS.codec, { onRequest: admit, schema: { body }, bodyLimit: CODEC_LIMIT_BYTES }, async (request, reply) =>
    decode(codec, request.body).catch((error: Error) => reply.code(400).send({ message: error.message })),
  );
}

async function decode(
  codec: PayloadCodec,
  { payloads }: z.output<typeof body>,
): Promise<{ payloads: z.output<typeof body>['payloads'] }> {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  const decoded = await codec.decode(
    payloads.map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, bytes(value)])),
      data: bytes(data),
    })),
  );
  const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString('base64');
  return {
    payloads: decoded.map((payload) => ({
      metadata: Object.fromEntries(Object.entries(payload.metadata ?? {}).map(([key, value]) => [key, text(value)])),
      data: text(payload.data),
    })),
  };
}
