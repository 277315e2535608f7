-- What was found when a pack was worked on last and had to wait: what holds it up, and who answered what.
alter table packs add column found jsonb;
