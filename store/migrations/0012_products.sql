-- What customers can be offered, what they can bear, what was recommended to them and at which rate.

-- what is about a journey is about the journey's own customer
alter table journeys add unique (journey_id, customer_ref);

create table product_catalogues (
  version      integer primary key check (version >= 1),
  definition   jsonb not null,
  -- the file as it was edited, comments included
  source_text  text not null,
  -- sha256 of the definition's canonical JSON
  digest       text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  published_at timestamptz not null,
  published_by text not null check (length(published_by) between 1 and 100)
);

-- customers.risk_appetite is not moved here: it has no day, and an assessment without one can't be in date.
comment on column customers.risk_appetite is
  'as the bank''s data say it, without a day: shown, and never enough for an offer; see risk_assessments';

create table risk_assessments (
  assessment_id uuid primary key default uuidv7(),
  customer_ref  text not null references customers,
  -- C1 cautious .. C5 adventurous
  appetite      integer not null check (appetite between 1 and 5),
  assessed_on   date not null,
  -- the last day on which it counts: twelve months at most
  valid_until   date not null check (valid_until >= assessed_on and valid_until <= assessed_on + interval '12 months'),
  -- a staff name, or the source of an import
  assessed_by   text not null check (length(assessed_by) between 1 and 100),
  recorded_at   timestamptz not null,
  -- the same assessment told twice is one
  unique (customer_ref, assessed_on, appetite, valid_until, assessed_by)
);
comment on table risk_assessments is 'the newest by assessed_on counts, even where an older one is in date for longer';
create index risk_assessments_newest on risk_assessments (customer_ref, assessed_on desc, assessment_id desc);

create table recommendations (
  recommendation_id  uuid primary key default uuidv7(),
  -- workflowId:step; what is recommended anew for the same step, when its letter is tried again, has :2, :3 … behind it
  recommendation_key text not null unique check (length(recommendation_key) between 1 and 200),
  customer_ref       text not null references customers,
  journey_id         uuid,
  -- the last day of which the bank's data were seen; the day judged is in the decision
  as_of              date not null,
  -- null: none is published
  catalogue_version  integer references product_catalogues,
  -- null: nothing suits
  product            text check (product ~ '^[a-z][a-z0-9-]{1,39}$'),
  -- all that was answered to whoever asked, for a retry; null: nothing suits
  answer             jsonb,
  -- what speaks for it, [{code, numbers: {…}}]
  reasons            jsonb not null,
  -- each product turned down, with all that speaks against it, [{product, reasons}]
  refused            jsonb not null,
  rules              text not null,
  recommended_at     timestamptz not null,
  foreign key (journey_id, customer_ref) references journeys (journey_id, customer_ref),
  check ((product is null) = (answer is null))
);
create index recommendations_by_customer on recommendations (customer_ref, recommended_at desc);
create index recommendations_by_journey on recommendations (journey_id) where journey_id is not null;

create table counter_offers (
  counter_offer_id  uuid primary key default uuidv7(),
  customer_ref      text not null references customers,
  catalogue_version integer not null references product_catalogues,
  product           text not null,
  -- hundredths of a percentage point, in the customer's favour
  better_by         integer not null check (better_by >= 1),
  -- what one may give and what two may give, as the catalogue's version says; the trigger below writes both
  authority         integer not null,
  most              integer not null,
  proposed_by       text not null check (length(trim(proposed_by)) between 1 and 100),
  proposed_at       timestamptz not null,
  -- the first instant at which it does not stand any more
  valid_until       timestamptz not null check (valid_until > proposed_at),
  reason            text not null check (length(reason) between 1 and 1000),
  approved_by       text check (length(trim(approved_by)) between 1 and 100),
  approved_at       timestamptz check (approved_at >= proposed_at and approved_at < valid_until),
  rules             text not null,
  check ((approved_by is null) = (approved_at is null)),
  constraint counter_offer_within_limit check (better_by <= most),
  constraint counter_offer_two_people check (lower(trim(approved_by)) <> lower(trim(proposed_by)))
);
create index counter_offers_by_customer on counter_offers (customer_ref, product, proposed_at desc);
create index counter_offers_waiting on counter_offers (proposed_at) where approved_by is null and better_by > authority;

-- Whoever writes one: how far a manager may go is what the catalogue says, and nobody proposes and approves in one stroke.
create function counter_offer_is_proposed() returns trigger language plpgsql as $$
declare
  rate jsonb := (select p -> 'rate' from product_catalogues c, jsonb_array_elements(c.definition -> 'products') p
                  where c.version = new.catalogue_version and p ->> 'product' = new.product);
begin
  if rate is null then
    raise exception 'product % of catalogue version % has no rate', new.product, new.catalogue_version;
  end if;
  new.authority := rate ->> 'counterOfferUpTo';
  new.most := rate ->> 'withApprovalUpTo';
  if new.approved_by is not null then
    raise exception 'a counter-offer is approved after it was proposed';
  end if;
  return new;
end $$;
create trigger counter_offer_is_proposed before insert on counter_offers
  for each row execute function counter_offer_is_proposed();

-- What was proposed is never changed; it is approved once, and only where that is needed.
create function counter_offer_is_approved() returns trigger language plpgsql as $$
begin
  if (to_jsonb(new) - '{approved_by,approved_at}'::text[]) <> (to_jsonb(old) - '{approved_by,approved_at}'::text[]) then
    raise exception 'what was proposed in counter-offer % is never changed', old.counter_offer_id;
  end if;
  if old.approved_by is not null or old.better_by <= old.authority then
    raise exception 'counter-offer % needs no approval any more', old.counter_offer_id;
  end if;
  return new;
end $$;
create trigger counter_offer_is_approved before update on counter_offers
  for each row execute function counter_offer_is_approved();

grant select, insert on product_catalogues, risk_assessments, recommendations, counter_offers to keepwell_app;
grant update (approved_by, approved_at) on counter_offers to keepwell_app;
