-- Packs that the service makes by itself.
-- Whether a zone has a Universal pack. Zones that are there go on without.
alter table zones add column universal boolean not null default false;
-- When what the service makes by itself for the zone is to be looked at; null: when something happens.
alter table zones add column managed_due timestamptz;
create index zones_managed_due on zones (managed_due) where managed_due is not null;
create index packs_managed on packs (cell, zone_id, type, ord) where type in ('universal', 'total_tls');
