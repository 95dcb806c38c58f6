/** `ApplicationFailure.type` of an answer that is final: the bank's rule says no, and its message says why in words. */
export const BUSINESS_REFUSAL = 'BusinessRefusal';

/** Causes that are looked through; Temporal wraps a refusal in two or three. */
const MOST_CAUSES = 10;

/** The words of a refusal by the bank's rules, wherever in the chain of causes it stands; null when it is none. */
export function refusalIn(error: unknown): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < MOST_CAUSES; at = at.cause, depth += 1)
    if ('type' in at && at.type === BUSINESS_REFUSAL) return at.message;
  return null;
}
