/** What is told of an event, in words: of a pack by what explains it, of a zone by itself. Pure. */
import type { AlertBody, AlertSeverity } from './alert-body.ts';
import { hostnameAlert } from './alert-hostname.ts';
import { ALERT_EVENTS, type AlertEvent } from './alert-types.ts';
import type { CustomHostname } from './custom-hostname.ts';
import type { Explanation } from './explanation.ts';
import type { Mover } from './found.ts';
import { earliestEnd } from './lifecycle.ts';
import type { Pack } from './pack.ts';
import { hostsIn, minuteOf } from './standing.ts';

/** How much an event matters. `end`: what was wrong before is over with it. */
interface Weight {
  readonly severity: AlertSeverity;
  readonly isEnd?: true;
}

// biome-ignore format: a table is read by column
const WEIGHTS: Readonly<Record<AlertEvent, Weight>> = {
  'order.failed':         { severity: 'error' },
  'validation.wanted':    { severity: 'warning' },
  'validation.succeeded': { severity: 'info' },
  'validation.failed':    { severity: 'error' },
  'issuance.succeeded':   { severity: 'info' },
  'issuance.failed':      { severity: 'error' },
  'deployment.succeeded': { severity: 'info', isEnd: true },
  'deployment.failed':    { severity: 'error' },
  'deployment.drifted':   { severity: 'error' },
  'renewal.started':      { severity: 'info' },
  'renewal.late':         { severity: 'warning' },
  'renewal.succeeded':    { severity: 'info', isEnd: true },
  'failover.started':     { severity: 'warning' },
  'expiration.upcoming':  { severity: 'critical' },
  'expiration.reached':   { severity: 'critical' },
  'revocation.requested': { severity: 'warning' },
  'certificate.revoked':  { severity: 'critical' },
  'keys.lost':            { severity: 'critical' },
  'key.unreachable':      { severity: 'critical' },
  'key.reachable':        { severity: 'info', isEnd: true },
  'deletion.succeeded':   { severity: 'info', isEnd: true },
  'deletion.failed':      { severity: 'error' },
  'zone.activated':       { severity: 'info', isEnd: true },
  'zone.moved':           { severity: 'warning' },
  'zone.name_lost':       { severity: 'error' },
  'zone.deactivated':     { severity: 'error' },
  'zone.reactivated':     { severity: 'info', isEnd: true },
  'edge.away':            { severity: 'error' },
  'edge.back':            { severity: 'info', isEnd: true },
  'webhook.test':         { severity: 'info', isEnd: true },
};

export const weightOf = (event: AlertEvent): Weight => WEIGHTS[event];

/** Whether an event says that something is wrong, or is to be done. */
export const isProblem = (event: AlertEvent): boolean => WEIGHTS[event].severity !== 'info';

/** Of an alert what is the same for every channel. */
export type AlertFacts = Pick<
  AlertBody,
  'event' | 'severity' | 'title' | 'text' | 'madeOn' | 'data' | 'link' | 'hostname'
>;

/** When something happened, and to whose. */
export interface AlertFrame {
  readonly event: AlertEvent;
  readonly madeOn: Date;
  readonly account: { readonly id: string; readonly name: string };
  /** Address of the dashboard's page of it; undefined: it is not known where that is. */
  readonly link: string | undefined;
}

const facts = (frame: AlertFrame, title: string, text: string, data: AlertFacts['data']): AlertFacts => ({
  event: frame.event,
  severity: WEIGHTS[frame.event].severity,
  title: `${title}: ${ALERT_EVENTS[frame.event]}`,
  text,
  madeOn: frame.madeOn.toISOString(),
  data: {
    account_name: frame.account.name,
    account_tag: frame.account.id,
    event_type: frame.event,
    ...data,
  },
  ...(frame.link && { link: frame.link }),
});

/** Of a pack; `status` is the one that it came to then, null where the record says none. */
export function packFacts(
  frame: AlertFrame,
  {
    pack,
    status,
    explanation,
    hostname,
  }: {
    readonly pack: Pack;
    readonly status: string | null;
    readonly explanation: Explanation;
    /** The custom hostname that it is for. */
    readonly hostname?: CustomHostname | undefined;
  },
): AlertFacts {
  const [primary] = pack.certificates;
  const then = status ?? pack.status;
  const told = facts(frame, hostsIn(pack.hosts), textOf(pack, then, explanation), {
    certificate_id: primary?.id ?? '',
    certificate_pack_id: pack.id,
    certificate_status: then,
    hostnames: pack.hosts.join(', '),
    pack_ca: pack.certificateAuthority ?? '',
    pack_id: pack.id,
    pack_status: then,
    pack_validation: pack.validationMethod ?? '',
    zone_name: pack.zone.name,
    zone_tag: pack.zone.id,
  });
  return hostname ? { ...told, hostname: hostnameAlert(frame.event, hostname, pack, then) } : told;
}

/** Of a zone. */
export function zoneFacts(
  frame: AlertFrame,
  zone: { readonly id: string; readonly name: string },
): AlertFacts {
  const text = `The zone ${zone.name} of the account ${frame.account.name}.`;
  return facts(frame, zone.name, text, { zone_name: zone.name, zone_tag: zone.id });
}

/** Of an edge of the account. */
export function edgeFacts(frame: AlertFrame, edge: string): AlertFacts {
  const text = `The edge ${edge} of the account ${frame.account.name}.`;
  return facts(frame, edge, text, { edge });
}

const MOVES: Readonly<Record<Mover, string>> = {
  customer: 'It is your move',
  operator: 'It is the move of the operator of this service',
  ca: 'It is the move of the CA',
  us: 'Nothing is to be done',
};

/** Most records that a text names. */
const MOST_RECORDS = 10;

function textOf(pack: Pack, then: string, it: Explanation): string {
  const ends = earliestEnd(pack);
  const records = it.records.slice(0, MOST_RECORDS).map(({ line }) => line);
  return [
    ...(then === pack.status ? [] : [`It was ${then} then, and is ${pack.status} now.`]),
    sentence(it.waitsFor),
    sentence(it.whoseMove === undefined ? it.nextStep : `${MOVES[it.whoseMove]}: ${it.nextStep}`),
    ...it.reasons.slice(0, 3).map(sentence),
    ...(records.length > 0 ? ['Records to create:', ...records] : []),
    ...(ends ? [`Its certificates end at ${minuteOf(ends)}.`] : []),
    `Zone ${pack.zone.name}, certificate pack ${pack.id}.`,
  ].join('\n');
}

const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
