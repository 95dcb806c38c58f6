-- The bank as Keepwell sees it, and what Keepwell remembers. Money is in minor units, days are calendar days of the
-- bank, instants are instants of the business clock unless a column's comment says "wall".

create table installation (
  only_row      boolean primary key default true check (only_row),
  bank_name     text not null,
  currency      text not null check (currency ~ '^[A-Z]{3}$'),
  zone          text not null,
  jurisdiction  text not null,
  tier_rule     text not null,
  clock_origin  timestamptz not null,
  clock_anchor  timestamptz not null,
  clock_rate    double precision not null check (clock_rate between 1 and 200000),
  -- the last day of which the bank's data tell; the default of every "as of"
  data_until    date
);
comment on column installation.clock_anchor is 'wall instant at which business time was clock_origin';

create table branches (
  branch_ref text primary key,
  name       text not null
);

create table managers (
  manager_ref text primary key,
  branch_ref  text not null references branches,
  name        text not null,
  email       text not null,
  languages   text[] not null,
  -- open journeys that one manager can look after
  capacity    integer not null check (capacity between 0 and 10000)
);

create table tier_rules (
  rule_ref   text not null,
  version    integer not null,
  definition jsonb not null,
  source     text not null,
  primary key (rule_ref, version)
);

create table tiers (
  tier_ref        text primary key,
  rank            integer not null unique check (rank >= 0),
  name_en         text not null,
  name_zh         text not null,
  threshold_minor bigint not null check (threshold_minor >= 0)
);
comment on column tiers.rank is '0 is the lowest tier; its threshold is 0';

create table customers (
  customer_ref   text primary key check (customer_ref ~ '^c[0-9a-z]{1,31}$'),
  source         text not null,
  source_id      text not null,
  name           text not null,
  email          text not null,
  language       text not null check (language in ('zh-CN', 'en')),
  zone           text not null,
  birth_date     date,
  gender         text,
  job            text,
  employer       text,
  branch_ref     text references branches,
  manager_ref    text references managers,
  -- null or later than the day asked about: not a customer (yet)
  customer_since date,
  -- 1 cautious .. 5 adventurous; null: not assessed
  risk_appetite  integer check (risk_appetite between 1 and 5),
  -- the address refused mail for good
  email_refused_at timestamptz,
  erased_at      timestamptz,
  unique (source, source_id)
);
create index customers_by_manager on customers (manager_ref) where manager_ref is not null;

create table consents (
  customer_ref text not null references customers,
  channel      text not null check (channel in ('email')),
  purpose      text not null check (purpose in ('promotional', 'survey')),
  granted      boolean not null,
  changed_at   timestamptz not null,
  source       text not null,
  primary key (customer_ref, channel, purpose)
);

create table accounts (
  account_ref  text primary key,
  customer_ref text not null references customers,
  source       text not null,
  source_id    text not null,
  kind         text not null check (kind in ('current', 'savings', 'term-deposit', 'credit-card')),
  opened_on    date not null,
  closed_on    date check (closed_on >= opened_on),
  -- counts towards the tier's qualifying balance
  qualifies    boolean not null,
  credit_limit_minor bigint check (credit_limit_minor >= 0),
  unique (source, source_id)
);
create index accounts_by_customer on accounts (customer_ref);

create table account_parties (
  account_ref  text not null references accounts,
  customer_ref text not null references customers,
  role         text not null check (role in ('owner', 'authorised')),
  primary key (account_ref, customer_ref)
);
create index account_parties_by_customer on account_parties (customer_ref);

create table transactions (
  transaction_id bigint generated always as identity primary key,
  account_ref    text not null references accounts,
  booked_on      date not null,
  -- signed: money in is positive
  amount_minor   bigint not null check (amount_minor <> 0),
  category       text not null,
  counterparty_bank    text,
  counterparty_account text,
  -- set when the other side is an account in this bank
  counterparty_account_ref text,
  source         text not null,
  source_id      text not null,
  unique (source, source_id)
);
create index transactions_by_account on transactions (account_ref, booked_on) include (amount_minor, category);
comment on column transactions.category is
  'salary, pension, interest, penalty-interest, fee, household, insurance, loan, card, cash, transfer-in, transfer-out, own-transfer, deposit, purchase, bonus, benefit';

create table products_held (
  holding_ref     text primary key,
  customer_ref    text not null references customers,
  account_ref     text references accounts,
  product         text not null,
  principal_minor bigint not null check (principal_minor > 0),
  opened_on       date not null,
  matures_on      date,
  -- the day on which the customer said that it goes on
  renewal_agreed_on date
);
create index products_held_by_customer on products_held (customer_ref);
create index products_held_by_maturity on products_held (matures_on) where matures_on is not null;

create table tier_history (
  customer_ref text not null references customers,
  from_on      date not null,
  tier_ref     text not null references tiers,
  reason       text not null,
  primary key (customer_ref, from_on)
);

create table tier_evaluations (
  customer_ref    text not null references customers,
  period_start    date not null,
  period_end      date not null check (period_end >= period_start),
  rule_ref        text not null,
  rule_version    integer not null,
  tier_before     text not null references tiers,
  average_minor   bigint not null,
  threshold_minor bigint not null,
  missed          boolean not null,
  misses_in_row   integer not null,
  standing        text not null,
  tier_after      text not null references tiers,
  -- what the rule has to remember for the next period
  memory          jsonb not null,
  primary key (customer_ref, period_end),
  foreign key (rule_ref, rule_version) references tier_rules
);
