import { performance } from 'node:perf_hooks';

export interface Rate {
  /** operations done in a second of wall time */
  perSecond: number;
  /** operations that ended with an error; their first one in words */
  errors: number;
  firstError: string | null;
}

/** Has so many clients do one operation after the other for a while, each on its own. */
export async function rate(
  clients: number,
  milliseconds: number,
  operation: (client: number, n: number) => Promise<unknown>,
): Promise<Rate> {
  let done = 0;
  let errors = 0;
  let firstError: string | null = null;
  const began = performance.now();
  const until = began + milliseconds;
  const work = async (client: number): Promise<void> => {
    for (let n = 0; performance.now() < until; n += 1)
      try {
        await operation(client, n);
        done += 1;
      } catch (error) {
        errors += 1;
        firstError ??= error instanceof Error ? error.message : String(error);
      }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  return { perSecond: (done * 1000) / (performance.now() - began), errors, firstError };
}

/** The middle of an odd number of figures. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError('the median of nothing');
  return middle;
}
