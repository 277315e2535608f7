-- Keys that are kept to regions, and requests whose keys are made here (docs/decisions/0037-regions.md).

-- Where the key of an upload may be, as its owner said: {"label"} or {"policy"} (src/pack/region.ts); null: anywhere.
alter table uploads add column restriction jsonb;
alter table served_hosts add column restriction jsonb;
-- Of a restricted upload the key is in region_keys alone.
alter table certificates alter column sealed_key drop not null;

-- The private key of a restricted upload, once for each region that is allowed to have it.
create table region_keys (
  cell      smallint not null,
  zone_id   text collate "C" not null,
  pack_id   uuid not null,
  algorithm text not null check (algorithm in ('ecdsa', 'rsa')),
  region    text not null,   -- its name in the configuration
  key_id    text not null,   -- of the key pair that opens it
  sealed    bytea not null,  -- HPKE (src/kit/hpke.ts), bound to the line of the upload and the algorithm
  primary key (cell, zone_id, pack_id, algorithm, region),
  foreign key (cell, zone_id, pack_id) references packs (cell, zone_id, id) on delete cascade
);

-- Requests for certificates that customers bring to a CA of theirs. Of an account, whose id stands for that of a zone.
create table custom_csrs (
  cell        smallint not null,
  account_id  text not null references accounts,
  id          uuid not null,
  zone_id     text collate "C",  -- null: of the account
  created_on  timestamptz not null,
  name        text not null,
  description text not null,
  key_type    text not null check (key_type in ('rsa2048', 'p256v1')),
  subject     jsonb not null,    -- as it was asked for
  sans        text[] not null,
  csr         text not null,     -- PEM
  public_key  text not null,     -- hexadecimal SHA-256 of its SubjectPublicKeyInfo
  sealed_key  bytea not null,
  primary key (cell, account_id, id)
);
create index custom_csrs_list on custom_csrs (cell, account_id, zone_id, created_on, id);
create index custom_csrs_public_key on custom_csrs (cell, account_id, public_key);

-- Which packs have their key from a request.
create table custom_csr_uses (
  cell       smallint not null,
  account_id text not null,
  csr_id     uuid not null,
  zone_id    text collate "C" not null,
  pack_id    uuid not null,
  primary key (cell, account_id, csr_id, zone_id, pack_id),
  foreign key (cell, account_id, csr_id) references custom_csrs on delete cascade
);
alter table uploads add column csr_id uuid;
