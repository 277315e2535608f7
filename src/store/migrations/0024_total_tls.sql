-- Total TLS: packs for the names of proxied DNS records that no other pack covers.
alter table zones
  add column total_tls boolean not null default false,
  add column total_tls_ca text;  -- the CA that its owner chose; null: none, any of the operator's

-- Names that are to be looked at, in ranges, both ends included; written as txt_records.reversed.
create table total_tls_looks (
  cell    smallint not null,
  zone_id text collate "C" not null,
  low     text collate "C" not null,
  high    text collate "C" not null,
  look_at timestamptz not null,
  primary key (cell, zone_id, low, high),
  foreign key (cell, zone_id) references zones on delete cascade
);
create index total_tls_looks_at on total_tls_looks (cell, zone_id, look_at);

-- Names whose pack somebody deleted: they get no other.
create table total_tls_opt_outs (
  cell    smallint not null,
  zone_id text collate "C" not null,
  name    text collate "C" not null,
  made_on timestamptz not null,
  primary key (cell, zone_id, name),
  foreign key (cell, zone_id) references zones on delete cascade
);
