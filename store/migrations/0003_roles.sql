-- The truth about planted cases of a sample bank lives where detection's role can't look.
create schema planted;
create table planted.cases (
  customer_ref text primary key references public.customers,
  -- a case that must be found (its trigger), or a hard negative that must not
  kind         text not null,
  must_find    boolean not null,
  -- the first day on which the bank could have known
  since_on     date not null,
  note         text not null
);

do $$
begin
  -- two databases of one server may be migrated at once: the role belongs to the server, not to the database
  create role keepwell_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$ begin execute format('grant keepwell_app to %I', current_user); end $$;

grant usage on schema public to keepwell_app;
grant select, insert, update, delete on all tables in schema public to keepwell_app;
grant usage on all sequences in schema public to keepwell_app;
-- books, decisions and published versions are only ever added to
revoke update, delete on postings, decisions, campaign_versions, findings from keepwell_app;
revoke update on texts from keepwell_app;
revoke insert, update, delete on tier_rules from keepwell_app;
grant insert on tier_rules to keepwell_app;
revoke all on schema planted from public;
