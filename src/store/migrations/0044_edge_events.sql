-- Events of edges are read as those of zones are (0032_alerting.sql).
create index audit_edges_by_commit on audit (account_id, xact) where resource = 'edge' and pack_id is null and xact is not null;
