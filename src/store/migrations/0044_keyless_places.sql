-- Where a keyless certificate may be served, as its owner said; null: anywhere.
alter table keyless_certificates add column restriction jsonb;
