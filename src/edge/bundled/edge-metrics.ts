/** What Prometheus is told of an edge. docs/metrics.md says what each is for. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { BundledEdgeStats } from './edge-stats.ts';

/** One value, or one for each label of a kind. */
type Value = number | Readonly<Record<string, number>>;

interface Row {
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly read: (stats: BundledEdgeStats) => Value;
  /** Name of the label where there are several values. */
  readonly label?: string;
}

// biome-ignore format: a table is read by column
const METRICS: Readonly<Record<string, Row>> = {
  connections_total:         { kind: 'counter', read: (s) => s.accepted, help: 'Connections that came in to shake hands' },
  handshakes_total:          { kind: 'counter', read: (s) => s.handshakes, help: 'Handshakes that were done' },
  resumed_handshakes_total:  { kind: 'counter', read: (s) => s.resumed, help: 'Handshakes among them that took a session up again' },
  protocols_total:           { kind: 'counter', read: (s) => s.protocols, label: 'protocol', help: 'Handshakes by what they agreed on by ALPN' },
  refused_handshakes_total:  { kind: 'counter', read: (s) => s.refusals, label: 'reason', help: 'Clients that were turned away by an alert, by what was wrong with the name they asked for; unreachable: the service could not be asked' },
  failed_handshakes_total:   { kind: 'counter', read: (s) => s.failures, label: 'reason', help: 'Connections that came to no handshake for any other reason' },
  pulls_total:               { kind: 'counter', read: (s) => s.pulls.certificates, label: 'outcome', help: 'Questions to the service for the certificates of a name, by what came of them' },
  file_pulls_total:          { kind: 'counter', read: (s) => s.pulls.files, label: 'outcome', help: 'Questions to the service for files that show control, by what came of them' },
  http_answers_total:        { kind: 'counter', read: (s) => s.plainAnswers, label: 'answer', help: 'Answers over plain HTTP, by what they were' },
  upstream_failures_total:   { kind: 'counter', read: (s) => s.upstreamFailures, help: 'Connections to the upstream that failed' },
  access_log_lines_total:    { kind: 'counter', read: (s) => ({ written: s.accessLog.lines, dropped: s.accessLog.dropped }), label: 'outcome', help: 'Connections that are over, by whether the access log tells of them' },
  changes_total:             { kind: 'counter', read: (s) => s.changes, help: 'Lines of changes that the service told' },
  connections:               { kind: 'gauge', read: (s) => s.connections, help: 'Connections that are open now' },
  clients:                   { kind: 'gauge', read: (s) => s.clients, help: 'Clients that they are of: an address of IPv4, a /64 of IPv6' },
  half_open:                 { kind: 'gauge', read: (s) => s.halfOpen, help: 'Connections whose handshake is not done' },
  names:                     { kind: 'gauge', read: (s) => ({ known: s.names, unknown: s.unknownNames }), label: 'kind', help: 'Names in memory: those with certificates, and those that no pack serves' },
  following:                 { kind: 'gauge', read: (s) => Number(s.isLive), help: '1 while the service tells of changes; 0: what is in memory is asked for again at each use' },
};

/** A registry of the edge's counts, read when somebody asks, and of the usual ones of a Node process. */
export function edgeRegistry(stats: () => BundledEdgeStats): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, row] of Object.entries(METRICS))
    addMetric(registry, `certpacks_edge_${name}`, row, stats);
  return registry;
}

function addMetric(
  registry: Registry,
  name: string,
  { kind, help, read, label }: Row,
  stats: () => BundledEdgeStats,
): void {
  const about = { name, help, registers: [], labelNames: label === undefined ? [] : [label] };
  const tell = (metric: { reset(): void; inc(labels: object, value: number): void }) => {
    metric.reset();
    const value = read(stats());
    if (typeof value === 'number') metric.inc({}, value);
    else for (const [key, count] of Object.entries(value)) metric.inc({ [label ?? 'kind']: key }, count);
  };
  const collecting = {
    ...about,
    collect(this: Parameters<typeof tell>[0]) {
      tell(this);
    },
  };
  registry.registerMetric(kind === 'counter' ? new Counter(collecting) : new Gauge(collecting));
}
