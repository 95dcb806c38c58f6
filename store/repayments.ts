/** What a customer's accounts tell about paying back: income, debts, repayments. Nothing booked after the bank's data is seen. */
import { INCOME } from '../domain/triggers.js';
import type { AccountRef, CustomerRef, Minor, PlainDate } from '../domain/types.js';
import { one, type Sql } from './database.js';
import { OWN_SIDE } from './detection/query.js';

/** Income is the mean of this many whole months before the last day of which the bank's data tell. */
const INCOME_MONTHS = 3;

/** Monthly income as booked, rounded down; null when none was booked. */
export async function monthlyIncome(sql: Sql, customerRef: CustomerRef): Promise<Minor | null> {
  const { rows } = await sql.query<{ income: Minor | null }>(
    `select div(sum(t.amount_minor), $3::integer)::bigint as income
       from transactions t join accounts a using (account_ref)
      cross join (select date_trunc('month', data_until + 1)::date as until from installation) i
      where a.customer_ref = $1 and t.category = any($2) and t.amount_minor > 0
        and t.booked_on >= i.until - make_interval(months => $3::integer) and t.booked_on < i.until`,
    [customerRef, INCOME.earned, INCOME_MONTHS],
  );
  return rows[0]?.income ?? null;
}

export interface DebtAccount {
  accountRef: AccountRef;
  kind: string;
  /** below 0: owed */
  balance: Minor;
}

/** A customer's own open accounts with their balances, the deepest in the red first. */
export async function accountsByDebt(sql: Sql, customerRef: CustomerRef): Promise<DebtAccount[]> {
  const { rows } = await sql.query<DebtAccount>(
    `select account_ref as "accountRef", kind,
            coalesce((select sum(t.amount_minor) from transactions t
                       where t.account_ref = a.account_ref and t.booked_on <= i.data_until), 0)::bigint as balance
       from accounts a cross join installation i
      where customer_ref = $1 and (closed_on is null or closed_on > data_until) order by balance, account_ref`,
    [customerRef],
  );
  return rows;
}

/** Negative amounts of these are a repayment that was taken back; of others they are spending. */
const TAKEN_BACK = ['own-transfer', 'transfer-in', 'deposit'];
/** On a card these are money drawn, and not spending: it can come back as a repayment. */
const DRAWN = ['cash', 'transfer-out', 'own-transfer'];
/** What the bank itself takes makes nobody's repayment smaller. */
const CHARGED = ['interest', 'penalty-interest', 'fee'];

export interface Repaid {
  inTime: Minor;
  soFar: Minor;
  /** the last day of which the bank's data tell */
  dataUntil: PlainDate | null;
}

/**
 * What was repaid on an account, net: money in of the categories that count, and whatever comes from the customer's own
 * accounts; taken off is what was taken back, and what goes back to the customer's own accounts. On a card, what was
 * drawn in cash or transferred away is taken off too; what was bought with it is not. On any other account it is never
 * more than the debt has fallen by since the day from which repayments count, before the bank's own interest and fees:
 * what leaves by whatever way has not been repaid. Money that goes to and fro is therefore nothing.
 * @param until for `inTime`: the last day
 */
export async function repaid(
  sql: Sql,
  plan: { accountRef: AccountRef; countsFrom: PlainDate | null; policy: { repayments: readonly string[] } },
  until: PlainDate,
): Promise<Repaid> {
  const counts = `(t.category = any($4) and (t.amount_minor > 0 or t.category = any($5))
                   or a.kind = 'credit-card' and t.amount_minor < 0 and t.category = any($6)
                   or t.counterparty_account_ref is not null and ${OWN_SIDE})`;
  const fell = `not (t.amount_minor < 0 and t.category = any($7))`;
  const sumOf = (which: string): string => `coalesce(sum(t.amount_minor) filter (where ${which}), 0)`;
  const net = (which: string): string =>
    `case when a.kind = 'credit-card' then ${sumOf(`${which} and ${counts}`)}
          else least(${sumOf(`${which} and ${counts}`)}, ${sumOf(`${which} and ${fell}`)}) end::bigint`;
  const { rows } = await sql.query<Repaid>(
    `select ${net('t.booked_on <= $3')} as "inTime", ${net('true')} as "soFar", max(i.data_until)::date as "dataUntil"
       from installation i
       join accounts a on a.account_ref = $1
       left join transactions t on t.account_ref = a.account_ref and t.booked_on between $2 and i.data_until
      group by a.kind`,
    [plan.accountRef, plan.countsFrom, until, plan.policy.repayments, TAKEN_BACK, DRAWN, CHARGED],
  );
  return one(rows, `account ${plan.accountRef}`);
}
