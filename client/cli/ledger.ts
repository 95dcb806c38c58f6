import { Option, type Command } from 'commander';
import type { LedgerAccount, PostingId } from '../../domain/types.js';
import type { AccountLine, LedgerAccountView } from '../../store/reads/ledger.js';
import { withBank } from './context.js';
import { pastOption } from './instant-option.js';
import { limitOption } from './journey.js';
import { exactAmount, LEDGER_FORMATS, type LedgerFormat } from './ledger-formats.js';
import { does, facts, iso, say, table, when, WrongUsage, type Answer } from './output.js';

/** `ledger export|verify|show|reverse` */
export function addLedger(program: Command): void {
  const ledger = program.command('ledger').description('the books of points and redress: every posting, for auditors');
  addExport(ledger);
  does(
    ledger
      .command('verify')
      .description('asks the books everything that must be true of them; exit 1 when something is not')
      .addHelpText('after', '\nExample:\n  $ keepwell ledger verify'),
    () => verify(),
  );
  does<{ asOf?: string; limit: string }>(
    ledger
      .command('show')
      .argument('<account>', 'its name, for instance customer:c42 or campaign-budget:keep-your-tier')
      .option('--as-of <instant>', 'as it was then: a past day (its end), or a past time with its zone (default: now)')
      .option('--limit <n>', 'how many postings at most, 1 to 1000', '20')
      .description('what an account holds, or held at a past instant, and its newest postings')
      .addHelpText('after', '\nExample:\n  $ keepwell ledger show customer:c42 --as-of 2026-10-31'),
    ([account = ''], options) => show(account, options),
  );
  does<{ reason: string; by: string }>(
    ledger
      .command('reverse')
      .argument('<posting>', 'its number, from "ledger show" or "points statement"')
      .requiredOption('--reason <text>', 'why, for the books; no personal data')
      .requiredOption('--by <name>', "who takes it back, for the customer's record of decisions")
      .description('takes a posting back by another that points at it; a second time changes nothing')
      .addHelpText(
        'after',
        '\nExample:\n  $ keepwell ledger reverse 4711 --reason "given to the wrong customer" --by "Chen Yu"',
      ),
    ([posting = ''], options) => reverse(posting, options),
  );
}

interface ExportOptions {
  format: LedgerFormat;
  until?: string;
  out?: string;
  json?: boolean;
}

/** Without --out the export itself is what stands on stdout, so it is no answer like the others. */
function addExport(ledger: Command): void {
  const command = ledger
    .command('export')
    .addOption(
      new Option('--format <format>', 'csv, or hledger for that program').choices(LEDGER_FORMATS).makeOptionMandatory(),
    )
    .option(
      '--until <instant>',
      'up to and including: a past day (its end), or a past time with its zone (default: all)',
    )
    .option('--out <file>', 'a file, which is there as a whole or not at all (default: stdout)')
    .description('writes all postings as they are at one moment, for a program that checks them without Keepwell')
    .addHelpText(
      'after',
      '\nExample:\n  $ keepwell ledger export --format hledger --out books.journal\n  $ hledger check --strict ordereddates -f books.journal',
    );
  command.action(async () => {
    const { out, ...options } = command.optsWithGlobals<ExportOptions>();
    if (out === undefined) await toStdout(options);
    else await toFile(out, options);
  });
}

async function toStdout({ format, until, json }: Omit<ExportOptions, 'out'>): Promise<void> {
  if (json) throw new WrongUsage('--json tells about a file; add --out, or leave --json out.');
  const { exportLedger } = await import('./ledger-export.js');
  try {
    const done = await withBank(async ({ database, installation: { zone }, now }) => {
      const upTo = until === undefined ? null : await pastOption('--until', until, zone, now());
      return exportLedger(database, { format, until: upTo }, process.stdout);
    });
    say(`${done.postings} postings; SHA-256 ${done.sha256}`);
  } catch (error) {
    // whoever read it has enough, like head
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

async function toFile(file: string, { format, until, json }: Omit<ExportOptions, 'out'>): Promise<void> {
  const { exportLedgerFile } = await import('./ledger-export.js');
  const { toJson } = await import('./output.js');
  await withBank(async ({ database, installation: { zone }, now }) => {
    const upTo = until === undefined ? null : await pastOption('--until', until, zone, now());
    const done = await exportLedgerFile(database, { format, until: upTo }, file);
    const words = `${file} has ${done.postings} postings; SHA-256 ${done.sha256}.`;
    process.stdout.write(`${json ? toJson({ file, format, until: iso(upTo), ...done }) : words}\n`);
  });
}

function verify(): Promise<Answer> {
  return withBank(async ({ database }) => {
    const { verifyLedger } = await import('../../store/reads/ledger-verification.js');
    const verdict = await verifyLedger(database);
    const { whole, accounts, postings, checks } = verdict;
    const lines = checks.flatMap(({ check, says, against, found }) => [
      `${found === 0 ? 'ok    ' : 'failed'}  ${check.padEnd(16)}  ${says}`,
      ...against.map((finding) => `          ${finding}`),
      ...(found > against.length ? [`          and ${found - against.length} more`] : []),
    ]);
    const last = whole
      ? `The books are whole: ${postings} postings, ${accounts} accounts.`
      : `The books are not whole; docs/ledger.md says what to do ("When verify says no").`;
    return { data: verdict, text: () => `${lines.join('\n')}\n\n${last}`, failed: !whole };
  });
}

function show(account: string, options: { asOf?: string; limit: string }): Promise<Answer> {
  return withBank(async ({ database, installation: { zone }, now }) => {
    const { inSnapshot, readLedgerAccount, MAX_ACCOUNT_LINES } = await import('../../store/reads/ledger.js');
    const limit = limitOption(options.limit, MAX_ACCOUNT_LINES);
    const asOf = options.asOf === undefined ? undefined : await pastOption('--as-of', options.asOf, zone, now());
    const found = await inSnapshot(database, (sql) => readLedgerAccount(sql, account as LedgerAccount, limit, asOf));
    if (!found)
      throw new Error(
        `the ledger has no account "${account}"; an account is opened by its first posting and named <kind>[:<currency>][:<whose>], for instance customer:c42 (docs/ledger.md).`,
      );
    const head = facts([
      ['account', found.account],
      ['what', found.what],
      ['holds', `${exactAmount(found.balance, found.unit)} ${found.unit}`],
      ['as of', asOf === undefined ? 'now' : when(asOf, zone)],
      ['may go below zero', found.guard === 'none' ? 'yes' : 'no'],
      ['postings', found.postings],
    ]);
    const data = {
      ...found,
      asOf: iso(asOf ?? null),
      lines: found.lines.map((line) => ({ ...line, at: iso(line.at) })),
    };
    return { data, text: async () => `${head}\n\n${await linesTable(found, zone)}` };
  });
}

function linesTable({ lines, unit }: LedgerAccountView, zone: string): Promise<string> {
  const amountOf = ({ amount }: AccountLine): string => `${amount > 0n ? '+' : ''}${exactAmount(amount, unit)}`;
  const rows = lines.map((line) => [
    line.postingId,
    when(line.at, zone),
    line.reverses === null ? line.kind : `reversal of ${line.reverses}`,
    amountOf(line),
    line.other,
    line.memo,
  ]);
  return table(['posting', 'when', 'kind', unit, 'from or to', 'for'], rows, 'Nothing was posted to it by then.');
}

function reverse(posting: string, { reason, by }: { reason: string; by: string }): Promise<Answer> {
  if (!/^\d{1,18}$/.test(posting)) throw new WrongUsage(`a posting is named by its number, not "${posting}".`);
  return withBank(async ({ database, now }) => {
    const { Overdrawn } = await import('../../store/ledger.js');
    const { correct } = await import('../../store/ledger-corrections.js');
    const order = { postingId: BigInt(posting) as PostingId, reason, by, at: now() };
    try {
      const { postingId, isNew } = await database.transaction((sql) => correct(sql, order));
      const words = isNew
        ? `Posting ${posting} is taken back by posting ${postingId}; the customer's record of decisions says by whom.`
        : `Posting ${posting} was taken back before, by posting ${postingId}; nothing was changed.`;
      return { data: { reversed: posting, by: postingId, isNew }, text: () => words };
    } catch (error) {
      if (error instanceof Overdrawn)
        throw new Error(`posting ${posting} can't be taken back: ${error.account} does not hold that much any more.`, {
          cause: error,
        });
      throw error;
    }
  });
}
