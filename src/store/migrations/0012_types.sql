-- Packs whose certificates come from no CA. Facets get a place for "none", and room: 16 types, 8 places for CAs;
-- src/pack/list-index.ts.
drop index packs_unplanned;
alter table packs
  alter column certificate_authority drop not null,
  alter column validation_method drop not null,
  alter column validity_days drop not null,
  -- Written anew in one go: an update would leave each row there twice.
  alter column facet type smallint using (class * 128 + 8 * (array_position(array['mh_custom', 'managed_hostname',
      'sni_custom', 'universal', 'advanced', 'total_tls', 'keyless', 'legacy_custom'], type) - 1)
    + array_position(array['google', 'lets_encrypt', 'ssl_com'], certificate_authority))::smallint;

-- Packs without a CA are renewed by their owner: nobody has to be reminded of them.
create index packs_unplanned on packs (expires_on)
  where status in ('active', 'staging_active') and (renewal is null or due_at = expires_on)
    and certificate_authority is not null;

-- An Idempotency-Key belongs to the zone, and so to its account, whichever token it came with: a token may have been
-- changed between two tries. Of two packs that one key ordered, the first is the one that it stands for.
delete from order_requests as later using order_requests as earlier
 where later.zone_id = earlier.zone_id and later.idempotency_key = earlier.idempotency_key
   and (later.made_on, later.pack_id) > (earlier.made_on, earlier.pack_id);
alter table order_requests drop column token_id;
alter table order_requests add unique (zone_id, idempotency_key);
create index order_requests_body on order_requests (zone_id, body_hash);
drop index order_requests_zone;

-- What shows control says by which method it does.
update packs set validation_records = (
    select jsonb_agg(record || jsonb_build_object('method', case when record ? 'httpUrl' then 'http' else 'txt' end) order by i)
      from jsonb_array_elements(validation_records) with ordinality as each (record, i))
 where validation_records <> '[]';
update orders set state = state || jsonb_build_object('method', coalesce(state ->> 'method', 'txt'), 'authorizations', (
    select coalesce(jsonb_agg(one - 'txtName' - 'txtValue' - 'file' || jsonb_build_object('shown',
             case when one ? 'file'
                  then jsonb_build_object('method', 'http', 'httpUrl', one #> '{file,url}', 'httpBody', one #> '{file,body}')
                  else jsonb_build_object('method', 'txt', 'txtName', one -> 'txtName', 'txtValue', one -> 'txtValue')
             end) order by i), '[]')
      from jsonb_array_elements(state -> 'authorizations') with ordinality as each (one, i)));
