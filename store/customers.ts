import type { DoorFacts } from '../domain/contact-door.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { ContactChannel } from '../domain/contact-policy.js';
import type {
  CampaignRef,
  CustomerRef,
  Instant,
  JourneyId,
  Language,
  ManagerRef,
  TierRef,
  ZoneId,
} from '../domain/types.js';
import { readConsents } from './consents.js';
import { one, timestamp, type Sql } from './database.js';
import { openPlan } from './open-plan.js';

export interface CustomerContact {
  customerRef: CustomerRef;
  name: string;
  email: string;
  language: Language;
  zone: ZoneId;
  branchRef: string | null;
  managerRef: ManagerRef | null;
  erased: boolean;
  addressRefused: boolean;
}

/**
 * Locks the customer's row until the transaction ends. Whatever claims a message and whatever closes the door for it
 * (a complaint, an opt-out) wait for each other here; rows that merely refer to the customer need not wait.
 */
export async function lockCustomer(sql: Sql, customerRef: CustomerRef): Promise<CustomerContact> {
  const { rows } = await sql.query<CustomerContact>(
    `select customer_ref as "customerRef", name, email, language, zone, branch_ref as "branchRef",
            manager_ref as "managerRef", erased_at is not null as erased,
            email_refused_at is not null as "addressRefused"
       from customers where customer_ref = $1 for no key update`,
    [customerRef],
  );
  return one(rows, `customer ${customerRef}`);
}

/** Remembers that the address refused mail for good; the first time stays. */
export async function addressRefused(sql: Sql, customerRef: CustomerRef, at: Instant): Promise<void> {
  await sql.query('update customers set email_refused_at = coalesce(email_refused_at, $2) where customer_ref = $1', [
    customerRef,
    timestamp(at),
  ]);
}

/** What the door asks about one message besides the customer. */
export interface DoorQuestion {
  customerRef: CustomerRef;
  /** the journey that asks, or null */
  journeyId: JourneyId | null;
  /** the campaign that asks, or null */
  campaignRef: CampaignRef | null;
  channel: ContactChannel;
  /** the message itself is not counted against the caps */
  key: string;
  at: Instant;
  /** ms that the caps look back */
  lookBack: number;
}

export type DoorRecords = Omit<DoorFacts, 'zone' | 'erased' | 'addressRefused'>;

/** What the door for messages asks about a customer; the caller holds the customer's row and has passed the door's locks. */
export async function doorFacts(sql: Sql, asked: DoorQuestion): Promise<DoorRecords> {
  const { rows } = await sql.query<Omit<DoorRecords, 'promotionalConsent' | 'surveyConsent'>>(
    `select exists (select 1 from complaints where customer_ref = $1 and resolved_at is null) as "openComplaint",
            exists (select 1 from journeys join campaign_versions using (campaign_ref, version)
                     where customer_ref = $1 and closed_at is null and definition ->> 'playbook' = 'credit')
              or exists (select 1 from findings where customer_ref = $1 and trigger = any($3)
                            and as_of > (select data_until from installation) - $4::int)
              or ${openPlan('$1')} as "inCreditCare",
            exists (select 1 from journeys where journey_id = $2 and closed_at is not null) as "journeyClosed",
            array(select kind from exclusions where customer_ref = $1 and lifted_at is null order by kind) as exclusions,
            (select not_before from contact_deferrals where customer_ref = $1 order by deferral_id desc limit 1) as "notBefore",
            exists (select 1 from campaign_pauses where campaign_ref = $5 and resumed_at is null) as "campaignPaused",
            exists (select 1 from outbound_stops where resumed_at is null) as "outboundStopped",
            coalesce((select jsonb_agg(jsonb_build_object('at', (extract(epoch from claimed_at) * 1000)::bigint, 'channel', channel))
                        from outreach where customer_ref = $1 and message_class <> 'statutory' and outreach_key <> $6
                         and state in ('claimed', 'sent', 'unknown') and claimed_at > $7), '[]') as counted`,
    [
      asked.customerRef,
      asked.journeyId,
      CREDIT_TRIGGERS,
      CREDIT_CARE_DAYS,
      asked.campaignRef,
      asked.key,
      timestamp(asked.at - asked.lookBack),
    ],
  );
  const consents = await readConsents(sql, asked.customerRef, asked.channel);
  return {
    ...one(rows, `customer ${asked.customerRef}`),
    promotionalConsent: consents.promotional,
    surveyConsent: consents.survey,
  };
}

/** The customer's tier on a day. */
export async function tierOn(
  sql: Sql,
  customerRef: CustomerRef,
  asOf: string,
): Promise<{ tierRef: TierRef; rank: number }> {
  const { rows } = await sql.query<{ tierRef: TierRef; rank: number }>(
    `select tier_ref as "tierRef", rank from tier_history join tiers using (tier_ref)
      where customer_ref = $1 and from_on <= $2 order by from_on desc limit 1`,
    [customerRef, asOf],
  );
  return one(rows, `the tier of customer ${customerRef} on ${asOf}`);
}
