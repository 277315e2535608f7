-- Browsers that are signed in, and codes by which one signs in once: both by their hashes. Each stands for the token that has
-- `token_hash`, so that one which was rolled or deleted leaves them standing for nothing.
create table sessions (
  hash       bytea primary key,     -- SHA-256 of what the browser shows, or of the code
  token_hash bytea not null,
  is_code    boolean not null,
  expires_on timestamptz not null   -- by the machine's time, which is the browser's
);
create index sessions_by_token on sessions (token_hash, expires_on);
create index sessions_by_end on sessions (expires_on);
