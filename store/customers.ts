import type { DoorFacts } from '../domain/contact-door.js';
import { CREDIT_CARE_DAYS, CREDIT_TRIGGERS } from '../domain/trigger-names.js';
import type { CustomerRef, Instant, JourneyId, Language, ManagerRef, TierRef, ZoneId } from '../domain/types.js';
import { readConsents } from './consents.js';
import { one, timestamp, type Sql } from './database.js';

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

export type DoorRecords = Omit<DoorFacts, 'erased' | 'addressRefused'>;

/** What the door for messages asks about a customer, apart from the message itself. */
export async function doorFacts(sql: Sql, customerRef: CustomerRef, journeyId: JourneyId | null): Promise<DoorRecords> {
  const { rows } = await sql.query<Omit<DoorRecords, 'promotionalConsent' | 'surveyConsent'>>(
    `select exists (select 1 from complaints where customer_ref = $1 and resolved_at is null) as "openComplaint",
            exists (select 1 from journeys join campaign_versions using (campaign_ref, version)
                     where customer_ref = $1 and closed_at is null and definition ->> 'playbook' = 'credit')
              or exists (select 1 from findings where customer_ref = $1 and trigger = any($3)
                            and as_of > (select data_until from installation) - $4::int) as "inCreditCare",
            exists (select 1 from journeys where journey_id = $2 and closed_at is not null) as "journeyClosed"`,
    [customerRef, journeyId, CREDIT_TRIGGERS, CREDIT_CARE_DAYS],
  );
  const consents = await readConsents(sql, customerRef);
  return {
    ...one(rows, `customer ${customerRef}`),
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
