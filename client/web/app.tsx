import formbody from '@fastify/formbody';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import type { Client } from '@temporalio/client';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import type { ApiToken } from '../../config/api-tokens.js';
import type { Database } from '../../store/database.js';
import { apiRoutes } from './api.js';
import { codecRoutes } from './codec.js';
import { complaintRoutes } from './complaint.js';
import { eventRoutes } from './events.js';
import { gatewayRoutes } from './gateway-events.js';
import { learnRoutes } from './learn.js';
import { RefusalPage, sendPage } from './page.js';
import { partnerRoutes } from './partner-events.js';
import { preferencesRoutes, unsubscribeRoutes } from './preferences.js';
import { isOutage, logged, PageRefusal } from './refusal.js';
import { startRoutes } from './start.js';
import { surveyRoutes } from './survey.js';
import { temporalDoor } from './temporal-door.js';
import { URLS } from './urls.js';
import {
  FORM_LIMIT_BYTES,
  isLocal,
  PATH_PART_MAX_CHARS,
  REQUESTS_PER_MINUTE,
  wishedLanguage,
  type App,
  type Web,
  type WebSurroundings,
} from './web.js';
import type { RefusalWords } from './words.js';

/** A request that has not come in whole after this many ms is dropped. */
const REQUEST_LIMIT_MS = 30_000;
const MINUTE_MS = 60_000;
/** Bytes of a mail program's one click; 26 are needed. */
const ONE_CLICK_LIMIT_BYTES = 4_096;

export interface WebParts {
  /** role app */
  database: Database;
  client: Client;
  surroundings: WebSurroundings;
  log: FastifyBaseLogger;
  /** addresses of the proxies whose X-Forwarded-For is believed, joined by commas; without one all visitors behind a proxy share a limit */
  trustProxy?: string | undefined;
  /** of the bank's systems that may ask; without one the API answers nobody */
  apiTokens?: readonly ApiToken[];
}

/** The web server with all its pages; the caller listens, and closes the database and Temporal after it. */
export async function buildWeb({
  database,
  client,
  surroundings,
  log,
  trustProxy,
  apiTokens = [],
}: WebParts): Promise<App> {
  const web: Web = { database, door: temporalDoor(client), surroundings, known: { installation: null } };
  const app: App = fastify({
    loggerInstance: log,
    // fastify's own lines carry the URL, and a URL of ours carries a link's token; see logRequests
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: FORM_LIMIT_BYTES,
    requestTimeout: REQUEST_LIMIT_MS,
    forceCloseConnections: 'idle',
    trustProxy: trustProxy ?? false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: PATH_PART_MAX_CHARS },
    frameworkErrors: (error, request, reply) => void answerError(web, error, request, reply),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => answerError(web, error, request, reply));
  await protect(app, web);
  logRequests(app);
  await app.register(formbody, { bodyLimit: FORM_LIMIT_BYTES });
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) =>
    answerError(web, new PageRefusal(404, 'notFound'), request, reply),
  );
  for (const routes of [startRoutes, surveyRoutes, complaintRoutes, preferencesRoutes, codecRoutes]) routes(app, web);
  for (const routes of [learnRoutes, eventRoutes]) routes(app, web);
  await app.register(async (scope: App) => oneClick(scope, web));
  await app.register(async (scope: App) => partnerRoutes(scope, web));
  await app.register(async (scope: App) => gatewayRoutes(scope, web));
  await app.register(async (scope: App) => apiRoutes(scope, web, apiTokens), { prefix: URLS.api });
  return app;
}

/** Mail programs post one click as they like (RFC 8058 allows two kinds of form): what is in the body doesn't matter. */
function oneClick(scope: App, web: Web): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit: ONE_CLICK_LIMIT_BYTES }, (_request, _body, done) =>
    done(null, {}),
  );
  unsubscribeRoutes(scope, web);
}

/** Headers and limits of every answer. Tokens must not leak by a referrer, a cache or a search engine. */
async function protect(app: App, web: Web): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // for this host alone: the bank's other hosts are not ours to bind
    strictTransportSecurity: web.surroundings.webUrl.startsWith('https:') ? { includeSubDomains: false } : false,
  });
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-robots-tag', 'noindex, nofollow');
  });
  await app.register(rateLimit, {
    max: REQUESTS_PER_MINUTE,
    timeWindow: MINUTE_MS,
    // one's own machine is not slowed down by itself; behind a proxy nobody counts as local
    allowList: (request) => isLocal(web, request),
    errorResponseBuilder: () => new PageRefusal(429, 'tooMany'),
  });
}

function logRequests(app: App): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? '(none)';
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
  });
}

const WORDS_OF_STATUS: Record<number, RefusalWords> = {
  404: 'notFound',
  413: 'tooLarge',
  414: 'linkInvalid',
  429: 'tooMany',
};

/** The one place that turns whatever went wrong into a page. */
async function answerError(
  web: Web,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const refusal = error instanceof PageRefusal ? error : asRefusal(error);
  if (refusal !== error && refusal.status >= 500)
    request.log.error({ ...logged(error), route: request.routeOptions.url }, 'a page failed');
  const language = refusal.language ?? wishedLanguage(request);
  const bank = web.known.installation?.bankName ?? '';
  return sendPage(
    reply,
    refusal.status,
    <RefusalPage language={language} bank={bank} refusal={refusal} requestId={request.id} />,
  );
}

function asRefusal(error: unknown): PageRefusal {
  const status = (error as FastifyError | undefined)?.statusCode;
  if (status !== undefined && status >= 400 && status < 500)
    return new PageRefusal(status, WORDS_OF_STATUS[status] ?? 'badRequest');
  return isOutage(error) ? new PageRefusal(503, 'away') : new PageRefusal(500, 'broken');
}
