import { tierAtRisk, TIER_AT_RISK, type BalanceLevels, type Found } from '../../domain/triggers.js';
import type { Period } from '../../domain/tier-periods.js';
import { addDays, type CustomerRef, type Minor, type PlainDate } from '../../domain/types.js';
import { periodAverages } from '../balances.js';
import type { Sql } from '../database.js';
import { tierStandings } from '../tier-standings.js';

/** The last months, the latest first, the last two of a year before, and the last week. */
function spans(asOf: PlainDate): Period[] {
  const { monthDays, yearDays, weekDays } = TIER_AT_RISK;
  const span = (end: PlainDate, days: number): Period => ({ start: addDays(end, 1 - days), end });
  const ends = [0, -monthDays, -2 * monthDays, -yearDays, -yearDays - monthDays];
  return [...ends.map((days) => span(addDays(asOf, days), monthDays)), span(asOf, weekDays)];
}

/**
 * Customers whose tier is about to be lost on the day asked about. The averages come from one statement for everybody;
 * the rule that judges them is a pure function, since the day of decision follows from the bank's tier rule.
 */
export async function findTiersAtRisk(sql: Sql, asOf: PlainDate): Promise<Found[]> {
  const standings = await tierStandings(sql, { asOf });
  const threatened = standings.filter((standing) => !standing.lowest);
  const windows = spans(asOf);
  const averages = await periodAverages(
    sql,
    windows,
    threatened.map((standing) => standing.customerRef),
  );
  const byCustomer = new Map<CustomerRef, Map<PlainDate, Minor>>();
  for (const { customerRef, start, average } of averages) {
    const of = byCustomer.get(customerRef) ?? new Map<PlainDate, Minor>();
    byCustomer.set(customerRef, of.set(start, average));
  }
  return threatened.flatMap((standing) => {
    const levels = balanceLevels(windows, byCustomer.get(standing.customerRef) ?? new Map<PlainDate, Minor>());
    return levels ? (tierAtRisk(standing, levels) ?? []) : [];
  });
}

/** Null for a customer who was none in one of the last three months: there is nothing to compare with. */
function balanceLevels(windows: readonly Period[], byStart: ReadonlyMap<PlainDate, Minor>): BalanceLevels | null {
  const [now, before, earlier, yearNow, yearBefore, week] = windows.map((window) => byStart.get(window.start));
  if (now === undefined || before === undefined || earlier === undefined || week === undefined) return null;
  const hasYear = yearNow !== undefined && yearBefore !== undefined;
  return { recent: [now, before, earlier], week, yearBefore: hasYear ? [yearNow, yearBefore] : null };
}
