-- What a token may and from where, as its policies say; whether it is switched off; and which token made it, so that it
-- neither outranks nor outlives that one.
alter table tokens
  add column policies    json,  -- as it is read: not taken apart for each request; src/pack/permission.ts
  add column request_ip  json,  -- networks; null: from anywhere
  add column is_disabled boolean not null default false,
  add column is_held     boolean not null default false,  -- its maker is disabled or held, or may no longer what it may
  add column made_by     text;  -- id of a token of the account; null: the operator
update tokens set policies = json_build_array(jsonb_build_object(
  'id', md5('policy ' || id),
  'permissions', case access
    when 'write' then '["SSL and Certificates Write", "Zone Write"]'::jsonb
    when 'certificates' then '["SSL and Certificates Write", "Zone Read"]'::jsonb
    else '["SSL and Certificates Read", "Zone Read"]'::jsonb end
    || case when zones is not null then '[]'::jsonb
       when access = 'write' then '["Account Settings Read", "API Tokens Write"]'::jsonb
       else '["Account Settings Read", "API Tokens Read"]'::jsonb end,
  'isOfAccount', zones is null,
  'zones', coalesce(to_jsonb(zones), '"all"'::jsonb)));
alter table tokens
  alter column policies set not null,
  drop column access,
  drop column zones;
create index tokens_made_by on tokens (made_by) where made_by is not null;
