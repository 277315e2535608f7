/**
 * Alerts: of what an account can be told. One row an event and one a type of alert, and nothing about them anywhere else.
 * Names of types are Cloudflare's (alerting/v3, `alert_type`) where it has one.
 */
import { PACK_STATUSES, type PackStatus, type PackType } from './pack.ts';

/** What happened, as a client is told (`data.event_type`), and what is meant. */
export const ALERT_EVENTS = {
  'order.failed': 'The CA gave no challenges in time',
  'validation.wanted': 'Control of its hosts is to be shown',
  'validation.succeeded': 'Control of all hosts was shown',
  'validation.failed': 'Control was not shown in time',
  'issuance.succeeded': 'The certificates were issued',
  'issuance.failed': 'The CA issued nothing in time',
  'deployment.succeeded': 'Every edge serves the certificates',
  'deployment.failed': 'An edge did not serve the certificates in time',
  'deployment.drifted': 'An edge does not serve the certificates any more',
  'renewal.started': 'New certificates are on their way',
  'renewal.late': 'The renewal is late, and the certificates are at risk',
  'renewal.succeeded': 'Every edge serves the new certificates',
  'failover.started': 'A backup is put into service',
  'expiration.upcoming': 'The certificates end soon and were not renewed',
  'expiration.reached': 'A certificate ended',
  'revocation.requested': 'The certificates are being revoked',
  'certificate.revoked': 'The CA revoked a certificate, and nobody here had asked it to',
  'keys.lost': 'The private keys can no longer be opened',
  'key.unreachable': 'The token or key server that has the private key does not sign',
  'key.reachable': 'The token or key server signs again',
  'deletion.succeeded': 'The pack is off every edge',
  'deletion.failed': 'An edge still serves a pack that is to be deleted',
  'zone.activated': 'The zone is active',
  'zone.moved': 'The zone does not show control by the account any more',
  'zone.name_lost': 'Another account has shown control of the name of the zone',
  'zone.deactivated': 'The operator took the zone out of service',
  'zone.reactivated': 'The operator put the zone into service again',
  'edge.away': 'Nobody has reached an edge for long, and nothing waits for it',
  'edge.back': 'The edge answers, has shown all that it is to serve, and counts again',
  'webhook.test': 'A webhook was made, or has another URL',
} as const;

export type AlertEvent = keyof typeof ALERT_EVENTS;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
const ALERT_EVENT_NAMES = Object.keys(ALERT_EVENTS) as AlertEvent[];

const isOfZone = (event: AlertEvent): boolean => event.startsWith('zone.');
const isOfEdge = (event: AlertEvent): boolean => event.startsWith('edge.');
/** Told by no policy. */
const isOfWebhook = (event: AlertEvent): boolean => event.startsWith('webhook.');
const PACK_EVENTS = ALERT_EVENT_NAMES.filter(
  (event) => !isOfZone(event) && !isOfEdge(event) && !isOfWebhook(event),
);
const ZONE_EVENTS = ALERT_EVENT_NAMES.filter(isOfZone);
const EDGE_EVENTS = ALERT_EVENT_NAMES.filter(isOfEdge);

/** What a record says of a pack or a zone: `event` as it is called there, statuses of a pack before and after. */
export interface Recorded {
  readonly event: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What a record of a pack tells an account; undefined: nothing. */
export function packAlertOf({ event, from, to }: Recorded): AlertEvent | undefined {
  if (Object.hasOwn(BY_PACK_EVENT, event)) return BY_PACK_EVENT[event];
  const known = PACK_STATUSES.find((status) => status === to);
  if (!known || from === to) return undefined;
  if (from === 'backup_issued' && TO_EDGES.includes(known)) return 'failover.started';
  return from === 'pending_issuance' && ISSUED.includes(known) ? 'issuance.succeeded' : BY_STATUS[known];
}

/** By what is recorded, whatever the statuses are. */
const BY_PACK_EVENT: Readonly<Record<string, AlertEvent>> = {
  renew: 'renewal.started',
  at_risk: 'renewal.late',
  renewed: 'renewal.succeeded',
  revoke: 'revocation.requested',
  revoked_by_ca: 'certificate.revoked',
  drift: 'deployment.drifted',
  lose: 'keys.lost',
  key_away: 'key.unreachable',
  key_back: 'key.reachable',
  ends_soon: 'expiration.upcoming',
};

const TO_EDGES: readonly PackStatus[] = ['pending_deployment', 'staging_deployment'];

/** Where a pack goes with what was issued. */
const ISSUED: readonly PackStatus[] = [...TO_EDGES, 'holding_deployment', 'backup_issued'];

/** By the status that a pack came to. */
const BY_STATUS: Readonly<Partial<Record<PackStatus, AlertEvent>>> = {
  pending_validation: 'validation.wanted',
  pending_issuance: 'validation.succeeded',
  active: 'deployment.succeeded',
  staging_active: 'deployment.succeeded',
  pending_expiration: 'expiration.upcoming',
  expired: 'expiration.reached',
  initializing_timed_out: 'order.failed',
  validation_timed_out: 'validation.failed',
  issuance_timed_out: 'issuance.failed',
  deployment_timed_out: 'deployment.failed',
  deletion_timed_out: 'deletion.failed',
  deleted: 'deletion.succeeded',
};

/** What a record of a zone tells its account, by what is recorded; undefined: nothing. */
export const zoneAlertOf = ({ event }: Pick<Recorded, 'event'>): AlertEvent | undefined =>
  Object.hasOwn(BY_ZONE_EVENT, event) ? BY_ZONE_EVENT[event] : undefined;

const BY_ZONE_EVENT: Readonly<Record<string, AlertEvent>> = {
  activate: 'zone.activated',
  move: 'zone.moved',
  lose_name: 'zone.name_lost',
  deactivate: 'zone.deactivated',
  reactivate: 'zone.reactivated',
};

/** What a record of an edge tells its account, by what is recorded; undefined: nothing. */
export const edgeAlertOf = ({ event }: Pick<Recorded, 'event'>): AlertEvent | undefined =>
  Object.hasOwn(BY_EDGE_EVENT, event) ? BY_EDGE_EVENT[event] : undefined;

const BY_EDGE_EVENT: Readonly<Record<string, AlertEvent>> = {
  edge_away: 'edge.away',
  edge_back: 'edge.back',
};

/** By what a policy may be narrowed: names of Cloudflare's filters. */
export const ALERT_FILTERS = ['zones', 'target_hostname', 'event_type', 'new_status'] as const;
export type AlertFilter = (typeof ALERT_FILTERS)[number];

/** The filters of a policy: what is told is one of the values of each that is there. */
export type AlertFilters = Readonly<Partial<Record<AlertFilter, readonly string[]>>>;

/** A type of alert. */
export interface AlertTypeRow {
  /** Product that it is listed under. */
  readonly product: string;
  readonly name: string;
  readonly description: string;
  /** Types of the packs that it tells of; none: it tells of zones, or of edges. */
  readonly packs: readonly PackType[];
  readonly events: readonly AlertEvent[];
  readonly filters: readonly AlertFilter[];
}

const SSL = 'SSL/TLS';
export const ALERT_TYPES = {
  dedicated_ssl_certificate_event_type: {
    product: SSL,
    name: 'Advanced Certificate Alert',
    description:
      'Validation, issuance, deployment, renewal, expiration and deletion of advanced certificates, those of Total TLS, and their backups',
    packs: ['advanced', 'total_tls'],
    events: PACK_EVENTS,
    filters: ALERT_FILTERS,
  },
  universal_ssl_event_type: {
    product: SSL,
    name: 'Universal SSL Alert',
    description:
      'Validation, issuance, deployment, renewal, expiration and deletion of Universal certificates and their backups',
    packs: ['universal'],
    events: PACK_EVENTS,
    filters: ALERT_FILTERS,
  },
  custom_ssl_certificate_event_type: {
    product: SSL,
    name: 'Custom Certificate and Custom Hostname Alert',
    description:
      'Deployment, expiration and deletion of certificates that customers uploaded; these, and validation, issuance and renewal, of certificates of custom hostnames',
    packs: ['legacy_custom', 'sni_custom', 'keyless', 'mh_custom', 'managed_hostname'],
    events: PACK_EVENTS,
    filters: ALERT_FILTERS,
  },
  zone_status_event_type: {
    product: 'Zones',
    name: 'Zone Status Alert',
    description:
      'A zone turned active, moved, lost its name, or was taken out of service or put into it again',
    packs: [],
    events: ZONE_EVENTS,
    filters: ['zones', 'event_type'],
  },
  edge_status_event_type: {
    product: 'Edges',
    name: 'Edge Status Alert',
    description: 'Nobody reaches an edge of the operator, so that nothing waits for it; it counts again',
    packs: [],
    events: EDGE_EVENTS,
    filters: ['event_type'],
  },
} as const satisfies Record<string, AlertTypeRow>;

/** A type of alert by its name on the wire. */
export type AlertType = keyof typeof ALERT_TYPES;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const ALERT_TYPE_NAMES = Object.keys(ALERT_TYPES) as AlertType[];

/** The row of a type; undefined: there is none of that name. */
export function alertTypeOf(name: string): AlertTypeRow | undefined {
  const known = ALERT_TYPE_NAMES.find((one) => one === name);
  return known && ALERT_TYPES[known];
}

/** The type of alert that tells of packs of a type; undefined: none does. */
export const alertTypeOfPack = (type: PackType): AlertType | undefined =>
  ALERT_TYPE_NAMES.find((name) => alertTypeOf(name)?.packs.includes(type));

/** What is told, as far as filters look at it. */
export interface AlertFact {
  readonly event: AlertEvent;
  readonly zoneId: string;
  /** Of a pack: its hosts, and its status after the event. */
  readonly hosts?: readonly string[];
  readonly status?: string | null;
}

/** Whether the filters of a policy let a fact through. A host is let through by its own name and by those above it. */
export const passes = (filters: AlertFilters, fact: AlertFact): boolean =>
  ALERT_FILTERS.every((filter) => filters[filter]?.some((value) => LETS[filter](value, fact)) ?? true);

/** Whether a value of each filter lets a fact through. */
const LETS: Readonly<Record<AlertFilter, (value: string, fact: AlertFact) => boolean>> = {
  zones: (value, { zoneId }) => zoneId === value,
  target_hostname: (value, { hosts = [] }) => hosts.some((host) => isAtOrBelow(host, value)),
  event_type: (value, { event }) => event === value,
  new_status: (value, { status }) => status === value,
};

const isAtOrBelow = (host: string, name: string): boolean => host === name || host.endsWith(`.${name}`);
