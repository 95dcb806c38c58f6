import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRepaymentPolicy, type RepaymentPolicy } from '../../domain/repayment-policy.js';
import { minor, plainDate, type AccountRef, type CustomerRef, type Instant, type ZoneId } from '../../domain/types.js';
import { definitionDigest } from '../../store/definition-digest.js';
import type { ProposalRequest } from '../../store/plan-proposals.js';
import type { TestDatabase } from './database.js';
import { addCustomer, book, type NewCustomer } from './small-bank.js';

export const POLICY_FILE = join(__dirname, '..', '..', 'campaigns', 'policies', 'credit-policy.yaml');

/** The policy that Keepwell comes with, in parts otherwise. */
export function policyOf(more: Partial<RepaymentPolicy> = {}): RepaymentPolicy {
  const reading = readRepaymentPolicy(readFileSync(POLICY_FILE, 'utf8'), POLICY_FILE);
  if (!reading.ok) throw new Error(JSON.stringify(reading.problems));
  return { ...reading.definition, ...more };
}

let nextBooking = 0;

export const cardOf = (customer: string): AccountRef => `k${customer}` as AccountRef;

/** Books money in (positive) or out on a card. @param from the customer's own account on the other side */
export async function bookOnCard(
  { owner }: Pick<TestDatabase, 'owner'>,
  customer: string,
  day: string,
  amount: bigint,
  category = 'transfer-in',
  from: string | null = null,
): Promise<void> {
  nextBooking += 1;
  await owner.query(
    `insert into transactions (account_ref, booked_on, amount_minor, category, counterparty_account_ref, source, source_id)
     values ($1, $2, $3, $4, $5, 'test-card', $6)`,
    [cardOf(customer), day, amount, category, from, nextBooking],
  );
}

/** A customer with 10,000.00 a month and a card of which 9,000.00 of 10,000.00 are used. */
export async function addDebtor(database: TestDatabase, customer: NewCustomer): Promise<CustomerRef> {
  const ref = await addCustomer(database, customer);
  for (const month of ['2025-10', '2025-11', '2025-12']) await book(database, ref, `${month}-15`, 1_000_000n, 'salary');
  await database.owner.query(
    `insert into accounts (account_ref, customer_ref, source, source_id, kind, opened_on, qualifies, credit_limit_minor)
     values ($1, $2, 'test-card', $2, 'credit-card', '2025-01-01', false, 1000000)`,
    [cardOf(ref), ref],
  );
  await bookOnCard(database, ref, '2025-12-20', -900_000n, 'card');
  return ref;
}

/** Twelve instalments of 500.00, the first due on the last day of January 2026. */
export function proposalOf(
  customerRef: CustomerRef,
  at: Instant,
  more: Partial<ProposalRequest['terms']> = {},
): ProposalRequest {
  const terms = { total: minor(600_000), instalments: 12, firstDue: plainDate('2026-01-31'), every: 'month' as const };
  return {
    customerRef,
    accountRef: cardOf(customerRef),
    policy: policyOf(),
    ownPolicyDigest: definitionDigest(policyOf()),
    terms: { ...terms, ...more },
    statedIncome: null,
    by: 'anna',
    zone: 'Asia/Shanghai' as ZoneId,
    currency: 'CNY',
    at,
  };
}
