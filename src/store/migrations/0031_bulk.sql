-- Operations on many packs of an account, done by workers. Of an account, whose id stands for that of a zone.
create table bulk_jobs (
  cell             smallint not null,  -- of the account's id
  account_id       text not null references accounts,
  id               uuid not null,
  action           text not null,
  reason           text,      -- of a revocation
  filter           jsonb,     -- as the client gave it; null: packs
  which            jsonb,     -- the same as it is read
  packs            jsonb,     -- zone and id of each
  token_id         text not null,  -- by whose permissions it is done
  actor            jsonb not null,
  idempotency_key  text,
  status           text not null check (status in ('running', 'cancelling', 'cancelled', 'finished', 'stopped')),
  stopped_because  text,
  matched          integer not null,  -- packs when it was made
  done             integer not null default 0,
  failed           integer not null default 0,
  failures_by_code jsonb not null default '{}',
  place            jsonb,     -- what is behind the batch in hand; null: the beginning
  batch            jsonb,     -- zone and id of each pack in hand, stored before any is touched
  is_last          boolean not null default false,  -- nothing is behind it
  batch_on         timestamptz,
  created_on       timestamptz not null,
  finished_on      timestamptz,
  due_at           timestamptz,  -- when it wants to be gone on with; ahead of time while a worker has it
  claim            integer not null default 0,
  primary key (cell, account_id, id),
  unique (cell, account_id, idempotency_key)
);
create index bulk_jobs_due on bulk_jobs (due_at) where due_at is not null;
create index bulk_jobs_finished_on on bulk_jobs (finished_on) where finished_on is not null;

-- Packs that were refused, the first thousand of a job.
create table bulk_failures (
  cell       smallint not null,
  account_id text not null,
  job_id     uuid not null,
  pack_id    uuid not null,
  pack_zone  text not null,
  code       integer not null,
  message    text not null,
  primary key (cell, account_id, job_id, pack_id),
  foreign key (cell, account_id, job_id) references bulk_jobs on delete cascade
);
