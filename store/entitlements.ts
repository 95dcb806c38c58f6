import {
  ENTITLEMENT_RULES,
  entitled,
  entitlementSteps,
  isTooOldToGrant,
  wholeMonths,
  type EntitlementFacts,
  type EntitlementStep,
  type StandingEntitlement,
} from '../domain/entitlement.js';
import { dateIn } from '../domain/calendar.js';
import type { OfferVersion } from '../domain/loyalty-offer.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { CustomerRef, Instant, OfferRef, PlainDate, TierRef, ZoneId } from '../domain/types.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { openPlan } from './open-plan.js';
import { recordDecisions, type Decision } from './decisions.js';
import { currentOffers } from './loyalty-offers.js';

/** Customers looked at in one transaction; those about whom something is done are locked until it ends. */
export const ENTITLEMENT_BATCH = 500;

/** $1 the day judged, $2 after this reference or null, $3 how many. */
const CUSTOMERS = `
select customer_ref as ref from customers c
 where ($2::text is null or customer_ref > $2)
   and ((customer_since <= $1 and erased_at is null)
     or exists (select 1 from entitlements e where e.customer_ref = c.customer_ref and e.ended_at is null))
 order by customer_ref limit $3`;

/**
 * $1 the day judged, $2 customers, $3 the bank's zone, $4 credit triggers, $5 days of credit care. Credit trouble that
 * was found after the day judged counts too: it is there, whatever day is asked about.
 */
const FACTS = `
select c.customer_ref as "customerRef", c.customer_since as "customerSince", c.erased_at is not null as erased,
       t.tier_ref as "tierRef", t.rank as "tierRank",
       exists (select 1 from findings f where f.customer_ref = c.customer_ref and f.trigger = any($4)
                  and f.as_of > $1::date - $5::int)
         or exists (select 1 from journeys j join campaign_versions v using (campaign_ref, version)
                     where j.customer_ref = c.customer_ref and j.closed_at is null
                       and v.definition ->> 'playbook' = 'credit')
         or ${openPlan('c.customer_ref')} as "inCreditCare",
       coalesce((select jsonb_agg(to_char(closed_at at time zone $3, 'YYYY-MM-DD') order by closed_at) from journeys j
                  where j.customer_ref = c.customer_ref and j.outcome = 'retained'), '[]') as "retainedOn",
       coalesce((select jsonb_object_agg(offer_ref, jsonb_build_object('version', version,
                          'validUntil', (extract(epoch from valid_until) * 1000)::bigint,
                          'suspended', suspended_at is not null))
                   from entitlements e where e.customer_ref = c.customer_ref and e.ended_at is null), '{}') as standing
  from customers c
 cross join lateral (
   select tier_ref, rank from tiers
    where tier_ref = coalesce(
      (select tier_ref from tier_history h where h.customer_ref = c.customer_ref and h.from_on <= $1
        order by from_on desc limit 1),
      (select tier_ref from tiers order by rank limit 1))) t
 where c.customer_ref = any($2) order by c.customer_ref`;

export interface CustomerFacts {
  customerRef: CustomerRef;
  facts: EntitlementFacts;
  standing: Readonly<Record<OfferRef, StandingEntitlement>>;
}

/**
 * What entitlements ask about these customers: tier and tenure at the end of a day, journeys and credit care as they are
 * now. Whoever has no tier written has the lowest.
 */
export async function entitlementFacts(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
  asOf: PlainDate,
  zone: ZoneId,
): Promise<CustomerFacts[]> {
  const { rows } = await sql.query<
    Omit<CustomerFacts, 'facts'> &
      Omit<EntitlementFacts, 'tenureMonths'> & { customerSince: PlainDate | null; tierRef: TierRef }
  >(FACTS, [asOf, customerRefs, zone, CREDIT_TRIGGERS, CREDIT_CARE_DAYS]);
  return rows.map(({ customerRef, standing, customerSince, ...facts }) => ({
    customerRef,
    standing,
    facts: { ...facts, tenureMonths: customerSince === null ? -1 : wholeMonths(customerSince, asOf) },
  }));
}

export interface EntitlementCounts {
  asOf: PlainDate;
  customers: number;
  granted: number;
  renewed: number;
  suspended: number;
  resumed: number;
  ended: number;
}

/** One evaluation: the day whose tiers count, the business instant of what is written, and the offers in force. */
interface Judgement {
  asOf: PlainDate;
  at: Instant;
  zone: ZoneId;
  offers: readonly OfferVersion[];
  /** false: the day is too long ago, and what stands is only suspended, resumed and ended */
  grants: boolean;
}

/**
 * Looks at every customer of the bank under every offer in force: grants, renews, suspends, resumes and ends, and
 * writes why. What is as it should be is left alone, so that doing it again, or twice at once, adds nothing.
 * @param asOf the day whose tiers and tenures count; one more than MAX_DAYS_BEHIND behind the data grants and renews nothing
 * @param at   business time: from when a grant stands, and the day by which offers begin and end
 * @throws Error when there is no bank
 */
export async function evaluateEntitlements(
  database: Database,
  { asOf, at }: { asOf: PlainDate; at: Instant },
): Promise<EntitlementCounts> {
  const counts: EntitlementCounts = { asOf, customers: 0, granted: 0, renewed: 0, suspended: 0, resumed: 0, ended: 0 };
  const { rows } = await database.query<{ zone: ZoneId; dataUntil: PlainDate | null }>(
    'select zone, data_until as "dataUntil" from installation',
  );
  const { zone, dataUntil } = one(rows, 'the installation');
  const grants = dataUntil === null || !isTooOldToGrant(asOf, dataUntil);
  const offers = await currentOffers(database, at);
  // an offer that was published once is there for good: without one nothing stands either
  if (offers.length === 0) return counts;
  for (let last: CustomerRef | null = null; ;) {
    const page: { rows: { ref: CustomerRef }[] } = await database.query(CUSTOMERS, [asOf, last, ENTITLEMENT_BATCH]);
    const batch = page.rows.map(({ ref }) => ref);
    if (batch.length === 0) return counts;
    const done = await database.transaction((sql) => evaluateBatch(sql, batch, { asOf, at, zone, offers, grants }));
    counts.customers += batch.length;
    for (const { verdict } of done) counts[verdict] += 1;
    last = batch.at(-1) ?? null;
  }
}

/** A step with whom and what it is about. */
type Planned = { customer: CustomerFacts; offer: OfferVersion; step: EntitlementStep };

async function evaluateBatch(
  sql: Sql,
  batch: readonly CustomerRef[],
  judgement: Judgement,
): Promise<readonly EntitlementStep[]> {
  const { asOf, zone } = judgement;
  const first = plan(await entitlementFacts(sql, batch, asOf, zone), judgement);
  if (first.length === 0) return [];
  // on most days there is something to do about few: only these are locked, and looked at again under the lock
  const some = [...new Set(first.map(({ customer }) => customer.customerRef))];
  await sql.query('select 1 from customers where customer_ref = any($1) order by customer_ref for no key update', [
    some,
  ]);
  const planned = plan(await entitlementFacts(sql, some, asOf, zone), judgement);
  await writeChanges(sql, planned, judgement.at);
  await insertGrants(sql, planned, judgement.at);
  await recordDecisions(
    sql,
    planned.map((one) => decision(one, judgement)),
  );
  return planned.map(({ step }) => step);
}

function plan(customers: readonly CustomerFacts[], { at, zone, offers, grants }: Judgement): Planned[] {
  const today = dateIn(zone, at);
  return customers.flatMap((customer) =>
    offers.flatMap((offer) => {
      const answer = entitled(customer.facts, offer.definition, today);
      const standing = customer.standing[offer.offerRef] ?? null;
      return entitlementSteps(standing, answer, offer, { at, zone })
        .filter(({ verdict }) => grants || (verdict !== 'granted' && verdict !== 'renewed'))
        .map((step) => ({ customer, offer, step }));
    }),
  );
}

async function insertGrants(sql: Sql, planned: readonly Planned[], at: Instant): Promise<void> {
  const rows = planned.flatMap(({ customer: { customerRef }, offer: { offerRef, version }, step }) =>
    step.verdict === 'granted'
      ? [{ customerRef, offerRef, version, validUntil: timestamp(step.validUntil), reasons: step.reasons }]
      : [],
  );
  if (rows.length === 0) return;
  await sql.query(
    `insert into entitlements (customer_ref, offer_ref, version, granted_at, valid_until, reasons)
     select "customerRef", "offerRef", version, $2, "validUntil", reasons
       from jsonb_to_recordset($1) as r ("customerRef" text, "offerRef" text, version int, "validUntil" timestamptz,
            reasons jsonb)`,
    [JSON.stringify(rows), timestamp(at)],
  );
}

/** Everything but grants, which come after the end of what stood before them. */
async function writeChanges(sql: Sql, planned: readonly Planned[], at: Instant): Promise<void> {
  for (const verdict of ['ended', 'suspended', 'resumed', 'renewed'] as const) {
    const rows = planned.flatMap(({ customer: { customerRef }, offer: { offerRef }, step }) =>
      step.verdict === verdict ? [{ customerRef, offerRef, ...inColumns(step, at), reasons: step.reasons }] : [],
    );
    if (rows.length === 0) continue;
    await sql.query(
      `update entitlements e
          set valid_until = coalesce(r.valid_until, e.valid_until), reasons = r.reasons,
              suspended_at = case when r.resumed then null else coalesce(e.suspended_at, r.suspended_at) end,
              ended_at = greatest(r.ended_at, case when r.ended_at is not null then e.granted_at end),
              end_reason = r.end_reason
         from jsonb_to_recordset($1) as r ("customerRef" text, "offerRef" text, valid_until timestamptz,
              suspended_at timestamptz, resumed boolean, ended_at timestamptz, end_reason text, reasons jsonb)
        where e.customer_ref = r."customerRef" and e.offer_ref = r."offerRef" and e.ended_at is null`,
      [JSON.stringify(rows)],
    );
  }
}

function inColumns(step: EntitlementStep, at: Instant): Record<string, unknown> {
  switch (step.verdict) {
    case 'ended':
      return { ended_at: timestamp(step.endedAt), end_reason: step.endReason };
    case 'suspended':
      return { suspended_at: timestamp(at) };
    case 'resumed':
      return { resumed: true };
    default:
      return { valid_until: timestamp(step.validUntil) };
  }
}

function decision({ customer, offer, step }: Planned, { asOf, at }: Judgement): Decision {
  const { customerRef, facts, standing } = customer;
  const { offerRef, version } = offer;
  const before = standing[offerRef];
  const validUntil = 'validUntil' in step ? step.validUntil : (before?.validUntil ?? null);
  return {
    key: `entitlement:${offerRef}:${customerRef}:${step.verdict}:${at}`,
    customerRef,
    journeyId: null,
    kind: 'entitlement',
    verdict: step.verdict,
    reasons: step.reasons,
    saw: { ...facts, asOf, offer: `${offerRef}@${version}`, standing: before ? { ...before } : null },
    result: {
      offer: offerRef,
      version: step.verdict === 'granted' ? version : (before?.version ?? version),
      validUntil,
    },
    rules: ENTITLEMENT_RULES,
    at,
  };
}
