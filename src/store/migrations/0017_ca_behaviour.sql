-- The key of an account at a CA is kept before the CA hears of it: until it has told, there is no URL.
alter table ca_accounts alter column url drop not null;

-- Orders that were given up although they were finalized, because what the CA delivered was of no use: each led to another.
create table reorders (
  cell       smallint not null,
  zone_id    text collate "C" not null,
  pack_id    uuid not null,
  algorithm  text not null check (algorithm in ('ecdsa', 'rsa')),
  ordered_on timestamptz not null,  -- when the order was given up
  why        text not null,
  primary key (cell, zone_id, pack_id, algorithm, ordered_on),
  foreign key (cell, zone_id, pack_id) references packs (cell, zone_id, id) on delete cascade
);

-- For a certificate that ended or that the CA does not know there is nothing to revoke: `problem` says so.
alter table revocations add column is_moot boolean not null default false;
