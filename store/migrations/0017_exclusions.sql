-- Who may lift an exclusion and who may read why it was made; checks of whether a customer is being cheated; falls.

alter table exclusions
  -- as little shown as the reason for the exclusion
  add column lift_reason text check (length(lift_reason) between 1 and 1000),
  add constraint exclusions_lifted_with_reason check ((lifted_at is null) = (lift_reason is null)),
  add constraint exclusions_four_eyes check (
    lifted_by is null or kind not in ('suspected-fraud', 'guardianship') or not same_person(excluded_by, lifted_by));
create index exclusions_by_customer on exclusions (customer_ref, exclusion_id);

-- The application writes the reasons and can't read them; nothing of an exclusion is changed but that it is lifted, once.
revoke all on exclusions from keepwell_app;
grant select (exclusion_id, customer_ref, kind, excluded_at, excluded_by, lifted_at, lifted_by) on exclusions to keepwell_app;
grant insert on exclusions to keepwell_app;
grant update (lifted_at, lifted_by, lift_reason) on exclusions to keepwell_app;

create function exclusions_are_lifted_once() returns trigger language plpgsql as $$
begin
  raise exception 'exclusion % was lifted already', old.exclusion_id using errcode = 'check_violation';
end $$;
create trigger exclusions_are_lifted_once before update on exclusions
  for each row when (old.lifted_at is not null) execute function exclusions_are_lifted_once();

-- The question behind a task of the kind fraud-check: on which finding it was asked.
create table fraud_checks (
  task_id      uuid primary key references tasks,
  customer_ref text not null references customers,
  -- the day of the bank's data on which the outflow was found
  as_of        date not null,
  unique (customer_ref, as_of)
);
grant select, insert on fraud_checks to keepwell_app;
-- few: what a round looks through for customers to exclude
create index tasks_cheated on tasks (customer_ref, done_at) where kind = 'fraud-check' and result = 'cheated';

-- few: evaluations after which the tier was another
create index tier_evaluations_changes on tier_evaluations (period_end) where tier_after <> tier_before;
