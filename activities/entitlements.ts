import type { PlainDate } from '../domain/types.js';
import { evaluateEntitlements, type EntitlementCounts } from '../store/entitlements.js';
import { now, type Dependencies } from './dependencies.js';
import { whileBeating } from './round.js';

/** Loyal customers' entitlements, over the whole bank; may be run twice and does its work once. */
export function entitlementActivities(deps: Dependencies) {
  return {
    evaluateEntitlements: (input: { asOf: PlainDate }): Promise<EntitlementCounts> =>
      whileBeating(evaluateEntitlements(deps.database, { asOf: input.asOf, at: now(deps.bank) })),
  };
}
export type EntitlementActivities = ReturnType<typeof entitlementActivities>;
