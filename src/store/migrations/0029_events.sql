-- Events of packs, a stream of them, and chains of the record: docs/decisions/0030-the-record-is-chained-and-streamed.md.
alter table audit
  add column from_status text,    -- of a pack, before it
  add column details     text,    -- JSON that its owner may see
  add column xact        xid8,    -- the transaction that wrote it; null: before this migration
  add column chain_place bigint,  -- from 1, in the chain of its zone or its account; null: in no chain
  add column chain_hash  bytea;   -- src/store/chain/link.ts
-- Only of what is written from now on: a default that is set at once would be written into every row.
alter table audit alter column xact set default pg_current_xact_id();
create index audit_by_pack on audit (pack_id, seq) where pack_id is not null;
create index audit_by_commit on audit (account_id, xact) where pack_id is not null and xact is not null;

-- The last of each chain: of what was done in a zone, and of the rest of an account.
alter table zones
  add column chain_place bigint not null default 0,
  add column chain_hash  bytea not null default '';
alter table accounts
  add column chain_place bigint not null default 0,
  add column chain_hash  bytea not null default '';

-- Where a chain begins whose first records were removed when their time was over, and where one ends whose zone is gone.
create table audit_checkpoints (
  cell    smallint not null,
  zone_id text collate "C" not null,  -- or an account's
  kind    text not null check (kind in ('begin', 'end')),
  place   bigint not null,  -- of the last record before the beginning, or of the last one
  hash    bytea not null,   -- of that record
  made_on timestamptz not null,
  primary key (cell, zone_id, kind)
);
