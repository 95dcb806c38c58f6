/** What the bank's other systems and staff ask about entitlements. */
import type { LoyaltyOffer } from '../../domain/loyalty-offer.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../../domain/trigger-names.js';
import type { CustomerRef, Instant, OfferRef } from '../../domain/types.js';
import { timestamp, type Sql } from '../database.js';
import { openPlan } from '../open-plan.js';

/** Entitlements of one customer shown to staff, the newest first, those that have ended included. */
export const MAX_ENTITLEMENTS_SHOWN = 100;

export interface EntitlementInForce {
  offerRef: OfferRef;
  version: number;
  definition: LoyaltyOffer;
  /** when it was granted; credit care may have interrupted it since */
  since: Instant;
  /** the first instant at which it is not in force any more */
  until: Instant;
}

/**
 * What a customer is entitled to at an instant, by offer; null when there is no such customer, or one who is erased.
 * Credit care is looked at now and not only as the last evaluation saw it: what is suspended, or would be, is left out.
 * The data say at any instant what they say up to their own last day.
 */
export async function entitlementsInForce(
  sql: Sql,
  customerRef: CustomerRef,
  at: Instant,
): Promise<EntitlementInForce[] | null> {
  const { rows } = await sql.query<{ [Key in keyof EntitlementInForce]: EntitlementInForce[Key] | null }>(
    `with care as (
       select exists (select 1 from findings where customer_ref = $1 and trigger = any($3)
                         and as_of > (select data_until from installation) - $4::int)
           or exists (select 1 from journeys join campaign_versions using (campaign_ref, version)
                       where customer_ref = $1 and closed_at is null and definition ->> 'playbook' = 'credit')
           or ${openPlan('$1')} as now
     ), in_force as (
       select e.customer_ref, e.offer_ref, e.version, o.definition, e.granted_at, e.valid_until
         from entitlements e join loyalty_offers o using (offer_ref, version)
        where e.customer_ref = $1 and e.ended_at is null and e.suspended_at is null
          and e.granted_at <= $2 and e.valid_until > $2 and not (select now from care)
     )
     select f.offer_ref as "offerRef", f.version, f.definition, f.granted_at as since, f.valid_until as until
       from customers c left join in_force f using (customer_ref)
      where c.customer_ref = $1 and c.erased_at is null order by f.offer_ref`,
    [customerRef, timestamp(at), CREDIT_TRIGGERS, CREDIT_CARE_DAYS],
  );
  if (rows.length === 0) return null;
  // a customer without any is one row of nothing
  return rows.filter((row): row is EntitlementInForce => row.offerRef !== null);
}

export interface EntitlementRecord {
  offerRef: OfferRef;
  version: number;
  grantedAt: Instant;
  validUntil: Instant;
  suspendedAt: Instant | null;
  endedAt: Instant | null;
  endReason: 'lapsed' | 'erased' | null;
  /** why the last thing was done about it */
  reasons: string[];
}

/** All entitlements of a customer, the newest first, at most MAX_ENTITLEMENTS_SHOWN. */
export async function readEntitlements(sql: Sql, customerRef: CustomerRef): Promise<EntitlementRecord[]> {
  const { rows } = await sql.query<EntitlementRecord>(
    `select offer_ref as "offerRef", version, granted_at as "grantedAt", valid_until as "validUntil",
            suspended_at as "suspendedAt", ended_at as "endedAt", end_reason as "endReason", reasons
       from entitlements where customer_ref = $1 order by granted_at desc, offer_ref limit $2`,
    [customerRef, MAX_ENTITLEMENTS_SHOWN],
  );
  return rows;
}
