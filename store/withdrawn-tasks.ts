/** Tasks that nobody has to do any more. */
import type { CustomerRef, Instant } from '../domain/types.js';
import { timestamp, type Database, type Sql } from './database.js';
import { lockCustomers } from './first-contacts.js';

/** What stands in such a task. */
export const WITHDRAWN = 'withdrawn';

/** Customers whose tasks are withdrawn in one transaction: their rows stay locked so long. */
const WITHDRAWN_AT_ONCE = 200;

const SENSELESS = `t.done_at is null and (
  (t.kind in ('first-contact', 'call', 'visit')
     and exists (select 1 from journeys j where j.journey_id = t.journey_id and j.closed_at is not null))
  or exists (select 1 from customers c where c.customer_ref = t.customer_ref and c.erased_at is not null)
  or exists (select 1 from exclusions e
              where e.customer_ref = t.customer_ref and e.kind = 'deceased' and e.lifted_at is null))`;

/**
 * Takes tasks off the lists that have lost their sense, batch by batch: what a journey asked for that has ended, and
 * everything of a customer whose data are to be gone, or who has died.
 * @returns how many
 */
export async function withdrawTasks(
  database: Database,
  at: Instant,
  beat: (progress: object) => void,
): Promise<number> {
  let withdrawn = 0;
  for (let after = ''; ;) {
    const { rows } = await database.query<{ ref: CustomerRef }>(
      `select distinct customer_ref as ref from tasks t where ${SENSELESS} and customer_ref > $1 order by 1 limit $2`,
      [after, WITHDRAWN_AT_ONCE],
    );
    const customerRefs = rows.map(({ ref }) => ref);
    const last = customerRefs.at(-1);
    if (last === undefined) return withdrawn;
    withdrawn += await database.transaction((sql) => withdrawOf(sql, customerRefs, at));
    after = last;
    beat({ withdrawn });
  }
}

async function withdrawOf(sql: Sql, customerRefs: readonly CustomerRef[], at: Instant): Promise<number> {
  // customers first and in order, as everybody does who writes their tasks
  await lockCustomers(sql, customerRefs);
  const { rowCount } = await sql.query(
    `update tasks t set done_at = $1, done_by = 'keepwell', result = $2, told_at = coalesce(told_at, $1),
                        snoozed_until = null, snooze_reason = null
      where t.customer_ref = any($3) and ${SENSELESS}`,
    [timestamp(at), WITHDRAWN, customerRefs],
  );
  return rowCount ?? 0;
}

/**
 * Takes open tasks off the lists whose keys begin like this, inside the caller's transaction, which holds the customer's
 * row: what they are about is settled.
 * @param done who settled it and with what result; without it nobody did
 */
export async function closeTasks(
  sql: Sql,
  { customerRef, keys, at }: { customerRef: CustomerRef; keys: string; at: Instant },
  done: { by: string; result: string } = { by: 'keepwell', result: WITHDRAWN },
): Promise<void> {
  await sql.query(
    `update tasks set done_at = $3, done_by = $4, result = $5, told_at = coalesce(told_at, $3),
                      snoozed_until = null, snooze_reason = null
      where customer_ref = $1 and starts_with(task_key, $2) and done_at is null`,
    [customerRef, keys, timestamp(at), done.by, done.result],
  );
}
