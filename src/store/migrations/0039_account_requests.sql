-- Requests of an account that made something and had an Idempotency-Key. Neither the key nor what was asked for is here: bodies have
-- secrets in them, and who has no key cannot try which.
create table account_requests (
  cell     smallint not null,
  account_id text not null references accounts,
  key_hash bytea not null,  -- SHA-256 of the account and the key
  body_mac bytea not null,  -- HMAC of what was asked for, under the key
  ids      text[] not null, -- of what was made
  made_on  timestamptz not null,
  primary key (cell, account_id, key_hash)
);
create index account_requests_made_on on account_requests (made_on);
