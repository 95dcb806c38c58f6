import type { Instant, JourneyId } from '../domain/types.js';
import { lockCustomer, type CustomerContact } from '../store/customers.js';
import type { Sql } from '../store/database.js';
import { answeredBefore, recordDecisions, type Decision } from '../store/decisions.js';
import { readJourney, type JourneyRow } from '../store/journeys.js';
import type { Dependencies } from './dependencies.js';

/** Runs one step of a journey: once, with its decision, holding the customer's row. */
export async function step<Result>(
  deps: Dependencies,
  journeyId: JourneyId,
  name: string,
  at: Instant,
  work: (sql: Sql, journey: JourneyRow, customer: CustomerContact, at: Instant) => Promise<Told<Result>>,
): Promise<Result> {
  const key = `journey:${journeyId}:${name}`;
  return deps.database.transaction(async (sql) => {
    const { customerRef } = await readJourney(sql, journeyId);
    const customer = await lockCustomer(sql, customerRef);
    const before = await answeredBefore<{ value: Result }>(sql, key);
    if (before) return before.value;
    // read under the lock: the goal may have been met while this waited for it
    const journey = await readJourney(sql, journeyId);
    const { value, ...told } = await work(sql, journey, customer, at);
    const decision = { ...told, key, customerRef: journey.customerRef, journeyId, result: { value } as never, at };
    await recordDecisions(sql, [decision]);
    return value;
  });
}
export type Told<Result> = Pick<Decision, 'kind' | 'verdict' | 'reasons' | 'saw' | 'rules'> & { value: Result };
