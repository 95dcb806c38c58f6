import { isOver, refusalIn } from '../../domain/refusal.js';

/** Codes of a database or a network that did not answer. */
const SILENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  '57P03',
  '57P01',
  '53300',
]);
/** gRPC: deadline exceeded, unavailable. */
const GRPC_SILENT = new Set([4, 14]);
const MISSING_ROLE = '22023';

/**
 * Any error as a sentence for a person: what happened and what to do. A bank's refusal keeps its own words; what nobody
 * foresaw keeps its message, and KEEPWELL_LOG_LEVEL=debug adds where it happened.
 */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const refusal = refusalIn(error);
  if (refusal !== null) return refusal;
  if (isOver(error)) return 'it is too late for that: the run is past it; "keepwell journey show" tells how it ended.';
  const code = codeOf(error);
  if (error.name === 'WorkflowNotFoundError')
    return 'Temporal knows no such run: it has ended and was cleared away, or it has not started yet; "keepwell journey show" tells what the records say.';
  if (error.name === 'ScheduleNotFoundError') return 'there is no such schedule; restart npm start, which makes it.';
  if (error.name === 'WorkflowUpdateRPCTimeoutOrCancelledError')
    return 'the run did not answer in time; look with "keepwell doctor" whether a worker is there, and try again.';
  const { code: grpc } = (error.cause ?? {}) as { code?: unknown };
  if (error.name === 'ServiceError' && GRPC_SILENT.has(Number(grpc)))
    return 'Temporal or its worker did not answer in time; look with "keepwell doctor" what is not running.';
  if (code !== null && SILENT.has(code))
    return `Postgres does not answer (${code}); look with "keepwell doctor" what is not running.`;
  if (code === MISSING_ROLE)
    return 'the database is not set up for Keepwell yet; run npm start, or "keepwell prepare".';
  return error.message || error.name;
}

function codeOf(error: Error): string | null {
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string') return code;
  // a host with two addresses fails twice
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return first instanceof Error ? codeOf(first) : null;
}
