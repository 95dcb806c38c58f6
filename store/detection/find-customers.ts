import { TRIGGERS, type Trigger, type TriggerCount } from '../../domain/triggers.js';
import type { Instant, PlainDate } from '../../domain/types.js';
import { one, timestamp, type Sql } from '../database.js';
import { DORMANT_QUERY, MATURING_30_QUERY, MATURING_7_QUERY } from './habits.js';
import { INCOME_LOWERED, INCOME_STOPPED } from './income.js';
import { CARD_OVERUSED_QUERY, LARGE_OUTFLOW_QUERY, NEGATIVE_BALANCE_QUERY } from './money.js';
import type { DetectionQuery } from './query.js';
import { findTiersAtRisk } from './tier-at-risk.js';
import { TIER_LOST_QUERY } from './tier-lost.js';

const QUERIES: readonly DetectionQuery[] = [
  INCOME_LOWERED,
  INCOME_STOPPED,
  LARGE_OUTFLOW_QUERY,
  MATURING_30_QUERY,
  MATURING_7_QUERY,
  DORMANT_QUERY,
  NEGATIVE_BALANCE_QUERY,
  CARD_OVERUSED_QUERY,
  TIER_LOST_QUERY,
];

/** The findings of a query, written; one that is there for the day stays as it was found first. */
const written = (found: string, trigger: number): string => `
with found as materialized (${found}), added as (
  insert into findings (customer_ref, trigger, as_of, score, reasons, found_at)
  select customer_ref, $${trigger}, $1::date, score, reasons, $${trigger + 1} from found order by customer_ref
  on conflict (customer_ref, trigger, as_of) do nothing
  returning 1)
select (select count(*) from found)::integer as customers, (select count(*) from added)::integer as added`;

type Counts = { customers: number; added: number };

async function runQuery(sql: Sql, query: DetectionQuery, asOf: PlainDate, foundAt: Instant): Promise<Counts> {
  const values = query.values(asOf);
  const text = written(query.text, values.length + 1);
  const { rows } = await sql.query<Counts>(text, [...values, query.trigger, timestamp(foundAt)]);
  return one(rows, `the count of ${query.trigger}`);
}

async function runTierAtRisk(sql: Sql, asOf: PlainDate, foundAt: Instant): Promise<Counts> {
  const found = (await findTiersAtRisk(sql, asOf)).map(({ customerRef, score, reasons }) => ({
    customer_ref: customerRef,
    score,
    reasons,
  }));
  // $1 is only there so that this statement is put together like the others
  const text = written(
    `select customer_ref, score, reasons
       from jsonb_to_recordset($2::jsonb) as f (customer_ref text, score integer, reasons jsonb)`,
    3,
  );
  const values = [asOf, JSON.stringify(found), 'tier-at-risk' satisfies Trigger, timestamp(foundAt)];
  return one((await sql.query<Counts>(text, values)).rows, 'the count of tier-at-risk');
}

/**
 * Looks for every trigger as of a day, in set-based SQL, and writes what it finds to `findings`. Only customers on that
 * day, not erased, are looked at, and nothing that was booked later. The same day twice adds nothing.
 *
 * Tiers must have been evaluated up to the day (evaluateTiers), or tiers at risk are judged by old standings.
 *
 * @param foundAt business time that is written to the findings
 * @returns for each trigger the customers found, and how many of these are new for the day
 * @throws Error when the installation, its tier rule or its tiers are missing
 */
export async function findCustomers(sql: Sql, asked: { asOf: PlainDate; foundAt: Instant }): Promise<TriggerCount[]> {
  const counts = new Map<Trigger, Counts>();
  counts.set('tier-at-risk', await runTierAtRisk(sql, asked.asOf, asked.foundAt));
  for (const query of QUERIES) counts.set(query.trigger, await runQuery(sql, query, asked.asOf, asked.foundAt));
  return TRIGGERS.map((trigger) => ({ trigger, ...(counts.get(trigger) ?? { customers: 0, added: 0 }) }));
}
