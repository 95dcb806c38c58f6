import type { Command } from 'commander';
import type { PlanRef } from '../../domain/repayment-plan.js';
import type { CustomerRef } from '../../domain/types.js';
import type { PlanSummary } from '../../store/reads/repayment-plan.js';
import { withBank } from './context.js';
import { limitOption } from './journey.js';
import { does, facts, iso, money, table, when, WrongUsage, type Answer } from './output.js';

interface ListOptions {
  state?: string;
  customer?: string;
  standing?: string;
  limit: string;
  after?: string;
}

/** `plan list|show` */
export function addPlanLists(plan: Command): void {
  does<ListOptions>(
    plan
      .command('list')
      .option('--state <state>', 'proposed, agreed, running, kept, broken or ended (default: all)')
      .option('--customer <reference>', 'of one customer, for instance c42')
      .option('--standing <state>', 'asked: only those whose standing waits for an answer')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .option('--after <reference>', 'the last plan of the page before')
      .description('plans, the newest first')
      .addHelpText('after', '\nExample:\n  $ keepwell plan list --state broken'),
    (_args, options) => list(options),
  );
  does(
    plan
      .command('show')
      .argument('<reference>', 'for instance P-2026-0000042')
      .description('one plan: who agreed it, its instalments, the letters, the standing')
      .addHelpText('after', '\nExample:\n  $ keepwell plan show P-2026-0000042'),
    ([reference = '']) => show(reference),
  );
}

async function list({ state, customer, standing, limit, after }: ListOptions): Promise<Answer> {
  const { PLAN_STATES } = await import('../../domain/repayment-plan.js');
  const { listPlans, MAX_PLANS_LISTED } = await import('../../store/reads/repayment-plan.js');
  const wanted = PLAN_STATES.find((known) => known === state);
  if (state !== wanted) throw new WrongUsage(`--state is one of ${PLAN_STATES.join(', ')}, not "${state}".`);
  if (standing !== undefined && standing !== 'asked') throw new WrongUsage(`--standing is asked, not "${standing}".`);
  const most = limitOption(limit, MAX_PLANS_LISTED);
  return withBank(async ({ database }) => {
    const filter = {
      state: wanted,
      customerRef: customer as CustomerRef | undefined,
      unanswered: standing === 'asked',
    };
    const { plans, more } = await listPlans(database, { ...filter, after: after as PlanRef | undefined, limit: most });
    const head = ['plan', 'customer', 'total', 'paid', 'instalments', 'missed', 'next due', 'state'];
    const rows = plans.map((p) => [
      p.planRef,
      p.customerRef,
      money(p.total, p.currency),
      money(p.paidAmount, p.currency),
      `${p.paid} of ${p.instalments}`,
      p.missed,
      p.closedAt === null ? p.nextDue : null,
      stateWords(p),
    ]);
    const last = plans.at(-1)?.planRef;
    const next = more ? `\n\nThere are more: add --after ${last}` : '';
    const text = async (): Promise<string> => `${await table(head, rows, 'No such plan.')}${next}`;
    return { data: { plans: plans.map(forPrograms), next: more ? last : null }, text };
  });
}

/** Where a plan stands, for people; what somebody has to decide is in capitals. */
function stateWords({ state, standing }: PlanSummary): string {
  if (state === 'agreed') return 'agreed, WAITS FOR APPROVAL';
  if (state === 'broken') return 'BROKEN, decide on it';
  if (state !== 'kept') return state;
  return standing === 'asked' ? 'kept, THE STANDING IS ASKED FOR' : `kept, the standing was ${standing}`;
}

function forPrograms(plan: PlanSummary): object {
  const { proposedAt, agreedAt, approvedAt, settledAt, closedAt, standingAskedAt } = plan;
  return {
    ...plan,
    proposedAt: iso(proposedAt),
    agreedAt: iso(agreedAt),
    approvedAt: iso(approvedAt),
    settledAt: iso(settledAt),
    closedAt: iso(closedAt),
    standingAskedAt: iso(standingAskedAt),
  };
}

function show(reference: string): Promise<Answer> {
  return withBank(async ({ database, installation }) => {
    const { findPlan, planLetters } = await import('../../store/reads/repayment-plan.js');
    const { readInstalments } = await import('../../store/repayment-plans.js');
    const { PLAN_ENDINGS } = await import('../../domain/repayment-plan.js');
    const plan = await findPlan(database, reference);
    if (!plan) throw new Error(`there is no plan "${reference}"; "keepwell plan list" shows what there is.`);
    const instalments = await readInstalments(database, plan.planRef);
    const letters = await planLetters(database, plan.planRef);
    const at = (instant: number | null): string => when(instant, installation.zone);
    const by = (instant: number | null, name: string | null): string | null =>
      instant === null ? null : `${at(instant)} by ${name}`;
    const { currency } = plan;
    const income = plan.incomeSource === 'stated' ? 'as the customer says' : "as the bank's data show";
    const head = facts([
      ['plan', plan.planRef],
      ['customer', plan.customerRef],
      ['account', plan.accountRef],
      ['total', `${money(plan.total, currency)}, ${plan.instalments} instalments every ${plan.every}`],
      ['paid', `${money(plan.paidAmount, currency)} (${plan.paid} instalments), ${plan.missed} missed`],
      ['income', `${money(plan.monthlyIncome, currency)} a month, ${income}`],
      ['state', stateWords(plan)],
      ['because', plan.endReason === null ? null : PLAN_ENDINGS[plan.endReason]],
      ['proposed', by(plan.proposedAt, plan.proposedBy)],
      ['agreed', by(plan.agreedAt, plan.agreedBy)],
      ['approved', by(plan.approvedAt, plan.approvedBy)],
      ['standing asked', at(plan.standingAskedAt)],
      ['closed', by(plan.closedAt, plan.endedBy ?? plan.standingAnsweredBy)],
    ]);
    const rows = instalments.map((one) => [
      one.number,
      one.dueOn,
      money(one.amount, currency),
      one.state,
      at(one.missedAt),
      at(one.keptAt),
    ]);
    const due = await table(['no', 'due', 'amount', 'state', 'found missed', 'found paid'], rows, '');
    const sent = letters.map((letter) => [at(letter.at), letter.template, letter.state]);
    const told = await table(['when', 'letter', 'state'], sent, 'No letter was sent yet.');
    const data = { ...forPrograms(plan), schedule: instalments, letters };
    return { data, text: () => `${head}\n\n${due}\n\n${told}` };
  });
}
