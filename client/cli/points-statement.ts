import type { Command } from 'commander';
import type { CustomerRef } from '../../domain/types.js';
import type { Expiring } from '../../store/reads/points.js';
import { withBank, type BankDesk } from './context.js';
import { limitOption } from './journey.js';
import { does, iso, table, when, WrongUsage, type Answer } from './output.js';

/** Days of expiry that a statement shows to people, the first on top. */
const DAYS_SHOWN = 12;

/** `points balance|statement` */
export function addPointsStatement(points: Command): void {
  does(
    points
      .command('balance')
      .argument('<reference>', 'for instance c42')
      .description('how many points a customer has, and what of them expires next')
      .addHelpText('after', '\nExample:\n  $ keepwell points balance c42'),
    ([reference = '']) => balance(reference),
  );
  does<{ limit: string; before?: string }>(
    points
      .command('statement')
      .argument('<reference>', 'for instance c42')
      .option('--limit <n>', 'how many postings at most, 1 to 1000', '50')
      .option('--before <posting>', 'the last posting of the page before')
      .description('what came and went, the newest first, and what expires when')
      .addHelpText('after', '\nExample:\n  $ keepwell points statement c42 --json'),
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
    const { readPointsStanding } = await import('../../store/reads/points.js');
    const { inSnapshot } = await import('../../store/reads/ledger.js');
    const standing = await inSnapshot(desk.database, (sql) => readPointsStanding(sql, customerRef));
    const { balance: points, held, expiring } = standing;
    const kept = held > 0n ? `; ${held} more are held for orders` : '';
    const words = `${customerRef} has ${points} points${kept}.${nextInWords(expiring)}`;
    return { data: { customerRef, points, held, expiring }, text: () => words };
  });
}

function nextInWords([first]: readonly Expiring[]): string {
  if (!first) return '';
  return first.expiresOn === null
    ? ' They do not expire.'
    : ` Next to expire: ${first.points}, which are good until ${first.expiresOn}.`;
}

async function statement(reference: string, options: { limit: string; before?: string }): Promise<Answer> {
  const { readPointsStanding, readStatement, MAX_STATEMENT_LINES } = await import('../../store/reads/points.js');
  const { inSnapshot } = await import('../../store/reads/ledger.js');
  const limit = limitOption(options.limit, MAX_STATEMENT_LINES);
  if (options.before !== undefined && !/^\d{1,18}$/.test(options.before))
    throw new WrongUsage(`--before wants the number of a posting, not "${options.before}".`);
  const before = options.before === undefined ? undefined : BigInt(options.before);
  return withBank(async (desk) => {
    const customerRef = await known(desk, reference);
    const { lines, more, held, expiring } = await inSnapshot(desk.database, async (sql) => ({
      ...(await readStatement(sql, customerRef, limit, before)),
      ...(await readPointsStanding(sql, customerRef)),
    }));
    const last = lines.at(-1)?.postingId;
    const rows = lines.map((line) => [
      line.postingId,
      when(line.at, desk.installation.zone),
      line.points > 0n ? `+${line.points}` : line.points,
      line.balance,
      line.expiresOn,
      line.memo,
    ]);
    const head = ['posting', 'when', 'points', 'balance', 'good until', 'for'];
    const next = more ? `\n\nThere are more: add --before ${last}` : '';
    const text = async (): Promise<string> =>
      `${await table(head, rows, `No points were ever posted to ${customerRef}.`)}${next}${await expiringInWords(expiring)}`;
    const shown = lines.map((line) => ({ ...line, at: iso(line.at) }));
    return { data: { customerRef, lines: shown, next: more ? last : null, held, expiring }, text };
  });
}

async function expiringInWords(expiring: readonly Expiring[]): Promise<string> {
  if (expiring.length === 0) return '';
  const rows = expiring.slice(0, DAYS_SHOWN).map(({ expiresOn, points }) => [expiresOn ?? 'never', points]);
  const more = expiring.length > DAYS_SHOWN ? `\nand on ${expiring.length - DAYS_SHOWN} days after that` : '';
  return `\n\nWhat is left, spent in this order:\n${await table(['good until', 'points'], rows, '')}${more}`;
}
