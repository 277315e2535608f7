-- Files that show control of a host over plain HTTP (RFC 8555 8.3), for edges to serve.
create table http_files (
  host    text not null,  -- lower-case, in A-labels
  path    text not null,
  body    text not null,
  pack_id uuid not null references packs on delete cascade,
  primary key (host, path, pack_id)
);
create index http_files_pack on http_files (pack_id);
