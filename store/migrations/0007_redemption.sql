-- What customers get for their points: the catalogue in its published versions, its stock, the orders, and what the
-- partners who deliver said of them.

create table catalogue_versions (
  version      integer primary key check (version >= 1),
  definition   jsonb not null,
  -- the file as it was edited, comments included
  source_text  text not null,
  -- sha256 of the definition's canonical JSON
  digest       text not null unique check (digest ~ '^[0-9a-f]{64}$'),
  published_at timestamptz not null,
  published_by text not null check (length(published_by) between 1 and 100)
);

create table catalogue_stock (
  item_ref  text primary key check (item_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  -- pieces that ever came in, as the newest catalogue says
  supplied  integer not null check (supplied >= 0),
  -- of these, what nobody has ordered
  available integer not null check (available between 0 and supplied)
);

create sequence order_numbers;

create table redemption_orders (
  -- what the customer is told, for instance R-2026-0000042
  order_ref         text primary key check (order_ref ~ '^R-\d{4}-\d{7,}$'),
  customer_ref      text not null references customers,
  -- chosen by who asks: the same key of a customer is the same order
  idempotency_key   text not null check (length(idempotency_key) between 1 and 200),
  catalogue_version integer not null references catalogue_versions,
  item_ref          text not null references catalogue_stock,
  partner_ref       text not null check (partner_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  points            bigint not null check (points > 0),
  workflow_id       text not null unique,
  state             text not null default 'held' check (state in ('held', 'ordered', 'fulfilled', 'refused', 'cancelled')),
  placed_at         timestamptz not null,
  asked_at          timestamptz,
  -- how often the partner was asked to deliver
  attempts          integer not null default 0,
  ordered_at        timestamptz,
  answer_by         timestamptz,
  settled_at        timestamptz,
  partner_reference text check (length(partner_reference) between 1 and 200),
  -- why it was refused or cancelled, as a code
  reason            text check (length(reason) between 1 and 100),
  unique (customer_ref, idempotency_key),
  check (state not in ('ordered', 'fulfilled') or (asked_at is not null and ordered_at is not null)),
  check ((ordered_at is null) = (answer_by is null)),
  check (state <> 'cancelled' or asked_at is null),
  check ((state in ('fulfilled', 'refused', 'cancelled')) = (settled_at is not null)),
  check ((state in ('refused', 'cancelled')) = (reason is not null))
);
comment on column redemption_orders.state is
  'held: points are held, the partner has not taken it; ordered: the partner has; the other three are final';
comment on column redemption_orders.asked_at is
  'from here on the partner may know of it: it can''t be cancelled any more. Null again when the asking certainly did not reach the partner';
comment on column redemption_orders.answer_by is 'without an answer of the partner by then it is refused';
create index redemption_orders_open on redemption_orders (order_ref) where settled_at is null;
create index redemption_orders_by_state on redemption_orders (state, order_ref);
create index redemption_orders_by_customer on redemption_orders (customer_ref, item_ref, placed_at);

create table partner_events (
  partner_ref       text not null,
  -- webhook-id: the same id is the same event
  event_id          text not null check (length(event_id) between 1 and 200),
  -- the order in which they came
  sequence          bigint not null unique generated always as identity,
  order_ref         text not null references redemption_orders,
  status            text not null check (status in ('fulfilled', 'refused')),
  partner_reference text not null check (length(partner_reference) between 1 and 200),
  -- the partner's words; may be personal, and is shown to staff alone
  reason            text check (length(reason) between 1 and 1000),
  received_at       timestamptz not null,
  primary key (partner_ref, event_id)
);
create index partner_events_by_order on partner_events (order_ref, sequence);

-- What an order may become, whoever writes it: a settled one nothing, and none goes back.
create function redemption_order_goes_on() returns trigger language plpgsql as $$
begin
  if old.settled_at is not null then
    raise exception 'order % is % for good', old.order_ref, old.state;
  end if;
  if (new.order_ref, new.customer_ref, new.idempotency_key, new.catalogue_version, new.item_ref, new.partner_ref, new.points,
      new.workflow_id, new.placed_at)
     is distinct from
     (old.order_ref, old.customer_ref, old.idempotency_key, old.catalogue_version, old.item_ref, old.partner_ref, old.points,
      old.workflow_id, old.placed_at) then
    raise exception 'what was ordered in % is never changed', old.order_ref;
  end if;
  if new.state <> old.state and (old.state, new.state) not in (
    ('held', 'ordered'), ('held', 'refused'), ('held', 'cancelled'), ('ordered', 'fulfilled'), ('ordered', 'refused')) then
    raise exception 'order % is %, and can''t become %', old.order_ref, old.state, new.state;
  end if;
  return new;
end $$;
create trigger redemption_order_goes_on before update on redemption_orders
  for each row execute function redemption_order_goes_on();

-- At the end of each transaction the books say what the order says.
create function redemption_order_is_booked() returns trigger language plpgsql as $$
declare
  wanted text := case new.state when 'fulfilled' then 'redeem' when 'refused' then 'return' when 'cancelled' then 'return' end;
begin
  if not exists (select 1 from postings where idempotency_key = 'hold:' || new.order_ref and kind = 'hold'
                    and from_account = 'customer:' || new.customer_ref and amount = new.points) then
    raise exception 'the points of order % are not held', new.order_ref;
  end if;
  if wanted is not null and not exists (
    select 1 from postings where idempotency_key = wanted || ':' || new.order_ref and kind = wanted
       and from_account = 'held:' || new.customer_ref and amount = new.points) then
    raise exception 'order % is % and its points were not posted so', new.order_ref, new.state;
  end if;
  return null;
end $$;
create constraint trigger redemption_order_is_booked after insert or update of state on redemption_orders
  deferrable initially deferred for each row execute function redemption_order_is_booked();

-- An order's points are redeemed or returned, and never both.
create unique index postings_settle_an_order_once on postings (split_part(idempotency_key, ':', 2))
  where kind in ('redeem', 'return') and idempotency_key ~ '^(redeem|return):R-';

grant select, insert on catalogue_versions, partner_events to keepwell_app;
grant select, insert, update on catalogue_stock to keepwell_app;
grant select, insert on redemption_orders to keepwell_app;
grant update (state, asked_at, attempts, ordered_at, answer_by, settled_at, partner_reference, reason) on redemption_orders to keepwell_app;
grant usage on sequence order_numbers to keepwell_app;
