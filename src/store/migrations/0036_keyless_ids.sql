-- A keyless certificate has an id of its own, which is that of its pack unless a stand-in pins another.
alter table keyless_certificates add column id uuid;
update keyless_certificates set id = pack_id;
alter table keyless_certificates alter column id set not null;
create unique index keyless_certificates_id on keyless_certificates (cell, zone_id, id);
