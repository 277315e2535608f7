-- Certificates whose private key their owner keeps (docs/decisions/0036-keyless.md): where the key is, and whether it signs.
create table keyless_certificates (
  cell        smallint not null,
  zone_id     text collate "C" not null,
  pack_id     uuid not null,
  name        text not null,
  host        text not null,       -- of a key server; or the RFC 7512 URI of a key in a token
  port        integer not null,
  look_at     timestamptz,         -- when the key is asked for a signature again; null: never
  away_since  timestamptz,         -- since when it does not sign; null: it does, or was not asked yet
  primary key (cell, zone_id, pack_id),
  foreign key (cell, zone_id, pack_id) references packs (cell, zone_id, id) on delete cascade
);
create index keyless_certificates_due on keyless_certificates (look_at) where look_at is not null;
