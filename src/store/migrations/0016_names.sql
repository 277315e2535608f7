-- Authorizations at CAs: to which zone each was given, and what that zone showed by it. One account at a CA may serve
-- many accounts of ours, and a CA that reuses authorizations does not know them apart.
create table authorizations (
  cell             smallint not null,
  zone_id          text collate "C" not null,
  url              text not null,     -- at the CA
  ca               text not null,
  tenant           text not null,     -- account of ours that has an account of its own at the CA; '' for the one of all
  is_rsa_directory boolean not null,
  name             text not null,     -- A-labels, with the wildcard
  shown_on         timestamptz,       -- when control was seen last, by us and by the CA; null: not yet
  shown_for        uuid,              -- the pack it was seen for
  until            timestamptz not null,  -- of no use to anybody from then on
  due_on           timestamptz,       -- to be given up at the CA (RFC 8555 7.5.2)
  attempts         integer not null default 0,
  primary key (cell, zone_id, url)
);
create index authorizations_url on authorizations (url);
create index authorizations_zone on authorizations (cell, zone_id, name);
create index authorizations_due on authorizations (due_on) where due_on is not null;
create index authorizations_until on authorizations (until);
-- Those of orders that are under way belong to the zone of their pack; none is known to be shown.
insert into authorizations (url, cell, zone_id, ca, tenant, is_rsa_directory, name, until)
  select distinct on (one ->> 'url') one ->> 'url', packs.cell, packs.zone_id,
         coalesce(certificate_authority, ''), '', coalesce((state ->> 'isAtRsaDirectory')::boolean, false),
         one ->> 'name', coalesce((state ->> 'expiresAt')::timestamptz, 'epoch')
    from orders join packs on packs.cell = orders.cell and packs.zone_id = orders.zone_id and packs.id = pack_id
   cross join jsonb_array_elements(state -> 'authorizations') as one
   order by one ->> 'url', packs.created_on
  on conflict do nothing;

-- Which zone had an authorization first, by its URL.
create table authorization_urls (
  url     text primary key,
  cell    smallint not null,
  zone_id text collate "C" not null
);
insert into authorization_urls select url, cell, zone_id from authorizations;

-- Whose account at the CA ordered what is to be revoked; null: an older version, when there was one for all.
alter table revocations add column account_id text;

-- Registered domains in which zones are made: whoever makes one has the row until it is made.
create table domains (
  name    text primary key,
  used_on timestamptz not null
);
-- Names of zones that were deleted. They rest before another account can have them.
create table names_given_up (
  domain      text not null,  -- registered domain of the name
  name        text not null,  -- A-labels, lower case
  account_id  text not null,
  given_up_on timestamptz not null,
  primary key (domain, name, account_id)
);
create index names_given_up_account on names_given_up (account_id, given_up_on);
create index names_given_up_on on names_given_up (given_up_on);
create index domains_used_on on domains (used_on);
create index accounts_created_on on accounts (created_on, id);
