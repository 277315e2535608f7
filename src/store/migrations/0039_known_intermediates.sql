-- Certificates of CAs that came with uploads and led to a trusted root (docs/decisions/0034-uploads.md), for the whole service.
create table known_intermediates (
  fingerprint text primary key,  -- hexadecimal SHA-256
  subject     text not null,
  issuer      text not null,
  pem         text not null,
  not_after   timestamptz not null,
  learned_on  timestamptz not null
);
create index known_intermediates_subject on known_intermediates (subject);
