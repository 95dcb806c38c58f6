/** What becomes of a plan that runs: each step once, holding its customer's row and its own. */
import { judgeInstalments, planOutlook, type InstalmentVerdict, type PlanOutlook } from '../domain/instalments.js';
import { catchUpStep, catchUpUntil, inTimeUntil, instalmentStep } from '../domain/plan-days.js';
import { planWorkflowId, type PlanRef, type PlanStep } from '../domain/repayment-plan.js';
import { addMillis, millis, type Instant, type PlainDate, type ZoneId } from '../domain/types.js';
import { timestamp, type Database, type Sql } from './database.js';
import { answeredBefore } from './decisions.js';
import { closePlanTask, HARDSHIP, missedInstalment, openPlanTask, STANDING } from './plan-tasks.js';
import {
  readInstalments,
  readPlan,
  recordPlanDecision,
  withPlan,
  type InstalmentRow,
  type PlanRow,
} from './repayment-plans.js';
import { repaid, type Repaid } from './repayments.js';
import { readStandingRequest } from './standing-requests.js';
import { wasReminded } from './reminders.js';

/** While the bank's data don't tell of the last day of an instalment, it is looked at again after this long (ms). */
export const DATA_WAIT_MS = 6 * 3_600_000;

export interface LookRequest {
  planRef: PlanRef;
  /** null: all instalments were looked at, and what was missed may have been paid */
  instalment: number | null;
  /** its time is over */
  final: boolean;
  /** before the reminder money is meant for what was missed; no more once the customer was reminded, whatever the run says */
  missedFirst: boolean;
  zone: ZoneId;
  at: Instant;
}

export interface Look {
  /** of the instalment that was looked at; null: nothing was decided on it */
  verdict: InstalmentVerdict['verdict'] | null;
  /** what the plan waits for now */
  next: PlanStep;
}

/** What a plan waits for, as its records say. @param zone the bank's */
export async function planStep(
  sql: Sql,
  plan: PlanRow,
  instalments: readonly InstalmentRow[],
  zone: ZoneId,
): Promise<PlanStep> {
  if (plan.closedAt !== null || plan.state === 'proposed' || plan.state === 'agreed') {
    const standing = await readStandingRequest(sql, plan.planRef);
    return { kind: 'over', state: plan.state, granted: standing?.answer === 'granted' };
  }
  if (plan.state === 'broken') return { kind: 'broken' };
  if (plan.state === 'kept') return { kind: 'standing' };
  const due = instalments.find(({ state }) => state === 'due');
  if (due) return instalmentStep(plan.policy, zone, due);
  return catchUpStep(plan.policy, zone, lastDue(instalments));
}

const lastDue = (instalments: readonly InstalmentRow[]): PlainDate => instalments.at(-1)?.dueOn as PlainDate;

/**
 * Looks at a plan's account and gives what was repaid to its instalments. One whose time is over is kept or missed now; a
 * missed one goes to a person. Is the bank's data behind, nothing is decided, and it is to be looked at again later.
 */
export function lookAtPlan(database: Database, request: LookRequest): Promise<Look> {
  const { planRef, instalment, final, zone, at } = request;
  return withPlan(database, planRef, async (sql, plan): Promise<Look> => {
    const key = `${planWorkflowId(planRef)}:${instalment === null ? 'catch-up' : `instalment-${instalment}`}`;
    const before = await answeredBefore<{ verdict: Look['verdict'] }>(sql, key);
    const instalments = await readInstalments(sql, planRef);
    // a retry, or a person was quicker
    if (before || plan.state !== 'running')
      return { verdict: before?.verdict ?? null, next: await planStep(sql, plan, instalments, zone) };
    const until = deadline(plan, instalments, instalment);
    const paid = await repaid(sql, plan, until);
    if (final && (paid.dataUntil === null || paid.dataUntil < until))
      return {
        verdict: null,
        next: later(await planStep(sql, plan, instalments, zone), addMillis(at, millis(DATA_WAIT_MS))),
      };
    // a run that was taken up again knows nothing of the reminder of the one before
    const missedFirst = request.missedFirst && !(await wasReminded(sql, planRef, instalment));
    const asked = { current: instalment, final, missedFirst };
    const verdicts = judgeInstalments(instalments, { ...asked, paidInTime: paid.inTime, paidSoFar: paid.soFar });
    await writeVerdicts(sql, plan, verdicts, paid, until, at);
    const now = await readInstalments(sql, planRef);
    const outlook = planOutlook(now, plan.policy.missesAllowed, final && instalment === null);
    if (outlook === 'kept' || outlook === 'broken') await settlePlan(sql, plan, outlook, now, at);
    const settled = (await readPlan(sql, planRef)) ?? plan;
    return { verdict: verdictOn(verdicts, instalment), next: await planStep(sql, settled, now, zone) };
  });
}

/** The last one counts: what was missed and is paid by now was made good, and nobody need hear that it is missed. */
const verdictOn = (verdicts: readonly InstalmentVerdict[], instalment: number | null): Look['verdict'] =>
  verdicts.findLast(({ number }) => number === instalment)?.verdict ?? null;

/** The last day on which money for what is looked at is in time. */
export function deadline(
  { policy }: PlanRow,
  instalments: readonly InstalmentRow[],
  instalment: number | null,
): PlainDate {
  const current = instalments.find(({ number }) => number === instalment);
  return current ? inTimeUntil(policy, current.dueOn) : catchUpUntil(policy, lastDue(instalments));
}

const later = (step: PlanStep, judgeAt: Instant): PlanStep => ('judgeAt' in step ? { ...step, judgeAt } : step);

async function writeVerdicts(
  sql: Sql,
  plan: PlanRow,
  verdicts: readonly InstalmentVerdict[],
  paid: Repaid,
  until: PlainDate,
  at: Instant,
): Promise<void> {
  const { planRef, customerRef, journeyId } = plan;
  for (const { number, verdict } of verdicts) {
    const column = verdict === 'missed' ? 'missed_at' : 'kept_at';
    await sql.query(`update instalments set state = $3, ${column} = $4 where plan_ref = $1 and number = $2`, [
      planRef,
      number,
      verdict,
      timestamp(at),
    ]);
    const name = `instalment-${number}${verdict === 'made-good' ? ':made-good' : ''}`;
    const { inTime, soFar, dataUntil } = paid;
    const saw = { inTimeUntil: until, repaidInTime: inTime.toString(), repaid: soFar.toString(), dataUntil };
    const key = `${planWorkflowId(planRef)}:${name}`;
    const result = { verdict: verdictOn(verdicts, number) };
    await recordPlanDecision(sql, { key, customerRef, journeyId, verdict, reasons: [], saw, result, at });
    if (verdict === 'made-good') await closePlanTask(sql, plan, missedInstalment(number), at);
    else if (verdictOn(verdicts, number) === 'missed') await openPlanTask(sql, plan, missedInstalment(number), at);
  }
}

/** All is paid and the standing is asked for back, or too much was missed and a person decides. */
async function settlePlan(
  sql: Sql,
  plan: PlanRow,
  outlook: Extract<PlanOutlook, 'kept' | 'broken'>,
  instalments: readonly InstalmentRow[],
  at: Instant,
): Promise<void> {
  const { planRef, customerRef, journeyId, policy } = plan;
  await sql.query('update repayment_plans set state = $2, settled_at = $3 where plan_ref = $1', [
    planRef,
    outlook,
    timestamp(at),
  ]);
  await openPlanTask(sql, plan, outlook === 'kept' ? STANDING : HARDSHIP, at);
  if (outlook === 'kept')
    await sql.query('insert into standing_requests (plan_ref, customer_ref, asked_at) values ($1, $2, $3)', [
      planRef,
      customerRef,
      timestamp(at),
    ]);
  const missed = instalments.filter(({ state }) => state === 'missed').length;
  const saw = { missed, missesAllowed: policy.missesAllowed };
  const key = `${planWorkflowId(planRef)}:settle`;
  const reasons = outlook === 'kept' ? ['all-instalments-paid'] : ['too-many-missed'];
  const told = { customerRef, journeyId, verdict: outlook, reasons, saw, result: { state: outlook } };
  await recordPlanDecision(sql, { ...told, key, at });
}
