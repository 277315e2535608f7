-- The zone leads every key, behind its cell: docs/decisions/0016-keys-lead-with-the-zone.md. Ids of zones are compared as
-- bytes. Tables are written anew in one go: an update would leave each row there twice.
create function pg_temp.cell_of(id text) returns smallint language sql immutable as $$
  select (('x' || left(id, 2))::bit(8)::int >> 3)::smallint $$;  -- src/store/zone-key.ts
-- '' for a pack that is gone.
create function pg_temp.zone_of(pack uuid) returns text language sql stable as $$
  select coalesce((select zone_id from packs where id = pack), '') $$;

alter table packs drop constraint packs_zone_id_fkey;
alter table pack_buckets drop constraint pack_buckets_zone_id_fkey, drop constraint pack_buckets_pkey;
alter table order_requests
  drop constraint order_requests_zone_id_fkey, drop constraint order_requests_pack_id_fkey,
  drop constraint order_requests_zone_id_idempotency_key_key;
alter table orders drop constraint orders_pack_id_fkey, drop constraint orders_pkey;
alter table certificates drop constraint certificates_pack_id_fkey, drop constraint certificates_pkey;
alter table successors drop constraint successors_pack_id_fkey, drop constraint successors_pkey;
alter table deployments drop constraint deployments_pack_id_fkey, drop constraint deployments_pkey;
alter table pack_hosts drop constraint pack_hosts_pack_id_fkey;
alter table pack_suffixes drop constraint pack_suffixes_pack_id_fkey;
alter table dns_published drop constraint dns_published_pkey;
alter table revocations drop constraint revocations_pkey;
-- What is found by a name leads with that name, and goes with its pack by a statement.
alter table txt_records drop constraint txt_records_pack_id_fkey;
alter table http_files drop constraint http_files_pack_id_fkey;
alter table served_hosts drop constraint served_hosts_pack_id_fkey;
drop index certificates_pack, order_requests_body, order_requests_pack, txt_records_pack, http_files_pack,
  revocations_pack, packs_class, zones_name, zones_reversed;

-- Zones by their names, of all accounts. A zone that is hidden has none.
create table zone_names (
  name       text collate "C" primary key,  -- A-labels, lower case
  reversed   text collate "C" not null,  -- see txt_records.reversed
  account_id text not null references accounts,
  type       text not null check (type in ('full', 'partial')),
  cell       smallint not null,
  zone_id    text collate "C" not null
);
insert into zone_names
  select name, reversed, account_id, type, pg_temp.cell_of(id), id from zones where deleted_on is null;
create index zone_names_reversed on zone_names (reversed);

alter table zones add column cell smallint;
alter table zones
  drop constraint zones_pkey,
  drop column reversed,
  alter column id type text collate "C",
  alter column cell type smallint using pg_temp.cell_of(id),
  alter column cell set not null,
  add primary key (cell, id);
create index zones_id on zones (id);  -- for who knows no cell

do $$
declare named text;
begin
  foreach named in array array['orders', 'certificates', 'successors', 'deployments', 'txt_records', 'http_files',
      'dns_published'] loop
    execute format('alter table %I add column cell smallint, add column zone_id text collate "C"', named);
    execute format('alter table %I
      alter column cell type smallint using pg_temp.cell_of(pg_temp.zone_of(pack_id)),
      alter column zone_id type text collate "C" using pg_temp.zone_of(pack_id),
      alter column cell set not null,
      alter column zone_id set not null', named);
  end loop;
  foreach named in array array['order_requests', 'pack_buckets', 'revocations'] loop
    execute format('alter table %I add column cell smallint', named);
    execute format('alter table %I
      alter column cell type smallint using pg_temp.cell_of(zone_id),
      alter column zone_id type text collate "C",
      alter column cell set not null', named);
  end loop;
end $$;

-- The list of an account goes by creation: when, zone, ordinal. Places that an older version gave out by `seq` are over.
alter table packs add column cell smallint;
alter table packs
  drop constraint packs_pkey,
  drop constraint packs_zone_id_ord_key,
  drop column seq,  -- and with it packs_facet and packs_facet_expires_on
  alter column zone_id type text collate "C",
  alter column cell type smallint using pg_temp.cell_of(zone_id),
  alter column cell set not null,
  add primary key (cell, zone_id, id),
  add unique (cell, zone_id, ord),
  add foreign key (cell, zone_id) references zones;
create index packs_class on packs (cell, zone_id, class, ord);
create index packs_facet on packs (account_id, facet, created_on, zone_id, ord);
create index packs_facet_expires_on on packs (account_id, facet, expires_on, created_on, zone_id, ord)
  where expires_on is not null;
-- A zone has one cell: who knows both expects as many packs as who knows the zone.
create statistics packs_cell (dependencies) on cell, zone_id from packs;

alter table orders
  add primary key (cell, zone_id, pack_id, algorithm),
  add foreign key (cell, zone_id, pack_id) references packs on delete cascade;
alter table certificates
  add primary key (cell, zone_id, pack_id, algorithm),
  add foreign key (cell, zone_id, pack_id) references packs on delete cascade;
alter table successors
  add primary key (cell, zone_id, pack_id, algorithm),
  add foreign key (cell, zone_id, pack_id) references packs on delete cascade;
alter table deployments
  add primary key (cell, zone_id, pack_id, edge),
  add foreign key (cell, zone_id, pack_id) references packs on delete cascade;
alter table dns_published add primary key (cell, zone_id, pack_id, name, value);
alter table pack_buckets
  add primary key (cell, zone_id, level, bucket),
  add foreign key (cell, zone_id) references zones on delete cascade;
alter table order_requests
  add unique (cell, zone_id, idempotency_key),
  add foreign key (cell, zone_id) references zones on delete cascade,
  add foreign key (cell, zone_id, pack_id) references packs on delete cascade;
create index order_requests_body on order_requests (cell, zone_id, body_hash);
create index order_requests_pack on order_requests (cell, zone_id, pack_id);
alter table revocations add primary key (cell, zone_id, fingerprint);
create index revocations_pack on revocations (cell, zone_id, pack_id);

create index txt_records_pack on txt_records (cell, zone_id, pack_id);
create index http_files_pack on http_files (cell, zone_id, pack_id);
-- With what says which of several packs is served.
create table covering as
  select host, served_hosts.environment, pack_id, cell, zone_id, packs.type, packs.created_on
    from served_hosts join packs on packs.id = pack_id;
drop table served_hosts;
alter table covering rename to served_hosts;
alter table served_hosts
  add primary key (host, environment, pack_id),
  alter column cell set not null,
  alter column zone_id set not null,
  alter column type set not null,
  alter column created_on set not null;
create index served_hosts_pack on served_hosts (cell, zone_id, pack_id);

-- A host or a suffix of a pack, with the pack's place in the order of creation.
create table placed as
  select cell, zone_id, ord, reversed, packs.account_id, created_on
    from pack_hosts join packs on packs.id = pack_id;
drop table pack_hosts;
alter table placed rename to pack_hosts;
alter table pack_hosts
  add primary key (cell, zone_id, ord, reversed),
  add foreign key (cell, zone_id, ord) references packs (cell, zone_id, ord) on delete cascade,
  alter column account_id set not null,
  alter column created_on set not null;
create index pack_hosts_reversed on pack_hosts (account_id, reversed, created_on, zone_id, ord);
create table placed as
  select cell, zone_id, ord, pack_suffixes.name, packs.account_id, created_on
    from pack_suffixes join packs on packs.id = pack_id;
drop table pack_suffixes;
alter table placed rename to pack_suffixes;
alter table pack_suffixes
  add primary key (cell, zone_id, ord, name),
  add foreign key (cell, zone_id, ord) references packs (cell, zone_id, ord) on delete cascade,
  alter column account_id set not null,
  alter column created_on set not null;
create index pack_suffixes_name on pack_suffixes (account_id, name, created_on, zone_id, ord);

-- What was done is numbered in its zone, by the version that it gave the zone; what was done in none, in its account,
-- whose id stands for the zone's.
alter table accounts add column records bigint not null default 0;  -- of what was done in no zone
create table numbered as
  select pg_temp.cell_of(place) as cell, place as zone_id,
         row_number() over (partition by place order by id) as seq,
         made_on, account_id, pack_id, event, status, actor, resource, resource_id, name, actor_name, address, request
    from (select *, coalesce(nullif(zone_id, ''), account_id) collate "C" as place from audit) as audit
   order by id;
drop table audit;
alter table numbered rename to audit;
alter table audit
  add primary key (cell, zone_id, seq),
  alter column made_on set not null,
  alter column account_id set not null,
  alter column event set not null,
  alter column actor set not null,
  alter column resource set not null,
  alter column resource set default 'certificate_pack';
create index audit_made_on on audit using brin (made_on);
create index audit_by_clients on audit (account_id, made_on, zone_id, seq) where actor <> 'worker';
update zones set version = greatest(version, last)
  from (select cell, zone_id, max(seq) as last from audit group by 1, 2) as numbered
 where numbered.cell = zones.cell and numbered.zone_id = zones.id;
update accounts set records = last
  from (select zone_id, max(seq) as last from audit group by 1) as numbered where numbered.zone_id = accounts.id;

-- Edges are told of changes in any order.
drop table edge_changes;
create table edge_changes (
  id          uuid primary key,
  environment text not null,
  hosts       text[] not null,
  made_on     timestamptz not null
);
create index edge_changes_made_on on edge_changes (made_on);

-- A database that has packs is not planned for by guesses until it is looked at anew.
do $$ begin
  if exists (select from packs) then
    analyze accounts, zones, zone_names, packs, pack_hosts, pack_suffixes, pack_buckets, orders, certificates,
      successors, deployments, txt_records, http_files, served_hosts, order_requests, dns_published, audit;
  end if;
end $$;

drop function pg_temp.zone_of(uuid);
drop function pg_temp.cell_of(text);
