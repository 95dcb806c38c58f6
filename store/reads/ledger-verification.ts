/** Whether the books are what they claim to be, asked anew of every posting. */
import type { Sql } from '../database.js';
import { one, type Database } from '../database.js';
import { POSTING_KINDS, type PostingKind } from '../ledger.js';
import { inSnapshot } from './ledger.js';

/** What is told of one check; there may be more against it. */
export const MAX_FINDINGS = 20;

/** Which way each kind of posting goes (docs/ledger.md): written down a second time, so that two can disagree. */
const WAYS: Record<Exclude<PostingKind, 'reversal'>, readonly (readonly [from: string, to: string])[]> = {
  fund: [['issuance', 'campaign-budget']],
  defund: [['campaign-budget', 'issuance']],
  reserve: [['campaign-budget', 'reserved']],
  release: [['reserved', 'campaign-budget']],
  grant: [
    ['reserved', 'customer'],
    ['campaign-budget', 'customer'],
  ],
  earn: [['issuance', 'customer']],
  educate: [['issuance', 'customer']],
  goodwill: [['issuance', 'customer']],
  hold: [['customer', 'held']],
  return: [['held', 'customer']],
  redeem: [['held', 'redeemed']],
  expire: [['customer', 'expired']],
  'owe-redress': [['redress-cost', 'redress-owed']],
  'pay-redress': [['redress-owed', 'redress-paid']],
};

const BALANCES = `
with balances as (
  select a.ledger_account as account, a.kind, a.unit, k.guard,
         (coalesce(i.amount, 0) - coalesce(o.amount, 0))::bigint as balance
    from ledger_accounts a
    join ledger_account_kinds k using (kind)
    left join (select to_account, sum(amount) as amount from postings group by 1) i on i.to_account = a.ledger_account
    left join (select from_account, sum(amount) as amount from postings group by 1) o on o.from_account = a.ledger_account
)`;

interface Check {
  /** its name, for programs */
  check: string;
  /** what is true of good books */
  says: string;
  /** gives a row for each thing that speaks against it, in words */
  sql: string;
}

/**
 * The order of numbers is an order in which the postings can have been made: whoever takes from a guarded account draws
 * its number after it saw what came in and before anybody else can take. Budgets are left out: a batch moves the
 * difference, and within it what goes out may have the lower number.
 */
const NEVER_BELOW = `
with legs as (
  select posting_id, to_account as account, amount from postings
  union all select posting_id, from_account, -amount from postings
), running as (
  select l.account, l.posting_id, sum(l.amount) over (partition by l.account order by l.posting_id) as balance
    from legs l join ledger_accounts a on a.ledger_account = l.account
    join ledger_account_kinds k on k.kind = a.kind and k.guard = 'balance'
)
select account || ' was at ' || min(balance) || ', first after posting ' || min(posting_id) as against
  from running where balance < 0 group by account order by 1`;

const CHECKS: readonly Check[] = [
  {
    check: 'sum-zero',
    says: 'all accounts together hold nothing, in each unit',
    sql: `${BALANCES} select unit || ': all accounts together hold ' || sum(balance) as against
            from balances group by unit having sum(balance) <> 0`,
  },
  {
    check: 'not-overdrawn',
    says: 'no account that is guarded is below zero',
    sql: `${BALANCES} select account || ' is at ' || balance as against from balances where guard <> 'none' and balance < 0`,
  },
  { check: 'never-overdrawn', says: 'none ever was, posting after posting', sql: NEVER_BELOW },
  {
    check: 'shares',
    says: "each budget's shares add up to its balance",
    sql: `${BALANCES} select b.account || ' holds ' || b.balance || ', and its shares ' || coalesce(s.available, 0) as against
            from balances b
            left join (select ledger_account, sum(available) as available from budget_shares group by 1) s on s.ledger_account = b.account
           where b.guard = 'shares' and b.balance <> coalesce(s.available, 0)`,
  },
  {
    check: 'reservations',
    says: 'what is reserved for a customer is what the open reservations say',
    sql: `${BALANCES} select coalesce(b.account, r.account) || ' holds ' || coalesce(b.balance, 0)
                 || ', and the open reservations say ' || coalesce(r.points, 0) as against
            from (select * from balances where kind = 'reserved') b
            full join (select 'reserved:' || campaign_ref || ':' || customer_ref as account, sum(points) as points
                         from reward_reservations where settled_at is null group by 1) r using (account)
           where coalesce(b.balance, 0) <> coalesce(r.points, 0)`,
  },
  {
    check: 'orders',
    says: 'what is held of a customer is what the open orders say',
    sql: `${BALANCES} select coalesce(b.account, o.account) || ' holds ' || coalesce(b.balance, 0)
                 || ', and the open orders say ' || coalesce(o.points, 0) as against
            from (select * from balances where kind = 'held') b
            full join (select 'held:' || customer_ref as account, sum(points) as points
                         from redemption_orders where settled_at is null group by 1) o using (account)
           where coalesce(b.balance, 0) <> coalesce(o.points, 0)`,
  },
  {
    check: 'reversals',
    says: 'each reversal is the mirror of one posting before it, and none is reversed twice',
    sql: `select 'posting ' || r.posting_id || ' does not mirror posting ' || coalesce(r.reverses::text, 'none') as against
            from postings r left join postings p on p.posting_id = r.reverses
           where (r.kind = 'reversal') <> (r.reverses is not null)
              or r.kind = 'reversal'
             and (p.kind = 'reversal' or p.posting_id >= r.posting_id
                  or (r.from_account, r.to_account, r.amount, r.unit) is distinct from (p.to_account, p.from_account, p.amount, p.unit))
          union all
          select 'posting ' || reverses || ' is reversed ' || count(*) || ' times' from postings
           where reverses is not null group by reverses having count(*) > 1`,
  },
  {
    check: 'ways',
    says: "each posting goes its kind's way, in its accounts' unit, and moves something",
    sql: `select 'posting ' || p.posting_id || ' (' || p.kind || ') goes from ' || p.from_account || ' to ' || p.to_account
                 || ' with ' || p.amount || ' ' || p.unit as against
            from postings p
            join ledger_accounts f on f.ledger_account = p.from_account
            join ledger_accounts t on t.ledger_account = p.to_account
           where p.amount <= 0 or f.unit <> p.unit or t.unit <> p.unit
              or p.kind <> 'reversal' and (p.kind, f.kind, t.kind) not in (select * from unnest($1::text[], $2::text[], $3::text[]))
              or not p.kind = any($4)`,
  },
  {
    check: 'once',
    says: 'no debt is posted twice',
    sql: `select idempotency_key || ' is posted ' || count(*) || ' times' as against
            from postings group by idempotency_key having count(*) > 1`,
  },
  {
    check: 'final',
    says: 'a posting cannot be changed or taken away, nor made but by the functions that guard the accounts',
    sql: `select 'the trigger postings_are_final is not there, or off' as against
           where not exists (select from pg_trigger where tgrelid = 'postings'::regclass and tgname = 'postings_are_final'
                                and tgenabled in ('O', 'A'))
          union all
          select 'keepwell_app may ' || p || ' ' || t
            from unnest(array['insert', 'update', 'delete', 'truncate']) p,
                 unnest(array['postings', 'ledger_accounts', 'budget_shares']) t
           where has_table_privilege('keepwell_app', t, p)
              or p in ('insert', 'update') and has_any_column_privilege('keepwell_app', t, p)`,
  },
];

export interface LedgerCheck {
  check: string;
  says: string;
  /** what speaks against it, in words, at most MAX_FINDINGS; none: it holds */
  against: string[];
  /** how many things speak against it */
  found: number;
}

export interface LedgerVerdict {
  whole: boolean;
  accounts: number;
  postings: number;
  checks: LedgerCheck[];
}

/** Asks everything of the books as they are at one moment. It reads every posting a few times: seconds for a million. */
export function verifyLedger(database: Database): Promise<LedgerVerdict> {
  return inSnapshot(database, async (sql) => {
    const { rows } = await sql.query<{ accounts: number; postings: number }>(
      'select (select count(*)::integer from ledger_accounts) as accounts, (select count(*)::integer from postings) as postings',
    );
    const checks: LedgerCheck[] = [];
    for (const check of CHECKS) checks.push(await ask(sql, check));
    return { whole: checks.every(({ found }) => found === 0), ...one(rows, 'the count'), checks };
  });
}

async function ask(sql: Sql, { check, says, sql: query }: Check): Promise<LedgerCheck> {
  const values = check === 'ways' ? waysAsColumns() : [];
  const { rows } = await sql.query<{ against: string; found: number }>(
    `select against, (count(*) over ())::integer as found from (${query}) findings limit ${MAX_FINDINGS}`,
    values,
  );
  return { check, says, against: rows.map(({ against }) => against), found: rows[0]?.found ?? 0 };
}

function waysAsColumns(): string[][] {
  const ways = Object.entries(WAYS).flatMap(([kind, pairs]) => pairs.map(([from, to]) => [kind, from, to] as const));
  return [ways.map(([kind]) => kind), ways.map(([, from]) => from), ways.map(([, , to]) => to), [...POSTING_KINDS]];
}
