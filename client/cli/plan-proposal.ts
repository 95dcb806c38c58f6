import { join } from 'node:path';
import type { Command } from 'commander';
import type { YamlReading } from '../../domain/definition-file.js';
import type { Fit } from '../../domain/plan-proposal.js';
import type { RepaymentPolicy, Rhythm } from '../../domain/repayment-policy.js';
import type { AccountRef, CustomerRef, Minor } from '../../domain/types.js';
import { withBank, type BankDesk } from './context.js';
import { byOption } from './line-option.js';
import { does, money, table, WrongUsage, type Answer } from './output.js';

const SHIPPED_POLICY = join(__dirname, '..', '..', 'campaigns', 'policies', 'credit-policy.yaml');

interface ProposeOptions {
  total: string;
  instalments: string;
  firstDue: string;
  every: string;
  account?: string;
  income?: string;
  policy: string;
  by?: string;
}

/** `plan propose|policy` */
export function addPlanProposal(plan: Command): void {
  does<ProposeOptions>(
    plan
      .command('propose')
      .argument('<customer>', 'for instance c42')
      .requiredOption('--total <amount>', 'what is paid back in all, in the currency of the bank, for instance 6000')
      .requiredOption('--instalments <n>', 'in how many instalments')
      .requiredOption('--first-due <day>', 'when the first one falls due, for instance 2026-12-31')
      .option('--every <rhythm>', 'month or two-weeks', 'month')
      .option('--account <reference>', 'where the debt is (default: the own account that is deepest in the red)')
      .option('--income <amount>', "the monthly income that the customer names (default: as the bank's data show)")
      .option(
        '--policy <file>',
        "the limits within which plans are agreed; under any but the bank's own another person has to approve the plan",
        SHIPPED_POLICY,
      )
      .option('--by <name>', 'who proposes it (default: the user of this terminal)')
      .description(
        'reckons a plan within the policy, for the customer to agree to; says what would fit when it does not',
      )
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell plan propose c42 --total 6000 --instalments 12 --first-due 2026-12-31',
      ),
    ([customer = ''], options) => propose(customer, options),
  );
  does(
    plan
      .command('policy')
      .argument('[file]', 'YAML of a policy (default: the one in force)')
      .description('says what is wrong in a policy, with line numbers; needs nothing that runs')
      .addHelpText('after', '\nExample:\n  $ keepwell plan policy campaigns/policies/credit-policy.yaml'),
    ([file]) => validate(file ?? SHIPPED_POLICY),
  );
}

async function readPolicyFile(file: string): Promise<YamlReading<RepaymentPolicy>> {
  const { readFile } = await import('node:fs/promises');
  const { readRepaymentPolicy } = await import('../../domain/repayment-policy.js');
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : (cause.code ?? cause.message);
    throw new Error(`"${file}" can't be read (${why}); name the YAML file of a policy.`, { cause });
  });
  return readRepaymentPolicy(text, file);
}

/** @throws Error when the bank's own policy is broken: then nobody can say which plans need no approval */
async function ownDigest(): Promise<string> {
  const { definitionDigest } = await import('../../store/definition-digest.js');
  const own = await readPolicyFile(SHIPPED_POLICY);
  if (own.ok) return definitionDigest(own.definition);
  throw new Error('the bank\'s own policy is broken; "keepwell plan policy" says where.');
}

async function refused(reading: YamlReading<RepaymentPolicy> & { ok: false }): Promise<Answer> {
  const { describeProblems } = await import('../../domain/definition-file.js');
  return { data: reading, text: () => describeProblems(reading.problems), failed: true };
}

async function validate(file: string): Promise<Answer> {
  const reading = await readPolicyFile(file);
  if (!reading.ok) return refused(reading);
  const { policy } = reading.definition;
  return { data: { ok: true, policy, problems: [] }, text: () => `${file} is a valid policy (${policy}).` };
}

async function propose(customer: string, options: ProposeOptions): Promise<Answer> {
  const by = await byOption(options.by);
  const reading = await readPolicyFile(options.policy);
  if (!reading.ok) return refused(reading);
  const { RHYTHMS } = await import('../../domain/repayment-policy.js');
  const every = RHYTHMS.find((rhythm) => rhythm === options.every);
  if (!every) throw new WrongUsage(`--every is ${RHYTHMS.join(' or ')}, not "${options.every}".`);
  return withBank(async (desk) => {
    const { installation, database, now } = desk;
    const { currency, zone } = installation;
    const terms = await termsOf(options, every, currency);
    const customerRef = await customerThere(desk, customer);
    const accountRef = await accountOf(desk, customerRef, options.account);
    const statedIncome = options.income === undefined ? null : await amountOf('--income', options.income, currency);
    const { proposeRepaymentPlan } = await import('../../store/plan-proposals.js');
    const ownPolicyDigest = await ownDigest();
    const asked = { customerRef, accountRef, policy: reading.definition, ownPolicyDigest, terms, statedIncome };
    const proposing = await proposeRepaymentPlan(database, { ...asked, by, zone, currency, at: now() });
    if (proposing.verdict === 'refused') {
      const { PLAN_REFUSALS } = await import('../../domain/plan-proposal.js');
      const why = proposing.reasons.map((reason) => `- ${PLAN_REFUSALS[reason]}`).join('\n');
      const fits = fitWords(proposing.fits, every, currency);
      return { data: proposing, text: () => `No plan is proposed:\n${why}\n${fits}`, failed: true };
    }
    const { plan, instalments } = proposing;
    const rows = instalments.map((one) => [one.number, one.dueOn, money(one.amount, currency)]);
    const { APPROVAL_WORDS } = await import('../../domain/plan-proposal.js');
    const approval = plan.approval.map((reason) => APPROVAL_WORDS[reason]).join('; ');
    const after = approval === '' ? '' : `\n\nOnce agreed, another person has to approve it: ${approval}.`;
    const head = `${plan.planRef} is proposed to ${customerRef}: ${money(plan.total, currency)} on ${accountRef}. When the customer has agreed: keepwell plan agree ${plan.planRef}`;
    const text = async () => `${head}\n\n${await table(['no', 'due', 'amount'], rows, '')}${after}`;
    return {
      data: { verdict: 'proposed', planRef: plan.planRef, accountRef, approval: plan.approval, instalments },
      text,
    };
  });
}

async function termsOf({ total, instalments, firstDue }: ProposeOptions, every: Rhythm, currency: string) {
  const { plainDate } = await import('../../domain/types.js');
  const count = Number(instalments);
  if (!(Number.isInteger(count) && count >= 1))
    throw new WrongUsage(`--instalments is a whole number from 1 on, not "${instalments}".`);
  try {
    const day = plainDate(firstDue);
    return { total: await amountOf('--total', total, currency), instalments: count, firstDue: day, every };
  } catch (error) {
    if (error instanceof RangeError) throw new WrongUsage(`--first-due: ${error.message}.`);
    throw error;
  }
}

async function amountOf(option: string, text: string, currency: string): Promise<Minor> {
  const { moneyOf } = await import('../../domain/money-text.js');
  const amount = moneyOf(text, currency);
  if (amount === null)
    throw new WrongUsage(`${option} is an amount of ${currency} like 6000 or 6000.50, not "${text}".`);
  return amount;
}

async function customerThere({ database }: BankDesk, customer: string): Promise<CustomerRef> {
  const { findCustomer } = await import('../../store/reads/customer.js');
  const found = await findCustomer(database, customer);
  if (found) return found.customerRef;
  throw new Error(
    `there is no customer "${customer}"; check the reference (it begins with c; it is no name and no account number).`,
  );
}

/** The account that is named, or the one that is deepest in the red. */
async function accountOf({ database }: BankDesk, customerRef: CustomerRef, named?: string): Promise<AccountRef> {
  const { accountsByDebt } = await import('../../store/repayments.js');
  const accounts = await accountsByDebt(database, customerRef);
  const there = accounts.map(({ accountRef, kind }) => `${accountRef} (${kind})`).join(', ') || 'none';
  if (named === undefined) {
    const deepest = accounts[0];
    if (deepest && deepest.balance < 0n) return deepest.accountRef;
    throw new Error(`no account of ${customerRef} is in the red; name one with --account: ${there}.`);
  }
  const found = accounts.find(({ accountRef }) => accountRef === named);
  if (found) return found.accountRef;
  throw new Error(`${customerRef} has no open account "${named}"; there is: ${there}.`);
}

function fitWords(fits: Fit | null, every: Rhythm, currency: string): string {
  if (!fits) return 'Nothing of this kind would fit.';
  const { fewest, most, largest, smallest, firstDueFrom, firstDueUntil } = fits;
  const often = every === 'month' ? 'monthly' : 'fortnightly';
  const count = fewest === most ? `${fewest}` : `${fewest} to ${most}`;
  const amounts =
    fewest === most ? money(largest, currency) : `${money(largest, currency)} to ${money(smallest, currency)}`;
  return `What would fit: ${count} ${often} instalments (${amounts}), the first due from ${firstDueFrom} to ${firstDueUntil}.`;
}
