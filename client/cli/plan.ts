import type { Command } from 'commander';
import type { PlanRow } from '../../store/repayment-plans.js';
import { withBank, type BankDesk } from './context.js';
import { byOption, lineOf } from './line-option.js';
import { does, say, WrongUsage, type Answer } from './output.js';
import { addPlanProposal } from './plan-proposal.js';
import { addPlanLists } from './plan-show.js';

/** Characters of why a standing is refused. */
const MAX_REASON_CHARS = 1000;

/** `plan propose|agree|approve|show|list|end|grant-standing|policy` */
export function addPlan(program: Command): void {
  const plan = program.command('plan').description('repayment plans of customers in credit trouble');
  addPlanProposal(plan);
  does<{ by?: string }>(
    plan
      .command('agree')
      .argument('<reference>', 'for instance P-2026-0000042')
      .option('--by <name>', 'before whom the customer agreed (default: the user of this terminal)')
      .description('the customer has agreed: no promotion leaves from now on, and the instalments are watched')
      .addHelpText('after', '\nExample:\n  $ keepwell plan agree P-2026-0000042'),
    ([reference = ''], options) => agree(reference, options.by),
  );
  does<{ by?: string }>(
    plan
      .command('approve')
      .argument('<reference>', 'for instance P-2026-0000042')
      .option('--by <name>', 'who approves; not who proposed or agreed it (default: the user of this terminal)')
      .description('approves a plan that is larger or longer than one person may agree')
      .addHelpText('after', '\nExample:\n  $ keepwell plan approve P-2026-0000042 --by "Li Jun"'),
    ([reference = ''], options) => approve(reference, options.by),
  );
  addPlanLists(plan);
  does<{ reason: string; by?: string }>(
    plan
      .command('end')
      .argument('<reference>', 'for instance P-2026-0000042')
      .requiredOption('--reason <reason>', 'by-customer, replaced, paid-otherwise or by-bank')
      .option('--by <name>', 'who ends it (default: the user of this terminal)')
      .description('ends a plan for good, for instance a broken one; nothing is watched any more')
      .addHelpText('after', '\nExample:\n  $ keepwell plan end P-2026-0000042 --reason replaced'),
    ([reference = ''], options) => end(reference, options),
  );
  does<{ refuse?: string; by?: string }>(
    plan
      .command('grant-standing')
      .argument('<reference>', 'a plan that is kept')
      .option('--refuse <why>', 'the standing is not given back, and why; tell the customer yourself')
      .option('--by <name>', 'who decides (default: the user of this terminal)')
      .description('gives a customer the credit standing back, since the plan was kept')
      .addHelpText('after', '\nExample:\n  $ keepwell plan grant-standing P-2026-0000042 --by "Li Jun"'),
    ([reference = ''], options) => grantStanding(reference, options),
  );
}

const order = ({ installation, now }: BankDesk, reference: string, by: string) => ({
  planRef: reference as PlanRow['planRef'],
  by,
  zone: installation.zone,
  at: now(),
});

async function agree(reference: string, given: string | undefined): Promise<Answer> {
  const by = await byOption(given);
  return withBank(async (desk) => {
    const { agreePlan } = await import('../../store/repayment-plans.js');
    const plan = await agreePlan(desk.database, order(desk, reference, by));
    if (plan.state === 'agreed') {
      const { APPROVAL_WORDS } = await import('../../domain/plan-proposal.js');
      const why = plan.approval.map((reason) => APPROVAL_WORDS[reason]).join('; ');
      const words = `${reference} is agreed, and waits for the approval of another person: ${why}.`;
      return { data: { planRef: reference, state: plan.state, approval: plan.approval }, text: () => words };
    }
    return runs(desk, plan);
  });
}

async function approve(reference: string, given: string | undefined): Promise<Answer> {
  const by = await byOption(given);
  return withBank(async (desk) => {
    const { approvePlan } = await import('../../store/repayment-plans.js');
    return runs(desk, await approvePlan(desk.database, order(desk, reference, by)));
  });
}

/** Starts the plan's run. The plan stands without it: what is not started now is started by the daily round. */
async function runs(desk: BankDesk, plan: PlanRow): Promise<Answer> {
  const { planRef, state } = plan;
  const { planStart } = await import('../../workflows/contract.js');
  const { toResume } = await import('../../store/plans-to-resume.js');
  const { next, missed, customerRef } = await toResume(desk.database, plan, desk.installation.zone);
  const { clock } = desk.installation;
  const started = await told(async () => {
    const client = await desk.temporal();
    await client.workflow.start(...planStart({ planRef, customerRef, next, missed, clock }));
  }, 'The plan is watched from the next daily round on, since it could not be started');
  return { data: { planRef, state, started }, text: () => `${planRef} is ${state}: its instalments are watched.` };
}

/** Tells a run what is in the database already; it hears of it by the daily round when it can't be told now. */
async function told(tell: () => Promise<void>, otherwise: string): Promise<boolean> {
  try {
    await tell();
    return true;
  } catch (error) {
    // the run has ended, or was started before: there is nothing to be told
    if (error instanceof Error && /^Workflow(ExecutionAlreadyStarted|NotFound)Error$/.test(error.name)) return true;
    const { inWords } = await import('./words.js');
    say(`${otherwise}: ${inWords(error)}`);
    return false;
  }
}

async function decided(desk: BankDesk, planRef: PlanRow['planRef']): Promise<boolean> {
  const { planDecided } = await import('../../workflows/contract.js');
  const { planWorkflowId } = await import('../../domain/repayment-plan.js');
  return told(async () => {
    const client = await desk.temporal();
    await client.workflow.getHandle(planWorkflowId(planRef)).signal(planDecided);
  }, 'It is done, and the run of the plan hears of it by the next daily round');
}

async function end(reference: string, options: { reason: string; by?: string }): Promise<Answer> {
  const by = await byOption(options.by);
  const { PLAN_ENDINGS } = await import('../../domain/repayment-plan.js');
  const known = Object.keys(PLAN_ENDINGS) as (keyof typeof PLAN_ENDINGS)[];
  const reason = known.find((name) => name === options.reason);
  if (!reason) throw new WrongUsage(`--reason is one of ${known.join(', ')}, not "${options.reason}".`);
  return withBank(async (desk) => {
    const { endPlan } = await import('../../store/repayment-plans.js');
    const { planRef, state } = await endPlan(desk.database, { ...order(desk, reference, by), reason });
    const runTold = await decided(desk, planRef);
    return { data: { planRef, state, reason, runTold }, text: () => `${planRef} is ended: ${PLAN_ENDINGS[reason]}.` };
  });
}

async function grantStanding(reference: string, options: { refuse?: string; by?: string }): Promise<Answer> {
  const by = await byOption(options.by);
  const reason = options.refuse === undefined ? null : lineOf(options.refuse, '--refuse', MAX_REASON_CHARS);
  return withBank(async (desk) => {
    const { answerStanding } = await import('../../store/standing-requests.js');
    const { planRef, at } = order(desk, reference, by);
    const { request, isNew } = await answerStanding(desk.database, { planRef, by, reason, at });
    const runTold = isNew ? await decided(desk, planRef) : true;
    const { customerRef, answer } = request;
    const words = {
      granted: `The standing of ${customerRef} is given back; a letter says so.`,
      refused: `The standing of ${customerRef} is not given back. Tell the customer, and why.`,
    };
    const text = isNew && answer ? words[answer] : `This was ${answer} already, nothing was changed.`;
    return { data: { planRef, customerRef, answer, isNew, runTold }, text: () => text };
  });
}
