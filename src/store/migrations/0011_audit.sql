-- What clients did to zones and tokens is recorded too, and from where.
alter table audit
  alter column pack_id drop not null,
  alter column status drop not null,
  add column resource    text not null default 'certificate_pack',
  add column resource_id text,  -- null: that of the pack
  add column name        text,  -- what it was called
  add column actor_name  text,  -- of the token, which may be gone by now
  add column address     text,  -- null: the service itself, or whoever is on the database's machine
  add column request     text;
create index audit_by_clients on audit (account_id, made_on, id) where actor <> 'worker';
