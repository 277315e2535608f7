-- Which of a zone's uploads serves a host when the one that did goes (docs/decisions/0039-when-an-upload-goes.md).
alter table served_hosts
  add column not_after timestamptz,  -- of an upload's certificate; null: what is renewed
  add column chosen_on timestamptz;  -- when one went that served this host, and left it to this one
update served_hosts set not_after = (
    select min(not_after) from certificates
     where certificates.cell = served_hosts.cell and certificates.zone_id = served_hosts.zone_id
       and certificates.pack_id = served_hosts.pack_id)
 where type in ('keyless', 'legacy_custom', 'sni_custom', 'mh_custom');
