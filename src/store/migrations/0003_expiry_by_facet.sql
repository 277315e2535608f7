-- Packs by the end of their first certificate, within each facet: what is still served and ends soon is found without
-- passing all that ended long ago.
drop index packs_expires_on;
create index packs_facet_expires_on on packs (account_id, facet, expires_on, seq) where expires_on is not null;
