-- Alerts (docs/decisions/0032-alerts.md): who is told of what, by which channel, and what was told. Of an account, whose id
-- stands for that of a zone.

create table alert_webhooks (
  cell            smallint not null,
  account_id      text not null references accounts,
  id              text not null,    -- 32 hex digits
  name            text not null,
  url             text not null,
  kind            text not null,    -- shape of what is sent: a row of src/notify/channels
  secret          bytea,            -- sealed; of the header cf-webhook-auth
  signing_key     bytea not null,   -- sealed; of the HMAC
  created_on      timestamptz not null,
  last_success_on timestamptz,
  last_failure_on timestamptz,
  primary key (cell, account_id, id)
);

create table alert_pagerduty (
  cell       smallint not null,
  account_id text not null references accounts,
  id         text not null,
  name       text not null,
  key        bytea not null,        -- sealed; integration key of PagerDuty's events
  created_on timestamptz not null,
  primary key (cell, account_id, id)
);

create table alert_policies (
  cell           smallint not null,
  account_id     text not null references accounts,
  id             text not null,
  name           text not null,
  description    text not null,
  alert_type     text not null,
  is_enabled     boolean not null,
  mechanisms     jsonb not null,    -- as the client gave them: ids by kind of channel
  filters        jsonb not null,
  alert_interval text,              -- as the client gave it
  created_on     timestamptz not null,
  modified_on    timestamptz not null,
  primary key (cell, account_id, id)
);

create table alert_silences (
  cell       smallint not null,
  account_id text not null references accounts,
  id         text not null,
  policy_id  text not null,
  starts_on  timestamptz not null,
  ends_on    timestamptz not null,
  created_on timestamptz not null,
  updated_on timestamptz not null,
  primary key (cell, account_id, id),
  foreign key (cell, account_id, policy_id) references alert_policies on delete cascade
);

-- How far the record of an account was read for its alerts; only of accounts with a policy.
create table alert_readers (
  cell       smallint not null,
  account_id text not null references accounts,
  history    text not null,         -- the three as src/store/pack-events.ts has them
  xact       text not null,
  zone_id    text not null,
  seq        bigint not null,
  read_on    timestamptz not null,  -- when the last event happened that was read; before any: when reading began
  told_from  timestamptz,           -- another history is gone through: what happened before is passed over
  deliveries bigint not null default 0,  -- number of the last delivery
  due_at     timestamptz not null,
  claim      integer not null default 0,
  primary key (cell, account_id)
);
create index alert_readers_due on alert_readers (due_at);

-- What is told, to whom: one row a channel. Numbered in its account.
create table alert_deliveries (
  cell        smallint not null,
  account_id  text not null references accounts,
  number      bigint not null,
  id          text not null,        -- 32 hex digits
  policy_id   text not null,
  policy_name text not null,
  alert_type  text not null,
  mechanism   text not null check (mechanism in ('webhooks', 'email', 'pagerduty')),
  destination text not null,        -- id of a webhook or of PagerDuty's; or a mail address
  subject     text not null,        -- pack or zone that it is of: order is kept within it
  once        text not null,        -- what is told at most once by this channel
  body        jsonb not null,       -- what is told, before it is given the shape of its channel
  made_on     timestamptz not null,
  status      text not null check (status in ('queued', 'sent', 'dead', 'silenced', 'cancelled')),
  attempts    integer not null default 0,
  problem     text,                 -- why the last attempt failed, in words
  tried_on    timestamptz,          -- first attempt; null: none yet
  due_at      timestamptz,          -- null: ended
  taken_until timestamptz,          -- an attempt is under way until then at most
  ended_on    timestamptz,
  primary key (cell, account_id, number),
  unique (cell, account_id, id),
  unique (cell, account_id, mechanism, destination, once)
);
create index alert_deliveries_queue on alert_deliveries (cell, account_id, mechanism, destination, due_at) where due_at is not null;
create index alert_deliveries_lane on alert_deliveries (cell, account_id, mechanism, destination, subject, number) where due_at is not null;
create index alert_deliveries_taken on alert_deliveries (taken_until) where taken_until is not null;
create index alert_deliveries_dead on alert_deliveries (cell, account_id, number) where status = 'dead';
-- As their account reads them: what it was told, by when; those of a status, the newest first.
create index alert_deliveries_told on alert_deliveries (cell, account_id, ended_on, number) where status = 'sent';
create index alert_deliveries_by_status on alert_deliveries (cell, account_id, status, number);
create index alert_deliveries_ended_on on alert_deliveries (ended_on) where ended_on is not null;

-- What a channel was told last of each kind, until that is over: for intervals, and so that an end is told of what began.
create table alert_told (
  cell        smallint not null,
  account_id  text not null references accounts,
  mechanism   text not null,
  destination text not null,
  subject     text not null,
  event       text not null,
  is_problem  boolean not null,
  told_on     timestamptz not null,
  primary key (cell, account_id, mechanism, destination, subject, event)
);
create index alert_told_on on alert_told (told_on);

-- Events of zones are read as those of packs are (0029_events.sql).
create index audit_zones_by_commit on audit (account_id, xact) where resource = 'zone' and pack_id is null and xact is not null;

-- The end of the certificates of which it was recorded that their renewal is late.
alter table pack_renewals add column risk_told_of timestamptz;
