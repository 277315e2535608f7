/**
 * Empties what hangs on these tables, and they themselves. Row by row: to truncate so many small tables takes ten times as long, as
 * each gets new files.
 */
export const EMPTY = `do $$
  declare one regclass;
  begin
    set local session_replication_role = replica;
    for one in
      with recursive reached as (
        select unnest(array['accounts', 'served_hosts', 'txt_records', 'http_files', 'edge_changes', 'edge_states', 'ca_limits',
          'dns_published', 'revocations', 'domains', 'names_given_up', 'authorizations', 'authorization_urls',
          'name_servers_used'])::regclass as oid
        union select conrelid::regclass from pg_constraint join reached on confrelid = reached.oid where contype = 'f')
      select oid from reached
    loop
      execute format('delete from %s', one);
    end loop;
  end $$`;
