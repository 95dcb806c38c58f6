import pino from 'pino';

/** What must never be in a log: a log is kept by other people, under other rules, than the database. */
const PERSONAL_KEYS = ['email', 'phone', 'name', 'address', 'text', 'narrative'];

/** How deep below a logged object a personal key is still found. */
const REDACTED_DEPTH = 3;

/**
 * A log that writes one JSON document a line to stderr (stdout belongs to the answers of commands).
 * The level is KEEPWELL_LOG_LEVEL (default info); personal keys are replaced wherever they stand up to three levels deep.
 * @param name the part of Keepwell that speaks, such as "worker"; appears as `part`
 * @throws Error with a sentence when KEEPWELL_LOG_LEVEL is no level
 */
export function createLog(name: string): pino.Logger {
  const level = process.env['KEEPWELL_LOG_LEVEL'] || 'info';
  if (!(level in pino.levels.values) && level !== 'silent') {
    const known = [...Object.keys(pino.levels.values), 'silent'].join(', ');
    throw new Error(`KEEPWELL_LOG_LEVEL is "${level}"; set it to one of ${known}.`);
  }
  const paths = PERSONAL_KEYS.flatMap((key) =>
    Array.from({ length: REDACTED_DEPTH }, (_, depth) => `${'*.'.repeat(depth)}${key}`),
  );
  // `name` is a personal key, so the speaker stands under another one.
  const base = { part: name, pid: process.pid };
  const serializers = { err: describeError, error: describeError };
  return pino(
    { level, base, serializers, redact: { paths, censor: '[personal]' } },
    pino.destination({ dest: 2, sync: true }),
  );
}

/**
 * What may be told of an error: never its other fields. Postgres puts the row that it refused into `detail`, and that is
 * a customer.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { kind: typeof error };
  const { code } = error as { code?: unknown };
  return {
    kind: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
