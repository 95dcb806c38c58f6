import { assertClockAllowed } from '../../config/clock-guard.js';
import { WALL_CLOCK } from '../../domain/business-clock.js';

const own = { temporal: true, database: true, smtp: true };
const fast = { origin: 0, anchor: 0, rate: 8640 };

test('a clock of rate 1 may talk to anybody', () => {
  expect(() => assertClockAllowed(WALL_CLOCK, { temporal: false, database: false, smtp: false })).not.toThrow();
});

test('a faster clock may talk to what Keepwell started', () => {
  expect(() => assertClockAllowed(fast, own)).not.toThrow();
});

test.each([
  [{ temporal: false }, 'Temporal'],
  [{ database: false }, 'Postgres'],
  [{ smtp: false }, 'the mail server'],
  [{ temporal: false, smtp: false }, 'Temporal and the mail server'],
])('a faster clock is refused where %j', (foreign, name) => {
  expect(() => assertClockAllowed(fast, { ...own, ...foreign })).toThrow(
    `8640 times as fast as the wall's, which is for demos and tests, but Keepwell did not start ${name} itself; use`,
  );
});
