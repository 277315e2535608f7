-- DNS records of zones of type full, as their owners made them; what is published for validation is in txt_records.
create table dns_records (
  cell        smallint not null,
  zone_id     text collate "C" not null,
  id          text collate "C" not null,
  name        text collate "C" not null,  -- A-labels, lower case, with the zone's name
  reversed    text collate "C" not null,  -- see txt_records.reversed
  type        text collate "C" not null,
  content     text not null,  -- as it is told
  priority    integer,  -- of MX
  data        json,  -- of CAA and SRV, in parts
  ttl         integer not null,  -- 1: automatic
  is_proxied  boolean not null,
  comment     text,
  tags        text[] not null,
  created_on  timestamptz not null,
  modified_on timestamptz not null,
  primary key (cell, zone_id, id),
  foreign key (cell, zone_id) references zones on delete cascade
);
create index dns_records_name on dns_records (cell, zone_id, name);
create index dns_records_reversed on dns_records (cell, zone_id, reversed);
