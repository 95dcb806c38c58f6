-- Education: courses in their published versions, who takes them and how far they are; talks and salons with their
-- seats, waiting list and attendance, and the letters that are owed about them.

create table course_versions (
  course_ref   text not null check (course_ref ~ '^[a-z][a-z0-9-]{1,39}$'),
  version      integer not null check (version >= 1),
  definition   jsonb not null,
  -- the file as it was edited, comments included
  source_text  text not null,
  -- sha256 of the definition's canonical JSON
  digest       text not null check (digest ~ '^[0-9a-f]{64}$'),
  published_at timestamptz not null,
  published_by text not null check (length(published_by) between 1 and 100),
  primary key (course_ref, version),
  unique (course_ref, digest)
);

create table course_enrolments (
  enrolment_id uuid primary key default uuidv7(),
  customer_ref text not null references customers,
  course_ref   text not null,
  -- the version taken; one published later changes nothing for who has begun
  version      integer not null,
  journey_id   uuid,
  source       text not null check (source in ('journey', 'self', 'staff')),
  enrolled_at  timestamptz not null,
  completed_at timestamptz check (completed_at >= enrolled_at),
  told_at      timestamptz,
  points_owed  integer check (points_owed > 0),
  foreign key (course_ref, version) references course_versions,
  foreign key (journey_id, customer_ref) references journeys (journey_id, customer_ref),
  check (completed_at is not null or (told_at is null and points_owed is null))
);
comment on column course_enrolments.journey_id is
  'the journey that waits for it: the one that enrolled, or took over an enrolment that was open';
comment on column course_enrolments.completed_at is
  'the quiz was passed; at once when a journey enrols a customer who has passed this very version before';
comment on column course_enrolments.told_at is 'the journey''s run was told of the completion';
comment on column course_enrolments.points_owed is
  'points of the completion that could not be posted because no points programme was in force; a later round posts them';
-- at most one that is under way for a customer and a course, whatever its version
create unique index course_enrolments_one_open on course_enrolments (customer_ref, course_ref) where completed_at is null;
-- a journey that enrols again is answered what it was answered first
create unique index course_enrolments_one_of_journey on course_enrolments (journey_id, course_ref) where journey_id is not null;
create index course_enrolments_by_customer on course_enrolments (customer_ref, course_ref, version);
-- few at any time
create index course_enrolments_untold on course_enrolments (enrolment_id)
  where completed_at is not null and told_at is null and journey_id is not null;
create index course_enrolments_owed on course_enrolments (enrolment_id) where points_owed is not null;

create table lesson_progress (
  enrolment_id uuid not null references course_enrolments,
  lesson_ref   text not null,
  done_at      timestamptz not null,
  primary key (enrolment_id, lesson_ref)
);

create table quiz_attempts (
  enrolment_id uuid not null references course_enrolments,
  attempt      integer not null check (attempt >= 1),
  -- names the sending of the form: sent twice it is one attempt
  attempt_key  text not null check (length(attempt_key) between 1 and 200),
  attempted_at timestamptz not null,
  -- the day in the customer's zone, by which attempts are counted
  attempted_on date not null,
  -- {question: choice}
  answers      jsonb not null,
  score        integer not null check (score >= 0),
  passed       boolean not null,
  primary key (enrolment_id, attempt),
  unique (enrolment_id, attempt_key)
);
create unique index quiz_attempts_passed_once on quiz_attempts (enrolment_id) where passed;

create sequence event_numbers;

create table events (
  -- what staff and customers say, for instance E-2026-0000007
  event_ref    text primary key check (event_ref ~ '^E-\d{4}-\d{7,}$'),
  title_en     text not null check (length(title_en) between 1 and 120),
  title_zh     text not null check (length(title_zh) between 1 and 120),
  kind         text not null check (kind in ('talk', 'salon', 'course-day')),
  -- an address, or the word online
  place        text not null check (length(place) between 1 and 200),
  join_url     text check (length(join_url) between 9 and 500),
  starts_at    timestamptz not null,
  ends_at      timestamptz not null,
  zone         text not null,
  seats        integer not null check (seats between 1 and 2000),
  rsvp_until   timestamptz not null,
  -- null: for every customer; else for those of this branch
  branch_ref   text references branches,
  state        text not null default 'open' check (state in ('open', 'cancelled')),
  created_at   timestamptz not null,
  created_by   text not null check (length(created_by) between 1 and 100),
  cancelled_at timestamptz,
  closed_at    timestamptz,
  check (ends_at > starts_at),
  check (rsvp_until <= starts_at),
  check ((place = 'online') = (join_url is not null)),
  check ((state = 'cancelled') = (cancelled_at is not null)),
  check (closed_at is null or (state = 'open' and closed_at >= ends_at))
);
comment on column events.zone is 'IANA name; days and hours of the event are told in it';
comment on column events.rsvp_until is 'the first instant at which nobody can say any more that they come';
comment on column events.closed_at is 'attendance was closed: who had a seat and was not marked is absent';
create index events_by_start on events (starts_at, event_ref);

create table event_rsvps (
  event_ref    text not null references events,
  customer_ref text not null references customers,
  state        text not null check (state in ('seated', 'waiting', 'cancelled', 'attended', 'absent')),
  -- the order of arrival at this event; a customer who comes back after cancelling is the last again
  position     integer not null check (position >= 1),
  -- how often the customer has said that they come: it names the letters about it
  answer       integer not null default 1 check (answer >= 1),
  rsvp_at      timestamptz not null,
  -- when a seat was given, at once or from the waiting list
  seated_at    timestamptz,
  -- when it became cancelled, attended or absent
  settled_at   timestamptz,
  primary key (event_ref, customer_ref),
  -- two who come at once and did not wait for each other stop here
  unique (event_ref, position),
  check (state not in ('seated', 'attended', 'absent') or seated_at is not null),
  check (state <> 'waiting' or seated_at is null),
  check ((state in ('cancelled', 'attended', 'absent')) = (settled_at is not null))
);
create index event_rsvps_by_customer on event_rsvps (customer_ref);
create index event_rsvps_by_state on event_rsvps (event_ref, state, position);

-- Written in the transaction that makes a letter necessary, and settled when the door for messages has answered.
create table event_letters (
  letter_id    bigint primary key generated always as identity,
  event_ref    text not null,
  customer_ref text not null,
  what         text not null check (what in ('confirmed', 'waiting', 'promoted', 'reminder-soon', 'reminder-today', 'cancelled')),
  -- of the RSVP that it is about
  answer       integer not null,
  owed_at      timestamptz not null,
  held_until   timestamptz,
  settled_at   timestamptz,
  outcome      text check (length(outcome) between 1 and 20),
  foreign key (event_ref, customer_ref) references event_rsvps,
  unique (event_ref, customer_ref, what, answer),
  check ((settled_at is null) = (outcome is null))
);
comment on column event_letters.held_until is
  'when the door for messages can say yes, as it said last; until then it is not asked again';
comment on column event_letters.outcome is
  'what the door for messages made of it, or obsolete: it was not true any more when it was to be sent';
create index event_letters_owed on event_letters (letter_id) where settled_at is null;

-- a published version, a lesson done and an attempt are only ever added to
grant select, insert on course_versions, lesson_progress, quiz_attempts to keepwell_app;
grant select, insert on course_enrolments, events, event_rsvps, event_letters to keepwell_app;
grant update (journey_id, completed_at, told_at, points_owed) on course_enrolments to keepwell_app;
grant update (seats, state, cancelled_at, closed_at) on events to keepwell_app;
grant update (state, position, answer, rsvp_at, seated_at, settled_at) on event_rsvps to keepwell_app;
grant update (held_until, settled_at, outcome) on event_letters to keepwell_app;
grant usage on sequence event_numbers to keepwell_app;
