import type { Logger } from 'pino';
import { checkBookedGoals } from '../activities/goals.js';
import type { RoundDependencies } from '../activities/round.js';

/** What the database notifies when something was booked for a customer in an open journey. */
const CHANNEL = 'keepwell_goal_looks';
/** Looked at all the same after this long, ms: a notification of a broken connection is lost. */
const LOOK_ANYWAY_MS = 30_000;
/** After a failure it is tried again this much later, ms. */
const TRY_AGAIN_MS = 1_000;

/**
 * Looks at a customer's goal as soon as something is booked, so that a wait that has no more point ends within the second.
 * The daily round looks at all goals besides: nothing depends on this but the speed.
 * @returns stops it, once the look under way is over
 */
export function watchGoals(deps: RoundDependencies, log: Logger): () => Promise<void> {
  let stopped = false;
  let wake: () => void = () => undefined;
  let unheard = true;
  const hear = (): void => {
    unheard = true;
    wake();
  };
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const watch = async (): Promise<void> => {
    let broken = false;
    const silence = await deps.database.listen(CHANNEL, hear, (error) => {
      broken = true;
      log.warn({ err: error }, 'the connection that hears of bookings broke; it is opened again');
      hear();
    });
    try {
      while (!stopped && !broken) {
        unheard = false;
        const met = await checkBookedGoals(deps);
        if (met > 0) log.info({ met }, 'goals met');
        if (!unheard && !stopped && !broken) await pause(LOOK_ANYWAY_MS);
      }
    } finally {
      silence();
    }
  };
  const running = (async () => {
    while (!stopped)
      try {
        await watch();
      } catch (error) {
        log.warn({ err: error }, 'goals could not be looked at; it is tried again');
        await pause(TRY_AGAIN_MS);
      }
  })();
  return async () => {
    stopped = true;
    wake();
    await running;
  };
}
