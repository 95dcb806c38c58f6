import type { AdmissionFacts, AdmissionFinding, PublishedCampaign } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { CampaignRef, CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';

/** The newest version of each campaign that had been published by then. */
export async function currentCampaigns(sql: Sql, at: Instant): Promise<PublishedCampaign[]> {
  const { rows } = await sql.query<{ campaignRef: CampaignRef; version: number; definition: CampaignDefinition }>(
    `select distinct on (campaign_ref) campaign_ref as "campaignRef", version, definition
       from campaign_versions where published_at <= $1 order by campaign_ref, version desc`,
    [timestamp(at)],
  );
  return rows;
}

/** Customers on whom something was found on the day and who were not decided on yet, by reference. */
export async function customersToAdmit(
  sql: Sql,
  asOf: PlainDate,
  after: CustomerRef | null,
  limit: number,
): Promise<CustomerRef[]> {
  const { rows } = await sql.query<{ ref: CustomerRef }>(
    `select distinct f.customer_ref as ref from findings f
      where f.as_of = $1 and ($3::text is null or f.customer_ref > $3)
        and not exists (select 1 from decisions d where d.decision_key = 'admission:' || $1::text || ':' || f.customer_ref)
      order by ref limit $2`,
    [asOf, limit, after],
  );
  return rows.map((row) => row.ref);
}

/** Locks these customers, in one order everywhere, and reads what admission asks about them. */
export async function lockAdmissionFacts(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
  asOf: PlainDate,
): Promise<AdmissionFacts[]> {
  await sql.query('select 1 from customers where customer_ref = any($1) order by customer_ref for no key update', [
    customerRefs,
  ]);
  const { rows } = await sql.query<AdmissionFacts & { findings: AdmissionFinding[] }>(
    `select c.customer_ref as "customerRef", t.tier_ref as "tierRef", t.rank as "tierRank",
            c.erased_at is not null as erased, c.email_refused_at is not null as "addressRefused",
            exists (select 1 from journeys j where j.customer_ref = c.customer_ref and j.closed_at is null) as "openJourney",
            exists (select 1 from complaints k where k.customer_ref = c.customer_ref and k.resolved_at is null) as "openComplaint",
            exists (select 1 from findings f where f.customer_ref = c.customer_ref and f.trigger = any($3)
                       and f.as_of between $2::date - $4::int + 1 and $2) as "inCreditCare",
            (select max(closed_at) from journeys j where j.customer_ref = c.customer_ref) as "lastClosedAt",
            coalesce((select jsonb_agg(jsonb_build_object('findingId', finding_id, 'trigger', trigger, 'score', score) order by trigger)
                        from findings f where f.customer_ref = c.customer_ref and f.as_of = $2), '[]') as findings
       from customers c
       cross join lateral (select tier_ref, rank from tier_history join tiers using (tier_ref)
                            where customer_ref = c.customer_ref and from_on <= $2 order by from_on desc limit 1) t
      where c.customer_ref = any($1) order by c.customer_ref`,
    [customerRefs, asOf, CREDIT_TRIGGERS, CREDIT_CARE_DAYS],
  );
  return rows;
}
