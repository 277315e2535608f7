import type { Seconds } from './time.ts';

/** One row per way the service can fail. The API reads `status` and `code`, jobs read `retry`. */
interface FaultRow {
  /** HTTP status of the reply. */
  readonly status: number;
  /** Number in `errors[].code` of Cloudflare's envelope; docs/divergences.md tells which were seen there. */
  readonly code: number;
  /** `later`: the job runs again after a while. `never`: it is given up at once. */
  readonly retry: 'later' | 'never';
}

// biome-ignore format: a table is read by column
export const FAULTS = {
  // What a request can do wrong.
  malformed_request:       { status: 400, code: 1400,  retry: 'never' },
  body_not_json:           { status: 400, code: 1400,  retry: 'never' },
  invalid_host:            { status: 400, code: 1407,  retry: 'never' },
  validity_not_offered:    { status: 400, code: 1433,  retry: 'never' },
  ca_not_configured:       { status: 400, code: 1434,  retry: 'never' },
  method_not_offered:      { status: 400, code: 1432,  retry: 'never' },
  type_not_orderable:      { status: 400, code: 1435,  retry: 'never' },
  branding_not_configured: { status: 400, code: 1438,  retry: 'never' },
  body_too_large:          { status: 413, code: 1400,  retry: 'never' },
  media_type_not_accepted: { status: 415, code: 1400,  retry: 'never' },
  invalid_object_id:       { status: 400, code: 7003,  retry: 'never' },
  no_such_route:           { status: 404, code: 7000,  retry: 'never' },
  method_not_allowed:      { status: 405, code: 10001, retry: 'never' },
  too_many_requests:       { status: 429, code: 971,   retry: 'never' },
  invalid_headers:         { status: 400, code: 6003,  retry: 'never' },
  invalid_auth_email:      { status: 400, code: 6003,  retry: 'never' },
  invalid_auth_key:        { status: 400, code: 6003,  retry: 'never' },
  missing_key:             { status: 400, code: 9106,  retry: 'never' },
  unknown_key:             { status: 403, code: 9103,  retry: 'never' },
  not_authenticated:       { status: 401, code: 10000, retry: 'never' },
  invalid_token:           { status: 401, code: 1000,  retry: 'never' },
  missing_permission:      { status: 403, code: 9109,  retry: 'never' },
  quota_reached:           { status: 403, code: 1405,  retry: 'never' },
  zone_not_found:          { status: 404, code: 9109,  retry: 'never' },
  zone_exists:             { status: 400, code: 1061,  retry: 'never' },
  invalid_zone_name:       { status: 400, code: 1099,  retry: 'never' },
  zone_not_active:         { status: 400, code: 1436,  retry: 'never' },
  zone_deactivated:        { status: 403, code: 1437,  retry: 'never' },
  zone_not_full:           { status: 400, code: 1438,  retry: 'never' },
  pack_not_found:          { status: 404, code: 1408,  retry: 'never' },
  token_not_found:         { status: 404, code: 1009,  retry: 'never' },
  record_not_found:        { status: 404, code: 81044, retry: 'never' },
  invalid_record:          { status: 400, code: 1004,  retry: 'never' },
  host_exists:             { status: 400, code: 81053, retry: 'never' },
  cname_exists:            { status: 400, code: 81054, retry: 'never' },
  non_ns_exists:           { status: 400, code: 81055, retry: 'never' },
  ns_exists:               { status: 400, code: 81056, retry: 'never' },
  record_exists:           { status: 400, code: 81058, retry: 'never' },
  transition_refused:      { status: 400, code: 1406,  retry: 'never' },
  no_backup:               { status: 400, code: 1420,  retry: 'never' },
  backup_not_ready:        { status: 400, code: 1421,  retry: 'never' },
  count_differs:           { status: 409, code: 1440,  retry: 'never' },
  bulk_job_not_found:      { status: 404, code: 1441,  retry: 'never' },
  move_in_not_found:       { status: 404, code: 1470,  retry: 'never' },
  alert_not_found:         { status: 404, code: 1460,  retry: 'never' },
  alert_type_not_offered:  { status: 400, code: 1461,  retry: 'never' },
  webhook_refused:         { status: 400, code: 1462,  retry: 'never' },
  destination_not_found:   { status: 400, code: 1463,  retry: 'never' },
  delivery_not_dead:       { status: 409, code: 1464,  retry: 'never' },
  pagerduty_not_connected: { status: 400, code: 1465,  retry: 'never' },
  edge_not_found:          { status: 404, code: 1480,  retry: 'never' },
  edge_exists:             { status: 409, code: 1481,  retry: 'never' },
  edges_not_offered:       { status: 400, code: 1482,  retry: 'never' },
  edges_reached:           { status: 403, code: 1483,  retry: 'never' },
  edge_token_refused:      { status: 403, code: 1484,  retry: 'never' },
  key_reused:              { status: 422, code: 1409,  retry: 'never' },
  position_gone:           { status: 410, code: 1451,  retry: 'never' },
  invalid_certificate:     { status: 400, code: 1002,  retry: 'never' },
  certificate_not_found:   { status: 404, code: 1002,  retry: 'never' },
  not_offered:             { status: 400, code: 1011,  retry: 'never' },
  csrs_reached:            { status: 403, code: 1403,  retry: 'never' },
  csr_no_country:          { status: 400, code: 1405,  retry: 'never' },
  csr_no_state:            { status: 400, code: 1406,  retry: 'never' },
  csr_no_locality:         { status: 400, code: 1407,  retry: 'never' },
  csr_no_organization:     { status: 400, code: 1408,  retry: 'never' },
  csr_no_common_name:      { status: 400, code: 1409,  retry: 'never' },
  csr_common_name_too_long: { status: 400, code: 1410, retry: 'never' },
  csr_no_names:            { status: 400, code: 1411,  retry: 'never' },
  csr_invalid_name:        { status: 400, code: 1412,  retry: 'never' },
  csr_name_not_ascii:      { status: 400, code: 1413,  retry: 'never' },
  csr_name_reserved:       { status: 400, code: 1414,  retry: 'never' },
  csr_name_is_suffix:      { status: 400, code: 1415,  retry: 'never' },
  csr_name_example:        { status: 400, code: 1416,  retry: 'never' },
  csr_key_type:            { status: 400, code: 1417,  retry: 'never' },
  csr_invalid_id:          { status: 400, code: 1418,  retry: 'never' },
  csr_not_found:           { status: 404, code: 1419,  retry: 'never' },
  csr_in_use:              { status: 409, code: 1420,  retry: 'never' },
  uploads_reached:         { status: 403, code: 1212,  retry: 'never' },
  already_uploaded:        { status: 400, code: 1220,  retry: 'never' },
  key_not_usable:          { status: 400, code: 1434,  retry: 'never' },
  chain_not_bundleable:    { status: 400, code: 2100,  retry: 'never' },
  no_leaf:                 { status: 400, code: 2101,  retry: 'never' },
  no_host_of_zone:         { status: 400, code: 2103,  retry: 'never' },
  invalid_keyless_id:      { status: 400, code: 1005,  retry: 'never' },
  keyless_not_found:       { status: 404, code: 1005,  retry: 'never' },
  keyless_not_offered:     { status: 400, code: 1067,  retry: 'never' },
  invalid_private_key:     { status: 400, code: 2106,  retry: 'never' },

  // Of custom hostnames: the same numbers mean other things elsewhere.
  hostname_metadata_invalid: { status: 400, code: 1401,  retry: 'never' },
  hostname_quota_none:     { status: 403, code: 1404,  retry: 'never' },
  hostname_exists:         { status: 409, code: 1406,  retry: 'never' },
  hostname_not_ascii:      { status: 400, code: 1408,  retry: 'never' },
  hostname_reserved:       { status: 400, code: 1409,  retry: 'never' },
  hostname_no_domain:      { status: 400, code: 1410,  retry: 'never' },
  hostname_prohibited:     { status: 400, code: 1411,  retry: 'never' },
  metadata_on_wildcard:    { status: 400, code: 1412,  retry: 'never' },
  metadata_not_granted:    { status: 403, code: 1413,  retry: 'never' },
  origin_not_granted:      { status: 403, code: 1414,  retry: 'never' },
  origin_invalid:          { status: 400, code: 1415,  retry: 'never' },
  origin_not_ascii:        { status: 400, code: 1416,  retry: 'never' },
  origin_reserved:         { status: 400, code: 1417,  retry: 'never' },
  origin_no_domain:        { status: 400, code: 1418,  retry: 'never' },
  origin_prohibited:       { status: 400, code: 1419,  retry: 'never' },
  origin_wildcard:         { status: 400, code: 1420,  retry: 'never' },
  origin_not_in_zone:      { status: 400, code: 1421,  retry: 'never' },
  ssl_http2:               { status: 400, code: 1422,  retry: 'never' },
  ssl_tls_1_2_only:        { status: 400, code: 1423,  retry: 'never' },
  ssl_tls_1_3:             { status: 400, code: 1424,  retry: 'never' },
  ssl_min_tls_version:     { status: 400, code: 1425,  retry: 'never' },
  ssl_certificate_unread:  { status: 400, code: 1426,  retry: 'never' },
  ssl_certificate_empty:   { status: 400, code: 1427,  retry: 'never' },
  ssl_key_unread:          { status: 400, code: 1428,  retry: 'never' },
  ssl_key_mismatch:        { status: 400, code: 1429,  retry: 'never' },
  ssl_csr_invalid:         { status: 400, code: 1430,  retry: 'never' },
  ssl_csr_not_found:       { status: 404, code: 1431,  retry: 'never' },
  ssl_method:              { status: 400, code: 1432,  retry: 'never' },
  ssl_type:                { status: 400, code: 1433,  retry: 'never' },
  ssl_attribute:           { status: 400, code: 1434,  retry: 'never' },
  hostname_id_invalid:     { status: 400, code: 1435,  retry: 'never' },
  hostname_not_found:      { status: 404, code: 1436,  retry: 'never' },
  hostname_contain:        { status: 400, code: 1437,  retry: 'never' },
  hostname_filters:        { status: 400, code: 1438,  retry: 'never' },
  hostname_fixed:          { status: 409, code: 1439,  retry: 'never' },
  ssl_incomplete:          { status: 400, code: 1440,  retry: 'never' },
  ssl_not_bundleable:      { status: 400, code: 1441,  retry: 'never' },
  ssl_ciphers:             { status: 400, code: 1442,  retry: 'never' },
  ssl_ciphers_unused:      { status: 400, code: 1443,  retry: 'never' },
  ssl_several_leaves:      { status: 400, code: 1444,  retry: 'never' },
  ssl_no_leaf:             { status: 400, code: 1445,  retry: 'never' },
  ssl_host_missing:        { status: 400, code: 1446,  retry: 'never' },
  ssl_signature:           { status: 400, code: 1447,  retry: 'never' },
  hostname_wildcard:       { status: 400, code: 1448,  retry: 'never' },
  ssl_bundle_method:       { status: 400, code: 1449,  retry: 'never' },
  origin_not_found:        { status: 404, code: 1551,  retry: 'never' },

  // What the world can do wrong.
  pack_moved:              { status: 409, code: 1409,  retry: 'later' },
  dns_unreachable:         { status: 502, code: 1411,  retry: 'later' },
  dns_update_refused:      { status: 502, code: 1417,  retry: 'later' },
  caa_forbids:             { status: 502, code: 1418,  retry: 'later' },
  ca_limited:              { status: 429, code: 1419,  retry: 'later' },
  ca_unreachable:          { status: 502, code: 1412,  retry: 'later' },
  ca_refused:              { status: 502, code: 1413,  retry: 'later' },
  ca_wrong_answer:         { status: 502, code: 1414,  retry: 'later' },
  edge_unreachable:        { status: 502, code: 1415,  retry: 'later' },
  edge_refused:            { status: 502, code: 1424,  retry: 'later' },
  edge_wrong_certificate:  { status: 502, code: 1416,  retry: 'later' },
  service_unreachable:     { status: 502, code: 1425,  retry: 'later' },
  service_refused:         { status: 502, code: 1426,  retry: 'later' },
  signer_unreachable:      { status: 502, code: 1422,  retry: 'later' },
  signer_refused:          { status: 502, code: 1423,  retry: 'later' },
  database_unavailable:    { status: 503, code: 1001,  retry: 'later' },
  key_sealed_elsewhere:    { status: 500, code: 1002,  retry: 'later' },
  configuration:           { status: 500, code: 1003,  retry: 'never' },
  internal:                { status: 500, code: 1000,  retry: 'later' },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;

// Marked as pure: a bundle in which nobody reads them is spared the whole table.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const FAULT_NAMES = /* @__PURE__ */ Object.keys(FAULTS) as FaultName[];

interface FaultOptions extends ErrorOptions {
  /** JSON pointer to the field of the request that is at fault (RFC 6901), for `errors[].source.pointer`. */
  readonly pointer?: string;
  /** When whoever failed wants to be asked again, in seconds. */
  readonly retryAfter?: Seconds | undefined;
}

/** The only error class of the service. `message` is shown to the subscriber; what is not goes in `cause`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly fault: FaultName;
  readonly pointer: string | undefined;
  readonly retryAfter: Seconds | undefined;

  constructor(fault: FaultName, message: string, options?: FaultOptions) {
    super(message, options);
    this.fault = fault;
    this.pointer = options?.pointer;
    this.retryAfter = options?.retryAfter;
  }
}

/** Words for an error that a subscriber may read: a Fault's own, nothing of an unforeseen one. */
export function wordsOf(error: unknown): string {
  return error instanceof Fault ? error.message : 'internal error';
}
