-- What gateways say of messages and customers, and which letters' silence can be read.

-- by whom a number is used: a reply names only the number
create index contact_addresses_by_address on contact_addresses (channel, address);

alter table outreach add column delivered_at timestamptz;
alter table outreach add column bounced_at timestamptz;
comment on column outreach.delivered_at is 'a gateway said that the message is on the customer''s device';
comment on column outreach.bounced_at is
  'a gateway that had taken the message said later that nobody can be reached there; its state is refused from then on';

-- What a gateway said, once for each of its ids.
create table gateway_events (
  channel      text not null check (channel in ('sms', 'im')),
  event_id     text not null check (length(event_id) between 1 and 200),
  kind         text not null check (kind in ('delivered', 'bounced', 'reply')),
  -- keyed, of the body: tells whether the id stands for the same event, and nobody could guess a number from it
  digest       text not null,
  -- unknown: of no message or customer of ours; nothing else is kept of it then
  outcome      text not null check (outcome in ('recorded', 'opt-out', 'unknown')),
  outreach_key text references outreach,
  received_at  timestamptz not null,
  primary key (channel, event_id)
);
create index gateway_events_by_outreach on gateway_events (outreach_key) where outreach_key is not null;

-- A customer's reply to a message: feedback, which a person reads.
create table inbound_messages (
  inbound_id   uuid primary key default uuidv7(),
  channel      text not null,
  event_id     text not null,
  customer_ref text not null references customers,
  journey_id   uuid references journeys,
  -- the message that it answers, where the gateway or the time tells
  outreach_key text references outreach,
  -- null: the words were erased
  text_id      uuid references texts on delete set null,
  opt_out      boolean not null,
  received_at  timestamptz not null,
  unique (channel, event_id, customer_ref),
  foreign key (channel, event_id) references gateway_events
);
create index inbound_messages_by_customer on inbound_messages (customer_ref, inbound_id desc);
create index inbound_messages_by_journey on inbound_messages (journey_id) where journey_id is not null;

-- What can be said of a survey. Silence counts only where a letter of it certainly left: one of which nobody knows whether
-- it arrived, or that was refused, says nothing about the customer.
create view survey_responses as
select s.survey_id, s.journey_id, s.customer_ref, j.campaign_ref, s.asked_at, s.expires_at, s.answered_at, s.score,
       o.state as letter_state,
       case when s.answered_at is not null then 'answered'
            when exists (select 1 from outreach l
                          where l.journey_id = s.journey_id and l.outreach_key ~ ':(survey|reminder-[0-9]+)$'
                            and (l.state = 'sent' or l.delivered_at is not null)) then 'asked'
            when o.state in ('unknown', 'claimed') then 'delivery-unknown'
            else 'not-asked' end as response
  from surveys s
  join journeys j using (journey_id)
  left join outreach o on o.outreach_key = 'journey:' || s.journey_id || ':survey';
comment on view survey_responses is 'the number of those asked is answered + asked; delivery-unknown is not in it';

grant select, insert on gateway_events, inbound_messages to keepwell_app;
grant delete on inbound_messages to keepwell_app;
grant select on survey_responses to keepwell_app;
