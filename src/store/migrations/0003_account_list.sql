-- Packs by the end of their first certificate, within each facet: what is still served and ends soon is found without
-- passing all that ended long ago.
drop index packs_expires_on;
create index packs_facet_expires_on on packs (account_id, facet, expires_on, seq) where expires_on is not null;

-- Names above the hosts of packs that are not hosts of theirs: with pack_hosts, each pack once under all it lies below.
create table pack_suffixes (
  pack_id    uuid not null references packs on delete cascade,
  name       text collate "C" not null,  -- A-labels, lower case
  account_id text not null,
  seq        bigint not null,
  primary key (pack_id, name)
);
insert into pack_suffixes
  select distinct pack_id, array_to_string(array(
      select label from unnest(labels[1:n]) with ordinality as l (label, i) order by i desc), '.'), account_id, seq
    from pack_hosts cross join string_to_array(reversed, '.') as labels
   cross join generate_series(1, cardinality(labels) - 1) as n
   where not exists (
     select from pack_hosts as own
      where own.pack_id = pack_hosts.pack_id and own.reversed = array_to_string(labels[1:n], '.'));
create index pack_suffixes_name on pack_suffixes (account_id, name, seq);
