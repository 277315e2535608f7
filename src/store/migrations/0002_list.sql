-- What the lists are found by. Slots of `counts`: a number for each class (status and environment), then all
-- packs and served packs by environment, and one that stays 0; src/pack/list-index.ts.
alter table zones add column counts integer[] not null default array_fill(0, array[47]);
-- Every change of a zone writes its row: room for the new version beside the old one.
alter table zones set (fillfactor = 50);

alter table packs
  add column class      smallint,
  add column facet      smallint,  -- class, type and CA in one number
  add column seq        bigint generated always as identity,  -- order of creation in the installation
  add column expires_on timestamptz;  -- when the first of its certificates ends

create function pg_temp.class_of(status text, environment text) returns smallint language sql as $$
  select ((array_position(array['initializing', 'pending_validation', 'deleted', 'pending_issuance',
    'pending_deployment', 'pending_deletion', 'pending_expiration', 'expired', 'active',
    'initializing_timed_out', 'validation_timed_out', 'issuance_timed_out', 'deployment_timed_out',
    'deletion_timed_out', 'pending_cleanup', 'staging_deployment', 'staging_active', 'deactivating',
    'inactive', 'backup_issued', 'holding_deployment'], status) - 1) * 2
    + (environment = 'staging')::int)::smallint $$;
update packs set class = pg_temp.class_of(status, environment),
  expires_on = (select min(not_after) from certificates where pack_id = packs.id);
update packs set facet = class * 24 + 3 * (array_position(array['mh_custom', 'managed_hostname', 'sni_custom',
    'universal', 'advanced', 'total_tls', 'keyless', 'legacy_custom'], type) - 1)
  + array_position(array['google', 'lets_encrypt', 'ssl_com'], certificate_authority) - 1;
alter table packs alter column class set not null, alter column facet set not null;
-- A body of 2 kB stays in its row, as it is: a list reads it without a second look-up.
alter table packs set (toast_tuple_target = 8160);
alter table packs alter column wire set storage external;

create index packs_class on packs (zone_id, class, ord);
create index packs_facet on packs (account_id, facet, seq);
create index packs_expires_on on packs (account_id, expires_on, seq) where expires_on is not null;

-- Packs by ordinal, counted: level 0 holds 64 ordinals a row, level 1 holds 64 rows of level 0.
create table pack_buckets (
  zone_id text not null references zones on delete cascade,
  level   smallint not null,
  bucket  integer not null,
  counts  smallint[] not null,  -- slots as in zones.counts
  primary key (zone_id, level, bucket)
) with (fillfactor = 50);

create function pg_temp.counts_of(class smallint, n bigint) returns int[] language sql as $$
  select array_agg(case when i = class + 1 or i = 43 + class % 2
      or i = 45 + class % 2 and class / 2 in (6, 8, 16) then n else 0 end order by i)
    from generate_series(1, 47) as i $$;
insert into pack_buckets
  select zone_id, level, bucket, array_agg(n order by i)
    from (select zone_id, level, ord >> (6 + 6 * level) as bucket, i, sum(c) as n
            from packs cross join generate_series(0, 1) as level
           cross join unnest(pg_temp.counts_of(class, 1)) with ordinality as u (c, i)
           group by 1, 2, 3, 4) as sums
   group by 1, 2, 3;
update zones set counts = sums.counts
  from (select zone_id, array_agg(n order by i) as counts
          from (select zone_id, i, sum(c)::int as n
                  from pack_buckets cross join unnest(counts) with ordinality as u (c, i)
                 where level = 0 group by 1, 2) as slots
         group by 1) as sums
 where sums.zone_id = zones.id;

-- Packs by the names of their hosts.
create table pack_hosts (
  pack_id    uuid not null references packs on delete cascade,
  reversed   text collate "C" not null,  -- see txt_records.reversed
  account_id text not null,
  seq        bigint not null,
  primary key (pack_id, reversed)
);
insert into pack_hosts
  select packs.id, array_to_string(array(select label from
      unnest(string_to_array(lower(host), '.')) with ordinality as l (label, i) order by i desc), '.'),
    account_id, seq
    from packs cross join unnest(hosts) as host
  on conflict do nothing;
create index pack_hosts_reversed on pack_hosts (account_id, reversed, seq);

-- What happened to packs, and by whom. Outlives them.
create table audit (
  id         bigint not null generated always as identity,
  made_on    timestamptz not null,
  account_id text not null,
  zone_id    text not null,
  pack_id    uuid not null,
  event      text not null,
  status     text not null,  -- after it
  actor      text not null,  -- id of a token, or worker
  primary key (zone_id, id)
);
create index audit_made_on on audit using brin (made_on);

drop function pg_temp.class_of(text, text);
drop function pg_temp.counts_of(smallint, bigint);
