import { TIER_RULE_EXAMPLES } from '../../domain/tier-rule-examples.js';
import type { Database } from '../../store/database.js';
import { insertTierRules } from '../../store/tier-rules.js';

interface AccountOptions {
  kind?: 'current' | 'savings' | 'term-deposit' | 'credit-card';
  qualifies?: boolean;
  openedOn?: string;
  closedOn?: string;
  limit?: number;
}

interface Booking {
  account_ref: string;
  booked_on: string;
  amount_minor: number;
  category: string;
  counterparty_account_ref: string | null;
  source: string;
  source_id: string;
}

/** A bank of a few customers made by hand; its tiers begin at 0, 50,000 and 500,000 minor units. */
export class SmallBank {
  private readonly customers: { customer_ref: string; customer_since: string | null; erased_at: string | null }[] = [];
  private readonly accounts: object[] = [];
  private readonly bookings: Booking[] = [];
  private readonly holdings: object[] = [];

  customer(ref: string, since: string | null = '2020-01-01', erasedAt: string | null = null): this {
    this.customers.push({ customer_ref: ref, customer_since: since, erased_at: erasedAt });
    return this;
  }

  account(ref: string, customer: string, options: AccountOptions = {}): this {
    const kind = options.kind ?? 'current';
    this.accounts.push({
      account_ref: ref,
      customer_ref: customer,
      kind,
      opened_on: options.openedOn ?? '2020-01-01',
      closed_on: options.closedOn ?? null,
      qualifies: options.qualifies ?? kind !== 'credit-card',
      credit_limit_minor: options.limit ?? null,
    });
    return this;
  }

  book(account: string, day: string, amount: number, category: string, other: string | null = null): this {
    const id = String(this.bookings.length);
    this.bookings.push({
      account_ref: account,
      booked_on: day,
      amount_minor: amount,
      category,
      counterparty_account_ref: other,
      source: 'test',
      source_id: id,
    });
    return this;
  }

  holding(customer: string, principal: number, maturesOn: string, renewalAgreedOn: string | null = null): this {
    this.holdings.push({
      holding_ref: `h${this.holdings.length}`,
      customer_ref: customer,
      product: 'term-deposit-12m',
      principal_minor: principal,
      opened_on: '2024-01-01',
      matures_on: maturesOn,
      renewal_agreed_on: renewalAgreedOn,
    });
    return this;
  }

  /** Writes everything; `tierRule` such as bohai@1. */
  async save(owner: Database, tierRule: string): Promise<void> {
    await insertTierRules(owner, TIER_RULE_EXAMPLES);
    await owner.query(
      `insert into installation (bank_name, currency, zone, jurisdiction, tier_rule, clock_origin, clock_anchor, clock_rate)
       values ('Test Bank', 'CNY', 'Asia/Shanghai', 'CN', $1, '2026-01-01Z', '2026-01-01Z', 1)`,
      [tierRule],
    );
    await owner.query(
      `insert into tiers (tier_ref, rank, name_en, name_zh, threshold_minor)
       values ('mass', 0, 'Mass', '大众', 0), ('affluent', 1, 'Affluent', '财富', 50000), ('private', 2, 'Private', '私人', 500000)`,
    );
    await owner.query(
      `insert into customers (customer_ref, source, source_id, name, email, language, zone, customer_since, erased_at)
       select customer_ref, 'test', customer_ref, 'A. Customer', 'a@example.test', 'en', 'Asia/Shanghai', customer_since, erased_at
         from jsonb_to_recordset($1) as r (customer_ref text, customer_since date, erased_at timestamptz)`,
      [JSON.stringify(this.customers)],
    );
    await owner.query(
      `insert into accounts (account_ref, customer_ref, source, source_id, kind, opened_on, closed_on, qualifies, credit_limit_minor)
       select account_ref, customer_ref, 'test', account_ref, kind, opened_on, closed_on, qualifies, credit_limit_minor
         from jsonb_to_recordset($1) as r (account_ref text, customer_ref text, kind text, opened_on date,
           closed_on date, qualifies boolean, credit_limit_minor bigint)`,
      [JSON.stringify(this.accounts)],
    );
    await owner.query(
      `insert into transactions (account_ref, booked_on, amount_minor, category, counterparty_account_ref, source, source_id)
       select account_ref, booked_on, amount_minor, category, counterparty_account_ref, source, source_id
         from jsonb_to_recordset($1) as r (account_ref text, booked_on date, amount_minor bigint, category text,
           counterparty_account_ref text, source text, source_id text)`,
      [JSON.stringify(this.bookings)],
    );
    await owner.query(
      `insert into products_held (holding_ref, customer_ref, product, principal_minor, opened_on, matures_on, renewal_agreed_on)
       select * from jsonb_to_recordset($1) as r (holding_ref text, customer_ref text, product text, principal_minor bigint,
         opened_on date, matures_on date, renewal_agreed_on date)`,
      [JSON.stringify(this.holdings)],
    );
  }
}
