-- A pack and its backup of another CA: each has the id of the other, and one of the two is kept off the edges.
alter table packs
  add column backup_of  uuid,         -- of a backup: the pack for which it is kept
  add column backup_id  uuid,         -- of a pack that has one: its backup
  add column is_standby boolean not null default false,
  add column ranked_on  timestamptz,  -- of a backup: when the other was made, in whose place among all packs it is
  add column swapped_by uuid,         -- of a backup: by a call on which of the two they changed places last, and when
  add column swapped_on timestamptz;
-- No quota counts them.
create index packs_backups on packs (cell, zone_id) where backup_of is not null;
create index packs_backups_account on packs (account_id) where backup_of is not null;

-- While both are on the edges, the one that goes gives way.
alter table served_hosts add column is_standby boolean not null default false;
