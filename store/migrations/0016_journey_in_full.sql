-- Versions of journeys on their way, and customers whose goal is to be looked at because something was booked.

-- the campaign's steps that are behind the journey: sent, dropped, or given to a manager
alter table journeys add column steps_done text[] not null default '{}';

-- Every move of an open journey to another version of its campaign.
create table journey_moves (
  move_id      uuid primary key default uuidv7(),
  journey_id   uuid not null references journeys,
  campaign_ref text not null,
  from_version integer not null,
  to_version   integer not null check (to_version <> from_version),
  -- the step at which it went on
  step         text not null,
  moved_at     timestamptz not null,
  moved_by     text not null check (length(moved_by) between 1 and 100),
  undone_at    timestamptz,
  foreign key (campaign_ref, from_version) references campaign_versions,
  foreign key (campaign_ref, to_version) references campaign_versions
);
create index journey_moves_by_journey on journey_moves (journey_id, move_id desc);
grant select, insert, update on journey_moves to keepwell_app;

-- Customers in an open journey on whose accounts something was booked since the goal was last looked at.
create table goal_looks (
  look_id      bigint generated always as identity primary key,
  customer_ref text not null
);
grant select, insert, delete on goal_looks to keepwell_app;

-- By statement, not by row: a bank's month comes in by COPY, and only open journeys matter.
create function note_goal_looks() returns trigger language plpgsql security definer set search_path = public as $$
begin
  insert into goal_looks (customer_ref)
  select distinct j.customer_ref
    from booked b
    join accounts a using (account_ref)
    join journeys j on j.customer_ref = a.customer_ref and j.closed_at is null and j.goal_met_at is null;
  if found then perform pg_notify('keepwell_goal_looks', ''); end if;
  return null;
end $$;
create trigger transactions_goal_looks after insert on transactions
  referencing new table as booked for each statement execute function note_goal_looks();

-- A message that the door holds back has a row from its first asking on: what waits, why, and until when.
alter table outreach drop constraint outreach_state_check;
alter table outreach add constraint outreach_state_check
  check (state in ('held', 'claimed', 'waiting', 'sent', 'refused', 'unknown', 'withheld'));
alter table outreach add column held_until timestamptz;
comment on column outreach.held_until is 'when the door can say yes; null while nobody can say';
alter table outreach add column campaign_ref text references campaigns;
create index outreach_held on outreach (held_until) where state = 'held';
