-- Edges that have an agent: who they are, what the agent shows, and how far it came.
create table edges (
  id          uuid primary key,
  account_id  text not null references accounts,
  name        text not null unique,
  kind        text not null,
  environment text not null,
  host        text,     -- where the service itself shakes hands; null: nowhere
  port        integer,
  location    jsonb,
  created_on  timestamptz not null,
  token_hash  bytea unique,  -- SHA-256 of the secret
  token_until timestamptz,
  token_key   text,     -- SHA-256 of the public key that took the edge up by it
  agent_keys  text[] not null default '{}',  -- SHA-256 of the public keys whose certificates count
  certificate_until timestamptz,
  sealing_key bytea,    -- X25519: private keys are sealed to it
  version     text,
  enrolled_on timestamptz,
  seen_on     timestamptz,
  applied     timestamptz,  -- up to where its agent applied what it was told; null: nothing whole yet
  generation  text,     -- of the database in which that was told
  drained_on  timestamptz,
  packs       integer not null default 0,
  names       integer not null default 0,
  problem     text
);
create index edges_account on edges (account_id, created_on, id);

-- The CA by which agents and the service know each other.
create table agent_cas (
  name        text not null,
  fingerprint text not null,  -- SHA-256 of its certificate
  certificate text not null,
  sealed_key  bytea not null,
  created_on  timestamptz not null,
  primary key (name)
);

-- What an agent was told of a pack, was given, and reported.
alter table deployments
  add column edge_id uuid,             -- null: an edge of the configuration
  add column given_on timestamptz,     -- null: it has no key of the pack
  add column reported_ecdsa text,
  add column reported_rsa text,
  add column reported_problem text,
  add column reported_on timestamptz;
create index deployments_of_agents on deployments (edge_id, pack_id) where edge_id is not null;

-- Exact names under a wildcard, which one that comes or goes there may come to serve.
create index served_hosts_under on served_hosts (('*' || substr(host, strpos(host, '.'))), environment, host)
  where host not like '*.%';
