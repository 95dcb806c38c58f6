import type { CustomerRef, PlainDate } from '../domain/types.js';
import type { Sql } from './database.js';

export interface FirstEvaluation {
  customerRef: CustomerRef;
  periodStart: PlainDate;
  periodEnd: PlainDate;
  missed: boolean;
  rankAfter: number;
}

/** For each customer the first evaluation of a period that began after the day given with them. */
export async function firstEvaluations(
  sql: Sql,
  asked: readonly { customerRef: CustomerRef; after: PlainDate }[],
  until: PlainDate,
): Promise<Map<CustomerRef, FirstEvaluation>> {
  const { rows } = await sql.query<FirstEvaluation>(
    `select a.customer_ref as "customerRef", e.period_start as "periodStart", e.period_end as "periodEnd", e.missed, t.rank as "rankAfter"
       from unnest($1::text[], $2::date[]) as a (customer_ref, after)
       cross join lateral (select * from tier_evaluations e
                            where e.customer_ref = a.customer_ref and e.period_start > a.after and e.period_end <= $3
                            order by e.period_end limit 1) e
       join tiers t on t.tier_ref = e.tier_after`,
    [asked.map((one) => one.customerRef), asked.map((one) => one.after), until],
  );
  return new Map(rows.map((row) => [row.customerRef, row]));
}

/** Customers in open journeys on whose accounts something was booked and whose goals were not looked at since. */
export async function goalLooks(
  sql: Sql,
  limit: number,
): Promise<{ lookIds: readonly bigint[]; customerRefs: CustomerRef[] }> {
  const { rows } = await sql.query<{ lookId: bigint; customerRef: CustomerRef }>(
    'select look_id as "lookId", customer_ref as "customerRef" from goal_looks order by look_id limit $1',
    [limit],
  );
  return {
    lookIds: rows.map(({ lookId }) => lookId),
    customerRefs: [...new Set(rows.map(({ customerRef }) => customerRef))],
  };
}

/** They were looked at; what was booked meanwhile has a row of its own. */
export async function forgetGoalLooks(sql: Sql, lookIds: readonly bigint[]): Promise<void> {
  await sql.query('delete from goal_looks where look_id = any($1::bigint[])', [lookIds.map(String)]);
}
