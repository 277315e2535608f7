-- TXT records that were put into customers' zones by dynamic update, noted before they are. Outlives the pack, so that
-- nothing of ours is left behind.
create table dns_published (
  pack_id uuid not null,
  zone    text not null,  -- name of the zone at our API
  name    text not null,
  value   text not null,
  made_on timestamptz not null,
  primary key (pack_id, name, value)
);
