import type { Command } from 'commander';
import type { ComplaintRef } from '../../domain/types.js';
import type { ComplaintSummary } from '../../store/reads/complaint.js';
import type { ComplaintState } from '../../workflows/contract.js';
import { withBank, type BankDesk } from './context.js';
import { limitOption } from './journey.js';
import { does, iso, table, when, WrongUsage, type Answer } from './output.js';

/** `complaint list|assign|resolve` */
export function addComplaint(program: Command): void {
  const complaint = program.command('complaint').description('complaints and their statutory clock');
  does<{ open?: boolean; limit: string; after?: string }>(
    complaint
      .command('list')
      .option('--open', 'only those that nobody has answered yet')
      .option('--limit <n>', 'how many at most, 1 to 1000', '50')
      .option('--after <reference>', 'the last complaint of the page before')
      .description('complaints, those due first on top')
      .addHelpText('after', '\nExample:\n  $ keepwell complaint list --open'),
    (_args, options) => list(options),
  );
  does<{ to: string }>(
    complaint
      .command('assign')
      .argument('<reference>', 'for instance K-2026-0000042')
      .requiredOption('--to <handler>', 'who handles it; never the manager complained about')
      .description('gives a complaint to somebody')
      .addHelpText('after', '\nExample:\n  $ keepwell complaint assign K-2026-0000042 --to h7'),
    ([reference = ''], options) => assign(reference, options.to),
  );
  does<{ by: string; text?: string; textFile?: string }>(
    complaint
      .command('resolve')
      .argument('<reference>', 'for instance K-2026-0000042')
      .requiredOption('--by <handler>', 'who answers')
      .option('--text <text>', 'the answer to the customer')
      .option('--text-file <file>', 'a file with the answer; - reads it from the input')
      .description('answers a complaint for good; the customer gets the text by mail')
      .addHelpText('after', '\nExample:\n  $ keepwell complaint resolve K-2026-0000042 --by h7 --text-file answer.txt'),
    ([reference = ''], options) => resolve(reference, options),
  );
}

async function list(options: { open?: boolean; limit: string; after?: string }): Promise<Answer> {
  const { listComplaints, MAX_COMPLAINTS_LISTED } = await import('../../store/reads/complaint.js');
  const limit = limitOption(options.limit, MAX_COMPLAINTS_LISTED);
  return withBank(async ({ database, installation, now }) => {
    const after = options.after as ComplaintRef | undefined;
    const { complaints, more } = await listComplaints(database, { open: options.open, after, limit });
    const at = now();
    const head = ['complaint', 'customer', 'state', 'opened', 'due', 'handler', 'not by', 'rules'];
    const rows = complaints.map((c) => [
      c.complaintRef,
      c.customerRef,
      stateWords(c, at),
      when(c.openedAt, installation.zone),
      when(c.dueAt, installation.zone),
      c.handlerRef,
      c.aboutManagerRef,
      c.ruleSet,
    ]);
    const last = complaints.at(-1)?.complaintRef;
    const next = more ? `\n\nThere are more: add --after ${last}` : '';
    const text = async (): Promise<string> => `${await table(head, rows, 'No such complaint.')}${next}`;
    return { data: { complaints: complaints.map(forPrograms), next: more ? last : null }, text };
  });
}

function forPrograms(complaint: ComplaintSummary): object {
  return {
    ...complaint,
    openedAt: iso(complaint.openedAt),
    dueAt: iso(complaint.dueAt),
    acknowledgedAt: iso(complaint.acknowledgedAt),
    escalatedAt: iso(complaint.escalatedAt),
    resolvedAt: iso(complaint.resolvedAt),
  };
}

/** Where a complaint stands, for people; `at` is business time. */
export function stateWords(complaint: ComplaintSummary, at: number): string {
  const letters = complaint.undelivered.length > 0 ? '; LETTER NOT DELIVERED' : '';
  return `${clockWords(complaint, at)}${letters}`;
}

function clockWords(complaint: ComplaintSummary, at: number): string {
  if (complaint.resolvedAt !== null) return complaint.resolvedAt > complaint.dueAt ? 'answered late' : 'answered';
  if (complaint.escalatedAt !== null) return `escalated to ${complaint.escalatedTo}`;
  const overdue = at > complaint.dueAt ? ', overdue' : '';
  return `${complaint.handlerRef === null ? 'waits for a handler' : 'in work'}${overdue}`;
}

async function found({ database }: BankDesk, reference: string): Promise<ComplaintSummary> {
  const { findComplaint } = await import('../../store/reads/complaint.js');
  const complaint = await findComplaint(database, reference);
  if (complaint) return complaint;
  throw new Error(`there is no complaint "${reference}"; "keepwell complaint list" shows what there is.`);
}

function assign(reference: string, handlerRef: string): Promise<Answer> {
  return withBank(async (desk) => {
    const complaint = await found(desk, reference);
    const client = await desk.temporal();
    const { assignComplaint } = await import('../../workflows/contract.js');
    const { askWithin } = await import('../ask.js');
    const state = await askWithin(client, () =>
      client.workflow.getHandle(complaint.workflowId).executeUpdate(assignComplaint, { args: [{ handlerRef }] }),
    );
    return told(state, `${reference} is given to ${handlerRef}`, desk.installation.zone);
  });
}

async function resolve(reference: string, options: { by: string; text?: string; textFile?: string }): Promise<Answer> {
  const body = await readAnswer(options);
  return withBank(async (desk) => {
    const complaint = await found(desk, reference);
    if (complaint.resolvedAt !== null) throw new Error(`${reference} was answered already by ${complaint.resolvedBy}.`);
    const client = await desk.temporal();
    const { insertText } = await import('../../store/texts.js');
    const { randomUUID } = await import('node:crypto');
    const { resolveComplaint } = await import('../../workflows/contract.js');
    const { askWithin } = await import('../ask.js');
    // the words stay in the database; only their id travels
    const textId = randomUUID();
    await insertText(desk.database, { textId, customerRef: complaint.customerRef, body, receivedAt: desk.now() });
    const answer = { handlerRef: options.by, textId };
    const state = await askWithin(client, () =>
      client.workflow.getHandle(complaint.workflowId).executeUpdate(resolveComplaint, { args: [answer] }),
    );
    return told(
      state,
      `${reference} is answered by ${options.by}; the customer gets the text by mail`,
      desk.installation.zone,
    );
  });
}

async function readAnswer(options: { text?: string; textFile?: string }): Promise<string> {
  const { text, textFile } = options;
  if ((text === undefined) === (textFile === undefined))
    throw new WrongUsage('give the answer to the customer with either --text or --text-file.');
  const { readFile } = await import('node:fs/promises');
  const { text: readInput } = await import('node:stream/consumers');
  const read = async (file: string): Promise<string> =>
    (file === '-' ? readInput(process.stdin) : readFile(file, 'utf8')).catch((cause: NodeJS.ErrnoException) => {
      throw new Error(`"${file}" can't be read (${cause.code ?? cause.message}); name a text file.`, { cause });
    });
  const body = (text ?? (await read(textFile ?? ''))).trim();
  const { MAX_TEXT_CHARS } = await import('../../store/texts.js');
  if (body === '' || [...body].length > MAX_TEXT_CHARS || body.includes('\0'))
    throw new WrongUsage(`the answer is 1 to ${MAX_TEXT_CHARS} characters of text.`);
  return body;
}

function told(state: ComplaintState, words: string, zone: string): Answer {
  const due = state.step === 'resolved' ? '' : ` It is due on ${when(state.dueAt, zone)}.`;
  return { data: { ...state, dueAt: iso(state.dueAt) }, text: () => `${words}.${due}` };
}
