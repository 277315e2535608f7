-- Deployments are proved all the time: when each is looked at next, since when its edge answers and shows something else, and from which
-- of the pack's names on the next look goes.
alter table deployments
  add column look_at     timestamptz not null default '-infinity',
  add column wrong_since timestamptz,
  add column next_name   integer not null default 0;
create index deployments_look on deployments (cell, edge, look_at)
  where desired_ecdsa is not null or desired_rsa is not null;
create index deployments_wrong on deployments (cell, edge, look_at)
  where problem_since is not null and (desired_ecdsa is not null or desired_rsa is not null);

-- Since when an edge shows something else than a pack that it had shown; null: none does.
alter table packs add column drifted_on timestamptz;

-- Whether each edge answers: since when it does not, since when it is away and nothing waits for it, since when it answers again.
create table edge_states (
  name              text primary key,
  look_at           timestamptz not null,
  unreachable_since timestamptz,
  away_since        timestamptz,
  back_since        timestamptz
);
