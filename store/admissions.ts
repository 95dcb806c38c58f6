import type { AdmissionFacts, AdmissionFinding, PublishedCampaign } from '../domain/admission.js';
import type { CampaignDefinition } from '../domain/campaign.js';
import { readToday } from '../domain/campaign-upgrade.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { CampaignRef, CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { timestamp, type Sql } from './database.js';
import { fraudChecksOf } from './fraud-checks.js';
import { openPlan } from './open-plan.js';

/** The version of each campaign that was in force by then: the highest launched one. A paused campaign takes nobody. */
export async function currentCampaigns(sql: Sql, at: Instant): Promise<PublishedCampaign[]> {
  const { rows } = await sql.query<{ campaignRef: CampaignRef; version: number; definition: CampaignDefinition }>(
    `select distinct on (campaign_ref) campaign_ref as "campaignRef", version, definition
       from campaign_versions v join campaign_launches using (campaign_ref, version) where launched_at <= $1
         and not exists (select 1 from campaign_pauses p where p.campaign_ref = v.campaign_ref and resumed_at is null)
        order by campaign_ref, version desc`,
    [timestamp(at)],
  );
  return rows.map((row) => ({ ...row, definition: readToday(row.definition) }));
}

export interface CustomerToAdmit {
  customerRef: CustomerRef;
  /** of the decision to be taken */
  key: string;
}

/**
 * Customers on whom something was found on the day and who were not decided on yet, by reference; and those whose
 * decision waited for an answer whether they are being cheated, once it is there: these are decided on once more, under
 * the key of the question.
 */
export async function customersToAdmit(
  sql: Sql,
  asOf: PlainDate,
  after: CustomerRef | null,
  limit: number,
): Promise<CustomerToAdmit[]> {
  const { rows } = await sql.query<CustomerToAdmit>(
    `select distinct f.customer_ref as "customerRef", day.key || coalesce(':' || t.task_id, '') as key
       from findings f
      cross join lateral (select 'admission:' || ($1::date)::text || ':' || f.customer_ref as key) day
       left join decisions d on d.decision_key = day.key
       left join tasks t on t.task_id = (d.result ->> 'fraudCheck')::uuid and t.done_at is not null
      where f.as_of = $1::date and ($3::text is null or f.customer_ref > $3)
        and (d.decision_key is null
          or (t.task_id is not null
            and not exists (select 1 from decisions a where a.decision_key = day.key || ':' || t.task_id)))
      order by "customerRef" limit $2`,
    [asOf, limit, after],
  );
  return rows;
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
  const { rows } = await sql.query<Omit<AdmissionFacts, 'fraudCheck'> & { findings: AdmissionFinding[] }>(
    `select c.customer_ref as "customerRef", $2::date as "asOf", t.tier_ref as "tierRef", t.rank as "tierRank",
            c.erased_at is not null as erased, c.email_refused_at is not null
              and not exists (select 1 from contact_addresses a
                               where a.customer_ref = c.customer_ref and a.refused_at is null) as "addressRefused",
            exists (select 1 from journeys j where j.customer_ref = c.customer_ref and j.closed_at is null) as "openJourney",
            exists (select 1 from complaints k where k.customer_ref = c.customer_ref and k.resolved_at is null) as "openComplaint",
            array(select kind from exclusions e where e.customer_ref = c.customer_ref and lifted_at is null order by kind) as exclusions,
            (select reasons -> 0 -> 'numbers' ->> 'from' from findings f
              where f.customer_ref = c.customer_ref and f.trigger = 'tier-lost' and f.as_of = $2) as "lostTierRef",
            exists (select 1 from findings f where f.customer_ref = c.customer_ref and f.trigger = any($3)
                       and f.as_of between $2::date - $4::int + 1 and $2)
              or ${openPlan('c.customer_ref')} as "inCreditCare",
            last.closed_at as "lastClosedAt", last.outcome as "lastOutcome",
            coalesce((select jsonb_agg(jsonb_build_object('findingId', finding_id, 'trigger', trigger, 'score', score) order by trigger)
                        from findings f where f.customer_ref = c.customer_ref and f.as_of = $2), '[]') as findings
       from customers c
       cross join lateral (select tier_ref, rank from tier_history join tiers using (tier_ref)
                            where customer_ref = c.customer_ref and from_on <= $2 order by from_on desc limit 1) t
       left join lateral (select closed_at, outcome from journeys j
                           where j.customer_ref = c.customer_ref and closed_at is not null
                           order by closed_at desc limit 1) last on true
      where c.customer_ref = any($1) order by c.customer_ref`,
    [customerRefs, asOf, CREDIT_TRIGGERS, CREDIT_CARE_DAYS],
  );
  const checks = await fraudChecksOf(sql, customerRefs);
  return rows.map((row) => ({ ...row, fraudCheck: checks.get(row.customerRef) ?? null }));
}
