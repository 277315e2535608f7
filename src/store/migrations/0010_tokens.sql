-- Until when a token is good, and when it was used last (to a minute). A user's key is a token whose secret holds the address.
alter table tokens
  add column not_before   timestamptz,
  add column expires_on   timestamptz,
  add column last_used_on timestamptz,
  add column modified_on  timestamptz;
-- `certificates`: may write certificate packs, and read the rest.
alter table tokens drop constraint tokens_access_check,
  add constraint tokens_access_check check (access in ('read', 'certificates', 'write'));
