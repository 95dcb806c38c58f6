-- Points that customers earn: the programme's terms in their versions, what each transaction earned, how far was looked,
-- and what the ledger needs to know its lots by.

create table points_programmes (
  version      integer primary key check (version >= 1),
  definition   jsonb not null,
  -- the file as it was edited
  source_text  text not null,
  -- sha256 of the definition's canonical JSON
  digest       text not null unique,
  -- business time
  published_at timestamptz not null,
  published_by text not null
);

-- One row for each transaction that a rule speaks of; a transaction earns once. No foreign key to it: checking that would
-- write a lock into each row of the bank's largest table.
create table earnings (
  transaction_id bigint primary key,
  customer_ref   text not null references customers,
  rule_ref       text not null,
  version        integer not null references points_programmes,
  -- the first day of the month in which it was booked: the cap counts by month
  month          date not null check (extract(day from month) = 1),
  -- before the cap
  reckoned       bigint not null check (reckoned > 0),
  -- after it; 0: the month's cap was reached, nothing was posted
  points         bigint not null check (points between 0 and reckoned)
);
-- what a rule gave a customer in a month so far
create index earnings_by_cap on earnings (customer_ref, rule_ref, month) include (points);

create table earning_progress (
  only_row     boolean primary key default true check (only_row),
  looked_until bigint not null check (looked_until >= 0)
);
comment on column earning_progress.looked_until is
  'the last transaction_id that was looked at; every batch holds this row, so that earning is done by one at a time';
insert into earning_progress (looked_until) values (0);

-- Transactions that were booked after the day that was judged: their tier was not known yet, and they are taken up again.
create table earnings_waiting (
  transaction_id bigint primary key,
  booked_on      date not null
);
create index earnings_waiting_by_day on earnings_waiting (booked_on);

-- the lots of a customer in the order in which they expire
create index postings_lots on postings (to_account, expires_on) include (amount) where expires_on is not null;

-- Holds accounts still until the transaction ends, for whoever posts what they hold: nobody else takes from them
-- meanwhile. In the same order as the ledger itself, so that no two wait for each other in a circle.
create function ledger_lock(accounts text[]) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform 1 from ledger_accounts a where a.ledger_account = any(accounts) order by a.ledger_account for no key update;
end $$;
revoke all on function ledger_lock from public;
grant execute on function ledger_lock to keepwell_app;

-- published versions and what was earned are only ever added to
grant select, insert on points_programmes, earnings to keepwell_app;
grant select, update on earning_progress to keepwell_app;
grant select, insert, delete on earnings_waiting to keepwell_app;
