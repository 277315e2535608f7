-- What was asked of CAs of late, as buckets that fill again with time (generic cell rate algorithm).
create table ca_limits (
  ca      text not null,
  kind    text not null,  -- which limit, or `pause`
  subject text not null,  -- whose: a domain, a set of names; '' for the account
  full_on timestamptz not null,  -- when the bucket is full again; when a pause ends
  primary key (ca, kind, subject)
);
create index ca_limits_full_on on ca_limits (full_on);
