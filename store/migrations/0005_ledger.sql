-- The books as an auditor wants them. One row holds both legs of a posting, so nothing can be out of balance; only the
-- functions below add rows; what an account may not go below is guarded where the row is written, whoever writes it.

-- An account's name is <kind>[:<currency>][:<whose>] and says everything about it. How it is guarded:
-- none: may go below zero; balance: never, what came in and went out is added up under the lock of the account's row;
-- shares: never, and many take from it at once, each from a share of its own. Null: there is no such kind.
create function ledger_guard(account text) returns text language sql immutable as $$
  select case split_part(account, ':', 1)
    when 'customer' then 'balance'
    when 'issuance' then 'none'
    when 'campaign-budget' then 'shares'
    when 'reserved' then 'balance'
    when 'held' then 'balance'
    when 'redeemed' then 'none'
    when 'expired' then 'none'
    when 'redress-cost' then 'none'
    when 'redress-owed' then 'balance'
    when 'redress-paid' then 'none'
  end
$$;
-- What stands in an account: points, or money of a currency in its minor units.
create function ledger_unit(account text) returns text language sql immutable as $$
  select case when account like 'redress-%' then split_part(account, ':', 2) else 'points' end
$$;

create table ledger_account_kinds (
  kind  text primary key,
  holds text not null check (holds in ('points', 'money')),
  guard text not null check (guard in ('none', 'balance', 'shares')),
  what  text not null
);
insert into ledger_account_kinds
  select kind, case when kind like 'redress-%' then 'money' else 'points' end, ledger_guard(kind), what
    from (values
      ('issuance',        'where points come from: what was ever issued, below zero'),
      ('campaign-budget', 'what a campaign may still promise'),
      ('reserved',        'promised by a campaign to one customer, not granted yet'),
      ('customer',        'what a customer can spend'),
      ('held',            'held of a customer for orders that are under way'),
      ('redeemed',        'spent'),
      ('expired',         'not spent in time'),
      ('redress-cost',    'what redress cost the bank, below zero'),
      ('redress-owed',    'redress promised to a customer, not paid yet'),
      ('redress-paid',    'redress that was paid')) as k (kind, what);

alter table ledger_accounts drop column kind, drop column floor_points;
alter table ledger_accounts
  add column kind  text not null generated always as (split_part(ledger_account, ':', 1)) stored references ledger_account_kinds,
  add column guard text not null generated always as (ledger_guard(ledger_account)) stored,
  add column unit  text not null generated always as (ledger_unit(ledger_account)) stored check (unit ~ '^(points|[A-Z]{3})$');

alter table postings rename column points to amount;
alter table postings rename constraint postings_points_check to postings_amount_check;
alter table postings add column unit text not null default 'points' check (unit ~ '^(points|[A-Z]{3})$');
alter table postings alter column unit drop default;
alter table postings add column kind text not null default 'grant' check (kind in (
  'fund', 'defund', 'reserve', 'release', 'grant', 'earn', 'educate', 'goodwill',
  'hold', 'return', 'redeem', 'expire', 'owe-redress', 'pay-redress', 'reversal'));
update postings set kind = 'fund' where from_account = 'issuance';
alter table postings alter column kind drop default;
-- points that a customer gets are a lot: what is left of it after this day expires
alter table postings add column expires_on date;
alter table postings add check ((kind = 'reversal') = (reverses is not null));
create unique index postings_reversed_once on postings (reverses) where reverses is not null;
-- each kind of posting goes from one kind of account to one other
alter table postings add constraint postings_go_their_way check (
  (kind, split_part(from_account, ':', 1), split_part(to_account, ':', 1)) in (
    ('fund', 'issuance', 'campaign-budget'), ('defund', 'campaign-budget', 'issuance'),
    ('reserve', 'campaign-budget', 'reserved'), ('release', 'reserved', 'campaign-budget'),
    ('grant', 'reserved', 'customer'), ('grant', 'campaign-budget', 'customer'),
    ('earn', 'issuance', 'customer'), ('educate', 'issuance', 'customer'), ('goodwill', 'issuance', 'customer'),
    ('hold', 'customer', 'held'), ('return', 'held', 'customer'), ('redeem', 'held', 'redeemed'),
    ('expire', 'customer', 'expired'),
    ('owe-redress', 'redress-cost', 'redress-owed'), ('pay-redress', 'redress-owed', 'redress-paid'))
  or kind = 'reversal');
comment on column postings.amount is 'whole points, or money in minor units of the currency that unit names';
comment on column postings.posted_at is 'business time';

-- A budget's points, spread over shares so that many can take at once; together they are the account's balance.
create table budget_shares (
  ledger_account text not null references ledger_accounts,
  share          smallint not null,
  available      bigint not null check (available >= 0),
  primary key (ledger_account, share)
) with (fillfactor = 50);
insert into budget_shares
  select ledger_account, n, case n when 0 then coalesce((select sum(amount) from postings where to_account = ledger_account), 0)
                                             - coalesce((select sum(amount) from postings where from_account = ledger_account), 0) else 0 end
    from ledger_accounts, generate_series(0, 63) n where kind = 'campaign-budget';

-- Final for everybody, the owner too: a correction is a posting that reverses another.
create function ledger_is_final() returns trigger language plpgsql as $$
begin
  raise exception 'a posting is never changed or taken away; post a reversal of it' using errcode = 'KW003';
end $$;
create trigger postings_are_final before update or delete or truncate on postings
  for each statement execute function ledger_is_final();

create function ledger_balance(account text) returns bigint language sql stable set search_path = public, pg_temp as $$
  select (coalesce((select sum(amount) from postings where to_account = account), 0)
        - coalesce((select sum(amount) from postings where from_account = account), 0))::bigint
$$;

-- Opens the account if it is not there.
create function ledger_open(account text) returns void language plpgsql set search_path = public, pg_temp as $$
begin
  if ledger_guard(account) is null then
    raise exception 'there is no kind of ledger account called "%"', split_part(account, ':', 1) using errcode = 'KW004';
  end if;
  insert into ledger_accounts (ledger_account) values (account) on conflict do nothing;
  if ledger_guard(account) = 'shares' then
    insert into budget_shares select account, n, 0 from generate_series(0, 63) n on conflict do nothing;
  end if;
end $$;
select ledger_open(account) from unnest(array[
  'issuance', 'issuance:transactions', 'issuance:education', 'issuance:goodwill', 'redeemed', 'expired']) account;

-- Spreads a budget's points over so many shares; the caller holds all of them.
create function ledger_spread(account text, total bigint, over bigint) returns void language sql set search_path = public, pg_temp as $$
  update budget_shares b
     set available = case when b.share < over then total / over + (case when b.share < total % over then 1 else 0 end) else 0 end
   where b.ledger_account = account
$$;

-- Holds a share of a budget that points will be put into, a free one if there is any; a whole budget is spread over all,
-- so all are held, and null is the answer. Shares are held before a key is inserted, by everybody: nobody who holds a
-- key waits for a share.
create function ledger_hold_share(account text, whole boolean) returns smallint language plpgsql set search_path = public, pg_temp as $$
declare
  probe smallint := floor(random() * 64);
  picked smallint;
begin
  if whole then
    perform 1 from budget_shares b where b.ledger_account = account order by b.share for no key update;
    return null;
  end if;
  select b.share into picked from budget_shares b
   where b.ledger_account = account and b.share >= probe limit 1 for no key update skip locked;
  if picked is null then
    select b.share into picked from budget_shares b where b.ledger_account = account limit 1 for no key update skip locked;
  end if;
  if picked is null then
    select b.share into picked from budget_shares b where b.ledger_account = account and b.share = probe for no key update;
  end if;
  return picked;
end $$;

-- Puts points into the share that is held for it; null: spreads the budget anew over all of them.
create function ledger_add_to_shares(account text, amount bigint, held smallint) returns void language plpgsql set search_path = public, pg_temp as $$
begin
  if held is null then
    perform ledger_spread(account, (select sum(b.available)::bigint from budget_shares b where b.ledger_account = account) + amount, 64);
  else
    update budget_shares b set available = available + amount where b.ledger_account = account and b.share = held;
  end if;
end $$;

-- Takes points out of a budget: out of one free share that has enough, else out of all together, which are then spread
-- anew. False: there is not that much, and nothing was taken.
create function ledger_take_from_shares(account text, amount bigint) returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  probe smallint;
  picked smallint;
  total bigint;
begin
  -- a few at random; whoever finds them held or too small asks all
  for attempt in 1..6 loop
    probe := floor(random() * 64);
    select b.share into picked from budget_shares b
     where b.ledger_account = account and b.share = probe and b.available >= amount
       for no key update skip locked;
    exit when picked is not null;
  end loop;
  if picked is null then
    select b.share into picked from budget_shares b where b.ledger_account = account and b.available >= amount
     limit 1 for no key update skip locked;
  end if;
  if picked is null then
    -- in the order of the shares: who waits for one holds none after it
    perform 1 from budget_shares b where b.ledger_account = account order by b.share for no key update;
    -- a budget that is not open yet can't be held, and has nothing
    if not found then return false; end if;
    select coalesce(sum(b.available), 0) into total from budget_shares b where b.ledger_account = account;
    if total < amount then return false; end if;
    total := total - amount;
    -- a share is worth having while it serves a few more like this one
    perform ledger_spread(account, total, greatest(1, least(64, total / (4 * amount))));
    return true;
  end if;
  update budget_shares b set available = available - amount where b.ledger_account = account and b.share = picked;
  return true;
end $$;

-- Posts once for each key. Gives the posting's id; below zero, the id of the first where the same was posted under this
-- key before; 0 where the account does not hold that much and nothing was written. Raises KW001 where the key stands for
-- something else. One statement for each thing that must be seen or done, because this is what every point goes through.
create function ledger_post(
  p_key text, p_kind text, p_from text, p_to text, p_amount bigint, p_memo text, p_at timestamptz, p_expires_on date, p_reverses bigint
) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
  guard text := ledger_guard(p_from);
  enough boolean := true;
  taken boolean := false;
  refills boolean := ledger_guard(p_to) = 'shares';
  held smallint;
  posting bigint;
  same boolean;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the ledger posts in read committed: it must see what was posted before it had its locks' using errcode = 'KW004';
  end if;
  if p_amount < 1 then
    raise exception 'an amount is at least 1, not %', p_amount using errcode = 'KW004';
  end if;
  if ledger_unit(p_from) <> ledger_unit(p_to) then
    raise exception '"%" holds % and "%" holds %', p_from, ledger_unit(p_from), p_to, ledger_unit(p_to) using errcode = 'KW004';
  end if;
  if p_reverses is not null then
    perform 1 from postings p where p.posting_id = p_reverses and p.kind <> 'reversal'
       and (p.from_account, p.to_account, p.amount) = (p_to, p_from, p_amount)
       -- two who reverse it at once: one waits, and finds the other's key
       for no key update;
    if not found then
      raise exception 'posting % is not the one to reverse with these accounts and this amount', p_reverses using errcode = 'KW004';
    end if;
  end if;
  -- whoever takes from a guarded account waits here for the others who do; who puts in does not
  if guard = 'balance' then
    perform 1 from ledger_accounts where ledger_account = p_from for no key update;
    -- an account that is not open yet can't be held, and has nothing; what comes in from now on is for later
    enough := found;
    if found then
      enough := coalesce((select sum(amount) from postings where to_account = p_from), 0)
              - coalesce((select sum(amount) from postings where from_account = p_from), 0) >= p_amount;
    end if;
  elsif guard = 'shares' then
    -- opened before a share is held, as batches do: nobody who holds a share waits for an account
    if not exists (select 1 from ledger_accounts where ledger_account = p_to) then perform ledger_open(p_to); end if;
    taken := not exists (select 1 from postings where idempotency_key = p_key) and ledger_take_from_shares(p_from, p_amount);
    enough := taken;
  elsif p_kind = 'owe-redress' then
    -- the other accounts without a guard are there from the beginning
    perform ledger_open(p_from);
  end if;
  if refills and enough then
    if not exists (select 1 from ledger_accounts where ledger_account = p_to) then perform ledger_open(p_to); end if;
    held := ledger_hold_share(p_to, p_kind = 'fund');
  end if;
  while enough loop
    -- nothing is inserted where somebody else was quicker with this key, or the account was not open yet
    insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at, expires_on, reverses)
    select p_key, p_kind, p_from, p_to, t.unit, p_amount, p_memo, p_at, p_expires_on, p_reverses
      from ledger_accounts t where t.ledger_account = p_to
    on conflict (idempotency_key) do nothing returning posting_id into posting;
    if posting is not null then
      if refills then perform ledger_add_to_shares(p_to, p_amount, held); end if;
      return posting;
    end if;
    exit when exists (select 1 from postings where idempotency_key = p_key);
    perform ledger_open(p_to);
  end loop;
  select -p.posting_id, (p.kind, p.from_account, p.to_account, p.amount) = (p_kind, p_from, p_to, p_amount)
                        and p.reverses is not distinct from p_reverses
    into posting, same from postings p where p.idempotency_key = p_key;
  if not same then raise exception 'conflict: %', p_key using errcode = 'KW001', detail = p_key; end if;
  if taken then perform ledger_add_to_shares(p_from, p_amount, ledger_hold_share(p_from, false)); end if;
  return coalesce(posting, 0);
end $$;

-- Posts many at once, all or none: raises KW001 (a key stands for something else) or KW002 (an account does not hold
-- that much; what the batch itself puts in does not count, but for budgets). Accounts are locked in order, so that two batches never wait
-- for each other in a circle. Gives the number of postings that are new.
create function ledger_post_all(
  p_keys text[], p_kinds text[], p_froms text[], p_tos text[], p_amounts bigint[], p_memos text[], p_at timestamptz, p_expires_on date[]
) returns integer language plpgsql security definer set search_path = public, pg_temp as $$
declare
  bad text;
  budget record;
  added integer;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the ledger posts in read committed: it must see what was posted before it had its locks' using errcode = 'KW004';
  end if;
  if (select count(distinct key) < count(*) from unnest(p_keys) key) then
    raise exception 'a batch names each debt once' using errcode = 'KW004';
  end if;
  select u.f || ' and ' || u.t into bad from unnest(p_froms, p_tos) u (f, t) where ledger_unit(u.f) <> ledger_unit(u.t) limit 1;
  if bad is not null then raise exception '% hold different things', bad using errcode = 'KW004'; end if;
  perform ledger_open(o.account) from (
    select account from (select distinct account from unnest(p_froms || p_tos) account) d
      left join ledger_accounts a on a.ledger_account = d.account where a.ledger_account is null order by 1) o;
  perform 1 from ledger_accounts a
    where a.ledger_account = any(p_froms) and a.guard = 'balance' order by a.ledger_account for no key update;
  perform 1 from budget_shares b where b.ledger_account = any(p_froms || p_tos) order by b.ledger_account, b.share for update;

  -- each statement sees what was committed before the locks above were had
  select o.f into bad
    from (select u.f, sum(u.amount) as amount from unnest(p_keys, p_froms, p_amounts) u (key, f, amount)
           where ledger_guard(u.f) = 'balance' and not exists (select 1 from postings p where p.idempotency_key = u.key)
           group by u.f) o
   where o.amount > coalesce((select sum(p.amount) from postings p where p.to_account = o.f), 0)
                  - coalesce((select sum(p.amount) from postings p where p.from_account = o.f), 0) limit 1;
  if bad is not null then raise exception 'overdrawn: %', bad using errcode = 'KW002', detail = bad; end if;
  for budget in
    select u.account, sum(u.amount)::bigint as change
      from (select key, f as account, -amount as amount from unnest(p_keys, p_froms, p_amounts) x (key, f, amount)
            union all select key, t, amount from unnest(p_keys, p_tos, p_amounts) x (key, t, amount)) u
     where ledger_guard(u.account) = 'shares' and not exists (select 1 from postings p where p.idempotency_key = u.key)
     group by u.account
  loop
    if budget.change < 0 and not ledger_take_from_shares(budget.account, -budget.change) then
      raise exception 'overdrawn: %', budget.account using errcode = 'KW002', detail = budget.account;
    end if;
    if budget.change > 0 then
      perform ledger_add_to_shares(budget.account, budget.change, ledger_hold_share(budget.account, false));
    end if;
  end loop;

  insert into postings (idempotency_key, kind, from_account, to_account, unit, amount, memo, posted_at, expires_on)
  select u.key, u.kind, u.f, u.t, ledger_unit(u.f), u.amount, u.memo, p_at, u.expires_on
    from unnest(p_keys, p_kinds, p_froms, p_tos, p_amounts, p_memos, p_expires_on) u (key, kind, f, t, amount, memo, expires_on)
   -- in the keys' order, so that two batches with the same keys don't wait for each other in a circle
   order by u.key
  on conflict (idempotency_key) do nothing;
  get diagnostics added = row_count;
  -- where all were new, no key stood for anything else
  if added < cardinality(p_keys) then
    select u.key into bad from unnest(p_keys, p_kinds, p_froms, p_tos, p_amounts) u (key, kind, f, t, amount)
      join postings p on p.idempotency_key = u.key
     where (p.kind, p.from_account, p.to_account, p.amount) <> (u.kind, u.f, u.t, u.amount) limit 1;
    if bad is not null then raise exception 'conflict: %', bad using errcode = 'KW001', detail = bad; end if;
  end if;
  return added;
end $$;

-- A campaign whose reward was never owed had no budget yet; from now on publishing funds it.
with newest as (
  select distinct on (campaign_ref) campaign_ref, (definition -> 'reward' ->> 'budget')::bigint as budget, published_at, version
    from campaign_versions order by campaign_ref, version desc
)
select ledger_post('budget:' || campaign_ref || ':v' || version, 'fund', 'issuance', 'campaign-budget:' || campaign_ref,
                   budget, 'campaign budget', published_at, null, null)
  from newest
 where budget > 0 and not exists (select 1 from postings where to_account = 'campaign-budget:' || campaign_ref and kind = 'fund');

-- What a campaign has promised to a customer in a journey: granted or released when the journey ends, and released at
-- its expiry at the latest, because a terminated workflow gives nothing back.
create table reward_reservations (
  journey_id   uuid primary key references journeys,
  campaign_ref text not null references campaigns,
  customer_ref text not null references customers,
  points       bigint not null check (points > 0),
  reserved_at  timestamptz not null,
  expires_at   timestamptz not null check (expires_at > reserved_at),
  settled_at   timestamptz,
  settled_as   text check (settled_as in ('granted', 'released', 'expired')),
  check ((settled_at is null) = (settled_as is null))
);
create index reward_reservations_open on reward_reservations (expires_at) where settled_at is null;
grant select, insert, update on reward_reservations to keepwell_app;

-- The books are read by all and written by the functions alone.
revoke insert, update, delete on ledger_accounts, postings from keepwell_app;
grant select on ledger_account_kinds, budget_shares to keepwell_app;
revoke all on function ledger_open, ledger_spread, ledger_hold_share, ledger_add_to_shares, ledger_take_from_shares, ledger_post, ledger_post_all from public;
grant execute on function ledger_balance, ledger_guard, ledger_unit, ledger_post, ledger_post_all to keepwell_app;
