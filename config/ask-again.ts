import { setTimeout as pause } from 'node:timers/promises';

/** gRPC: FAILED_PRECONDITION and ABORTED, with which the server drops an update whose workflow task had to be done again. */
const DROPPED_CODES = [9, 10];
const MOST_TRIES = 5;
const PAUSE_MS = 300;

/**
 * Asks a run once more when the server dropped the question because a workflow task failed under it (its worker died, or
 * something else happened to the run at the same moment): nothing was done, and the server leaves the asking again to us.
 * @param ask carries an update id of its own, or does no harm when it is asked twice
 * @throws what the last of MOST_TRIES threw, and at once whatever is no dropped question
 */
export async function askAgain<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === MOST_TRIES || !wasDropped(error)) throw error;
      await pause(PAUSE_MS);
    }
  }
}

function wasDropped(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'ServiceError') return false;
  const code: unknown = error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  return DROPPED_CODES.some((dropped) => dropped === code);
}
