/** Repayment plans, and what people do to them: agree, approve, end. */
import { dateIn } from '../domain/calendar.js';
import type { Json } from '../domain/canonical-json.js';
import type { Instalment } from '../domain/plan-days.js';
import type { ApprovalReason } from '../domain/plan-proposal.js';
import { PLAN_RULES, planWorkflowId, type PlanEnding, type PlanRef, type PlanState } from '../domain/repayment-plan.js';
import type { RepaymentPolicy, Rhythm } from '../domain/repayment-policy.js';
import type { InstalmentState } from '../domain/instalments.js';
import type { AccountRef, CustomerRef, Instant, JourneyId, Minor, PlainDate, ZoneId } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { one, timestamp, type Database, type Sql } from './database.js';
import { recordDecisions } from './decisions.js';
import { openPlan } from './open-plan.js';
import { APPROVAL, closePlanTask, openPlanTask, withdrawPlanTasks } from './plan-tasks.js';

export interface PlanRow {
  planRef: PlanRef;
  customerRef: CustomerRef;
  accountRef: AccountRef;
  journeyId: JourneyId | null;
  total: Minor;
  currency: string;
  every: Rhythm;
  policy: RepaymentPolicy;
  monthlyIncome: Minor;
  incomeSource: 'transactions' | 'stated';
  /** why another person must approve it; empty: nobody needs to */
  approval: ApprovalReason[];
  state: PlanState;
  proposedAt: Instant;
  proposedBy: string;
  agreedAt: Instant | null;
  agreedBy: string | null;
  approvedAt: Instant | null;
  approvedBy: string | null;
  countsFrom: PlainDate | null;
  settledAt: Instant | null;
  closedAt: Instant | null;
  endReason: PlanEnding | null;
}

export interface InstalmentRow extends Instalment {
  state: InstalmentState;
  keptAt: Instant | null;
  missedAt: Instant | null;
}

/** For whoever reads `repayment_plans` as PlanRow. */
export const PLAN_COLUMNS = `
  plan_ref as "planRef", customer_ref as "customerRef", account_ref as "accountRef", journey_id as "journeyId",
  total_minor as total, currency, every, policy, monthly_income_minor as "monthlyIncome",
  income_source as "incomeSource", approval_reasons as approval, state, proposed_at as "proposedAt",
  proposed_by as "proposedBy", agreed_at as "agreedAt", agreed_by as "agreedBy", approved_at as "approvedAt",
  approved_by as "approvedBy", counts_from as "countsFrom", settled_at as "settledAt", closed_at as "closedAt",
  end_reason as "endReason"`;

/** One plan; null when there is none. */
export async function readPlan(sql: Sql, planRef: PlanRef): Promise<PlanRow | null> {
  const { rows } = await sql.query<PlanRow>(`select ${PLAN_COLUMNS} from repayment_plans where plan_ref = $1`, [
    planRef,
  ]);
  return rows[0] ?? null;
}

/** The instalments of a plan, in their order. */
export async function readInstalments(sql: Sql, planRef: PlanRef): Promise<InstalmentRow[]> {
  const { rows } = await sql.query<InstalmentRow>(
    `select number, due_on as "dueOn", amount_minor as amount, state, kept_at as "keptAt", missed_at as "missedAt"
       from instalments where plan_ref = $1 order by number`,
    [planRef],
  );
  return rows;
}

/** A person's order that the plan does not allow, in words. */
export class PlanRefused extends Error {
  override readonly name = 'PlanRefused';
}

/**
 * Runs `work` in one transaction that holds the plan and, before it, its customer: from this commit on the door for
 * messages knows what was done.
 * @throws PlanRefused when there is no such plan
 */
export function withPlan<Result>(
  database: Database,
  planRef: PlanRef,
  work: (sql: Sql, plan: PlanRow) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (sql) => {
    const found = await readPlan(sql, planRef);
    if (!found) throw new PlanRefused(`there is no plan "${planRef}"; "keepwell plan list" shows what there is`);
    await lockCustomer(sql, found.customerRef);
    const { rows } = await sql.query<PlanRow>(
      `select ${PLAN_COLUMNS} from repayment_plans where plan_ref = $1 for no key update`,
      [planRef],
    );
    return work(sql, one(rows, `plan ${planRef}`));
  });
}

/** Whether a plan of the customer is agreed and not closed. */
export async function hasOpenPlan(sql: Sql, customerRef: CustomerRef): Promise<boolean> {
  const { rows } = await sql.query<{ open: boolean }>(`select ${openPlan('$1')} as open`, [customerRef]);
  return one(rows, 'the answer').open;
}

export interface PlanOrder {
  planRef: PlanRef;
  /** a staff name */
  by: string;
  zone: ZoneId;
  at: Instant;
}

/**
 * Writes down that the customer has agreed. From this commit on no promotion leaves; the plan runs at once, unless
 * another person has to approve it.
 * @throws PlanRefused
 */
export function agreePlan(database: Database, { planRef, by, zone, at }: PlanOrder): Promise<PlanRow> {
  return withPlan(database, planRef, async (sql, plan) => {
    if (plan.state === 'ended') throw new PlanRefused(`${planRef} is ended; propose another`);
    if (plan.state !== 'proposed') return plan;
    if (await hasOpenPlan(sql, plan.customerRef))
      throw new PlanRefused(`${plan.customerRef} has another plan that is not closed; end that one first`);
    const today = dateIn(zone, at);
    await inTime(sql, plan, today);
    const state = plan.approval.length > 0 ? 'agreed' : 'running';
    // what was repaid under a plan on the same account that ended today is not counted again
    await sql.query(
      `update repayment_plans set state = $2, agreed_at = $3, agreed_by = $4,
              counts_from = greatest($5::date, (select max((closed_at at time zone $6)::date) + 1 from repayment_plans b
                                                 where b.account_ref = repayment_plans.account_ref and b.agreed_at is not null))
        where plan_ref = $1`,
      [planRef, state, timestamp(at), by, today, zone],
    );
    await closeOtherProposals(sql, plan, by, at);
    if (state === 'agreed') await openPlanTask(sql, plan, APPROVAL, at);
    return told(sql, plan, 'agree', state === 'agreed' ? 'waits-for-approval' : 'agreed', plan.approval, { by }, at);
  });
}

/** A proposal that lay too long can't be kept from its first instalment on. */
async function inTime(sql: Sql, { planRef, policy }: PlanRow, today: PlainDate): Promise<void> {
  const [first] = await readInstalments(sql, planRef);
  if (first && first.dueOn < today)
    throw new PlanRefused(
      `the first instalment of ${planRef} fell due on ${first.dueOn}; propose a plan whose first one is still to come (${policy.remindDaysBefore} days ahead at least)`,
    );
}

async function closeOtherProposals(sql: Sql, { planRef, customerRef }: PlanRow, by: string, at: Instant) {
  await sql.query(
    `update repayment_plans set state = 'ended', closed_at = $3, ended_by = $4, end_reason = 'replaced'
      where customer_ref = $1 and plan_ref <> $2 and state = 'proposed'`,
    [customerRef, planRef, timestamp(at), by],
  );
}

const sameName = (a: string | null, b: string): boolean => a?.trim().toLowerCase() === b.trim().toLowerCase();

/**
 * Approves a plan that the customer has agreed to: it runs from now on.
 * @throws PlanRefused, for whoever proposed or agreed it too
 */
export function approvePlan(database: Database, { planRef, by, zone, at }: PlanOrder): Promise<PlanRow> {
  return withPlan(database, planRef, async (sql, plan) => {
    if (plan.approval.length === 0) throw new PlanRefused(`${planRef} needs no approval`);
    if (plan.state === 'proposed') throw new PlanRefused(`the customer has not agreed to ${planRef} yet`);
    if (plan.state === 'ended') throw new PlanRefused(`${planRef} is ended; there is nothing to approve`);
    if (plan.state !== 'agreed') return plan;
    if (sameName(plan.proposedBy, by) || sameName(plan.agreedBy, by))
      throw new PlanRefused(`${by} proposed or agreed ${planRef}; another person has to approve it`);
    await inTime(sql, plan, dateIn(zone, at));
    await sql.query(
      `update repayment_plans set state = 'running', approved_at = $2, approved_by = $3 where plan_ref = $1`,
      [planRef, timestamp(at), by],
    );
    await closePlanTask(sql, plan, APPROVAL, at, by);
    return told(sql, plan, 'approve', 'approved', plan.approval, { by }, at);
  });
}

/** Ends a plan for good. @throws PlanRefused when it is closed, or kept and its standing to be answered for */
export function endPlan(database: Database, order: PlanOrder & { reason: PlanEnding }): Promise<PlanRow> {
  const { planRef, by, reason, at } = order;
  return withPlan(database, planRef, async (sql, plan) => {
    if (plan.state === 'kept')
      throw new PlanRefused(`${planRef} is kept; answer for the standing with "keepwell plan grant-standing"`);
    if (plan.closedAt !== null) throw new PlanRefused(`${planRef} is ended already`);
    await sql.query(
      `update repayment_plans set state = 'ended', closed_at = $2, ended_by = $3, end_reason = $4 where plan_ref = $1`,
      [planRef, timestamp(at), by, reason],
    );
    await withdrawPlanTasks(sql, plan, at);
    return told(sql, plan, 'end', 'ended', [reason], { by, stateBefore: plan.state }, at);
  });
}

/** The decision on an order of a person, and the plan as it is then. */
async function told(
  sql: Sql,
  { planRef, customerRef, journeyId }: PlanRow,
  step: string,
  verdict: string,
  reasons: readonly string[],
  saw: Record<string, Json>,
  at: Instant,
): Promise<PlanRow> {
  const key = `${planWorkflowId(planRef)}:${step}`;
  await recordPlanDecision(sql, { key, customerRef, journeyId, verdict, reasons, saw, result: { planRef }, at });
  return one([await readPlan(sql, planRef)], `plan ${planRef}`) as PlanRow;
}

export interface PlanDecision {
  key: string;
  customerRef: CustomerRef;
  journeyId: JourneyId | null;
  verdict: string;
  reasons: readonly string[];
  saw: Record<string, Json>;
  result: Record<string, Json>;
  at: Instant;
}

/** Writes down a decision on a plan; the caller holds the customer's row. */
export const recordPlanDecision = (sql: Sql, decision: PlanDecision): Promise<void> =>
  recordDecisions(sql, [{ ...decision, kind: 'repayment-plan', rules: PLAN_RULES }]);
