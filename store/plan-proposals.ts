import { dateIn } from '../domain/calendar.js';
import type { Json } from '../domain/canonical-json.js';
import type { Instalment } from '../domain/plan-days.js';
import {
  proposePlan,
  type ApprovalReason,
  type Fit,
  type PlanFacts,
  type PlanRefusal,
  type PlanTerms,
} from '../domain/plan-proposal.js';
import { planWorkflowId, type PlanRef } from '../domain/repayment-plan.js';
import type { RepaymentPolicy } from '../domain/repayment-policy.js';
import type { AccountRef, CustomerRef, Instant, Minor, ZoneId } from '../domain/types.js';
import { lockCustomer, type CustomerContact } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { answeredBefore } from './decisions.js';
import { definitionDigest } from './definition-digest.js';
import {
  hasOpenPlan,
  readInstalments,
  readPlan,
  recordPlanDecision,
  type InstalmentRow,
  type PlanRow,
} from './repayment-plans.js';
import { monthlyIncome } from './repayments.js';

export interface ProposalRequest {
  customerRef: CustomerRef;
  accountRef: AccountRef;
  policy: RepaymentPolicy;
  /** of the bank's own policy: under any other another person must approve the plan */
  ownPolicyDigest: string;
  terms: PlanTerms;
  /** what the customer says of the monthly income; null: as the bank's data show */
  statedIncome: Minor | null;
  by: string;
  zone: ZoneId;
  currency: string;
  at: Instant;
}

export type Proposing =
  | { verdict: 'proposed'; plan: PlanRow; instalments: InstalmentRow[] }
  | { verdict: 'refused'; reasons: PlanRefusal[]; fits: Fit | null };

/** Writes down a plan that the policy allows, or why it does not; nothing runs before the customer has agreed. */
export function proposeRepaymentPlan(database: Database, request: ProposalRequest): Promise<Proposing> {
  const { customerRef, policy, terms, at } = request;
  return database.transaction(async (sql): Promise<Proposing> => {
    const customer = await lockCustomer(sql, customerRef);
    const facts = await planFacts(sql, request, customer);
    const proposal = proposePlan(policy, facts, terms);
    const saw = seen(request, facts);
    if (proposal.verdict === 'refused') {
      const key = `plan-proposal:${customerRef}:refused:${at}`;
      const told = { key, customerRef, journeyId: null, verdict: 'not-proposed', reasons: proposal.reasons, saw, at };
      if (!(await answeredBefore(sql, key))) await recordPlanDecision(sql, { ...told, result: {} });
      return proposal;
    }
    const planRef = await insertPlan(sql, request, facts, proposal);
    const plan = one([await readPlan(sql, planRef)], 'the plan') as PlanRow;
    const told = { key: `${planWorkflowId(planRef)}:propose`, customerRef, journeyId: plan.journeyId, at };
    const said = { verdict: 'proposed', reasons: proposal.approval, saw, result: { planRef } };
    await recordPlanDecision(sql, { ...told, ...said });
    return { verdict: 'proposed', plan, instalments: await readInstalments(sql, planRef) };
  });
}

async function planFacts(
  sql: Sql,
  { customerRef, policy, ownPolicyDigest, statedIncome, zone, currency, at }: ProposalRequest,
  { erased }: CustomerContact,
): Promise<PlanFacts> {
  const today = dateIn(zone, at);
  const income = statedIncome ?? (await monthlyIncome(sql, customerRef));
  const openPlan = await hasOpenPlan(sql, customerRef);
  const otherPolicy = definitionDigest(policy) !== ownPolicyDigest;
  return { today, currency, monthlyIncome: income, incomeStated: statedIncome !== null, otherPolicy, openPlan, erased };
}

function seen({ accountRef, policy, terms, by }: ProposalRequest, facts: PlanFacts): Record<string, Json> {
  const { total, instalments, firstDue, every } = terms;
  const asked = { accountRef, total: total.toString(), instalments, firstDue, every, by };
  return {
    ...facts,
    monthlyIncome: facts.monthlyIncome?.toString() ?? null,
    ...asked,
    policy: `${policy.policy}@${definitionDigest(policy).slice(0, 12)}`,
  };
}

async function insertPlan(
  sql: Sql,
  request: ProposalRequest,
  facts: PlanFacts,
  proposal: { instalments: Instalment[]; approval: ApprovalReason[] },
): Promise<PlanRef> {
  const { customerRef, accountRef, policy, terms, by, currency, at } = request;
  const { rows } = await sql.query<{ planRef: PlanRef }>(
    `with made as (
       select 'P-' || to_char($12::timestamptz at time zone 'UTC', 'YYYY') || '-' || lpad(n::text, greatest(7, length(n::text)), '0') as ref
         from nextval('plan_numbers') n)
     insert into repayment_plans (plan_ref, workflow_id, customer_ref, account_ref, journey_id, total_minor, currency, every,
                                  policy, policy_digest, monthly_income_minor, income_source, approval_reasons, proposed_at, proposed_by)
     select ref, 'plan:' || ref, $1, $2,
            (select journey_id from journeys join campaign_versions using (campaign_ref, version)
              where customer_ref = $1 and closed_at is null and definition ->> 'playbook' = 'credit'),
            $3, $4, $5, $6, $7, $8, $9, $10, $12, $11 from made returning plan_ref as "planRef"`,
    [
      customerRef,
      accountRef,
      terms.total,
      currency,
      terms.every,
      JSON.stringify(policy),
      definitionDigest(policy),
      facts.monthlyIncome,
      facts.incomeStated ? 'stated' : 'transactions',
      proposal.approval,
      by,
      timestamp(at),
    ],
  );
  const { planRef } = one(rows, 'the number of the plan');
  await sql.query(
    `insert into instalments (plan_ref, number, due_on, amount_minor)
     select $1, * from unnest($2::integer[], $3::date[], $4::bigint[])`,
    [
      planRef,
      proposal.instalments.map(({ number }) => number),
      proposal.instalments.map(({ dueOn }) => dueOn),
      proposal.instalments.map(({ amount }) => amount),
    ],
  );
  return planRef;
}
