import type { QueryResultRow } from 'pg';
import type { Database } from '../../store/database.js';

export interface Row {
  account: string;
  day: number;
  amount: number;
  category: string;
  /** the other side is an account of the same customer */
  own: boolean;
}

interface Account {
  kind: string;
  qualifies: boolean;
  opened: number;
  closed: number;
  limit: number;
}

export interface Person {
  ref: string;
  since: number;
  accounts: Map<string, Account>;
  rows: Row[];
  holdings: { matures: number; opened: number; renewed: number }[];
  tiers: { from: number; threshold: number }[];
  evaluations: { end: number; misses: number }[];
}

interface AccountRow {
  account_ref: string;
  customer_ref: string;
  kind: string;
  qualifies: boolean;
  opened_on: string;
  closed_on: string | null;
  credit_limit_minor: bigint | null;
}

interface TransactionRow {
  account_ref: string;
  booked_on: string;
  amount_minor: bigint;
  category: string;
  counterparty_account_ref: string | null;
}

interface HoldingRow {
  customer_ref: string;
  matures_on: string;
  opened_on: string;
  renewal_agreed_on: string | null;
}

interface EvaluationRow {
  customer_ref: string;
  period_end: string;
  tier_before: string;
  tier_after: string;
  misses_in_row: number;
}

export const DAY = 86_400_000;
export const dayOf = (text: string): number => Date.parse(`${text}T00:00:00Z`) / DAY;
const orNever = (text: string | null): number => (text === null ? Infinity : dayOf(text));
export const add = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
export const average = (numbers: number[]): number => Math.floor(add(numbers) / numbers.length);

/** Everything that detection may look at; numbers are exact, since all amounts here are far below 2^53. */
export async function loadBank(owner: Database): Promise<Person[]> {
  const people = new Map<string, Person>();
  const ownerOf = new Map<string, Person>();
  const all = async <Row extends QueryResultRow>(text: string): Promise<Row[]> => (await owner.query<Row>(text)).rows;
  for (const c of await all<{ customer_ref: string; customer_since: string | null }>(
    'select customer_ref, customer_since from customers where erased_at is null',
  ))
    people.set(c.customer_ref, {
      ref: c.customer_ref,
      since: orNever(c.customer_since),
      accounts: new Map(),
      rows: [],
      holdings: [],
      tiers: [],
      evaluations: [],
    });
  for (const a of await all<AccountRow>('select * from accounts')) {
    const person = people.get(a.customer_ref) as Person;
    ownerOf.set(a.account_ref, person);
    person.accounts.set(a.account_ref, {
      kind: a.kind,
      qualifies: a.qualifies,
      opened: dayOf(a.opened_on),
      closed: orNever(a.closed_on),
      limit: Number(a.credit_limit_minor ?? 0),
    });
  }
  for (const t of await all<TransactionRow>('select * from transactions')) {
    const person = ownerOf.get(t.account_ref) as Person;
    const own = t.counterparty_account_ref !== null && ownerOf.get(t.counterparty_account_ref) === person;
    const row = { account: t.account_ref, day: dayOf(t.booked_on), amount: Number(t.amount_minor) };
    person.rows.push({ ...row, category: t.category, own });
  }
  for (const h of await all<HoldingRow>('select * from products_held where matures_on is not null'))
    people.get(h.customer_ref)?.holdings.push({
      matures: dayOf(h.matures_on),
      opened: dayOf(h.opened_on),
      renewed: orNever(h.renewal_agreed_on),
    });
  for (const h of await all<{ customer_ref: string; from_on: string; threshold_minor: bigint }>(
    'select h.*, t.threshold_minor from tier_history h join tiers t using (tier_ref) order by from_on',
  ))
    people.get(h.customer_ref)?.tiers.push({ from: dayOf(h.from_on), threshold: Number(h.threshold_minor) });
  for (const e of await all<EvaluationRow>('select * from tier_evaluations order by period_end'))
    people.get(e.customer_ref)?.evaluations.push({
      end: dayOf(e.period_end),
      // a tier that fell or rose starts without misses
      misses: e.tier_before === e.tier_after ? e.misses_in_row : 0,
    });
  return [...people.values()];
}

/** End-of-day qualifying balances of the days from `from` to `to`. */
export function balances(person: Person, from: number, to: number): number[] {
  const changes = new Map<number, number>();
  for (const [ref, account] of person.accounts) {
    if (!account.qualifies) continue;
    let left = 0;
    for (const row of person.rows) {
      if (row.account !== ref || row.day >= account.closed) continue;
      left += row.amount;
      const day = Math.max(row.day, account.opened, from);
      changes.set(day, (changes.get(day) ?? 0) + row.amount);
    }
    if (account.closed !== Infinity) {
      const day = Math.max(account.closed, from);
      changes.set(day, (changes.get(day) ?? 0) - left);
    }
  }
  let balance = 0;
  return Array.from({ length: to - from + 1 }, (_, n) => (balance += changes.get(from + n) ?? 0));
}
