-- Names that move in from elsewhere (docs/decisions/0038-move-in.md): what serves them meanwhile, and when their managed packs are
-- to be ordered.
create table move_ins (
  cell                  smallint not null,
  zone_id               text collate "C" not null,
  id                    uuid not null,
  account_id            text not null,
  key                   text not null,         -- fingerprint of the leaf that was brought, or the hosts: by which it is known again
  hosts                 text[] not null,       -- A-labels
  upload_id             uuid,                  -- pack of the certificate that was brought; null: none was
  upload_ends           timestamptz,
  certificate_authority text,                  -- null: the one that the service likes best
  validation_method     text not null,
  status                text not null check (status in ('planned', 'ordered', 'proving', 'done', 'cancelled')),
  why                   text,                  -- what stands in its way
  pack_id               uuid,                  -- managed pack; its id is stored before it is ordered
  planned_for           timestamptz not null,  -- when it is to be ordered
  wanted_by             timestamptz not null,  -- who has least time is first among those that are due
  proving_since         timestamptz,
  attempts              integer not null default 0,
  actor                 jsonb not null,
  created_on            timestamptz not null,
  finished_on           timestamptz,
  due_at                timestamptz,           -- when it wants to be gone on with; ahead of time while a worker has it
  primary key (cell, zone_id, id),
  unique (cell, zone_id, key),
  foreign key (cell, zone_id) references zones on delete cascade
);
create index move_ins_account on move_ins (account_id, created_on, id);
create index move_ins_slots on move_ins (account_id, planned_for) where status = 'planned' and upload_id is null;
create index move_ins_planned on move_ins (due_at) where status = 'planned';
create index move_ins_under_way on move_ins (due_at) where status in ('ordered', 'proving');

-- When the next pack of a move may be ordered, by whichever process.
create table move_in_pace (
  id      smallint primary key check (id = 1),
  next_at timestamptz not null
);

-- An upload that gives way stands behind all others that cover a name: what takes its place is shown by the edges before it goes.
alter table served_hosts add column is_yielding boolean not null default false;
