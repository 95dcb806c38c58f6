import type { Command } from 'commander';
import type { CustomerRef } from '../../domain/types.js';
import { withBank, type BankDesk } from './context.js';
import { limitOption } from './journey.js';
import { does, iso, table, when, WrongUsage, type Answer } from './output.js';

/** `rewards balance|statement` */
export function addRewards(program: Command): void {
  const rewards = program.command('rewards').description("customers' points, from the ledger");
  does(
    rewards
      .command('balance')
      .argument('<reference>', 'for instance c42')
      .description('how many points a customer has')
      .addHelpText('after', '\nExample:\n  $ keepwell rewards balance c42'),
    ([reference = '']) => balance(reference),
  );
  does<{ limit: string; before?: string }>(
    rewards
      .command('statement')
      .argument('<reference>', 'for instance c42')
      .option('--limit <n>', 'how many postings at most, 1 to 1000', '50')
      .option('--before <posting>', 'the last posting of the page before')
      .description('what came and went, the newest first')
      .addHelpText('after', '\nExample:\n  $ keepwell rewards statement c42 --json'),
    ([reference = ''], options) => statement(reference, options),
  );
}

async function known({ database }: BankDesk, reference: string): Promise<CustomerRef> {
  const { findCustomer } = await import('../../store/reads/customer.js');
  const customer = await findCustomer(database, reference);
  if (!customer)
    throw new Error(
      `there is no customer "${reference}"; check the reference (it begins with c; it is no name and no account number).`,
    );
  return customer.customerRef;
}

function balance(reference: string): Promise<Answer> {
  return withBank(async (desk) => {
    const customerRef = await known(desk, reference);
    const { customerAccount, ledgerBalance } = await import('../../store/ledger.js');
    const points = await ledgerBalance(desk.database, customerAccount(customerRef));
    return { data: { customerRef, points }, text: () => `${customerRef} has ${points} points.` };
  });
}

async function statement(reference: string, options: { limit: string; before?: string }): Promise<Answer> {
  const { readStatement, MAX_STATEMENT_LINES } = await import('../../store/reads/rewards.js');
  const limit = limitOption(options.limit, MAX_STATEMENT_LINES);
  if (options.before !== undefined && !/^\d{1,18}$/.test(options.before))
    throw new WrongUsage(`--before wants the number of a posting, not "${options.before}".`);
  const before = options.before === undefined ? undefined : BigInt(options.before);
  return withBank(async (desk) => {
    const customerRef = await known(desk, reference);
    const { lines, more } = await readStatement(desk.database, customerRef, limit, before);
    const last = lines.at(-1)?.postingId;
    const rows = lines.map((line) => [
      line.postingId,
      when(line.at, desk.installation.zone),
      line.points > 0n ? `+${line.points}` : line.points,
      line.balance,
      line.memo,
    ]);
    const next = more ? `\n\nThere are more: add --before ${last}` : '';
    const text = async (): Promise<string> =>
      `${await table(['posting', 'when', 'points', 'balance', 'for'], rows, `No points were ever posted to ${customerRef}.`)}${next}`;
    const data = { customerRef, lines: lines.map((line) => ({ ...line, at: iso(line.at) })), next: more ? last : null };
    return { data, text };
  });
}
