-- Certificates that customers bring (docs/decisions/0034-uploads.md): what there is of each beside its pack and certificate.
create table uploads (
  cell          smallint not null,
  zone_id       text collate "C" not null,
  pack_id       uuid not null,
  id            uuid not null,     -- of the custom certificate; one of type legacy_custom keeps it from pack to pack
  line          uuid not null,     -- shared by those that took each other's place
  is_current    boolean not null,  -- whether nothing took its place
  bundle_method text not null check (bundle_method in ('ubiquitous', 'optimal', 'force')),
  priority      integer not null,
  fingerprint   text not null,     -- hexadecimal SHA-256 of the leaf
  sent          text not null,     -- PEM of all certificates that were sent, the leaf first
  primary key (cell, zone_id, pack_id),
  foreign key (cell, zone_id, pack_id) references packs (cell, zone_id, id) on delete cascade
);
create index uploads_id on uploads (cell, zone_id, id);
create index uploads_line on uploads (cell, zone_id, line);

-- Of two uploads of one type that cover a name the one with the higher number serves.
alter table served_hosts add column priority integer not null default 0;
