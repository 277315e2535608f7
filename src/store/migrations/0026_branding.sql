-- The name below the operator's branding domain that certificates of the pack have beside its hosts: of the orders that are under
-- way, else of the last ones. Null: none.
alter table packs add column branded_as text;
