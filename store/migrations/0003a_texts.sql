-- Words of customers and staff, put here before a workflow is told of them: only the id travels.
create table texts (
  text_id      uuid primary key,
  customer_ref text not null references customers,
  body         text not null check (length(body) between 1 and 20000),
  received_at  timestamptz not null
);
grant select, insert, delete on texts to keepwell_app;
alter table outreach drop constraint outreach_state_check;
alter table outreach add constraint outreach_state_check
  check (state in ('claimed', 'waiting', 'sent', 'refused', 'unknown', 'withheld'));
comment on column outreach.state is
  'waiting: the server did not take it, it will be tried again; unknown: a crash left it unsure and it is not sent again';
