import { TRIGGERS, type Trigger } from '../domain/trigger-names.js';
import type { PlainDate } from '../domain/types.js';
import { one, type Database } from '../store/database.js';
import { tierStandings } from '../store/tier-standings.js';

/** How well one trigger did on a sample bank. */
export interface TriggerQuality {
  /** customers in whom this trigger's case was planted */
  readonly planted: number;
  /** of these, how many this trigger found */
  readonly found: number;
  /** customers found by this trigger, planted or not */
  readonly findings: number;
  /** of the findings, the share on customers in whom any case was planted (one case may set off two triggers), 0 to 1; null: no findings */
  readonly precision: number | null;
  /**
   * Median of whole days from the as-of day to the day of the loss, over the planted customers that were found: the day
   * that the finding names (a maturity, a tier's decision), else the earliest day on which the customer's tier could fall.
   * Customers of the lowest tier have none to lose and are left out; null: nobody is left.
   */
  readonly warningDays: number | null;
  /** median of whole days from the first day on which the bank could have known to the as-of day, over the same customers */
  readonly knowableForDays: number | null;
}

export interface DetectionQuality {
  /** customers who must be found */
  readonly planted: number;
  /** of these, customers found by the trigger of their own case (either of the two for maturing deposits) */
  readonly found: number;
  /** found / planted, 0 to 1; null: nothing is planted */
  readonly recall: number | null;
  /** customers of the day in whom nothing was planted; hard negatives are among them */
  readonly content: number;
  /** of these, customers with any finding */
  readonly falseAlarms: number;
  /** false alarms of each hard negative, and of ordinary customers */
  readonly falseAlarmsByKind: Readonly<Record<string, number>>;
  readonly byTrigger: Readonly<Record<Trigger, TriggerQuality>>;
}

/** The findings of a day beside the truth. $1 as-of day. */
const JUDGED = `
with scope as (
  select c.customer_ref, p.kind, coalesce(p.must_find, false) as planted, p.since_on
    from customers c
    left join planted.cases p using (customer_ref)
   where c.customer_since <= $1::date
), judged as (
  select s.*, f.trigger,
         s.planted and (s.kind = f.trigger
           or s.kind in ('maturing-30', 'maturing-7') and f.trigger in ('maturing-30', 'maturing-7')) as hit,
         (select min(coalesce(r -> 'numbers' ->> 'maturesOn', r -> 'numbers' ->> 'decisionOn'))::date
            from jsonb_array_elements(f.reasons) as r) as loss_on
    from scope s
    left join findings f on f.customer_ref = s.customer_ref and f.as_of = $1::date
)`;

const TOTALS = `${JUDGED}
select count(distinct customer_ref) filter (where planted)::integer as planted,
       count(distinct customer_ref) filter (where hit)::integer as found,
       count(distinct customer_ref) filter (where not planted)::integer as content,
       count(distinct customer_ref) filter (where not planted and trigger is not null)::integer as false_alarms
  from judged`;

const BY_KIND = `${JUDGED}
select coalesce(kind, 'ordinary') as kind, count(distinct customer_ref)::integer as alarms
  from judged where not planted and trigger is not null group by 1 order by 1`;

const BY_TRIGGER = `${JUDGED}
select t.trigger,
       (select count(*)::integer from scope s where s.planted and s.kind = t.trigger) as planted,
       count(*) filter (where j.planted and j.kind = t.trigger)::integer as found,
       count(j.customer_ref)::integer as findings,
       count(*) filter (where j.planted)::integer as findings_on_planted,
       percentile_disc(0.5) within group (order by coalesce(j.loss_on, d.decision_on) - $1::date) filter (where j.hit) as warning_days,
       percentile_disc(0.5) within group (order by $1::date - j.since_on) filter (where j.hit) as knowable_days
  from unnest($2::text[]) as t (trigger)
  left join judged j on j.trigger = t.trigger
  left join unnest($3::text[], $4::date[]) as d (customer_ref, decision_on) on d.customer_ref = j.customer_ref
 group by t.trigger`;

interface TriggerRow {
  trigger: Trigger;
  planted: number;
  found: number;
  findings: number;
  findings_on_planted: number;
  warning_days: number | null;
  knowable_days: number | null;
}

/**
 * Compares the findings of a day with the planted truth of a sample bank. Detection must have run for that day.
 * @param owner the owner: the truth is closed to everybody else
 */
export async function detectionQuality(owner: Database, asOf: PlainDate): Promise<DetectionQuality> {
  const totals = await owner.query<{ planted: number; found: number; content: number; false_alarms: number }>(TOTALS, [
    asOf,
  ]);
  const { planted, found, content, false_alarms: falseAlarms } = one(totals.rows, "detection's totals");
  const byKind = await owner.query<{ kind: string; alarms: number }>(BY_KIND, [asOf]);
  const standings = (await tierStandings(owner, { asOf })).filter((standing) => !standing.lowest);
  const byTrigger = await owner.query<TriggerRow>(BY_TRIGGER, [
    asOf,
    TRIGGERS,
    standings.map((standing) => standing.customerRef),
    standings.map((standing) => standing.decisionOn),
  ]);
  const quality = (row: TriggerRow): TriggerQuality => ({
    planted: row.planted,
    found: row.found,
    findings: row.findings,
    precision: row.findings === 0 ? null : row.findings_on_planted / row.findings,
    warningDays: row.warning_days,
    knowableForDays: row.knowable_days,
  });
  const rows = new Map(byTrigger.rows.map((row) => [row.trigger, quality(row)]));
  return {
    planted,
    found,
    recall: planted === 0 ? null : found / planted,
    content,
    falseAlarms,
    falseAlarmsByKind: Object.fromEntries(byKind.rows.map(({ kind, alarms }) => [kind, alarms])),
    byTrigger: Object.fromEntries(
      TRIGGERS.map((trigger) => [trigger, one(rows.has(trigger) ? [rows.get(trigger)] : [], `trigger ${trigger}`)]),
    ) as Record<Trigger, TriggerQuality>,
  };
}
