import type { Say } from './home.js';

/** npm passes Ctrl-C on although the terminal gave it to us already: what comes so soon after the first is the same. */
const SAME_PRESS_MS = 1_000;

/** That the person, or the system, wants this process to end. */
export interface StopRequest {
  readonly isAsked: boolean;
  /** resolves at the first Ctrl-C, SIGTERM or closed terminal */
  readonly asked: Promise<void>;
  /** resolves at the second */
  readonly hurried: Promise<void>;
}

/** Listens for signals from now on; none of them ends this process any more. */
export function listenForStop(say: Say): StopRequest {
  let firstAt: number | null = null;
  let onAsked: () => void = () => undefined;
  let onHurried: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => (onAsked = resolve));
  const hurried = new Promise<void>((resolve) => (onHurried = resolve));
  const hear = (): void => {
    if (firstAt === null) {
      firstAt = Date.now();
      say('Stopping; workers finish what they have in hand. Ctrl-C again hurries.');
      onAsked();
    } else if (Date.now() - firstAt > SAME_PRESS_MS) {
      onHurried();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear);
  return {
    get isAsked() {
      return firstAt !== null;
    },
    asked,
    hurried,
  };
}
