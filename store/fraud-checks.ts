import { FRAUD_CHECK_WORKING_DAYS, fraudCheckKey, type FraudCheck } from '../domain/fraud-check.js';
import { firstContactDue } from '../domain/first-contact.js';
import type { CustomerRef, Instant, PlainDate } from '../domain/types.js';
import { lockCustomer } from './customers.js';
import { type Database, type Sql } from './database.js';
import { excludeWith } from './exclusions.js';
import { customerPlaces } from './task-places.js';
import { openTask } from './tasks.js';

/** The newest question of each of these customers: one that is open, else the last that was asked. */
export async function fraudChecksOf(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
): Promise<Map<CustomerRef, FraudCheck>> {
  const { rows } = await sql.query<FraudCheck & { customerRef: CustomerRef }>(
    `select distinct on (k.customer_ref) k.customer_ref as "customerRef", k.task_id as "taskId", k.as_of as "asOf",
            case when t.done_at is null then 'open'
                 when t.result in ('cheated', 'not-cheated') then t.result else 'unanswered' end as state
       from fraud_checks k join tasks t using (task_id)
      where k.customer_ref = any($1)
      order by k.customer_ref, t.done_at is null desc, k.as_of desc`,
    [customerRefs],
  );
  return new Map(rows.map(({ customerRef, ...check }) => [customerRef, check]));
}

/**
 * Asks a person whether these customers are being cheated: a task for the customer's own manager, unless the customer has
 * complained about them, or on the team leads' list, due at the end of the next working day. One that was asked for the day before is not asked twice. The caller
 * holds the customers' rows.
 * @param asOf the day on which the outflow was found
 * @returns the task of each
 */
export async function askFraudChecks(
  sql: Sql,
  customerRefs: readonly CustomerRef[],
  asOf: PlainDate,
  at: Instant,
): Promise<Map<CustomerRef, string>> {
  const asked = new Map<CustomerRef, string>();
  if (customerRefs.length === 0) return asked;
  for (const { customerRef, managerRef, ...place } of await customerPlaces(sql, customerRefs, at)) {
    const key = fraudCheckKey(customerRef, asOf);
    const dueAt = firstContactDue(place, FRAUD_CHECK_WORKING_DAYS, at);
    const task = { key, kind: 'fraud-check' as const, customerRef, journeyId: null, managerRef, at, dueAt };
    const { taskId } = await openTask(sql, task);
    await sql.query(
      'insert into fraud_checks (task_id, customer_ref, as_of) values ($1, $2, $3) on conflict do nothing',
      [taskId, customerRef, asOf],
    );
    asked.set(customerRef, taskId);
  }
  return asked;
}

interface Cheated {
  taskId: string;
  customerRef: CustomerRef;
  by: string;
}

/** An exclusion that stands, or one that was lifted after the answer: somebody has looked at it since. */
const CHEATED = `
  select t.task_id as "taskId", t.customer_ref as "customerRef", t.done_by as by
    from tasks t
   where t.kind = 'fraud-check' and t.result = 'cheated' and ($1::text is null or t.customer_ref = $1)
     and not exists (select 1 from exclusions e where e.customer_ref = t.customer_ref and e.kind = 'suspected-fraud'
                        and (e.lifted_at is null or e.lifted_at >= t.done_at))
   order by t.customer_ref, t.done_at desc`;

/**
 * Excludes customers of whom a person has said that they are being cheated, in the name of that person. Done again it
 * changes nothing.
 * @returns how many
 */
export async function excludeCheated(database: Database, at: Instant): Promise<number> {
  const { rows } = await database.query<Cheated>(CHEATED, [null]);
  let excluded = 0;
  for (const { customerRef } of rows)
    excluded += await database.transaction(async (sql) => {
      await lockCustomer(sql, customerRef);
      // another round may have been quicker
      const [still] = (await sql.query<Cheated>(CHEATED, [customerRef])).rows;
      if (!still) return 0;
      const reason = `fraud check ${still.taskId}: the customer is being cheated`;
      await excludeWith(sql, { customerRef, kind: 'suspected-fraud', reason, by: still.by, at });
      return 1;
    });
  return excluded;
}
