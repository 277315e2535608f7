/** What Prometheus is told, at a listener of its own. docs/metrics.md says what each is for. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Exchanged } from '../acme/http.ts';
import type { AnsweredRequest } from '../api/deps.ts';
import type { ShowLeaf } from '../edge/edge.ts';
import type { StepTaken } from '../job/job.ts';
import type { KeyPool } from '../key/key-pool.ts';
import { droppedLines } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import type { Troubles } from '../kit/troubles.ts';
import type { CertificateAuthority } from '../pack/pack.ts';
import { listAbsentEdges } from '../store/edge-states.ts';
import { countDue } from '../store/statistics.ts';
import { addAlertMetrics } from './alert-metrics.ts';
import { addCertificates } from './certificate-metrics.ts';
import { addFigures, type FigureSources } from './figure-metrics.ts';
import { type MetricsListener, serveMetrics } from './metrics-listener.ts';

export interface Metrics {
  readonly onAnswer: (answer: AnsweredRequest) => void;
  readonly onStep: (step: StepTaken) => void;
  readonly onExchange: (ca: CertificateAuthority, seen: Exchanged) => void;
  readonly onAlert: (mechanism: string, outcome: string) => void;
  /** The same, with what each handshake came to counted. */
  readonly watched: (show: ShowLeaf) => ShowLeaf;
  /** Serves `/metrics`. Throws `configuration` where it cannot listen. */
  listen(place: { readonly host: string; readonly port: number }): Promise<MetricsListener>;
}

interface Sources extends FigureSources {
  readonly keys: Pick<KeyPool, 'ready'>;
  readonly troubles: Troubles;
  /** How far our clock is ahead of the database's. */
  readonly skew: () => Seconds;
  /** Zones whose certificates are told of one by one. */
  readonly certificateZones: readonly string[];
}

const LISTENER = { option: 'metrics_listen', away: 'the database cannot be reached' };

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** Counters and gauges of one process; the database is asked when somebody reads them. Throws `configuration` for names of zones. */
export function newMetrics(sources: Sources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'certpacks_http_request_seconds',
    help: 'Requests to the API that were answered, and how long that took',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers,
  });
  const steps = new Counter({
    name: 'certpacks_steps_total',
    help: 'Steps of packs along their life that workers of this process took, by the status they were in',
    labelNames: ['status', 'outcome'],
    registers,
  });
  const exchanges = new Histogram({
    name: 'certpacks_ca_request_seconds',
    help: 'Requests to CAs by this process, by what was asked and answered, and how long that took',
    labelNames: ['ca', 'endpoint', 'status'],
    buckets: SECONDS,
    registers,
  });
  const handshakes = new Counter({
    name: 'certpacks_handshakes_total',
    help: 'Handshakes by which this process saw what edges serve',
    labelNames: ['edge', 'outcome'],
    registers,
  });
  addGauges(registry, sources);
  addOwnGauges(registry, sources);
  addFigures(registry, sources);
  addCertificates(registry, { ...sources, zones: sources.certificateZones });
  const onAlert = addAlertMetrics(registry, sources);
  return {
    onAlert,
    onAnswer: ({ method, route, status, seconds }) => requests.observe({ method, route, status }, seconds),
    onStep: ({ status, outcome }) => steps.inc({ status, outcome }),
    onExchange: (ca, { endpoint, status = 'none', seconds }) =>
      exchanges.observe({ ca, endpoint, status }, seconds),
    watched: (show) => watched(show, (edge, outcome) => handshakes.inc({ edge, outcome })),
    listen: (place) => serveMetrics(registry, place, LISTENER),
  };
}

/** Tells what each handshake came to; `none`: the edge has no certificate for the name. */
const watched =
  (show: ShowLeaf, tell: (edge: string, outcome: 'shown' | 'none' | 'failed') => void): ShowLeaf =>
  async (edge, ask, signal) => {
    try {
      const shown = await show(edge, ask, signal);
      tell(edge.name, shown ? 'shown' : 'none');
      return shown;
    } catch (error) {
      if (!signal.aborted) tell(edge.name, 'failed');
      throw error;
    }
  };

/** What is asked of the database, of the pool of connections to it and of the keys, when somebody wants to know. */
function addGauges(registry: Registry, { pool, clock, keys, edges }: Sources): void {
  const late = new Gauge({
    name: 'certpacks_due_age_seconds',
    help: 'How long the pack has been due that waits longest for a worker; 0: none waits',
    registers: [],
  });
  const due = new Gauge({
    name: 'certpacks_due',
    help: 'Packs that are due and in no worker’s hands',
    registers: [],
    async collect() {
      const { count, age } = await countDue(pool, clock.now());
      this.set(count);
      late.set(age);
    },
  });
  const connections = new Gauge({
    name: 'certpacks_database_connections',
    help: 'Connections of this process’s pool to the database',
    labelNames: ['state'],
    registers: [],
    collect() {
      this.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
      this.set({ state: 'idle' }, pool.idleCount);
      this.set({ state: 'waited_for' }, pool.waitingCount);
    },
  });
  const ready = new Gauge({
    name: 'certpacks_rsa_keys_ready',
    help: 'RSA keys that this process has made ahead; at 0, orders wait for keys to be made',
    registers: [],
    collect() {
      this.set(keys.ready);
    },
  });
  const away = new Gauge({
    name: 'certpacks_edge_away',
    help: 'Edges that no pack waits for, since nobody reached them for long or they have not shown all since: 1 each',
    labelNames: ['edge'],
    registers: [],
    async collect() {
      const gone = (await listAbsentEdges(pool)).filter(({ awaySince }) => awaySince !== undefined);
      this.reset();
      for (const { name } of gone) if (edges.some((edge) => edge.name === name)) this.set({ edge: name }, 1);
    },
  });
  for (const gauge of [due, late, connections, ready, away]) registry.registerMetric(gauge);
}

/** What this process knows of itself. */
function addOwnGauges(registry: Registry, { troubles, skew }: Sources): void {
  const trouble = new Gauge({
    name: 'certpacks_trouble',
    help: 'What of the operator’s does not work now, as this process sees it: 1 each',
    labelNames: ['kind', 'name'],
    registers: [],
    collect() {
      this.reset();
      for (const { kind, name } of troubles.list()) this.set({ kind, name }, 1);
    },
  });
  const off = new Gauge({
    name: 'certpacks_clock_skew_seconds',
    help: 'How far the clock of this machine is ahead of the database’s; beyond 5 either way no work is taken',
    registers: [],
    collect() {
      this.set(skew());
    },
  });
  const dropped = new Counter({
    name: 'certpacks_log_lines_dropped_total',
    help: 'Lines of the log that were dropped because nobody read them',
    registers: [],
    collect() {
      this.reset();
      this.inc(droppedLines());
    },
  });
  for (const metric of [trouble, off, dropped]) registry.registerMetric(metric);
}
