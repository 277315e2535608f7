-- Whether a pack that is validated by TXT records is to show them by way of a CNAME that leads to us: `cname` in the API.
alter table packs add column is_delegated boolean not null default false;
