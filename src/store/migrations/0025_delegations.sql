-- Targets in our delegation zone to which CNAMEs of a pack's hosts were seen to lead, by the last look that told.
alter table packs add column delegations text[] not null default '{}';
