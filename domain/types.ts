/** Types that carry the rules everywhere: a plain string or number can't be passed where one of these is meant. */

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Opaque reference of a customer (`c` and digits or letters); never a name, a birth number or an address. */
export type CustomerRef = Brand<string, 'CustomerRef'>;
export type ManagerRef = Brand<string, 'ManagerRef'>;
export type BranchRef = Brand<string, 'BranchRef'>;
export type AccountRef = Brand<string, 'AccountRef'>;
export type TierRef = Brand<string, 'TierRef'>;
export type CampaignRef = Brand<string, 'CampaignRef'>;
export type OfferRef = Brand<string, 'OfferRef'>;
export type JourneyId = Brand<string, 'JourneyId'>;
export type FindingId = Brand<string, 'FindingId'>;
export type SurveyId = Brand<string, 'SurveyId'>;
/** What the customer is told, for instance `K-2026-0000042`. */
export type ComplaintRef = Brand<string, 'ComplaintRef'>;
/** What can be had for points, and who delivers it; the catalogue names both. */
export type ItemRef = Brand<string, 'ItemRef'>;
export type PartnerRef = Brand<string, 'PartnerRef'>;
/** A redemption order as the customer is told it, for instance `R-2026-0000042`. */
export type OrderRef = Brand<string, 'OrderRef'>;

/** Milliseconds since 1970-01-01T00:00Z on the business clock. */
export type Instant = Brand<number, 'Instant'>;
/** A length of business time in milliseconds. */
export type Millis = Brand<number, 'Millis'>;
/** A calendar day, `YYYY-MM-DD`; sorts as text. */
export type PlainDate = Brand<string, 'PlainDate'>;
/** An IANA zone name such as `Asia/Shanghai`. */
export type ZoneId = Brand<string, 'ZoneId'>;

/** Money in minor units (fen, haléř, cent). */
export type Minor = Brand<bigint, 'Minor'>;
/** A currency's three letters, for instance `CNY`. */
export type Currency = Brand<string, 'Currency'>;
/** An account of the points and redress ledger, `<kind>[:<currency>][:<whose>]`; store/ledger.ts makes them. */
export type LedgerAccount = Brand<string, 'LedgerAccount'>;
export type PostingId = Brand<bigint, 'PostingId'>;
/** Loyalty points, whole. */
export type Points = Brand<bigint, 'Points'>;

export type Language = 'zh-CN' | 'en';
/** What decides which rules a message must pass; see docs/glossary.md. */
export type MessageClass = 'promotional' | 'service' | 'statutory';
export type Playbook = 'tier' | 'credit';

export const OUTCOMES = [
  'retained',
  'downgraded',
  'declined',
  'unreachable',
  'opted-out',
  'ineligible',
  'moved-to-care',
  'control',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const DAY_MS = 86_400_000;

export const instant = (epochMs: number): Instant => epochMs as Instant;
export const millis = (ms: number): Millis => ms as Millis;
export const days = (n: number): Millis => (n * DAY_MS) as Millis;
export const minor = (n: bigint | number): Minor => BigInt(n) as Minor;
export const points = (n: bigint | number): Points => BigInt(n) as Points;
export const addMillis = (at: Instant, ms: Millis): Instant => (at + ms) as Instant;

const PLAIN_DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Reads a calendar day.
 * @throws RangeError when the text is not a day that exists (`1994-02-30`).
 */
export function plainDate(text: string): PlainDate {
  const parsed = PLAIN_DATE.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  if (!parsed || Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== text)
    throw new RangeError(`"${text}" is not a day; write it as YYYY-MM-DD, for instance 1994-04-20`);
  return text as PlainDate;
}

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: PlainDate, to: PlainDate): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS;
}

/** The day `n` days after `date` (before, when negative). */
export function addDays(date: PlainDate, n: number): PlainDate {
  return new Date(Date.parse(`${date}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10) as PlainDate;
}
