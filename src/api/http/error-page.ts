import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { FAULT_NAMES, FAULTS, type FaultName } from '../../kit/fault.ts';
import { bareOf } from './envelope.ts';

/** What each failure means to whoever meets it, and what to do. */
const MEANING: Readonly<Record<FaultName, string>> = {
  malformed_request: 'The request does not fit the API; `source.pointer` names the field or parameter.',
  body_not_json: 'The body cannot be read as JSON.',
  too_many_requests:
    'The account, or the address without a good token, made too many requests in five minutes; `Retry-After` says when to go on.',
  invalid_host: 'A host cannot be certified, or not in this zone; the message says why.',
  validity_not_offered: 'The CA does not issue for that many days; the message names those it does.',
  ca_not_configured: 'The operator of this service has not configured that CA.',
  method_not_offered: 'This service does not offer that validation method.',
  branding_not_configured:
    'The operator of this service has no domain for names that are added to certificates: leave `cloudflare_branding` out.',
  type_not_orderable: 'Only packs of type `advanced` are ordered; others come into being by themselves.',
  body_too_large: 'The body is larger than the service takes.',
  media_type_not_accepted:
    'The body must be `application/json`; that of an import of DNS records `multipart/form-data`.',
  invalid_object_id: 'An id in the path cannot be one.',
  no_such_route: 'There is no such operation.',
  method_not_allowed: 'The path exists, the method does not.',
  invalid_headers: 'A header is malformed.',
  invalid_auth_email: 'The header `X-Auth-Email` is malformed.',
  invalid_auth_key: 'The header `X-Auth-Key` is malformed.',
  missing_key: 'One of `X-Auth-Email` and `X-Auth-Key` came without the other.',
  unknown_key: 'No user has that address with that key.',
  not_authenticated: 'No credentials were sent.',
  invalid_token: 'The token is unknown here, or was revoked, switched off, or is over.',
  missing_permission:
    'The token lacks the permission that the message names, or may not be used from the caller’s address.',
  zone_not_found: 'There is no such zone in the account of the token.',
  quota_reached: 'The account has as much as it may have; the message says of what.',
  zone_exists: 'The account has a zone of that name already, or the name is not free for it.',
  invalid_zone_name: 'The name cannot be a zone.',
  zone_not_active:
    'Control of the zone was not shown, or is not any more: nothing is ordered for it. The message says what to publish.',
  zone_deactivated: 'The operator of this service deactivated the zone.',
  zone_not_full: 'That is for zones of type `full` alone, whose DNS this service answers.',
  pack_not_found: 'There is no such certificate pack in the zone; deleted ones can be read for two minutes.',
  token_not_found: 'No token of the caller’s account has that id.',
  record_not_found: 'There is no such DNS record in the zone.',
  invalid_record: 'A DNS record cannot be so; the message says why, `source.pointer` names the field.',
  host_exists: 'A CNAME record stands alone at its name, which has other records.',
  cname_exists: 'The name has a CNAME record, beside which nothing stands.',
  non_ns_exists: 'NS records hand a name over to other servers: nothing else stands beside them.',
  ns_exists: 'The name has NS records, which hand it over to other servers: nothing else stands beside them.',
  record_exists: 'The zone has exactly that DNS record.',
  transition_refused: 'The pack is in a status in which that cannot be done.',
  no_backup: 'The pack has no backup, and is none: there is nothing to put in its place.',
  backup_not_ready:
    'What stands by for the pack has no good certificates now: not yet, or not any more; the message says which.',
  count_differs:
    'Another number of packs matches than the job was to be started for: ask again with `dry_run`, and look.',
  move_in_not_found: 'The account has no such move; those of zones that are gone went with them.',
  bulk_job_not_found: 'The account has no such bulk job; those that ended are kept for 30 days.',
  alert_not_found:
    'The account has no policy, destination, silence or delivery of alerts of that id; the message says which.',
  alert_type_not_offered: 'Nothing is told here by alerts of that type; the message names those there are.',
  webhook_refused: 'The URL of a webhook cannot be sent to; the message says why.',
  destination_not_found:
    'A policy names a webhook, a service of PagerDuty or a zone that its account does not have.',
  delivery_not_dead: 'Only what could not be delivered is sent again; all else is sent, or on its way.',
  pagerduty_not_connected:
    'Services of PagerDuty are added here by their integration key; there is no sign-in at PagerDuty.',
  key_reused: 'The same Idempotency-Key came with another body.',
  position_gone:
    'Events behind the one that a stream is to go on from are not all there any more: they are older than the record is kept, or the database is another one since. List the packs anew, and open the stream without Last-Event-ID.',
  invalid_certificate:
    'The certificate that was sent cannot be read or served; the message says why. Docs: docs/custom-certificates.md.',
  certificate_not_found: 'There is no such custom certificate in the zone.',
  not_offered: 'This service does not have that field, and does not pass over it; leave it out.',
  csrs_reached: 'The account has as many custom CSRs as it may have, those of its zones among them.',
  csr_no_country: 'A custom CSR needs a country: two letters (ISO 3166).',
  csr_no_state: 'A custom CSR needs a state or province.',
  csr_no_locality: 'A custom CSR needs a locality.',
  csr_no_organization: 'A custom CSR needs an organization.',
  csr_no_common_name: 'A custom CSR needs a common name.',
  csr_common_name_too_long: 'The common name of a custom CSR has at most 64 characters.',
  csr_no_names: 'A custom CSR needs at least one host in `sans`.',
  csr_invalid_name:
    'A host of a custom CSR is none, is an IP address, or is too long; or there are more than 150.',
  csr_name_not_ascii: 'Hosts of a custom CSR are written in ASCII: internationalized ones as A-labels.',
  csr_name_reserved:
    'The hosts below .test, .example, .invalid and .localhost are of nobody, so that no CA issues for them.',
  csr_name_is_suffix: 'A host of a custom CSR is a public suffix, below which others register.',
  csr_name_example:
    'The domains example.com, example.net and example.org are for examples: no CA issues for them.',
  csr_key_type: 'The key of a custom CSR is `rsa2048` or `p256v1`.',
  csr_invalid_id: 'The id of a custom CSR is a UUID.',
  csr_not_found: 'There is no such custom CSR in the account or zone.',
  csr_in_use: 'A custom certificate has its key from that custom CSR; delete that first.',
  uploads_reached:
    'The account or zone has as many certificate packs as it may have; the message says of what.',
  already_uploaded: 'The zone has that very certificate as a custom certificate already.',
  invalid_keyless_id: 'An id in the path cannot be that of a keyless certificate.',
  keyless_not_found: 'There is no such keyless certificate in the zone.',
  keyless_not_offered:
    'The operator of this service has not configured that token or key server; the message says what is missing.',
  signer_unreachable: 'The token or key server that has the private key does not answer.',
  signer_refused:
    'The token or key server does not sign with the key of the certificate; the message says why.',
  key_not_usable:
    'Browsers take no key of that kind: use RSA of 2048 bits or more, or ECDSA with P-256 or P-384.',
  chain_not_bundleable:
    'No chain leads from the certificate to a root that is trusted here: send its intermediate certificates, or use `force`.',
  no_leaf: 'All certificates that were sent are of CAs: that of the hosts is missing.',
  no_host_of_zone: 'No host of the certificate is in the zone.',
  invalid_private_key:
    'The private key cannot be read, is encrypted with a password, or does not belong to the certificate.',
  hostname_metadata_invalid: 'Metadata have to be an object of texts, of 8 KiB together at most.',
  hostname_quota_none: 'The operator of this service lets zones have no custom hostnames.',
  hostname_exists: 'The zone has a custom hostname of that name.',
  hostname_not_ascii: 'Write the hostname in A-labels (`xn--…`).',
  hostname_reserved:
    'The hostname ends in a top-level domain that is kept for tests and examples (RFC 6761): nobody can reach it.',
  hostname_no_domain: 'The hostname is a public suffix, or below none: nobody can show control of it.',
  hostname_prohibited: 'Names of `example.com`, `example.net` and `example.org` are of documentation.',
  metadata_on_wildcard: 'The operator of this service takes no metadata for hostnames with a wildcard.',
  metadata_not_granted: 'The operator of this service takes no metadata for custom hostnames.',
  origin_not_granted: 'The operator of this service takes no origin for single custom hostnames.',
  origin_invalid: 'The origin of a hostname is no host name, or its `custom_origin_sni` cannot be so.',
  origin_not_ascii: 'Write the origin in A-labels (`xn--…`).',
  origin_reserved: 'The origin ends in a top-level domain that is kept for tests and examples.',
  origin_no_domain: 'The origin is a public suffix, or below none.',
  origin_prohibited: 'Names of `example.com`, `example.net` and `example.org` are of documentation.',
  origin_wildcard: 'An origin has no wildcard.',
  origin_not_in_zone: 'The origin is no A, AAAA or CNAME record of the zone: make one.',
  ssl_http2: 'It has to be `on` or `off`.',
  ssl_tls_1_2_only: 'It has to be `on` or `off`.',
  ssl_tls_1_3: 'It has to be `on` or `off`.',
  ssl_min_tls_version: 'The least version of TLS is `1.0`, `1.1`, `1.2` or `1.3`.',
  ssl_certificate_unread: 'The certificate of a hostname cannot be read or served; the message says why.',
  ssl_certificate_empty: 'The certificate of a hostname is empty.',
  ssl_key_unread: 'The private key of a hostname cannot be read, or is encrypted with a password.',
  ssl_key_mismatch: 'The private key does not belong to the certificate.',
  ssl_csr_invalid: 'That is not the id of a custom certificate request.',
  ssl_csr_not_found: 'There is no such custom certificate request.',
  ssl_method: 'Control is shown by `http`, `txt` or `email`.',
  ssl_type: 'The only type of validation is `dv`.',
  ssl_attribute: 'A field of `ssl` cannot be so; the message says which.',
  hostname_id_invalid: 'That is not the id of a custom hostname.',
  hostname_not_found: 'There is no such custom hostname in the zone.',
  hostname_contain: 'The filter takes a part of a host name.',
  hostname_filters: 'An `id` takes no other filter beside it, and a hostname is looked for in one way.',
  hostname_fixed: 'That cannot be changed of a custom hostname; the message says why.',
  ssl_incomplete: 'A certificate is ordered with `method` and `type` together.',
  ssl_not_bundleable:
    'No chain leads from the certificate to a root that is trusted here: send its intermediate certificates, or use `force`.',
  ssl_ciphers: 'A cipher suite is not known; the message says which.',
  ssl_ciphers_unused: 'Ciphers are not chosen where TLS 1.3 alone is spoken.',
  ssl_several_leaves: 'A certificate is sent alone with those of its CA: another host’s came with it.',
  ssl_no_leaf: 'All certificates that were sent are of CAs.',
  ssl_host_missing: 'The certificate is not for the hostname.',
  ssl_signature: 'The certificate is signed, or has a key, as browsers do not take it.',
  hostname_wildcard: 'A hostname is written without wildcard; `ssl.wildcard` covers the names below it.',
  ssl_bundle_method: 'The method of bundling is `ubiquitous`, `optimal` or `force`.',
  origin_not_found: 'The zone has no fallback origin.',
  pack_moved: 'The pack changed while the request was worked on: ask again.',
  dns_unreachable: 'The name servers of a host do not answer.',
  caa_forbids: 'CAA records of a host keep the CA from issuing; the message names the record to change.',
  ca_limited:
    'A limit that the CA publishes was reached, or it asked for patience; the message says when it goes on.',
  dns_update_refused: 'A name server does not take a validation record; the message says why.',
  ca_unreachable: 'The CA does not answer; it is tried again.',
  ca_refused: 'The CA refused; the message says why.',
  ca_wrong_answer: 'The CA answered outside its protocol; nothing of it is used.',
  edge_not_found:
    'List the edges: `GET /accounts/{account_id}/edges`; they are for the accounts of the operator alone.',
  edge_exists:
    'Give the edge another name: each is of one edge of the installation, those of the configuration among them.',
  edges_not_offered:
    'The operator sets `agent_url`, or changes what the configuration file says of the edge.',
  edges_reached: 'Remove edges that are no more.',
  edge_token_refused: 'Ask for another token of the edge: `certpacks edges token`.',
  edge_unreachable: 'An edge does not answer; it is tried again.',
  edge_refused: 'Read what the edge said: the agent beside it logs the same. It is tried again',
  service_unreachable: 'An agent beside an edge does not reach the service; what the edge has stays.',
  service_refused: 'The service refused what an agent beside an edge asked; the message says why.',
  edge_wrong_certificate: 'An edge shows another certificate than it should.',
  database_unavailable: 'The database cannot be reached; `Retry-After` says when to try again.',
  key_sealed_elsewhere: 'A stored key was sealed with a key-encryption key that this process does not have.',
  configuration: 'The configuration of the service is at fault; its operator has to mend it.',
  internal: 'Something nobody foresaw; it is in the logs of the service.',
};

/** Route of the page with every error, its HTTP status and code, and what to do; `documentation_url` leads here. */
export function errorPageRoute(app: FastifyInstance): void {
  const schema = {
    operationId: 'errors',
    summary: 'What each error means, for people',
    isOpen: true,
    response: bareOf('text/html', Type.String()),
  };
  app.get('/docs/errors', { schema }, (_, reply) => reply.type('text/html; charset=utf-8').send(errorPage()));
}

function errorPage(): string {
  const rows = FAULT_NAMES.map((name) => ({ name, ...FAULTS[name] })).map(
    ({ name, status, code }) =>
      `<tr id="${name}"><td>${code}</td><td>${status}</td><td>${name}</td>` +
      `<td>${MEANING[name].replaceAll(/`([^`]+)`/g, '<code>$1</code>')}</td></tr>`,
  );
  const head = '<meta charset="utf-8"><title>certpacks: errors</title><h1>Errors</h1>';
  const table = `<table><tr><th>code</th><th>HTTP</th><th>name</th><th>meaning</th></tr>${rows.join('')}</table>`;
  return `<!doctype html>${head}${table}`;
}
