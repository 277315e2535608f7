-- Private keys of packs that are made in a PKCS#11 token (docs/decisions/0043-keys-of-packs-in-tokens.md). A row is written before its key is
-- made and goes after it was destroyed, so no key is in a token that nobody knows of. It outlives its pack.
create table token_keys (
  cell        smallint not null,
  zone_id     text collate "C" not null,
  id          uuid not null,       -- of the key in the token, too
  pack_id     uuid not null,
  algorithm   text not null,
  uri         text not null,       -- RFC 7512: which token, label, id
  made_on     timestamptz not null,
  claim       integer not null,    -- of the worker that took it last: no other can put it into an order
  is_made     boolean not null default false,  -- whether whoever took it knows that it is in the token
  used_on     timestamptz,         -- when it was put into an order; null: it is for the next one
  retired_on  timestamptz,         -- since when nothing needs it; it is to be destroyed
  look_at     timestamptz not null,
  away_since  timestamptz,         -- since when it does not sign; null: it does, or was not asked yet
  primary key (cell, zone_id, id)
);
create unique index token_keys_spare on token_keys (cell, zone_id, pack_id, algorithm) where used_on is null and retired_on is null;
create index token_keys_of_pack on token_keys (cell, zone_id, pack_id);
create index token_keys_due on token_keys (look_at);
