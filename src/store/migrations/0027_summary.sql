-- What an account has, counted: by facet, by whose move it is, by the week in which certificates end; slots as in
-- src/pack/account-slots.ts. In eight parts a cell, so that changes of different zones seldom meet.
create table account_counts (
  cell       smallint not null,
  account_id text not null references accounts,
  part       smallint not null,  -- bits of the zone's id behind those of its cell
  slot       integer not null,
  n          integer not null,
  primary key (cell, account_id, part, slot)
) with (fillfactor = 50);

create function pg_temp.part_of(id text) returns smallint language sql immutable as $$
  select (('x' || left(id, 2))::bit(8)::int & 7)::smallint $$;  -- src/store/account-counts.ts
insert into account_counts
  select cell, account_id, pg_temp.part_of(zone_id), slot, count(*)
    from packs cross join lateral (
      select facet::int as slot
      union all
      select 10000 where status in ('initializing_timed_out', 'validation_timed_out', 'issuance_timed_out', 'holding_deployment')
        or status = 'pending_validation' and validation_errors <> '[]'
      union all
      select 10001 where status in ('pending_deployment', 'staging_deployment', 'deployment_timed_out', 'deactivating',
          'pending_deletion', 'deletion_timed_out', 'pending_cleanup')
        or status = 'pending_validation' and validation_errors = '[]'
      union all
      select 10002 where status in ('initializing', 'pending_issuance')
      union all
      select 10010 where renewal ? 'course' and status in ('active', 'staging_active', 'pending_expiration', 'backup_issued', 'inactive')
      union all
      select 20000 + floor((extract(epoch from expires_on) - 345600) / 604800)::int
       where expires_on is not null and status in ('active', 'staging_active', 'pending_expiration', 'backup_issued', 'inactive',
         'pending_deployment', 'staging_deployment', 'holding_deployment', 'deployment_timed_out', 'deactivating')) as slots
   group by 1, 2, 3, 4;

-- When packs that have certificates of a CA are to be renewed: those of which that is over are found here, without their rows.
create table pack_renewals (
  cell       smallint not null,
  zone_id    text collate "C" not null,
  ord        bigint not null,
  account_id text not null,
  renew_on   timestamptz not null,
  risk_on    timestamptz not null,  -- a tenth of the life of its certificate later
  ends_on    timestamptz not null,  -- when the first of its certificates ends
  primary key (cell, zone_id, ord),
  foreign key (cell, zone_id, ord) references packs (cell, zone_id, ord) on delete cascade
);
insert into pack_renewals
  select packs.cell, packs.zone_id, ord, account_id, renew_on, renew_on + life / 10, not_after
    from packs
    join (select distinct on (cell, zone_id, pack_id) cell, zone_id, pack_id, not_after, not_after - uploaded_on as life
            from certificates order by cell, zone_id, pack_id, not_after, algorithm) as first
      on first.cell = packs.cell and first.zone_id = packs.zone_id and first.pack_id = packs.id
   cross join lateral (
     select coalesce((renewal ->> 'at')::timestamptz,
       not_after - life / case when life < interval '10 days' then 2 else 3 end) as renew_on) as plan
   where certificate_authority is not null
     and status in ('active', 'staging_active', 'pending_expiration', 'backup_issued', 'inactive',
       'pending_deployment', 'staging_deployment', 'holding_deployment', 'deployment_timed_out', 'deactivating');
create index pack_renewals_account on pack_renewals (account_id, renew_on) include (risk_on, ends_on, cell, zone_id, ord);

drop function pg_temp.part_of(text);
