/** What staff ask about one customer. Names and addresses are for their eyes: never for a log. */
import type { CustomerRef, FindingId, Instant, Language, PlainDate } from '../../domain/types.js';
import type { Sql } from '../database.js';

/** Findings shown, the newest first. */
export const MAX_FINDINGS_SHOWN = 20;

export interface CustomerRecord {
  customerRef: CustomerRef;
  name: string;
  email: string;
  language: Language;
  zone: string;
  branchRef: string | null;
  managerRef: string | null;
  customerSince: PlainDate | null;
  /** 1 cautious to 5 adventurous */
  riskAppetite: number | null;
  emailRefusedAt: Instant | null;
  erasedAt: Instant | null;
}

/** The customer of that reference; null when there is none. */
export async function findCustomer(sql: Sql, customerRef: string): Promise<CustomerRecord | null> {
  const { rows } = await sql.query<CustomerRecord>(
    `select customer_ref as "customerRef", name, email, language, zone, branch_ref as "branchRef",
            manager_ref as "managerRef", customer_since as "customerSince", risk_appetite as "riskAppetite",
            email_refused_at as "emailRefusedAt", erased_at as "erasedAt"
       from customers where customer_ref = $1`,
    [customerRef],
  );
  return rows[0] ?? null;
}

export interface FindingRecord {
  findingId: FindingId;
  trigger: string;
  asOf: PlainDate;
  score: number;
  reasons: { code: string; numbers?: Record<string, unknown> }[];
}

/** What detection found on the customer, the newest first, at most MAX_FINDINGS_SHOWN. */
export async function readFindings(sql: Sql, customerRef: CustomerRef): Promise<FindingRecord[]> {
  const { rows } = await sql.query<FindingRecord>(
    `select finding_id as "findingId", trigger, as_of as "asOf", score, reasons from findings
      where customer_ref = $1 order by as_of desc, score desc, trigger limit $2`,
    [customerRef, MAX_FINDINGS_SHOWN],
  );
  return rows;
}

export interface ConsentRecord {
  channel: string;
  purpose: string;
  granted: boolean;
  changedAt: Instant;
  source: string;
}

export async function readConsents(sql: Sql, customerRef: CustomerRef): Promise<ConsentRecord[]> {
  const { rows } = await sql.query<ConsentRecord>(
    `select channel, purpose, granted, changed_at as "changedAt", source from consents
      where customer_ref = $1 order by channel, purpose`,
    [customerRef],
  );
  return rows;
}

export interface AdmissionRecord {
  at: Instant;
  verdict: string;
  reasons: string[];
}

/** What admission said of the customer, the newest first, at most MAX_FINDINGS_SHOWN. */
export async function readAdmissions(sql: Sql, customerRef: CustomerRef): Promise<AdmissionRecord[]> {
  const { rows } = await sql.query<AdmissionRecord>(
    `select decided_at as at, verdict, reasons from decisions
      where customer_ref = $1 and kind = 'admission' order by sequence desc limit $2`,
    [customerRef, MAX_FINDINGS_SHOWN],
  );
  return rows;
}
