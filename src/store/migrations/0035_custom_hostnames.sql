-- Hostnames of customers' customers (docs/decisions/0035-custom-hostnames.md), of which control is shown apart from their zone's.
create table custom_hostnames (
  cell          smallint not null,
  zone_id       text collate "C" not null,
  id            uuid not null,
  ord           bigint not null,     -- place in the zone's list, from its ordinals
  hostname      text collate "C" not null, -- in A-labels, without wildcard
  status        text not null,
  token         uuid not null,       -- what is to be shown
  wildcard      boolean not null,    -- whether its certificates cover the names below it too
  bundle_method text not null,
  settings      jsonb not null,      -- of TLS, as they were given
  metadata      jsonb,
  origin_server text,
  origin_sni    text,
  errors        text[] not null,     -- why control is not seen
  created_on    timestamptz not null,
  modified_on   timestamptz not null,
  looks         integer not null,    -- since it stands as it does
  look_at       timestamptz,
  absent_since  timestamptz,         -- of one that was shown: since when it is not any more
  deleted_on    timestamptz,
  primary key (cell, zone_id, id),
  foreign key (cell, zone_id) references zones on delete cascade
);
create unique index custom_hostnames_hostname on custom_hostnames (cell, zone_id, hostname) where deleted_on is null;
create index custom_hostnames_ord on custom_hostnames (cell, zone_id, ord);
create index custom_hostnames_due on custom_hostnames (cell, look_at) where look_at is not null;

-- Their certificate packs: the current one, and those in whose place it comes.
create table custom_hostname_packs (
  cell        smallint not null,
  zone_id     text collate "C" not null,
  pack_id     uuid not null,
  hostname_id uuid not null,
  is_current  boolean not null,
  sent        jsonb,                 -- of uploads: PEM of what was sent, by algorithm
  primary key (cell, zone_id, pack_id),
  foreign key (cell, zone_id, pack_id) references packs (cell, zone_id, id) on delete cascade,
  foreign key (cell, zone_id, hostname_id) references custom_hostnames on delete cascade
);
create index custom_hostname_packs_hostname on custom_hostname_packs (cell, zone_id, hostname_id);

-- Whose a hostname is, of all zones that have it: the one that showed control last.
create table hostname_owners (
  hostname    text collate "C" primary key,
  cell        smallint not null,
  zone_id     text collate "C" not null,
  hostname_id uuid not null,
  foreign key (cell, zone_id, hostname_id) references custom_hostnames on delete cascade
);
create index hostname_owners_of on hostname_owners (cell, zone_id, hostname_id);

-- Where a zone's customers are sent that have no origin of their own.
create table fallback_origins (
  cell       smallint not null,
  zone_id    text collate "C" not null,
  origin     text not null,
  status     text not null,
  errors     text[] not null,
  created_on timestamptz not null,
  updated_on timestamptz not null,
  look_at    timestamptz,           -- null: nothing is to be found out
  primary key (cell, zone_id),
  foreign key (cell, zone_id) references zones on delete cascade
);
create index fallback_origins_due on fallback_origins (cell, look_at) where look_at is not null;
