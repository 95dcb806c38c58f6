import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pages' own style sheet; its address carries its digest, so that it can be kept for a year and still change. */
export const STYLE = readFileSync(join(__dirname, 'style.css'), 'utf8');
const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('hex').slice(0, 12);

/**
 * Every address that the web server answers, as route patterns. A customer's page has its link's purpose as its name:
 * `linkUrl` in config/links.ts writes the addresses that mails carry.
 */
export const URLS = {
  start: '/',
  style: `/style-${STYLE_DIGEST}.css`,
  health: '/healthz',
  codec: '/codec/decode',
  survey: '/survey/:token',
  complaint: '/complaint/:token',
  preferences: '/preferences/:token',
  unsubscribe: '/unsubscribe/:token',
  learn: '/learn/:token',
  course: '/learn/:token/:course',
  lesson: '/learn/:token/:course/lesson/:lesson',
  quiz: '/learn/:token/:course/quiz',
  events: '/events/:token',
  event: '/events/:token/:event',
  /** what programs ask begins with this; the two below follow it */
  api: '/api',
  apiEntitlements: '/customers/:ref/entitlements',
  apiOffers: '/offers',
  partnerEvents: '/partners/:partner/events',
  gatewayEvents: '/gateways/:channel/events',
} as const;

/** An address of one page: the pattern with its parts filled in. */
export const addressOf = (pattern: string, parts: Readonly<Record<string, string>>): string =>
  pattern.replace(/:([a-z]+)/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
