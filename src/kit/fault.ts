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
  key_reused:              { status: 422, code: 1409,  retry: 'never' },

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
  edge_wrong_certificate:  { status: 502, code: 1416,  retry: 'later' },
  database_unavailable:    { status: 503, code: 1001,  retry: 'later' },
  key_sealed_elsewhere:    { status: 500, code: 1002,  retry: 'later' },
  configuration:           { status: 500, code: 1003,  retry: 'never' },
  internal:                { status: 500, code: 1000,  retry: 'later' },
} as const satisfies Record<string, FaultRow>;

export type FaultName = keyof typeof FAULTS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

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
