-- What compliance approved: one definition, by its digest, and no other. An approval comes before the version is
-- published, and may be the first that is heard of the campaign: it refers to neither.
create table compliance_approvals (
  campaign_ref text not null check (campaign_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  -- of the definition, as in campaign_versions
  digest       text not null check (digest ~ '^[0-9a-f]{64}$'),
  -- a staff name, not shown to customers
  approved_by  text not null check (length(approved_by) between 1 and 100),
  -- business time
  approved_at  timestamptz not null,
  reason       text not null check (length(reason) between 1 and 1000),
  -- the table by which the approval was needed, for instance gift-rules@1
  rules        text not null,
  primary key (campaign_ref, digest)
);

comment on column compliance_approvals.campaign_ref is 'a campaign, or the name of a points programme';

-- never changed and never taken away
grant select, insert on compliance_approvals to keepwell_app;
