import { SPENDING_DAYS, type Holding, type ProductFacts } from '../domain/next-best-product.js';
import { SPENDING_CATEGORIES, type SpendingCategory } from '../domain/product-catalogue.js';
import type { RiskAssessment } from '../domain/suitability.js';
import { minor, type CustomerRef, type Minor, type PlainDate, type ZoneId } from '../domain/types.js';
import type { Sql } from './database.js';
import { OWN_SIDE } from './detection/query.js';
import { entitlementFacts } from './entitlements.js';

/**
 * $1 the last day of which the bank's data are seen, $2 the customer, $3 days of spending, $4 categories of spending, $5 the
 * day judged. Money as text: JSON's numbers are floats.
 */
const FACTS = `
with own_accounts as (
  select account_ref, customer_ref, kind, closed_on from accounts where customer_ref = $2 and opened_on <= $1::date
), moved as (
  select a.kind, t.booked_on, t.amount_minor, t.category,
         t.category = 'own-transfer' or (t.counterparty_account_ref is not null and ${OWN_SIDE}) as own
    from transactions t join own_accounts a using (account_ref) where t.booked_on <= $1::date
), spent as (
  select category, -sum(amount_minor) as amount from moved
   where booked_on > $1::date - $3::integer and not own and category = any($4)
   group by category having sum(amount_minor) < 0
)
select c.birth_date as "birthDate",
       (select coalesce(sum(amount_minor), 0)::bigint from moved where kind in ('current', 'savings')) as available,
       exists (select from own_accounts where kind = 'credit-card' and (closed_on is null or closed_on > $1::date))
         as "hasCreditCard",
       coalesce((select jsonb_agg(jsonb_build_object('category', category, 'amount', amount::text) order by category)
                   from spent), '[]') as spending,
       coalesce((select jsonb_agg(jsonb_build_object('product', product, 'principal', principal_minor::text,
                          'maturesOn', matures_on, 'renewalAgreed', coalesce(renewal_agreed_on <= $1::date, false))
                          order by holding_ref)
                   from products_held where customer_ref = $2 and opened_on <= $1::date
                    and (matures_on is null or matures_on >= $5::date)), '[]') as holdings,
       (select jsonb_build_object('appetite', appetite, 'assessedOn', assessed_on, 'validUntil', valid_until)
          from risk_assessments where customer_ref = $2 and assessed_on <= $5::date
         order by assessed_on desc, assessment_id desc limit 1) as assessment
  from customers c where c.customer_ref = $2`;

interface Row {
  birthDate: PlainDate | null;
  available: bigint;
  hasCreditCard: boolean;
  spending: { category: SpendingCategory; amount: string }[];
  holdings: (Omit<Holding, 'principal'> & { principal: string })[];
  assessment: RiskAssessment | null;
}

const money = (text: string): Minor => minor(BigInt(text));

/** The two days of a judgement: the bank's data may end long before a letter goes out. */
export interface JudgedDays {
  /** the last day of the bank's data that is seen: transactions, balances, accounts, tier and tenure are as at its end */
  asOf: PlainDate;
  /** the day in the bank's zone on which the product is offered: ages, assessments, ratings and maturities are judged on it */
  on: PlainDate;
}

/**
 * What the rules about products ask of one customer. No transaction or holding after `asOf` is seen and no assessment after
 * `on`. Credit care counts as it is now, whatever day is asked about. Null when there is no such customer.
 * @param zone the bank's
 */
export async function productFacts(
  sql: Sql,
  customerRef: CustomerRef,
  { asOf, on }: JudgedDays,
  zone: ZoneId,
): Promise<ProductFacts | null> {
  const [standing] = await entitlementFacts(sql, [customerRef], asOf, zone);
  const { rows } = await sql.query<Row>(FACTS, [asOf, customerRef, SPENDING_DAYS, SPENDING_CATEGORIES, on]);
  const row = rows[0];
  if (!standing || !row) return null;
  const { erased, inCreditCare, tenureMonths, tierRef } = standing.facts;
  const barred: ProductFacts['barred'] = [
    ...(erased ? (['erased'] as const) : []),
    ...(tenureMonths < 0 ? (['not-a-customer'] as const) : []),
    ...(inCreditCare ? (['credit-care'] as const) : []),
  ];
  return {
    day: on,
    tierRef,
    barred,
    birthDate: row.birthDate,
    assessment: row.assessment,
    available: minor(row.available),
    hasCreditCard: row.hasCreditCard,
    spending: row.spending.map(({ category, amount }) => ({ category, amount: money(amount) })),
    holdings: row.holdings.map(({ principal, ...held }) => ({ ...held, principal: money(principal) })),
  };
}
