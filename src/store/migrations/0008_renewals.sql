-- Renewal of a pack's certificates, beside its status: when, and how far it is. Null: nobody has planned it.
alter table packs add column renewal jsonb;

-- Packs that nobody would renew: made by an older version, or put down by one that knows no renewal.
create index packs_unplanned on packs (expires_on)
  where status in ('active', 'staging_active') and (renewal is null or due_at = expires_on);

-- Certificates that are to come in the place of a pack's present ones, once every edge shows them.
create table successors (
  like certificates including defaults,
  primary key (pack_id, algorithm),
  foreign key (pack_id) references packs on delete cascade
);
