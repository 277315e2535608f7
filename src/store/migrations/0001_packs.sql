create table accounts (
  id         text primary key,
  name       text not null,
  lane       smallint not null,  -- see packs.lane
  created_on timestamptz not null
);

create table tokens (
  id         text primary key,
  account_id text not null references accounts,
  name       text not null,
  hash       bytea not null unique,  -- SHA-256 of the bearer token
  access     text not null check (access in ('read', 'write')),
  zones      text[],  -- null: every zone of the account
  created_on timestamptz not null
);

create table zones (
  id              text primary key,
  account_id      text not null references accounts,
  name            text not null,  -- A-labels, lower case
  reversed        text collate "C" not null,  -- see txt_records.reversed
  type            text not null check (type in ('full', 'partial')),
  delegation_uuid text not null,
  next_ord        bigint not null default 1,
  version         bigint not null default 0,  -- raised by every change that can be seen in the zone
  created_on      timestamptz not null,
  modified_on     timestamptz not null,
  deleted_on      timestamptz  -- hidden from then on; gone with its last pack
);
create unique index zones_name on zones (name) where deleted_on is null;
create index zones_reversed on zones (reversed) where deleted_on is null;
create index zones_account on zones (account_id, created_on, id) where deleted_on is null;
create index zones_deleted on zones (deleted_on) where deleted_on is not null;

create table packs (
  id                    uuid primary key,
  zone_id               text not null references zones,
  account_id            text not null references accounts,
  lane                  smallint not null,  -- of the account: workers take due packs lane by lane
  ord                   bigint not null,  -- order of creation in the zone, never used again
  type                  text not null,
  status                text not null,
  status_since          timestamptz not null,
  hosts                 text[] not null check (cardinality(hosts) between 1 and 50),
  certificate_authority text not null,
  validation_method     text not null,
  validity_days         smallint not null,
  environment           text not null check (environment in ('production', 'staging')),
  is_branded            boolean not null,
  validation_records    jsonb not null,
  validation_errors     jsonb not null,
  attempts              integer not null,
  created_on            timestamptz not null,
  modified_on           timestamptz not null,
  due_at                timestamptz,  -- when it next wants attention; ahead of time while a worker has it
  claim                 integer not null,  -- raised by every claim: a writer with an older one lost the pack
  wire                  text not null,  -- its JSON in the API, rendered with the change that made it so
  wire_version          smallint not null,
  unique (zone_id, ord)
);
create index packs_due on packs (lane, due_at) where due_at is not null;

create table orders (
  pack_id     uuid not null references packs on delete cascade,
  algorithm   text not null check (algorithm in ('ecdsa', 'rsa')),
  state       jsonb not null,  -- the order as the CA last showed it
  is_answered boolean not null,  -- the CA was told that it can validate
  csr         bytea,
  sealed_key  bytea,  -- stored before the order is finalized
  primary key (pack_id, algorithm)
);

create table certificates (
  id          uuid primary key,
  pack_id     uuid not null references packs on delete cascade,
  algorithm   text not null check (algorithm in ('ecdsa', 'rsa')),
  hosts       text[] not null,
  issuer      text not null,
  signature   text not null,
  fingerprint text not null,  -- hexadecimal SHA-256 of the leaf
  serial      text not null,
  not_before  timestamptz not null,
  not_after   timestamptz not null,
  uploaded_on timestamptz not null,
  modified_on timestamptz not null,
  chain       text not null,  -- PEM, leaf first
  sealed_key  bytea not null
);
create unique index certificates_pack on certificates (pack_id, algorithm);

-- What the DNS responder publishes.
create table txt_records (
  name     text collate "C" not null,
  value    text not null,
  pack_id  uuid not null references packs on delete cascade,
  reversed text collate "C" not null,  -- labels in reverse order, so that what lies below a name is a range
  primary key (name, value, pack_id)
);
create index txt_records_reversed on txt_records (reversed);
create index txt_records_pack on txt_records (pack_id);

-- Which packs cover a name on the edges of an environment.
create table served_hosts (
  host        text not null,
  environment text not null,
  pack_id     uuid not null references packs on delete cascade,
  primary key (host, environment, pack_id)
);
create index served_hosts_pack on served_hosts (pack_id);

-- What an edge is to show for a pack, and what it did show.
create table deployments (
  pack_id        uuid not null references packs on delete cascade,
  edge           text not null,
  desired_ecdsa  text,  -- fingerprints; null: nothing, the pack is being withdrawn
  desired_rsa    text,
  observed_ecdsa text,
  observed_rsa   text,
  observed_on    timestamptz,
  problem        text,
  primary key (pack_id, edge)
);

-- Changes that edges connected to any process are told of.
create table edge_changes (
  seq         bigint primary key generated always as identity,
  environment text not null,
  hosts       text[] not null,
  made_on     timestamptz not null
);
create index edge_changes_made_on on edge_changes (made_on);

create table ca_accounts (
  ca            text not null,
  directory_url text not null,
  url           text not null,
  sealed_key    bytea not null,
  created_on    timestamptz not null,
  primary key (ca, directory_url)
);

-- Which order a request made, so that its repetition makes no second one.
create table order_requests (
  token_id        text not null references tokens on delete cascade,
  zone_id         text not null references zones on delete cascade,
  idempotency_key text,
  body_hash       bytea not null,
  pack_id         uuid not null references packs on delete cascade,
  made_on         timestamptz not null,
  unique (token_id, zone_id, idempotency_key)
);
create index order_requests_body on order_requests (token_id, zone_id, body_hash);
create index order_requests_made_on on order_requests (made_on);
create index order_requests_pack on order_requests (pack_id);
create index order_requests_zone on order_requests (zone_id);

-- What all processes of an installation agree on.
create table agreements (
  name  text primary key,
  value text not null
);
