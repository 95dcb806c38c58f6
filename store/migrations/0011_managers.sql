-- The tree of branches and the teams in them; what managers can, whom they serve, when they work and who stands in for
-- them; how tasks are passed on, answered and put off; hand-overs of a book; the outbox of managers' daily digests.

alter table branches
  add column parent_ref text references branches check (parent_ref <> branch_ref),
  -- null: the region of the branch above
  add column region     text check (length(region) between 1 and 60),
  -- null: the bank's own
  add column zone       text,
  -- whose holidays it keeps; null: those of the bank's jurisdiction
  add column calendar   text;
create index branches_by_parent on branches (parent_ref) where parent_ref is not null;

create function branches_stay_a_tree() returns trigger language plpgsql as $$
begin
  -- one after the other: two moves at once could close a circle that neither of them sees
  perform pg_advisory_xact_lock(7114022);
  if exists (
    with recursive above as (
      select new.parent_ref as ref
      union
      select b.parent_ref from branches b join above on b.branch_ref = above.ref)
    select 1 from above where ref = new.branch_ref)
  then
    raise exception 'branch % would stand under itself; name a parent that is not below it', new.branch_ref
      using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger branches_stay_a_tree after insert or update of parent_ref on branches
  for each row when (new.parent_ref is not null) execute function branches_stay_a_tree();

create table teams (
  team_ref   text primary key check (team_ref ~ '^t-[a-z0-9-]{1,60}$'),
  branch_ref text not null references branches,
  name       text not null check (length(name) between 1 and 100),
  -- a manager; null: tasks that nobody does go to the next lead above
  lead_ref   text references managers
);
create index teams_by_branch on teams (branch_ref);
create index teams_by_lead on teams (lead_ref);

alter table managers
  add column team_ref   text references teams,
  add column skills     text[] not null default '{}',
  -- tiers; null: all
  add column segments   text[],
  -- 1 is Monday, 7 Sunday; null: the working days of the branch's calendar
  add column work_days  integer[] check (work_days <@ '{1,2,3,4,5,6,7}' and cardinality(work_days) between 1 and 7),
  add column works_from time not null default '09:00',
  add column works_to   time not null default '18:00',
  -- null: the branch's
  add column zone       text,
  -- the first day on which this is no manager of the bank any more
  add column left_on    date,
  add check (works_from < works_to);
create index managers_by_team on managers (team_ref);

create table manager_certificates (
  manager_ref text not null references managers,
  name        text not null check (name ~ '^[a-z0-9][a-z0-9-]{0,59}$'),
  valid_from  date not null,
  -- the last day
  valid_until date not null check (valid_until >= valid_from),
  primary key (manager_ref, name, valid_from)
);

create table manager_leave (
  manager_ref text not null references managers,
  from_on     date not null,
  -- the last day
  to_on       date not null check (to_on >= from_on),
  noted_at    timestamptz not null,
  noted_by    text not null check (length(noted_by) between 1 and 100),
  primary key (manager_ref, from_on)
);

-- Who does a manager's tasks while they are away; of two for one day the newer counts.
create table manager_delegations (
  delegation_id uuid primary key default uuidv7(),
  manager_ref   text not null references managers,
  delegate_ref  text not null references managers check (delegate_ref <> manager_ref),
  from_on       date not null,
  to_on         date not null check (to_on >= from_on),
  noted_at      timestamptz not null,
  noted_by      text not null check (length(noted_by) between 1 and 100)
);
create index manager_delegations_by_manager on manager_delegations (manager_ref, to_on);

alter table tasks
  drop constraint tasks_kind_check,
  add constraint tasks_kind_check check (kind in
    ('first-contact', 'call', 'visit', 'fraud-check', 'missed-instalment', 'hardship', 'plan-approval', 'standing')),
  -- what the customer said was why
  add column reason        text,
  -- passed to the team lead, where it stays
  add column escalated_at  timestamptz,
  add column snoozed_until timestamptz,
  add column snooze_reason text check (length(snooze_reason) between 1 and 1000),
  -- the journey has heard of the result, or has none that waits for it
  add column told_at       timestamptz,
  add check ((snoozed_until is null) = (snooze_reason is null));
create index tasks_answered_by_customer on tasks (customer_ref, done_at) where done_at is not null;
create index tasks_to_tell on tasks (journey_id) where done_at is not null and told_at is null;

-- Each time that somebody tried: the last one may have ended the task.
create table task_results (
  task_id      uuid not null references tasks,
  attempt      integer not null check (attempt >= 1),
  result       text not null,
  reason       text,
  note_text_id uuid references texts on delete set null,
  recorded_by  text not null references managers,
  recorded_at  timestamptz not null,
  -- when the customer wants to be called
  call_back_at timestamptz,
  primary key (task_id, attempt)
);

create table task_passes (
  task_id      uuid not null references tasks,
  pass         integer not null check (pass >= 1),
  from_manager text references managers,
  -- null: nobody leads above them; any team lead may do it
  to_manager   text references managers,
  kind         text not null check (kind in ('next-manager', 'team-lead', 'complaint', 'hand-over')),
  due_before   timestamptz not null,
  passed_at    timestamptz not null,
  primary key (task_id, pass)
);

create table hand_overs (
  hand_over_id uuid primary key default uuidv7(),
  from_manager text not null references managers,
  -- null: by the rules of assignment
  to_manager   text references managers check (to_manager <> from_manager),
  asked_by     text not null check (length(asked_by) between 1 and 100),
  begun_at     timestamptz not null,
  -- the last customer that was looked at
  reached      text not null default '',
  finished_at  timestamptz
);
create unique index hand_overs_one_at_a_time on hand_overs (from_manager) where finished_at is null;

create table hand_over_customers (
  hand_over_id uuid not null references hand_overs,
  customer_ref text not null references customers,
  -- null: nobody fits, the customer stays
  to_manager   text references managers,
  own          boolean not null,
  journeys     integer not null,
  tasks        integer not null,
  reasons      text[] not null,
  primary key (hand_over_id, customer_ref)
);

-- The outbox of the daily digest: one for each list and day.
create table manager_digests (
  manager_ref   text not null references managers,
  day           date not null,
  -- the manager, or who stands in
  sent_to       text not null references managers,
  message_id    text not null unique,
  state         text not null check (state in ('claimed', 'waiting', 'sent', 'refused', 'unknown')),
  tasks         integer not null check (tasks >= 1),
  attempts      integer not null default 1,
  server_answer text,
  claimed_at    timestamptz not null,
  -- wall: a claim is only good for the lease that follows it
  claimed_wall  timestamptz not null,
  settled_at    timestamptz,
  primary key (manager_ref, day)
);

grant select, insert, update on teams, hand_overs, hand_over_customers, manager_digests to keepwell_app;
grant select, insert, update on manager_certificates, manager_leave to keepwell_app;
grant select, insert on manager_delegations, task_results, task_passes to keepwell_app;
