-- Zones have a life. Those of an older version are active: nobody asked then whether their owners had control, and what they
-- have is served.
alter table zones
  add column status text not null default 'active' check (status in ('initializing', 'pending', 'active', 'moved')),
  add column is_paused boolean not null default false,
  add column is_deactivated boolean not null default false,  -- by the operator
  add column has_name boolean not null default true,  -- as zone_names.is_holder: it became active, and no other did since
  add column name_servers text[],  -- that it is to be delegated to; null: all of the operator's
  add column original_name_servers text[],  -- that it was delegated to when it was looked at first
  add column wants_text boolean not null default false,  -- whether a full zone has to show the TXT record too
  add column verification_key text not null default
    ('x' || left(gen_random_uuid()::text, 8))::bit(32)::bigint || '-' || ('x' || right(gen_random_uuid()::text, 8))::bit(32)::bigint,
  add column activated_on timestamptz,
  add column proven_on timestamptz,  -- when a look saw control last; null: none did, it is active on trust
  add column text_shown_on timestamptz,  -- of a zone that wants it: when the TXT record was seen
  add column failing_since timestamptz,  -- of looks without success
  add column absent_since timestamptz,  -- of looks that saw for certain that there is no control
  add column challenged_on timestamptz,  -- when another zone of the name showed control last
  add column looks integer not null default 0,  -- looks since it came to its status, or since they began to fail
  add column look_at timestamptz;  -- when control is to be looked at next; null: it is not
update zones set activated_on = created_on;
create index zones_look_at on zones (look_at) where look_at is not null;

-- A name has a zone of each account that claims it, and one of them has it.
alter table zone_names
  drop constraint zone_names_pkey,
  add column is_holder boolean not null default true,
  add column is_active boolean not null default true,  -- as its zone
  add primary key (name, zone_id);
create unique index zone_names_holder on zone_names (name) where is_holder;

-- Name servers that zones had which are gone. A name may still be delegated to them, so no other account is given these.
create table name_servers_used (
  name         text not null,  -- of the zone
  account_id   text not null,
  name_servers text[] not null,
  primary key (name, account_id, name_servers)
);
