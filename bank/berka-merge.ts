import type { PoolClient } from 'pg';

/** Staging tables of an import; they are gone when the transaction ends. */
export const STAGING = `
create temp table stage_branches (branch_ref text, name text) on commit drop;
create temp table stage_managers (
  manager_ref text, branch_ref text, name text, email text, languages text[], capacity integer) on commit drop;
create temp table stage_clients (
  customer_ref text, client_id text, gender text, birth_date date, branch_ref text) on commit drop;
create temp table stage_accounts (account_ref text, account_id text, opened_on date) on commit drop;
create temp table stage_parties (account_ref text, customer_ref text, role text) on commit drop;
create temp table stage_transactions (
  line integer, account_ref text, booked_on date, amount_minor bigint, category text,
  counterparty_bank text, counterparty_account text) on commit drop;`;

/** In this order, as the tables refer to each other. What is there already stays. */
const MERGES: readonly string[] = [
  `insert into branches (branch_ref, name)
   select branch_ref, name from stage_branches on conflict do nothing`,
  `insert into managers (manager_ref, branch_ref, name, email, languages, capacity)
   select manager_ref, branch_ref, name, email, languages, capacity from stage_managers on conflict do nothing`,
  // the data has no names, addresses or consents: these are made up
  `insert into customers (customer_ref, source, source_id, name, email, language, zone, birth_date, gender, branch_ref,
                          customer_since, risk_appetite)
   select c.customer_ref, 'berka', c.client_id, 'Client ' || c.client_id, c.customer_ref || '@customers.example', 'en',
          'Europe/Prague', c.birth_date, c.gender, c.branch_ref,
          (select min(a.opened_on) from stage_parties p join stage_accounts a using (account_ref)
            where p.customer_ref = c.customer_ref), 3
     from stage_clients c on conflict do nothing`,
  `insert into consents (customer_ref, channel, purpose, granted, changed_at, source)
   select c.customer_ref, 'email', p.purpose, true,
          coalesce(c.customer_since, c.birth_date)::timestamp at time zone c.zone, 'berka'
     from customers c
    cross join (values ('promotional'), ('survey')) as p (purpose)
    where c.source = 'berka' on conflict do nothing`,
  `insert into accounts (account_ref, customer_ref, source, source_id, kind, opened_on, qualifies)
   select a.account_ref, p.customer_ref, 'berka', a.account_id, 'current', a.opened_on, true
     from stage_accounts a
     join stage_parties p on p.account_ref = a.account_ref and p.role = 'owner' on conflict do nothing`,
  `insert into account_parties (account_ref, customer_ref, role)
   select account_ref, customer_ref, role from stage_parties on conflict do nothing`,
  `insert into transactions (account_ref, booked_on, amount_minor, category, counterparty_bank, counterparty_account,
                             source, source_id)
   select account_ref, booked_on, amount_minor, category, counterparty_bank, counterparty_account,
          'berka', 'trans:' || line
     from stage_transactions order by line on conflict do nothing`,
];

/** How what is there now differs from the files. */
const DIFFERENCES = `
select (select count(*) from stage_transactions s
          join transactions t on t.source = 'berka' and t.source_id = 'trans:' || s.line
         where (t.account_ref, t.booked_on, t.amount_minor, t.category)
               is distinct from (s.account_ref, s.booked_on, s.amount_minor, s.category))::integer as transactions,
       (select count(*) from stage_accounts s
          join accounts a using (account_ref)
          join stage_parties p on p.account_ref = s.account_ref and p.role = 'owner'
         where a.opened_on <> s.opened_on or a.customer_ref <> p.customer_ref)::integer as accounts,
       (select count(*) from transactions)::integer - (select count(*) from stage_transactions)::integer as more_transactions,
       (select count(*) from accounts)::integer - (select count(*) from stage_accounts)::integer as more_accounts,
       (select count(*) from customers)::integer - (select count(*) from stage_clients)::integer as more_customers`;

/**
 * Merges the staged rows into the bank's tables.
 * @returns the number of rows that are new
 * @throws Error when the database holds other rows than the files do
 */
export async function mergeStaged(client: PoolClient): Promise<number> {
  await client.query('analyze stage_clients, stage_accounts, stage_parties, stage_transactions');
  let added = 0;
  for (const merge of MERGES) added += (await client.query(merge)).rowCount ?? 0;
  const { rows } = await client.query<Record<string, number>>(DIFFERENCES);
  const found = Object.entries(rows[0] ?? {}).filter(([, count]) => count !== 0);
  if (found.length > 0)
    throw new Error(
      `this database holds other data than the files (${found.map(([what, count]) => `${what.replace('_', ' ')}: ${count}`).join(', ')}), ` +
        'and what was imported is never changed; nothing was imported; import these files into an empty database',
    );
  return added;
}
