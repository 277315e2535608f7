/** Metrics of the whole installation: what one process counted for all (`src/store/figures.ts`), told as it is stored. */
import { Gauge, type Histogram, type Registry } from 'prom-client';
import type { CaRow } from '../ca/ca.ts';
import type { Clock } from '../kit/clock.ts';
import { between } from '../kit/time.ts';
import { LIFE_SHARES } from '../pack/renewal.ts';
import type { CaCounts } from '../store/figure-counts.ts';
import { type Figures, getFigures } from '../store/figures.ts';
import type { Pool } from '../store/store.ts';
import { sharedAsk } from './shared-ask.ts';
import { StandingHistogram, type Value } from './standing-histogram.ts';

export interface FigureSources {
  readonly pool: Pool;
  readonly clock: Clock;
  /** The configured CAs, whose limits are told of. */
  readonly rows: readonly CaRow[];
  /** The edges as they are now. */
  readonly edges: readonly { readonly name: string }[];
}

/** Adds them to a registry; where nothing is counted yet, they have no values. */
export function addFigures(registry: Registry, sources: FigureSources): void {
  const ask = sharedAsk(() => getFigures(sources.pool));
  const adding: Adding = {
    packs: async () => (await ask())['packs.2']?.value,
    edges: async () => (await ask())['edges.1']?.value,
    customers: async () => (await ask())['customers.1']?.value,
    add: (config, fill) => registry.registerMetric(gauge(config, fill)),
  };
  registry.registerMetric(lives(adding));
  addPacks(adding);
  addLimits(adding, sources);
  addEdges(adding, sources);
  adding.add(
    {
      name: 'certpacks_keyless_certificates',
      help: 'Certificates whose keys their owners keep, by whether the key signed when it was asked last',
      labelNames: ['key'],
    },
    async (set) => {
      const counted = (await ask())['keyless.1']?.value;
      if (!counted) return;
      set({ key: 'signs' }, counted.all - counted.away);
      set({ key: 'away' }, counted.away);
    },
  );
  addCustomers(adding);
  adding.add(
    { name: 'certpacks_figures_age_seconds', help: 'How old the figures are', labelNames: ['figures'] },
    async (set) => {
      for (const [name, { madeOn }] of Object.entries(await ask()))
        set({ figures: titleOf(name) }, between(madeOn, sources.clock.now()));
    },
  );
  adding.add(
    {
      name: 'certpacks_figures_took_seconds',
      help: 'How long the figures took to count',
      labelNames: ['figures'],
    },
    async (set) => {
      for (const [name, { seconds }] of Object.entries(await ask())) set({ figures: titleOf(name) }, seconds);
    },
  );
}

/** A figure's name without the number of its shape. */
const titleOf = (name: string): string => name.replace(/\.\d+$/, '');

type Set = (labels: Readonly<Record<string, string>>, value: number) => void;
interface Config {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
}

interface Adding {
  readonly packs: () => Promise<Figures['packs.2'] | undefined>;
  readonly edges: () => Promise<Figures['edges.1'] | undefined>;
  readonly customers: () => Promise<Figures['customers.1'] | undefined>;
  readonly add: (config: Config, fill: (set: Set) => Promise<void>) => void;
}

const gauge = (config: Config, fill: (set: Set) => Promise<void>): Gauge =>
  new Gauge({
    ...config,
    registers: [],
    async collect() {
      this.reset();
      await fill((labels, value) => this.set(labels, value));
    },
  });

function addCustomers({ customers, add }: Adding): void {
  add(
    {
      name: 'certpacks_custom_hostnames',
      help: 'Custom hostnames by status, of the whole installation',
      labelNames: ['status'],
    },
    async (set) => {
      for (const [status, n] of Object.entries((await customers())?.hostnames ?? {})) set({ status }, n);
    },
  );
  add(
    {
      name: 'certpacks_move_ins',
      help: 'Names that move in from elsewhere by status, of the whole installation',
      labelNames: ['status'],
    },
    async (set) => {
      for (const [status, n] of Object.entries((await customers())?.moveIns ?? {})) set({ status }, n);
    },
  );
}

function addPacks({ packs, add }: Adding): void {
  add(
    {
      name: 'certpacks_packs',
      help: 'Certificate packs by status and by who renews them, of the whole installation',
      labelNames: ['status', 'renewed_by'],
    },
    async (set) => {
      const { ours = {}, owners = {} } = (await packs())?.statuses ?? {};
      for (const [status, n] of Object.entries(ours)) set({ status, renewed_by: 'service' }, n);
      for (const [status, n] of Object.entries(owners)) set({ status, renewed_by: 'owner' }, n);
    },
  );
  const byCa = (name: string, help: string, of: (counts: CaCounts) => number) =>
    add({ name, help, labelNames: ['ca'] }, async (set) => {
      for (const [ca, counts] of Object.entries((await packs())?.cas ?? {})) set({ ca }, of(counts));
    });
  byCa(
    'certpacks_renewals_overdue',
    'Packs that are past the time of their renewal and have not been renewed',
    ({ overdue }) => overdue,
  );
  byCa(
    'certpacks_renewals_at_risk',
    'Packs that are past the time of their renewal by a tenth of the life of their certificate',
    ({ atRisk }) => atRisk,
  );
  byCa(
    'certpacks_soonest_end_timestamp_seconds',
    'When the first of all certificates of a CA ends that are in use or may be',
    ({ soonestEnd }) => soonestEnd,
  );
}

function addLimits({ edges: ledgers, add }: Adding, { rows, clock }: FigureSources): void {
  const limits = rows.flatMap(({ name: ca, limits: all = {} }) =>
    Object.entries(all).map(([limit, bounds]) => ({ ca, limit, ...bounds })),
  );
  const labelNames = ['ca', 'limit'];
  const used = async () => {
    const value = await ledgers();
    return (
      value &&
      limits.map((one) => ({
        ...one,
        use: value.limits.find(({ ca, kind }) => ca === one.ca && kind === one.limit),
      }))
    );
  };
  add(
    {
      name: 'certpacks_ca_limit_left',
      help: 'What a CA’s limit leaves to whoever used it most: an account, a domain, a set of hosts, a host',
      labelNames,
    },
    async (set) => {
      const now = clock.now().getTime() / 1_000;
      for (const { ca, limit, most, within, use } of (await used()) ?? [])
        set({ ca, limit }, leftOf({ most, within, wait: (use?.fullOn ?? now) - now }));
    },
  );
  add(
    { name: 'certpacks_ca_limit_most', help: 'What a CA’s limit allows at once', labelNames },
    async (set) => {
      for (const { ca, limit, most } of limits) set({ ca, limit }, most);
    },
  );
  add(
    {
      name: 'certpacks_ca_limit_empty',
      help: 'Accounts, domains, sets of hosts, or hosts, to which a CA’s limit leaves nothing',
      labelNames,
    },
    async (set) => {
      for (const { ca, limit, use } of (await used()) ?? []) set({ ca, limit }, use?.empty ?? 0);
    },
  );
}

/** What is left in a bucket that is full again after `wait`, as `leftIn` has it. */
const leftOf = ({ most, within, wait }: { most: number; within: number; wait: number }): number =>
  Math.max(Math.floor(most - (Math.max(wait, 0) * most) / within), 0);

function addEdges({ edges: ledgers, add }: Adding, { edges, clock }: FigureSources): void {
  const labelNames = ['edge'];
  const own = async () =>
    (await ledgers())?.edges.filter(({ edge }) => edges.some(({ name }) => name === edge)) ?? [];
  add(
    {
      name: 'certpacks_edge_behind',
      help: 'Packs that an edge is to show, and did not when it was asked last',
      labelNames,
    },
    async (set) => {
      for (const { edge, packs } of await own()) set({ edge }, packs);
    },
  );
  add(
    {
      name: 'certpacks_edge_behind_seconds',
      help: 'For how long an edge has not shown the pack that it has not shown longest; 0: there is none',
      labelNames,
    },
    async (set) => {
      const now = clock.now().getTime() / 1_000;
      for (const { edge, since } of await own()) set({ edge }, since === null ? 0 : Math.max(now - since, 0));
    },
  );
}

const LIFE_LEFT = 'certpacks_life_left_ratio';

const lives = ({ packs }: Adding): Histogram =>
  new StandingHistogram(
    {
      name: LIFE_LEFT,
      help: 'Packs by the part that is left of the life of the first of their certificates to end; 0: it is over',
      labelNames: ['ca'],
    },
    async () => Object.entries((await packs())?.cas ?? {}).flatMap(([ca, counts]) => valuesOf(ca, counts)),
  );

/** A histogram's lines, in which each bucket has those below it. */
function valuesOf(ca: string, { lives: counts, lifeLeft }: CaCounts): Value[] {
  let below = 0;
  const buckets = counts.map((n, i) => {
    below += n;
    return { metricName: `${LIFE_LEFT}_bucket`, labels: { le: LIFE_SHARES[i] ?? '+Inf', ca }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${LIFE_LEFT}_sum`, labels: { ca }, value: lifeLeft },
    { metricName: `${LIFE_LEFT}_count`, labels: { ca }, value: below },
  ];
}
