-- Settings of custom hostnames that the agent of an edge said it applies; null: it said nothing, as one that does not know of them.
alter table edges add column tls_settings text[];
