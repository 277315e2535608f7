-- Tells the history of this server's log from every other (src/store/pack-events.ts); '' where a service keeps that to itself, as some do
-- that are managed by others.
create function log_history() returns text language plpgsql stable as $$
begin
  return (select system_identifier from pg_control_system()) || ' ' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
exception when others then
  return '';
end $$;
