import type { Language } from '../../domain/types.js';
import type { RefusalWords } from './words.js';

/** A page that can't be shown, and the words that say why and what to do; thrown anywhere, turned into a page once. */
export class PageRefusal extends Error {
  override readonly name = 'PageRefusal';
  /** what the visitor wrote, shown again so that it can be copied */
  typed = '';
  constructor(
    readonly status: number,
    readonly words: RefusalWords,
    /** the customer's, where the customer is known */
    readonly language: Language | null = null,
    /** the bank's own sentence, when its rule said no */
    readonly because: string | null = null,
  ) {
    super(because ?? words);
  }
}

/** Postgres: connection lost or refused, server starting or stopping, too many connections; the same from the system. */
const OUTAGE_CODES = /^(08|53|57P)|^(ECONN(REFUSED|RESET)|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN)$/;
const OUTAGE_NAMES = new Set(['ServiceError', 'WorkflowUpdateRPCTimeoutOrCancelledError', 'Outage']);

/** Whether an error says that a server is away for now, rather than that something is broken here. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (OUTAGE_NAMES.has(error.name) || OUTAGE_CODES.test(codeOf(error))) return true;
  // pg gives these two no code
  if (/^(timeout exceeded when trying to connect|Connection terminated)/.test(error.message)) return true;
  return error.cause !== undefined && isOutage(error.cause);
}

/** An error for the log: an error of Postgres carries rows in its detail, and those are personal. */
export function logged(error: unknown): { kind: string; code: string; reason: string; at: string } {
  if (!(error instanceof Error))
    return { kind: typeof error, code: '', reason: 'something other than an error was thrown', at: '' };
  const at = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  return { kind: error.name, code: codeOf(error), reason: error.message, at: at?.trim() ?? '' };
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' || typeof code === 'number' ? String(code) : '';
}
