/** `ApplicationFailure.type` of an answer that is final: the bank's rule says no, and its message says why in words. */
export const BUSINESS_REFUSAL = 'BusinessRefusal';

/** Causes that are looked through; Temporal wraps a refusal in two or three. */
const MOST_CAUSES = 10;

/** `ApplicationFailure.type` of an answer that came when there was nothing left to answer: nobody did anything wrong. */
export const OVER = 'Over';

/** The words of a refusal by the bank's rules, wherever in the chain of causes it stands; null when it is none. */
export const refusalIn = (error: unknown): string | null => wordsOf(error, BUSINESS_REFUSAL);

/** Whether an answer came too late, wherever in the chain of causes that stands. */
export const isOver = (error: unknown): boolean => wordsOf(error, OVER) !== null;

function wordsOf(error: unknown, type: string): string | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < MOST_CAUSES; at = at.cause, depth += 1)
    if ('type' in at && at.type === type) return at.message;
  return null;
}
