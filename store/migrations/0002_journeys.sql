create table campaigns (
  campaign_ref text primary key check (campaign_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  -- the higher goes first when two campaigns want one customer
  priority     integer not null
);

create table campaign_versions (
  campaign_ref text not null references campaigns,
  version      integer not null check (version >= 1),
  definition   jsonb not null,
  source_text  text not null,
  digest       text not null,
  published_at timestamptz not null,
  published_by text not null,
  primary key (campaign_ref, version),
  unique (campaign_ref, digest)
);

create table findings (
  finding_id   uuid primary key default uuidv7(),
  customer_ref text not null references customers,
  trigger      text not null,
  as_of        date not null,
  -- 0 to 100
  score        integer not null check (score between 0 and 100),
  -- [{code, numbers: {…}}], money as minor units in text
  reasons      jsonb not null,
  found_at     timestamptz not null,
  unique (customer_ref, trigger, as_of)
);
create index findings_by_day on findings (as_of, customer_ref);

create table journeys (
  journey_id   uuid primary key default uuidv7(),
  customer_ref text not null references customers,
  campaign_ref text not null,
  version      integer not null,
  finding_id   uuid references findings,
  as_of        date not null,
  workflow_id  text not null unique,
  -- 'admitted' until the workflow has written its first step
  step         text not null default 'admitted',
  step_words   text not null default '',
  manager_ref  text references managers,
  tier_at_start text not null references tiers,
  admitted_at  timestamptz not null,
  started_at   timestamptz,
  -- the goal, once met, and on what evidence
  goal_met_at  timestamptz,
  goal_evidence jsonb,
  closed_at    timestamptz,
  outcome      text check (outcome in
    ('retained','downgraded','declined','unreachable','opted-out','ineligible','moved-to-care','control')),
  foreign key (campaign_ref, version) references campaign_versions,
  unique (campaign_ref, customer_ref, as_of),
  check ((closed_at is null) = (outcome is null))
);
-- at most one open journey for a customer, across all campaigns: the database says so, nobody has to hope
create unique index journeys_one_open on journeys (customer_ref) where closed_at is null;
-- few at any time: what a crash left between admission and start
create index journeys_to_start on journeys (journey_id) where started_at is null and closed_at is null;
create index journeys_by_state on journeys (campaign_ref, step) where closed_at is null;
create index journeys_open_by_manager on journeys (manager_ref) where closed_at is null;
create index journeys_by_customer on journeys (customer_ref, admitted_at);

-- Why each thing was done or not done. One row for each decision, in a chain of digests for each customer.
create table decisions (
  decision_key    text primary key,
  customer_ref    text not null references customers,
  journey_id      uuid references journeys,
  sequence        integer not null,
  kind            text not null,
  verdict         text not null,
  reasons         jsonb not null,
  -- what the decision looked at, and under which versions of rules
  saw             jsonb not null,
  -- what the step answered; a retry answers the same
  result          jsonb not null,
  rules           text not null,
  decided_at      timestamptz not null,
  previous_digest text not null,
  digest          text not null,
  unique (customer_ref, sequence)
);
create index decisions_by_journey on decisions (journey_id, sequence);

create table outreach (
  -- workflowId:step
  outreach_key  text primary key,
  customer_ref  text not null references customers,
  journey_id    uuid references journeys,
  complaint_ref text,
  template      text not null,
  message_class text not null check (message_class in ('promotional', 'service', 'statutory')),
  message_id    text not null unique,
  state         text not null check (state in ('claimed', 'waiting', 'sent', 'refused', 'unknown', 'withheld')),
  subject       text,
  reason        text,
  server_answer text,
  attempts      integer not null default 0,
  -- wall: a claim is only good for the lease that follows it
  claimed_wall  timestamptz,
  claimed_at    timestamptz,
  settled_at    timestamptz
);
comment on column outreach.state is
  'waiting: the server did not take it, it will be tried again; unknown: a crash left it unsure and it is not sent again';
create index outreach_by_customer on outreach (customer_ref, settled_at);
create index outreach_by_complaint on outreach (complaint_ref) where complaint_ref is not null;
create index outreach_by_journey on outreach (journey_id);

-- Words of customers and staff, put here before a workflow is told of them: only the id travels.
create table texts (
  text_id      uuid primary key,
  customer_ref text not null references customers,
  body         text not null check (length(body) between 1 and 20000),
  received_at  timestamptz not null
);

create table surveys (
  survey_id    uuid primary key default uuidv7(),
  journey_id   uuid not null references journeys,
  customer_ref text not null references customers,
  asked_at     timestamptz not null,
  expires_at   timestamptz not null,
  reminders    integer not null default 0,
  answered_at  timestamptz,
  -- 0 to 10: would you recommend us?
  score        integer check (score between 0 and 10),
  comment      text,
  unique (journey_id)
);

create sequence complaint_numbers;

create table complaints (
  complaint_ref   text primary key,
  -- the same complaint sent twice has the same key
  complaint_key   text not null unique,
  customer_ref    text not null references customers,
  journey_id      uuid references journeys,
  workflow_id     text not null unique,
  source          text not null check (source in ('survey', 'page', 'staff')),
  narrative       text not null,
  -- the manager complained about can't handle it
  about_manager_ref text references managers,
  opened_at       timestamptz not null,
  -- wall: compared with the mailbox's own instants
  opened_wall     timestamptz not null,
  due_at          timestamptz not null,
  rule_set        text not null,
  acknowledged_at timestamptz,
  handler_ref     text,
  assigned_at     timestamptz,
  escalated_at    timestamptz,
  escalated_to    text,
  resolved_at     timestamptz,
  resolved_wall   timestamptz,
  resolved_by     text,
  resolution      text,
  check ((resolved_at is null) = (resolution is null))
);
create index complaints_open_by_customer on complaints (customer_ref) where resolved_at is null;
create index complaints_open_by_due on complaints (due_at) where resolved_at is null;
create index complaints_by_journey on complaints (journey_id);

create table ledger_accounts (
  ledger_account text primary key check (ledger_account ~ '^[a-z-]+(:[A-Za-z0-9-]+)*$'),
  kind text not null check (kind in ('customer', 'campaign-budget', 'issuance')),
  -- below this no posting may take the balance; null: no floor
  floor_points bigint
);

-- Append-only, both legs in one row: it can't be out of balance.
create table postings (
  posting_id      bigint generated always as identity primary key,
  idempotency_key text not null unique,
  from_account    text not null references ledger_accounts,
  to_account      text not null references ledger_accounts,
  points          bigint not null check (points > 0),
  memo            text not null,
  posted_at       timestamptz not null,
  reverses        bigint references postings,
  check (from_account <> to_account)
);
create index postings_from on postings (from_account, posted_at) include (points);
create index postings_to on postings (to_account, posted_at) include (points);
