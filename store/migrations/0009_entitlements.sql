-- Loyalty offers in their published versions, and what customers are entitled to under them.

create table loyalty_offers (
  offer_ref    text not null check (offer_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  version      integer not null check (version >= 1),
  definition   jsonb not null,
  -- the whole file as it was edited, with the offers beside this one
  source_text  text not null,
  -- sha256 of the definition's canonical JSON
  digest       text not null,
  published_at timestamptz not null,
  published_by text not null,
  primary key (offer_ref, version),
  unique (offer_ref, digest)
);

create table entitlements (
  customer_ref   text not null references customers,
  offer_ref      text not null,
  version        integer not null,
  granted_at     timestamptz not null,
  -- the first instant at which it does not stand any more; a renewal moves it on
  valid_until    timestamptz not null check (valid_until > granted_at),
  -- credit care has begun and the customer still is in it
  suspended_at   timestamptz,
  ended_at       timestamptz check (ended_at >= granted_at),
  end_reason     text check (end_reason in ('lapsed', 'erased')),
  -- why the last of these things was done, as codes
  reasons        jsonb not null,
  primary key (customer_ref, offer_ref, granted_at),
  foreign key (offer_ref, version) references loyalty_offers,
  check ((ended_at is null) = (end_reason is null))
);
comment on column entitlements.ended_at is 'null: stands, until valid_until; the next evaluation writes that it has lapsed';
-- at most one that stands for a customer and an offer; and what the API and every evaluation ask by
create unique index entitlements_one_standing on entitlements (customer_ref, offer_ref) where ended_at is null;

-- a published version is only ever added to; of an entitlement, what was granted is never changed, nor taken away
grant select, insert on loyalty_offers to keepwell_app;
grant select, insert on entitlements to keepwell_app;
grant update (valid_until, suspended_at, ended_at, end_reason, reasons) on entitlements to keepwell_app;
