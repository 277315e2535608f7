-- Certificates that are to be revoked at their CA, and those that were. Outlives the pack: what was asked for is done.
create table revocations (
  fingerprint text primary key,  -- hexadecimal SHA-256 of the leaf
  pack_id     uuid not null,
  zone_id     text not null,
  algorithm   text not null check (algorithm in ('ecdsa', 'rsa')),
  serial      text not null,
  ca          text not null,
  chain       text not null,  -- PEM, leaf first
  reason      text not null,  -- RFC 5280 5.3.1
  asked_on    timestamptz not null,
  due_on      timestamptz,    -- null: done
  attempts    integer not null default 0,
  revoked_on  timestamptz,
  problem     text
);
create index revocations_due on revocations (due_on) where due_on is not null;
create index revocations_pack on revocations (pack_id);
