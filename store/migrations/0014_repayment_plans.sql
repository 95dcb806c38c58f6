-- What a customer in credit trouble has agreed to pay back and when, what became of it, and the standing that is asked
-- for back. Money is in minor units.

create sequence plan_numbers;

-- what the key of plans refers to: the account is the customer's own
alter table accounts add constraint accounts_of_customer unique (account_ref, customer_ref);

create table repayment_plans (
  -- what the customer is told, for instance P-2026-0000042
  plan_ref         text primary key check (plan_ref ~ '^P-\d{4}-\d{7,}$'),
  customer_ref     text not null references customers,
  -- where the debt is, and where repayments are looked for
  account_ref      text not null,
  -- the journey of the credit playbook in which it was agreed
  journey_id       uuid references journeys,
  total_minor      bigint not null check (total_minor > 0),
  currency         text not null check (currency ~ '^[A-Z]{3}$'),
  every            text not null check (every in ('month', 'two-weeks')),
  -- the terms that it keeps, whatever the policy's file says later
  policy           jsonb not null,
  policy_digest    text not null check (policy_digest ~ '^[0-9a-f]{64}$'),
  monthly_income_minor bigint not null check (monthly_income_minor >= 0),
  -- transactions: as the bank's data show; stated: as the customer says
  income_source    text not null check (income_source in ('transactions', 'stated')),
  -- why another person must approve it; empty: nobody needs to
  approval_reasons text[] not null,
  state            text not null default 'proposed'
    check (state in ('proposed', 'agreed', 'running', 'kept', 'broken', 'ended')),
  workflow_id      text not null unique,
  proposed_at      timestamptz not null,
  -- staff names, not shown to customers
  proposed_by      text not null check (length(proposed_by) between 1 and 100),
  -- the customer has agreed, before this member of staff
  agreed_at        timestamptz,
  agreed_by        text check (length(agreed_by) between 1 and 100),
  approved_at      timestamptz,
  approved_by      text check (length(approved_by) between 1 and 100),
  -- repayments count that are booked from this day on
  counts_from      date,
  -- all its instalments were kept, or too many were missed
  settled_at       timestamptz,
  closed_at        timestamptz,
  ended_by         text check (length(ended_by) between 1 and 100),
  end_reason       text check (end_reason in ('by-customer', 'replaced', 'paid-otherwise', 'by-bank')),
  foreign key (account_ref, customer_ref) references accounts (account_ref, customer_ref),
  check ((agreed_at is null) = (agreed_by is null) and (agreed_at is null) = (counts_from is null)),
  check ((approved_at is null) = (approved_by is null)),
  check (state in ('proposed', 'ended') or agreed_at is not null),
  check (state <> 'proposed' or agreed_at is null),
  -- four eyes: where another person must approve, nothing runs before, and it is another person
  check (state not in ('running', 'kept', 'broken') or approval_reasons = '{}' or approved_by is not null),
  check (lower(trim(approved_by)) not in (lower(trim(proposed_by)), lower(trim(agreed_by)))),
  check (approved_by is null or agreed_by is not null),
  check ((state in ('kept', 'broken')) <= (settled_at is not null)),
  check ((state = 'ended') = (end_reason is not null) and (end_reason is null) = (ended_by is null)),
  check (state <> 'ended' or closed_at is not null),
  check (closed_at is null or state in ('kept', 'ended'))
);
comment on column repayment_plans.state is
  'agreed: waits for the approval of another person; broken: a person decides; kept: the standing is asked for back; ended: closed by a person';
comment on column repayment_plans.closed_at is
  'from the agreement until here the customer is in credit care: no promotion leaves';
-- at most one for a customer, and what the door for messages asks for
create unique index repayment_plans_one_open on repayment_plans (customer_ref)
  where agreed_at is not null and closed_at is null;
create index repayment_plans_by_customer on repayment_plans (customer_ref, plan_ref);
create index repayment_plans_by_state on repayment_plans (state, plan_ref);
create index repayment_plans_by_account on repayment_plans (account_ref);
create index repayment_plans_by_journey on repayment_plans (journey_id) where journey_id is not null;

create table instalments (
  plan_ref     text not null references repayment_plans,
  -- from 1
  number       integer not null check (number between 1 and 130),
  due_on       date not null,
  amount_minor bigint not null check (amount_minor > 0),
  state        text not null default 'due' check (state in ('due', 'kept', 'missed', 'made-good')),
  kept_at      timestamptz,
  missed_at    timestamptz,
  primary key (plan_ref, number),
  check ((state in ('kept', 'made-good')) = (kept_at is not null)),
  check ((state in ('missed', 'made-good')) = (missed_at is not null))
);

create table standing_requests (
  plan_ref     text primary key references repayment_plans,
  customer_ref text not null references customers,
  asked_at     timestamptz not null,
  answer       text check (answer in ('granted', 'refused')),
  answered_at  timestamptz,
  answered_by  text check (length(answered_by) between 1 and 100),
  -- for whoever must know why it was refused; not shown to customers
  reason       text check (length(reason) between 1 and 1000),
  check ((answer is null) = (answered_at is null) and (answer is null) = (answered_by is null)),
  check ((answer is not null and answer = 'refused') = (reason is not null))
);
create index standing_requests_unanswered on standing_requests (asked_at) where answer is null;

-- What a plan may become, whoever writes it, and what of it is never changed.
create function repayment_plan_goes_on() returns trigger language plpgsql as $$
begin
  if old.closed_at is not null then
    raise exception 'plan % is closed', old.plan_ref;
  end if;
  if (new.plan_ref, new.customer_ref, new.account_ref, new.journey_id, new.total_minor, new.currency, new.every, new.policy,
      new.policy_digest, new.monthly_income_minor, new.income_source, new.approval_reasons, new.workflow_id, new.proposed_at,
      new.proposed_by)
     is distinct from
     (old.plan_ref, old.customer_ref, old.account_ref, old.journey_id, old.total_minor, old.currency, old.every, old.policy,
      old.policy_digest, old.monthly_income_minor, old.income_source, old.approval_reasons, old.workflow_id, old.proposed_at,
      old.proposed_by) then
    raise exception 'what was proposed in % is never changed', old.plan_ref;
  end if;
  if (old.agreed_at is not null and (new.agreed_at, new.agreed_by, new.counts_from) is distinct from (old.agreed_at, old.agreed_by, old.counts_from))
     or (old.approved_at is not null and (new.approved_at, new.approved_by) is distinct from (old.approved_at, old.approved_by)) then
    raise exception 'who agreed and approved plan % is never changed', old.plan_ref;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('proposed', 'agreed'), ('proposed', 'running'), ('agreed', 'running'), ('running', 'kept'), ('running', 'broken'),
    ('proposed', 'ended'), ('agreed', 'ended'), ('running', 'ended'), ('broken', 'ended')) then
    raise exception 'plan % is %, and can''t become %', old.plan_ref, old.state, new.state;
  end if;
  return new;
end $$;
create trigger repayment_plan_goes_on before update on repayment_plans
  for each row execute function repayment_plan_goes_on();

create function instalment_goes_on() returns trigger language plpgsql as $$
begin
  if (new.plan_ref, new.number, new.due_on, new.amount_minor) is distinct from (old.plan_ref, old.number, old.due_on, old.amount_minor) then
    raise exception 'what falls due in plan % is never changed', old.plan_ref;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (('due', 'kept'), ('due', 'missed'), ('missed', 'made-good')) then
    raise exception 'instalment % of plan % is %, and can''t become %', old.number, old.plan_ref, old.state, new.state;
  end if;
  return new;
end $$;
create trigger instalment_goes_on before update on instalments for each row execute function instalment_goes_on();

-- At the end of each transaction the instalments of a plan are its total, to the last minor unit, in the order of their days.
create function repayment_plan_adds_up() returns trigger language plpgsql as $$
declare
  total bigint := (select total_minor from repayment_plans where plan_ref = new.plan_ref);
begin
  if total is distinct from (select sum(amount_minor) from instalments where plan_ref = new.plan_ref) then
    raise exception 'the instalments of plan % are not its total', new.plan_ref;
  end if;
  if exists (select 1 from (select due_on <= lag(due_on) over (order by number) or number <> row_number() over (order by number) as wrong
                              from instalments where plan_ref = new.plan_ref) i where wrong) then
    raise exception 'the instalments of plan % are not in the order of their days', new.plan_ref;
  end if;
  return null;
end $$;
create constraint trigger repayment_plan_adds_up after insert on repayment_plans
  deferrable initially deferred for each row execute function repayment_plan_adds_up();
create constraint trigger instalments_add_up after insert on instalments
  deferrable initially deferred for each row execute function repayment_plan_adds_up();

-- A plan that is kept has no instalment left, and what it asks for is asked for.
create function repayment_plan_is_kept() returns trigger language plpgsql as $$
begin
  if exists (select 1 from instalments where plan_ref = new.plan_ref and state not in ('kept', 'made-good')) then
    raise exception 'plan % is not kept: not all its instalments are paid', new.plan_ref;
  end if;
  if not exists (select 1 from standing_requests where plan_ref = new.plan_ref) then
    raise exception 'plan % is kept, and its standing was not asked for back', new.plan_ref;
  end if;
  return null;
end $$;
create constraint trigger repayment_plan_is_kept after update of state on repayment_plans
  deferrable initially deferred for each row when (new.state = 'kept') execute function repayment_plan_is_kept();

grant select, insert on repayment_plans, instalments, standing_requests to keepwell_app;
grant update (state, agreed_at, agreed_by, approved_at, approved_by, counts_from, settled_at, closed_at, ended_by, end_reason)
  on repayment_plans to keepwell_app;
grant update (state, kept_at, missed_at) on instalments to keepwell_app;
grant update (answer, answered_at, answered_by, reason) on standing_requests to keepwell_app;
grant usage on sequence plan_numbers to keepwell_app;
