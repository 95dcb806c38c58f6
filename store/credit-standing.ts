import { creditWarning, CREDIT_WINDOW_DAYS, type CreditFacts, type CreditWarning } from '../domain/credit-standing.js';
import type { CustomerRef, PlainDate } from '../domain/types.js';
import { one, type Sql } from './database.js';

export interface CreditReasons extends CreditWarning {
  facts: CreditFacts;
  /** ISO 3166-1 alpha-2: where independent advice is looked for */
  jurisdiction: string;
}

/** What is seen of a customer's credit on a day; nothing booked later is seen. @throws Error when there is no bank */
export async function creditReasons(sql: Sql, customerRef: CustomerRef, asOf: PlainDate): Promise<CreditReasons> {
  const { rows } = await sql.query<CreditFacts & { jurisdiction: string }>(
    `with own as (
       select account_ref, kind, credit_limit_minor as credit_limit from accounts
        where customer_ref = $1 and opened_on <= $2::date and (closed_on is null or closed_on > $2::date)
     ), below as (
       select d.day from own
        cross join generate_series($2::date - $3::integer + 1, $2::date, interval '1 day') d (day)
        where kind in ('current', 'savings')
          and (select coalesce(sum(amount_minor), 0) from transactions t
                where t.account_ref = own.account_ref and t.booked_on <= d.day) < 0
        group by d.day
     ), plan as (
       select plan_ref, state from repayment_plans
        where customer_ref = $1 and agreed_at is not null and closed_at is null
     )
     select (select count(*)::integer from below) as "daysBelowZero",
            exists (select 1 from own join transactions t using (account_ref) where t.category = 'penalty-interest'
                       and t.booked_on > $2::date - $3::integer and t.booked_on <= $2::date) as "penaltyInterest",
            (select max(div(10000 * greatest(0, -(select coalesce(sum(amount_minor), 0) from transactions t
                                                   where t.account_ref = own.account_ref and t.booked_on <= $2::date)), credit_limit))::integer
               from own where kind = 'credit-card' and credit_limit > 0) as "limitUsedBp",
            (select count(*)::integer from instalments join plan using (plan_ref) where instalments.state = 'missed') as "missedInstalments",
            exists (select 1 from plan where state = 'broken') as "planBroken",
            (select jurisdiction from installation) as jurisdiction`,
    [customerRef, asOf, CREDIT_WINDOW_DAYS],
  );
  const { jurisdiction, ...facts } = one(rows, `the credit of ${customerRef}`);
  return { ...creditWarning(facts), facts, jurisdiction };
}
