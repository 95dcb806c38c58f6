/** What all pages share: what they are given, who is visiting, and the limits of a request. */
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { readLink, type LinkPurpose } from '../../config/links.js';
import type { Surroundings } from '../../config/surroundings.js';
import { businessTime } from '../../domain/business-clock.js';
import type { Instant, Language } from '../../domain/types.js';
import type { Database } from '../../store/database.js';
import { readInstallation, type Installation } from '../../store/installation.js';
import { PageRefusal } from './refusal.js';
import type { TemporalDoor } from './temporal-door.js';

/** Bytes of the largest form: the longest complaint in percent-encoded Chinese is under 250 kB, and may be too long. */
export const FORM_LIMIT_BYTES = 1_048_576;
/** Requests of one address in a minute, over all pages; a person needs a handful. */
export const REQUESTS_PER_MINUTE = 120;
/** Characters of a path part that is looked at; a link's token is shorter. */
export const PATH_PART_MAX_CHARS = 256;

export type WebSurroundings = Pick<
  Surroundings,
  'linkSecret' | 'payloadKeys' | 'temporalNamespace' | 'temporalUiUrl' | 'mailboxUrl' | 'webUrl'
>;

export interface Web {
  database: Database;
  door: TemporalDoor;
  surroundings: WebSurroundings;
  /** the bank's name and clock never change: what was read once serves while the database is away */
  known: { installation: Installation | null };
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export const tokenParams = z.object({ token: z.string().min(1).max(PATH_PART_MAX_CHARS) });

export interface Visit {
  now: Instant;
  installation: Installation;
  /** what the link was signed for: a journey's id or a customer's reference */
  subject: string;
}

/**
 * Reads the link that a visitor came by.
 * @throws PageRefusal when it is forged, expired or for another page; any error of the database when that is away
 */
export async function openVisit(web: Web, purpose: LinkPurpose, token: string): Promise<Visit> {
  const installation = await readKnownInstallation(web);
  if (!installation) throw new PageRefusal(503, 'notReady');
  const now = businessTime(installation.clock, Date.now());
  const reading = readLink(web.surroundings.linkSecret, purpose, token, now);
  if (!reading.ok)
    throw new PageRefusal(
      reading.reason === 'expired' ? 410 : 404,
      reading.reason === 'expired' ? 'linkExpired' : 'linkInvalid',
    );
  return { now, installation, subject: reading.subject };
}

async function readKnownInstallation(web: Web): Promise<Installation | null> {
  try {
    web.known.installation = (await readInstallation(web.database)) ?? web.known.installation;
  } catch (error) {
    if (!web.known.installation) throw error;
  }
  return web.known.installation;
}

/** The language of a visitor whom no link has named: the browser's first wish. */
export function wishedLanguage(request: FastifyRequest): Language {
  return /^\s*zh\b/i.test(request.headers['accept-language'] ?? '') ? 'zh-CN' : 'en';
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const LOCAL_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Whether somebody on this very machine asks. Never so where the pages have a public address: then a proxy on the same
 * machine may be speaking for anybody.
 */
export function isLocal(web: Web, request: FastifyRequest): boolean {
  if (!LOCAL_NAMES.has(new URL(web.surroundings.webUrl).hostname)) return false;
  const forwarded = request.headers['x-forwarded-for'] ?? request.headers['forwarded'];
  return forwarded === undefined && LOOPBACK.has(request.socket.remoteAddress ?? '');
}
