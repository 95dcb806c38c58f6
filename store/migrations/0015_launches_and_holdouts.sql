-- Four eyes: a published version is a proposal until a second person launches it.

-- Two spellings of one name are one person: case, blanks and the width of letters make no difference.
create function same_person(one text, other text) returns boolean language sql immutable parallel safe as
  $$ select lower(regexp_replace(normalize(one, nfkc), '\s', '', 'g')) = lower(regexp_replace(normalize(other, nfkc), '\s', '', 'g')) $$;

create table campaign_launches (
  campaign_ref text not null,
  version      integer not null,
  -- business time
  launched_at  timestamptz not null,
  -- a staff name, not shown to customers; never the one who published the version
  launched_by  text not null check (length(launched_by) between 1 and 100),
  primary key (campaign_ref, version),
  foreign key (campaign_ref, version) references campaign_versions
);
comment on table campaign_launches is 'the highest launched version of a campaign is the one in force; nothing is taken back';

-- what was published before was in force at once
insert into campaign_launches (campaign_ref, version, launched_at, launched_by)
select campaign_ref, version, published_at, 'keepwell: published before launches were' from campaign_versions;

create function four_eyes_on_launch() returns trigger language plpgsql as $$
begin
  if exists (select 1 from campaign_versions v
              where v.campaign_ref = new.campaign_ref and v.version = new.version
                and same_person(v.published_by, new.launched_by)) then
    raise exception 'a version is launched by another person than the one who published it'
      using errcode = 'check_violation', constraint = 'campaign_launches_four_eyes';
  end if;
  return new;
end $$;
create trigger campaign_launches_four_eyes before insert or update on campaign_launches
  for each row execute function four_eyes_on_launch();

-- Compliance's word on a reward is another person's too.
create function four_eyes_on_reward() returns trigger language plpgsql as $$
begin
  if exists (select 1 from compliance_approvals a
              where a.campaign_ref = new.campaign_ref and a.digest = new.digest
                and same_person(a.approved_by, new.published_by)) then
    raise exception 'a reward is approved by another person than the one who publishes it'
      using errcode = 'check_violation', constraint = 'campaign_versions_four_eyes';
  end if;
  return new;
end $$;
create trigger campaign_versions_four_eyes before insert on campaign_versions
  for each row execute function four_eyes_on_reward();

-- no journey runs by a version that one person alone wanted
alter table journeys add constraint journeys_version_launched
  foreign key (campaign_ref, version) references campaign_launches;

grant select, insert on campaign_launches to keepwell_app;

-- Customers who would have been admitted and are left alone, to compare with; they have no journey.
create table holdouts (
  holdout_id     uuid primary key default uuidv7(),
  customer_ref   text not null references customers,
  campaign_ref   text not null,
  version        integer not null,
  finding_id     uuid references findings,
  as_of          date not null,
  tier_at_start  text not null references tiers,
  admitted_at    timestamptz not null,
  -- as long as a journey would last; until then no other campaign of the tier playbook takes the customer
  followed_until timestamptz not null check (followed_until > admitted_at),
  -- the goal that a journey would have had, once met, and on what evidence
  goal_met_at    timestamptz,
  goal_evidence  jsonb,
  foreign key (campaign_ref, version) references campaign_launches,
  unique (campaign_ref, customer_ref, as_of)
);
comment on column holdouts.admitted_at is 'business time of the admission that held the customer out';
create index holdouts_by_customer on holdouts (customer_ref, followed_until);
create index holdouts_by_campaign on holdouts (campaign_ref);
create index holdouts_with_goal on holdouts (followed_until) where goal_met_at is null;
grant select, insert, update (goal_met_at, goal_evidence) on holdouts to keepwell_app;
