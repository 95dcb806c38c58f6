-- Who may be spoken to, when and on which channel; what closes the door for messages; what a person has to do.

-- While a row without resumed_at is there, the campaign says nothing to anybody and its journeys' clocks hold.
create table campaign_pauses (
  pause_id     uuid primary key default uuidv7(),
  campaign_ref text not null references campaigns,
  paused_at    timestamptz not null,
  paused_by    text not null check (length(paused_by) between 1 and 100),
  reason       text not null check (length(reason) between 1 and 1000),
  resumed_at   timestamptz check (resumed_at >= paused_at),
  resumed_by   text check (length(resumed_by) between 1 and 100),
  check ((resumed_at is null) = (resumed_by is null))
);
create unique index campaign_pauses_one_open on campaign_pauses (campaign_ref) where resumed_at is null;
create index campaign_pauses_by_campaign on campaign_pauses (campaign_ref, paused_at);

-- The kill switch: while a row without resumed_at is there, nothing leaves the bank, of whatever class.
create table outbound_stops (
  stop_id    uuid primary key default uuidv7(),
  stopped_at timestamptz not null,
  stopped_by text not null check (length(stopped_by) between 1 and 100),
  reason     text not null check (length(reason) between 1 and 1000),
  resumed_at timestamptz check (resumed_at >= stopped_at),
  resumed_by text check (length(resumed_by) between 1 and 100),
  check ((resumed_at is null) = (resumed_by is null))
);
create unique index outbound_stops_one_open on outbound_stops ((true)) where resumed_at is null;

-- "Not before", said by the manager; the newest row counts, an earlier day takes a later one back.
create table contact_deferrals (
  deferral_id  uuid primary key default uuidv7(),
  customer_ref text not null references customers,
  not_before   timestamptz not null,
  reason       text not null check (length(reason) between 1 and 1000),
  set_by       text not null check (length(set_by) between 1 and 100),
  set_at       timestamptz not null
);
create index contact_deferrals_by_customer on contact_deferrals (customer_ref, deferral_id desc);

create table exclusions (
  exclusion_id uuid primary key default uuidv7(),
  customer_ref text not null references customers,
  kind         text not null
    check (kind in ('suspected-fraud', 'deceased', 'frozen', 'guardianship', 'vulnerable')),
  -- recorded for those who must know it; no list, page or decision shows it
  legal_reason text not null check (length(legal_reason) between 1 and 1000),
  excluded_at  timestamptz not null,
  excluded_by  text not null check (length(excluded_by) between 1 and 100),
  lifted_at    timestamptz check (lifted_at >= excluded_at),
  lifted_by    text check (length(lifted_by) between 1 and 100),
  check ((lifted_at is null) = (lifted_by is null))
);
create unique index exclusions_one_of_a_kind on exclusions (customer_ref, kind) where lifted_at is null;

-- E-mail stands in customers; a number or an account of another channel stands here.
create table contact_addresses (
  customer_ref text not null references customers,
  channel      text not null check (channel in ('sms', 'im')),
  address      text not null check (length(address) between 1 and 200),
  added_at     timestamptz not null,
  -- the gateway said that nobody can be reached there
  refused_at   timestamptz,
  primary key (customer_ref, channel)
);
alter table customers add column preferred_channel text check (preferred_channel in ('email', 'sms', 'im'));
alter table consents drop constraint consents_channel_check;
alter table consents add constraint consents_channel_check check (channel in ('email', 'sms', 'im', 'call'));

alter table outreach add column channel text not null default 'email' check (channel in ('email', 'sms', 'im'));
-- what frequency caps count
create index outreach_counted on outreach (customer_ref, claimed_at) include (channel, state)
  where message_class <> 'statutory';

-- What a person has to do for a customer.
create table tasks (
  task_id      uuid primary key default uuidv7(),
  -- names the thing to do: the same key is the same task
  task_key     text not null unique,
  customer_ref text not null references customers,
  journey_id   uuid references journeys,
  kind         text not null
    check (kind in ('first-contact', 'call', 'visit', 'fraud-check', 'missed-instalment', 'hardship')),
  -- null: the team lead's list
  manager_ref  text references managers,
  opened_at    timestamptz not null,
  due_at       timestamptz not null,
  done_at      timestamptz,
  done_by      text check (length(done_by) between 1 and 100),
  result       text,
  check ((done_at is null) = (result is null) and (done_at is null) = (done_by is null))
);
create index tasks_open_by_manager on tasks (manager_ref, due_at) where done_at is null;
create index tasks_open_by_customer on tasks (customer_ref) where done_at is null;
create index tasks_open_by_due on tasks (due_at) where done_at is null;
create index tasks_by_journey on tasks (journey_id);

grant select, insert, update on campaign_pauses, outbound_stops, exclusions, tasks, contact_addresses to keepwell_app;
grant delete on contact_addresses to keepwell_app;
grant select, insert on contact_deferrals to keepwell_app;
