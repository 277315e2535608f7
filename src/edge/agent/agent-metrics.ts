/** What Prometheus is told of an agent. docs/metrics.md says what each is for. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AgentStats } from './agent.ts';

/** One value, or one for each label of a kind. */
type Value = number | Readonly<Record<string, number>>;

interface Row {
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly read: (stats: AgentStats) => Value;
  /** Name of the label where there are several values. */
  readonly label?: string;
}

// biome-ignore format: a table is read by column
const METRICS: Readonly<Record<string, Row>> = {
  connected:          { kind: 'gauge', read: (s) => Number(s.isConnected), help: '1 while the service is connected' },
  edge_ok:            { kind: 'gauge', read: (s) => Number(s.problems.edge === undefined), help: '1 while the edge can be told and asked' },
  packs:              { kind: 'gauge', read: (s) => s.packs, help: 'Packs that serve names at the edge' },
  names:              { kind: 'gauge', read: (s) => s.names, help: 'Names that the edge is to serve' },
  failing_packs:      { kind: 'gauge', read: (s) => s.failing, help: 'Packs that the edge does not take, or does not show' },
  unproved_packs:     { kind: 'gauge', read: (s) => s.unproved, help: 'Packs that are to be proved by handshake now' },
  unreported_packs:   { kind: 'gauge', read: (s) => s.unreported, help: 'Packs of which the service has not heard the latest' },
  drifts_total:       { kind: 'counter', read: (s) => s.drifts, help: 'Handshakes of a pack that showed something else than the edge was given' },
  handshakes_total:   { kind: 'counter', read: (s) => s.handshakes, label: 'outcome', help: 'Handshakes with the edge, by what they showed' },
  certificate_renewal_timestamp_seconds: { kind: 'gauge', read: (s) => Date.parse(s.renewOn) / 1_000, help: 'When the certificate of the agent is to be renewed' },
};

/** A registry of an agent's counts, read when somebody asks, and of the usual ones of a Node process. */
export function agentRegistry(stats: () => AgentStats): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const [name, { kind, help, read, label }] of Object.entries(METRICS)) {
    const collecting = {
      name: `certpacks_agent_${name}`,
      help,
      registers: [],
      labelNames: label === undefined ? [] : [label],
      collect(this: { reset(): void; inc(labels: object, value: number): void }) {
        this.reset();
        const value = read(stats());
        if (typeof value === 'number') this.inc({}, value);
        else for (const [key, count] of Object.entries(value)) this.inc({ [label ?? 'kind']: key }, count);
      },
    };
    registry.registerMetric(kind === 'counter' ? new Counter(collecting) : new Gauge(collecting));
  }
  return registry;
}
