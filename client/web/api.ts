/** What the bank's other systems ask: JSON in and out, let in by a bearer token (RFC 6750). docs/api.md tells them. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_TOKENS_VARIABLE, apiTokenHolder, type ApiToken } from '../../config/api-tokens.js';
import { businessTime } from '../../domain/business-clock.js';
import { dateIn } from '../../domain/calendar.js';
import { isOffered, type LoyaltyOffer, type OfferVersion } from '../../domain/loyalty-offer.js';
import type { CustomerRef, Instant, PlainDate } from '../../domain/types.js';
import { readInstallation } from '../../store/installation.js';
import { currentOffers } from '../../store/loyalty-offers.js';
import { entitlementsInForce, type EntitlementInForce } from '../../store/reads/entitlement.js';
import { isOutage, logged } from './refusal.js';
import { URLS } from './urls.js';
import type { App, Web } from './web.js';

/** After an outage a program asks again in so many seconds. */
const RETRY_AFTER_S = 30;
/** Characters of a token that are looked at; ours have 46. */
const MAX_TOKEN_CHARS = 200;
const BEARER = new RegExp(`^Bearer +(\\S{1,${MAX_TOKEN_CHARS}}) *$`, 'i');

/** A question that gets no answer, and the sentence that says why and what to do; it repeats nothing of the question. */
class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  constructor(
    readonly status: number,
    sentence: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(sentence);
  }
}

const terms = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('priority-lending'),
    terms: z.object({ product: z.string(), decisionWithinWorkingDays: z.number().int() }),
  }),
  z.object({
    kind: z.literal('preferential-rate'),
    terms: z.object({ product: z.string(), basisPointsOff: z.number().int() }),
  }),
  z.object({ kind: z.literal('product'), terms: z.object({ product: z.string() }) }),
]);
const entitlement = z
  .object({ offer: z.string(), version: z.number().int(), since: z.iso.datetime(), until: z.iso.datetime() })
  .and(terms);
const conditions = z.object({
  tiers: z.object({ atLeastRank: z.number().int().optional(), named: z.array(z.string()).optional() }).optional(),
  tenureMonths: z.number().int().optional(),
  retainedOutcomes: z.object({ atLeast: z.number().int(), withinMonths: z.number().int() }).optional(),
});
const offer = z
  .object({
    offer: z.string(),
    version: z.number().int(),
    name: z.object({ en: z.string(), 'zh-CN': z.string() }),
    conditions,
    validForDays: z.number().int(),
    from: z.iso.date().nullable(),
    until: z.iso.date().nullable(),
  })
  .and(terms);

const customerParams = z.object({
  ref: z
    .string()
    .regex(/^c[0-9a-z]{1,31}$/, 'a customer\'s reference begins with "c"; it is no name and no account number'),
});
const entitlementsAnswer = z.object({
  customer: z.string(),
  at: z.iso.datetime(),
  entitlements: z.array(entitlement),
});
const offersAnswer = z.object({ at: z.iso.datetime(), offers: z.array(offer) });

/** Registered under URLS.api, in a scope of its own: its refusals are JSON where the pages' are pages. */
export function apiRoutes(scope: App, web: Web, tokens: readonly ApiToken[]): void {
  scope.addHook('onRequest', async (request) => admit(tokens, request));
  scope.setErrorHandler((error, request, reply) => answerError(error, request, reply));
  scope.setNotFoundHandler((request, reply) =>
    answerError(new ApiRefusal(404, 'There is no such question; docs/api.md lists them.'), request, reply),
  );
  // a token is the limit: a bank's system may ask about every customer it meets
  const config = { rateLimit: false };
  scope.get(
    URLS.apiEntitlements,
    { config, schema: { params: customerParams, response: { 200: entitlementsAnswer } } },
    async ({ params }) => {
      const { at } = await moment(web);
      const customer = params.ref as CustomerRef;
      const found = await entitlementsInForce(web.database, customer, at);
      if (!found) throw new ApiRefusal(404, 'There is no customer of that reference.');
      return { customer, at: iso(at), entitlements: found.map(forPrograms) };
    },
  );
  scope.get(URLS.apiOffers, { config, schema: { response: { 200: offersAnswer } } }, async () => {
    const { at, today } = await moment(web);
    const offers = await currentOffers(web.database, at);
    return {
      at: iso(at),
      offers: offers.filter(({ definition }) => isOffered(definition, today)).map(offerForPrograms),
    };
  });
}

/** Lets in who shows a token that is configured, and writes into the log who asks. */
function admit(tokens: readonly ApiToken[], request: FastifyRequest): void {
  if (tokens.length === 0)
    throw new ApiRefusal(
      503,
      `No system may ask yet: make a token with "keepwell api token create NAME", set its entry in ${API_TOKENS_VARIABLE} and restart.`,
    );
  const [, shown] = BEARER.exec(request.headers.authorization ?? '') ?? [];
  if (shown === undefined)
    throw new ApiRefusal(401, 'Send your token in the header "Authorization: Bearer TOKEN".', challenge());
  const holder = apiTokenHolder(tokens, shown);
  if (holder === null)
    throw new ApiRefusal(
      401,
      'That token is not known here; ask the operators of Keepwell for one.',
      challenge('invalid_token'),
    );
  request.log = request.log.child({ caller: holder });
}

const challenge = (error?: string): Record<string, string> => ({
  'www-authenticate': `Bearer realm="keepwell"${error === undefined ? '' : `, error="${error}"`}`,
});

/** The business instant at which it is asked, and the bank's day. @throws ApiRefusal when no bank is loaded */
async function moment(web: Web): Promise<{ at: Instant; today: PlainDate }> {
  const installation = await readInstallation(web.database);
  if (!installation) throw new ApiRefusal(503, 'No bank is loaded yet; ask again when one is.');
  const at = businessTime(installation.clock, Date.now());
  return { at, today: dateIn(installation.zone, at) };
}

const iso = (at: Instant): string => new Date(at).toISOString();

function forPrograms({ offerRef, version, definition, since, until }: EntitlementInForce): z.input<typeof entitlement> {
  return { offer: offerRef, version, ...termsOf(definition), since: iso(since), until: iso(until) };
}

function offerForPrograms({ offerRef, version, definition }: OfferVersion): z.input<typeof offer> {
  const { name, validFor, from = null, until = null } = definition;
  const { tiers, tenure, retainedOutcomes } = definition.conditions;
  return {
    offer: offerRef,
    version,
    name,
    ...termsOf(definition),
    conditions: {
      ...(tiers && { tiers }),
      ...(tenure !== undefined && { tenureMonths: tenure }),
      ...(retainedOutcomes && {
        retainedOutcomes: { atLeast: retainedOutcomes.atLeast, withinMonths: retainedOutcomes.within },
      }),
    },
    validForDays: validFor,
    from,
    until,
  };
}

/** Kind and terms, which belong together. */
function termsOf(definition: LoyaltyOffer): z.input<typeof terms> {
  switch (definition.kind) {
    case 'priority-lending':
      return { kind: definition.kind, terms: definition.terms };
    case 'preferential-rate':
      return { kind: definition.kind, terms: definition.terms };
    case 'product':
      return { kind: definition.kind, terms: definition.terms };
  }
}

/** The one place that turns whatever went wrong into `{ error }`. */
function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = error instanceof ApiRefusal ? error : asRefusal(error);
  if (refusal !== error && refusal.status >= 500)
    request.log.error({ ...logged(error), route: request.routeOptions.url }, 'a question failed');
  return reply.code(refusal.status).headers(refusal.headers).send({ error: refusal.message });
}

function asRefusal(error: unknown): ApiRefusal {
  const { statusCode, validation } = error as Partial<FastifyError>;
  if (validation) return new ApiRefusal(400, `The question can't be read: ${validation[0]?.message ?? 'correct it'}.`);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ApiRefusal(statusCode, "The question can't be read; docs/api.md shows how to ask.");
  if (isOutage(error))
    return new ApiRefusal(503, "Keepwell can't answer for the moment; ask again.", {
      'retry-after': String(RETRY_AFTER_S),
    });
  return new ApiRefusal(500, 'Something is broken in Keepwell; its operators find it in the log of the pages.');
}
