import { completedPeriods, type Period } from '../domain/tier-periods.js';
import {
  evaluatePeriod,
  newMemory,
  ruleName,
  type PeriodResult,
  type Tier,
  type TierMemory,
  type TierRule,
} from '../domain/tier-rules.js';
import { addDays, type CustomerRef, type PlainDate } from '../domain/types.js';
import { periodAverages } from '../store/balances.js';
import type { Database } from '../store/database.js';
import {
  evaluationStates,
  insertEvaluations,
  insertFirstTiers,
  lockEvaluations,
  type EvaluationRow,
  type TierChange,
} from '../store/tier-evaluations.js';
import { installedTierRule, readTiers } from '../store/tier-rules.js';

export interface EvaluationCounts {
  periods: number;
  evaluations: number;
  tierChanges: number;
}

interface Walker {
  tier: Tier;
  memory: TierMemory;
  /** the first day that a period may start on */
  notBefore: PlainDate;
  /** periods up to here are done */
  doneUntil: PlainDate | null;
}

/**
 * Evaluates every customer's tier for every period that is over on `until` and was not evaluated yet, under the
 * installation's rule, in one transaction. Doing it again, or twice at once, adds nothing.
 *
 * A customer starts on the lowest tier on customer_since; the first whole period that lies in the bank's data lifts
 * them to where they belong. The partial period before it is not evaluated. A tier holds from the day after the
 * period's end.
 *
 * @param until last day whose transactions are complete
 * @throws Error when the installation, its rule or its tiers are missing
 */
export async function evaluateTiers(input: { database: Database; until: PlainDate }): Promise<EvaluationCounts> {
  return input.database.transaction(async (sql) => {
    await lockEvaluations(sql);
    const rule = await installedTierRule(sql);
    const tiers = await readTiers(sql);
    await insertFirstTiers(sql, input.until);
    const states = await evaluationStates(sql, input.until);
    const walkers = new Map<CustomerRef, Walker>();
    for (const state of states) {
      const tier = tiers.find((candidate) => candidate.tierRef === state.tierRef);
      if (!tier) throw new Error(`tier ${state.tierRef} of a customer is not in the ladder`);
      const memory = state.rule === ruleName(rule) && state.memory ? state.memory : newMemory();
      walkers.set(state.customerRef, { tier, memory, notBefore: state.notBefore, doneUntil: state.doneUntil });
    }
    const periods = openPeriods(rule, [...walkers.values()], input.until);
    const rows: EvaluationRow[] = [];
    const changes: TierChange[] = [];
    for (const { customerRef, start, end, average } of await periodAverages(sql, periods)) {
      const walker = walkers.get(customerRef);
      if (!walker || start < walker.notBefore || (walker.doneUntil !== null && end <= walker.doneUntil)) continue;
      const before = walker.tier;
      const result = evaluatePeriod(rule, tiers, before, walker.memory, { start, end, average });
      rows.push(evaluationRow(rule, customerRef, { start, end }, before, average, result));
      if (result.tierAfter !== before)
        changes.push({
          customer_ref: customerRef,
          from_on: addDays(end, 1),
          tier_ref: result.tierAfter.tierRef,
          reason: result.reason,
        });
      walker.tier = result.tierAfter;
      walker.memory = result.memory;
    }
    await insertEvaluations(sql, rows, changes);
    return { periods: periods.length, evaluations: rows.length, tierChanges: changes.length };
  });
}

/** The periods that somebody still needs, in order of their ends. */
function openPeriods(rule: TierRule, walkers: readonly Walker[], until: PlainDate): Period[] {
  let first: PlainDate | undefined;
  let open = false;
  for (const walker of walkers) {
    if (first === undefined || walker.notBefore < first) first = walker.notBefore;
  }
  if (first === undefined) return [];
  const periods = completedPeriods(rule, first, until);
  return periods.filter((period) => {
    open ||= walkers.some(
      (walker) => period.start >= walker.notBefore && (walker.doneUntil === null || period.end > walker.doneUntil),
    );
    return open;
  });
}

function evaluationRow(
  rule: TierRule,
  customerRef: CustomerRef,
  period: Period,
  before: Tier,
  average: bigint,
  result: PeriodResult,
): EvaluationRow {
  return {
    customer_ref: customerRef,
    period_start: period.start,
    period_end: period.end,
    rule_ref: rule.ruleRef,
    rule_version: rule.version,
    tier_before: before.tierRef,
    average_minor: String(average),
    threshold_minor: String(before.threshold),
    missed: result.missed,
    misses_in_row: result.missesInRow,
    standing: result.standing,
    tier_after: result.tierAfter.tierRef,
    memory: result.memory,
  };
}
