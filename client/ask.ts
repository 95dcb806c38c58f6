import type { Client } from '@temporalio/client';
import { askAgain } from '../config/ask-again.js';

/** A person waits this long (ms) for a run's answer; what was asked may still happen after it. */
export const ANSWER_LIMIT_MS = 30_000;

/** Asks a run, and gives up after ANSWER_LIMIT_MS instead of hanging where no worker is there to answer. */
export function askWithin<Answer>(client: Client, ask: () => Promise<Answer>): Promise<Answer> {
  return client.withDeadline(Date.now() + ANSWER_LIMIT_MS, () => askAgain(ask));
}
