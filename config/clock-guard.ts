import type { BusinessClock } from '../domain/business-clock.js';
import type { Surroundings } from './surroundings.js';

const PARTS = { temporal: 'Temporal', database: 'Postgres', smtp: 'the mail server' } as const;

/**
 * A clock that runs faster than the wall is for the demo and tests: it must never write to customers of a real bank, so
 * it is refused unless Keepwell started all of its surroundings itself.
 * @throws Error that names the part that Keepwell did not start
 */
export function assertClockAllowed(clock: BusinessClock, embedded: Surroundings['embedded']): void {
  if (clock.rate === 1) return;
  const foreign = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((part) => !embedded[part]);
  if (foreign.length === 0) return;
  throw new Error(
    `this installation's clock runs ${clock.rate} times as fast as the wall's, which is for demos and tests, ` +
      `but Keepwell did not start ${foreign.map((part) => PARTS[part]).join(' and ')} itself; ` +
      'use a bank whose clock has rate 1, or surroundings that npm start made',
  );
}
