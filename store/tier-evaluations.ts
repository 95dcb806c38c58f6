import type { PeriodResult, TierMemory } from '../domain/tier-rules.js';
import type { CustomerRef, PlainDate, TierRef } from '../domain/types.js';
import type { Sql } from './database.js';

/** Any number that nobody else uses as an advisory lock: two evaluations at once run one after the other. */
const EVALUATION_LOCK = 7_114_031;
/** Rows that go to the server in one statement: about 4 MB of JSON. */
const ROWS_PER_INSERT = 10_000;

/** A row of tier_evaluations; money as decimal text of minor units. */
export interface EvaluationRow {
  customer_ref: CustomerRef;
  period_start: PlainDate;
  period_end: PlainDate;
  rule_ref: string;
  rule_version: number;
  tier_before: TierRef;
  average_minor: string;
  threshold_minor: string;
  missed: boolean;
  misses_in_row: number;
  standing: string;
  tier_after: TierRef;
  memory: TierMemory;
}

/** A row of tier_history. */
export interface TierChange {
  customer_ref: CustomerRef;
  from_on: PlainDate;
  tier_ref: TierRef;
  reason: PeriodResult['reason'];
}

/** What the next evaluation of a customer starts from. */
export interface EvaluationState {
  customerRef: CustomerRef;
  tierRef: TierRef;
  /** no period that starts earlier is whole: not yet a customer, or before the bank's data begin */
  notBefore: PlainDate;
  doneUntil: PlainDate | null;
  memory: TierMemory | null;
  /** the rule that the memory belongs to, `ruleRef@version` */
  rule: string | null;
}

/** Held until the transaction ends. */
export async function lockEvaluations(sql: Sql): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [EVALUATION_LOCK]);
}

/** Gives the lowest tier, from the first day on, to every customer on `until` who has no tier yet. */
export async function insertFirstTiers(sql: Sql, until: PlainDate): Promise<void> {
  await sql.query(
    `insert into tier_history (customer_ref, from_on, tier_ref, reason)
     select c.customer_ref, c.customer_since, (select tier_ref from tiers order by rank limit 1), 'first-tier'
       from customers c
      where c.customer_since <= $1 and c.erased_at is null
        and not exists (select from tier_history h where h.customer_ref = c.customer_ref)
     on conflict (customer_ref, from_on) do nothing`,
    [until],
  );
}

/** Every customer on `until`: the tier held, and where the last evaluation stopped. */
export async function evaluationStates(sql: Sql, until: PlainDate): Promise<EvaluationState[]> {
  const { rows } = await sql.query<{
    customer_ref: CustomerRef;
    tier_ref: TierRef;
    not_before: PlainDate;
    done_until: PlainDate | null;
    memory: TierMemory | null;
    rule: string | null;
  }>(
    `with data as (select min(booked_on) as since from transactions)
     select c.customer_ref, h.tier_ref, greatest(c.customer_since, data.since) as not_before,
            e.period_end as done_until, e.memory, e.rule
       from customers c
      cross join data
      cross join lateral (
        select tier_ref from tier_history where customer_ref = c.customer_ref and from_on <= $1
         order by from_on desc limit 1) h
       left join lateral (
        select period_end, memory, rule_ref || '@' || rule_version as rule from tier_evaluations
         where customer_ref = c.customer_ref order by period_end desc limit 1) e on true
      where c.customer_since <= $1 and c.erased_at is null and data.since is not null`,
    [until],
  );
  return rows.map((row) => ({
    customerRef: row.customer_ref,
    tierRef: row.tier_ref,
    notBefore: row.not_before,
    doneUntil: row.done_until,
    memory: row.memory,
    rule: row.rule,
  }));
}

/** Writes evaluations and the changes of tier that follow from them; what is there already stays. */
export async function insertEvaluations(
  sql: Sql,
  evaluations: readonly EvaluationRow[],
  changes: readonly TierChange[],
): Promise<void> {
  for (let at = 0; at < evaluations.length; at += ROWS_PER_INSERT)
    await sql.query(
      `insert into tier_evaluations (customer_ref, period_start, period_end, rule_ref, rule_version, tier_before,
         average_minor, threshold_minor, missed, misses_in_row, standing, tier_after, memory)
       select customer_ref, period_start, period_end, rule_ref, rule_version, tier_before,
              average_minor, threshold_minor, missed, misses_in_row, standing, tier_after, memory
         from jsonb_to_recordset($1::jsonb) as r (customer_ref text, period_start date, period_end date, rule_ref text,
           rule_version integer, tier_before text, average_minor bigint, threshold_minor bigint, missed boolean,
           misses_in_row integer, standing text, tier_after text, memory jsonb)
       on conflict (customer_ref, period_end) do nothing`,
      [JSON.stringify(evaluations.slice(at, at + ROWS_PER_INSERT))],
    );
  for (let at = 0; at < changes.length; at += ROWS_PER_INSERT)
    await sql.query(
      `insert into tier_history (customer_ref, from_on, tier_ref, reason)
       select customer_ref, from_on, tier_ref, reason
         from jsonb_to_recordset($1::jsonb) as r (customer_ref text, from_on date, tier_ref text, reason text)
       on conflict (customer_ref, from_on) do nothing`,
      [JSON.stringify(changes.slice(at, at + ROWS_PER_INSERT))],
    );
}
