import type { WorkflowClient } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { inTimeUntil } from '../domain/plan-days.js';
import { planWorkflowId, type PlanRef } from '../domain/repayment-plan.js';
import { addMillis, DAY_MS, millis, type Language } from '../domain/types.js';
import { one } from '../store/database.js';
import { lookAtPlan, type Look } from '../store/plan-steps.js';
import { reminderKey } from '../store/reminders.js';
import { plansToResume, type PlanToResume } from '../store/plans-to-resume.js';
import { readInstalments, readPlan, type InstalmentRow, type PlanRow } from '../store/repayment-plans.js';
import { paymentBooked, planDecided, planStart } from '../workflows/contract.js';
import { amountWords, dayWords } from './amount-words.js';
import { now } from './dependencies.js';
import { sendUntilSettled } from './letters.js';
import { sweep, SWEEP_BATCH } from './sweep.js';
import { renderMessage, type MessageData } from './message-templates.js';
import { giveUpOutreach, type OutreachDependencies, type OutreachRequest, type OutreachResult } from './outreach.js';
import { whileBeating } from './round.js';

export interface RepaymentDependencies extends OutreachDependencies {
  workflows: WorkflowClient;
}

export type PlanLetter = 'plan-agreed' | 'instalment-due' | 'instalment-missed' | 'plan-kept' | 'standing-restored';

interface LetterRequest {
  planRef: PlanRef;
  letter: PlanLetter;
  /** of a reminder or a missed one */
  instalment: number | null;
}

/** What carries a repayment plan from instalment to instalment. */
export function repaymentActivities(deps: RepaymentDependencies) {
  return {
    lookAtPlan: (input: {
      planRef: PlanRef;
      instalment: number | null;
      final: boolean;
      missedFirst: boolean;
    }): Promise<Look> => lookAtPlan(deps.database, { ...input, zone: deps.bank.zone, at: now(deps.bank) }),
    sendPlanLetter: async (input: LetterRequest): Promise<OutreachResult> =>
      sendUntilSettled(deps, await requestOf(deps, input)),
    /** The letter is not tried any more, and that is written down. */
    giveUpPlanLetter: async (input: LetterRequest): Promise<OutreachResult> =>
      giveUpOutreach(deps, await requestOf(deps, input), 'not-taken-in-time'),
    resumePlans: (): Promise<{ looked: number; told: number }> => whileBeating(resumePlans(deps)),
  };
}
export type RepaymentActivities = ReturnType<typeof repaymentActivities>;

function letterKey({ planRef, letter, instalment }: LetterRequest): string {
  if (letter === 'instalment-due') return reminderKey(planRef, instalment);
  const step = letter === 'instalment-missed' ? `${instalment}:missed` : letter;
  return `${planWorkflowId(planRef)}:${step}`;
}

async function requestOf(deps: RepaymentDependencies, input: LetterRequest): Promise<OutreachRequest> {
  const { planRef, letter: template } = input;
  const found = await readPlan(deps.database, planRef);
  const plan = one(found ? [found] : [], `plan ${planRef}`);
  return {
    key: letterKey(input),
    customerRef: plan.customerRef,
    // the plan outlives the journey in which it was agreed
    journeyId: null,
    complaintRef: null,
    template,
    messageClass: 'service',
    purpose: 'other',
    at: now(deps.bank),
    compose: async ({ name, language }) => {
      const instalments = await readInstalments(deps.database, planRef);
      const data = { customer: { name }, bank: { name: deps.bank.name } };
      const told = { ...data, plan: planData(plan, instalments, input.instalment, language) };
      return { ...renderMessage({ template, language, data: told }), headers: {} };
    },
  };
}

function planData(
  plan: PlanRow,
  instalments: readonly InstalmentRow[],
  number: number | null,
  language: Language,
): NonNullable<MessageData['plan']> {
  const inWords = (one: InstalmentRow) => ({
    number: one.number,
    dueOn: dayWords(one.dueOn, language),
    amount: amountWords(one.amount, plan.currency, language),
    inTimeUntil: dayWords(inTimeUntil(plan.policy, one.dueOn), language),
  });
  const asked = instalments.find((one) => one.number === number);
  return {
    ref: plan.planRef,
    total: amountWords(plan.total, plan.currency, language),
    count: instalments.length,
    instalments: instalments.map(inWords),
    ...(asked ? { instalment: inWords(asked) } : {}),
  };
}

/** A run that missed the closing of its plan is told for so long; the round runs daily, so this outlasts a week's outage. */
const LOOK_BACK_DAYS = 14;

/**
 * Sees to it that each plan that is agreed has its run: one that was never started or was ended by force is started where
 * it stood, and one that has been repaid, or that a person has decided on, is told.
 */
function resumePlans(deps: RepaymentDependencies): Promise<{ looked: number; told: number }> {
  const { database, bank } = deps;
  const closedSince = addMillis(now(bank), millis(-LOOK_BACK_DAYS * DAY_MS));
  return sweep<PlanToResume>(
    (last) =>
      plansToResume(database, { after: last?.planRef ?? null, limit: SWEEP_BATCH, closedSince, zone: bank.zone }),
    async (plan) => {
      await resumeOne(deps, plan);
      return plan.news;
    },
  );
}

async function resumeOne({ workflows, bank }: RepaymentDependencies, plan: PlanToResume): Promise<void> {
  const { planRef, customerRef, next, missed, news } = plan;
  const [workflow, options] = planStart({ planRef, customerRef, next, missed, clock: bank.clock });
  const signal = next.kind === 'over' ? planDecided : paymentBooked;
  try {
    if (news) await workflows.signalWithStart(workflow, { ...options, signal, signalArgs: [] });
    else await workflows.start(workflow, options);
  } catch (error) {
    // it ran to its end between the listing and now
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
