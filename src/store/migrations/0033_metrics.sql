-- What metrics tell of the whole installation: counted by one process at a time, told by all. src/store/figures.ts
create table figures (
  name    text primary key,
  value   jsonb,         -- null: not counted yet
  made_on timestamptz,   -- when the count began
  seconds real,          -- how long it took
  due_at  timestamptz not null,  -- when it is to be counted again; ahead of time while a process counts
  claim   integer not null default 0
);

-- Of which CA the pack is, by its place in facets (src/pack/list-index.ts); null: an earlier version wrote the row, and whoever
-- counts fills it in.
alter table pack_renewals add column ca smallint;

-- Since when an edge does not show what it is to show; null: it does, or nobody has looked, or it is to show nothing.
alter table deployments add column problem_since timestamptz;
create index deployments_problem on deployments (edge, problem_since) where problem_since is not null;
