import type { CaRow } from '../ca/ca.ts';
import { createCa } from '../ca/registry.ts';
import type { EdgeChange, PullSource } from '../edge/edge.ts';
import { showLeaf } from '../edge/handshake.ts';
import { startPull } from '../edge/pull/pull.ts';
import { followChanges } from '../job/engine/edge-changes.ts';
import { startWorker, type Worker } from '../job/engine/worker.ts';
import type { JobDeps } from '../job/job.ts';
import { KeyPool } from '../key/key-pool.ts';
import { OwnersKeys } from '../keyless/owners-keys.ts';
import { Endings } from '../kit/endings.ts';
import { KeyedSignal } from '../kit/keyed-signal.ts';
import type { Seal } from '../kit/seal.ts';
import { Troubles } from '../kit/troubles.ts';
import { pullIn } from '../operation/pull-in.ts';
import type { KeyElsewhere } from '../pack/key-elsewhere.ts';
import type { CertificateAuthority, Pack } from '../pack/pack.ts';
import { Reader } from '../store/protocol/reader.ts';
import type { ChangeFeed } from './agent-changes.ts';
import { openEdges, startAgents } from './agents.ts';
import { alertPartsOf } from './alert-sending.ts';
import { type OpenApi, openApi } from './api-listener.ts';
import { brandingDomainOf } from './branding.ts';
import { type DatabaseWatch, watchDatabase } from './database-watch.ts';
import { domainConnectOf } from './domain-connect.ts';
import { edgeSocketOf } from './edge-socket.ts';
import { hostLookOf } from './host-look.ts';
import { type Installation, openInstallation, watchForTwin } from './installation.ts';
import { keylessSettingOf, tokenPacksOf } from './keyless-setting.ts';
import type { LiveEdges } from './live-edges.ts';
import { lookParts } from './look-parts.ts';
import { type Metrics, newMetrics } from './metrics.ts';
import { backupsOf, hostnamesOf, managedOf, namesOf, quotasOf, zonePolicyOf } from './names.ts';
import { openSeal } from './open-seal.ts';
import { startOwnResponder } from './own-responder.ts';
import { startRendering } from './rendering.ts';
import { revocationStatus } from './revocation-status.ts';
import type { ServiceParts } from './service-parts.ts';
import { caStores, pullSource } from './sources.ts';
import { hearExchange, hearHandshakes, hearLooks, hearPublishers, newCaHealth } from './tell-troubles.ts';
import { uploadTrustOf } from './upload-trust.ts';
import { takeIdentity } from './worker-identity.ts';

export interface Service {
  /** Base URL of the API, without a slash at its end. */
  readonly api: string;
  /** Where browsers find the dashboard; undefined: it is switched off. */
  readonly dashboard: string | undefined;
  /** Says that something became due, a pack where its id is said. */
  readonly poke: (packId?: string) => void;
  /** Rings at each step of a pack that a worker of this process took, with the pack as it was stored. */
  readonly moves: Pick<KeyedSignal<Pack>, 'next' | 'listen'>;
  /** Whether no worker of this process has a pack in its hands. */
  readonly isIdle: () => boolean;
  /**
   * Stops in order: no new requests, then no new work, then what is left; within `stop_timeout_s` in all. What had not ended by
   * then is named in the log, and goes with the process.
   */
  readonly stop: () => Promise<void>;
}

/**
 * Starts everything that one process of the service runs: API, workers, DNS responder, the edges' listener.
 * What was started is stopped again when a later part fails. Throws `configuration` for an address that cannot
 * be listened on.
 */
export async function startService(parts: ServiceParts): Promise<Service> {
  const { options, pool, clock, log, isClockWatched = false } = parts;
  await using started = new Endings(log, options.stop_timeout_s * PART_OF_SERVICE);
  const json = { delegationZone: options.delegation_zone };
  const brandingDomain = brandingDomainOf(options);
  const deps = { pool, clock, log, json, brandingDomain, managed: managedOf(options, parts.rows) };
  const seal = await openSeal(parts);
  const source = pullSource({ ...parts, seal });
  const keys = openKeyPool(started, parts);
  const [ownersKeys, troubles] = [openOwnersKeys(started, parts), new Troubles(log)];
  const watch = await watchDatabase({ pool, clock, log, troubles, isClockWatched });
  started.defer('watch over the database', watch.stop);
  const installation = await openInstallation(pool, parts);
  const edges = await openEdges(started, parts);
  const pushChange = await startListeners(started, parts, { source, feed: edges.feed, ...installation });
  started.defer('look for copies', watchForTwin({ options, troubles, ...installation }).stop);
  const metrics = newMetrics({ ...told(parts, edges.live), keys, troubles, skew: watch.skew });
  const moves = new KeyedSignal<Pack>();
  const health = newCaHealth(() => clock.now());
  const work = {
    ...deps,
    ...heardParts(parts, { seal, troubles, metrics, health, live: edges.live }),
    worker: takeIdentity(parts.dir),
    onStep: metrics.onStep,
    mayWork: watch.mayWork,
    leaseClock: watch.aligned,
    moves,
    seal,
    keys,
    pushChange,
    ...ownersKeys.forJobs,
  };
  const worker = await startWork(started, parts, { work, watch });
  const edgeTerms = await startAgents(started, parts, { seal, ...edges, poke: worker.poke });
  started.defer('rendering', startRendering(deps));
  const rows = new Map(parts.rows.map((row) => [row.name, row]));
  const reader = new Reader(pool, options.list_readers);
  started.defer('connections for lists', () => reader.close());
  const known = { ...whatIsWrong(watch, troubles), caHealth: health.of, ...policiesOf(parts, work) };
  const about = { reader, installation: installation.edition, rows, moves, poke: worker.poke, ...known };
  const toEdges = { source, pushChange, edgeTerms, ...ownersKeys.forApi };
  const api = await openApi(started, parts, { ...deps, ...about, ...toEdges, seal, keys, metrics });
  started.keep();
  return { ...toService(started, api), moves, poke: worker.poke, isIdle: worker.isIdle };
}

function openKeyPool(started: Endings, { options }: ServiceParts): KeyPool {
  const keys = new KeyPool({ size: options.rsa_keys, atOnce: 1 });
  started.defer('RSA keys', () => keys.close());
  return keys;
}

const toService = (started: Endings, api: OpenApi): Pick<Service, 'api' | 'dashboard' | 'stop'> => ({
  api: `${api.url}/client/v4`,
  dashboard: api.dashboard,
  stop: async () => {
    api.leave();
    await started.end();
  },
});

/** Starts the workers; what waits by a time that was wrong is due when the time is right again. */
async function startWork(
  started: Endings,
  parts: ServiceParts,
  { work, watch }: { readonly work: JobDeps; readonly watch: DatabaseWatch },
): Promise<Worker> {
  if (parts.isClockWatched) await pullIn(parts.pool, watch.aligned.now(), []);
  const worker = startWorker(work, parts.options.workers);
  started.defer('workers', worker.stop, 0.9);
  healClocks(parts, watch, worker);
  return worker;
}

/** What reaches keys that their owners keep: for what the API lets in, and for looks at them. */
function openOwnersKeys(started: Endings, { options, dir, log, pin }: ServiceParts) {
  const keys = new OwnersKeys(keylessSettingOf(options, dir), log);
  started.defer('keys of owners', () => keys.close());
  return {
    // A stand-in keeps whatever its clients' tests name; that anybody is asked there takes the options all the same.
    forApi: { demandKeyPlace: (place: KeyElsewhere) => (pin ? undefined : keys.demandOffered(place)) },
    forJobs: {
      signerOf: (chain: string, elsewhere: string) => keys.signerOf(chain, elsewhere),
      tokens: { ...tokenPacksOf(options), keys: keys.keysInTokens },
    },
  };
}

/** By what the API judges what is asked of it. */
const policiesOf = (
  parts: ServiceParts,
  { names, zonePolicy, auditLife }: Pick<JobDeps, 'names' | 'zonePolicy' | 'auditLife'>,
) => ({
  names,
  zonePolicy,
  auditLife,
  quotas: quotasOf(parts.options),
  hostnames: hostnamesOf(parts.options),
  connect: domainConnectOf(parts),
  backups: backupsOf(parts.options),
  trust: uploadTrustOf(parts),
  lookAtHost: hostLookOf(parts),
  regions: parts.regions,
});

/** What the API tells of troubles that are known. */
const whatIsWrong = (watch: DatabaseWatch, troubles: Troubles) => ({
  clockTrouble: watch.words,
  caTrouble: (name: CertificateAuthority) => troubles.whyOf({ kind: 'ca', name }),
});

/** Starts what edges and resolvers ask, and hands changes of other processes to the edges of this one: what hands on those of its own. */
async function startListeners(
  started: Endings,
  parts: ServiceParts,
  {
    source,
    feed,
    beacon,
  }: { readonly source: PullSource; readonly feed: ChangeFeed } & Pick<Installation, 'beacon'>,
): Promise<(change: EdgeChange) => void> {
  const pull = await startPull({ path: edgeSocketOf(parts), source, log: parts.log });
  started.defer('listener for edges', () => pull.close());
  const responder = await startOwnResponder(parts, beacon);
  started.defer('DNS responder', () => responder?.close());
  const pushChange = (change: EdgeChange) => {
    pull.push(change);
    feed.push(change);
  };
  const changes = followChanges(parts, pushChange);
  started.defer('changes for edges', changes.stop);
  return pushChange;
}

/** The rest of the time for the end is for what the service stands on. */
const PART_OF_SERVICE = 0.9;

function healClocks({ pool, log }: ServiceParts, watch: DatabaseWatch, worker: Worker): void {
  watch.onCorrected(async () => {
    const packs = await pullIn(pool, watch.aligned.now(), worker.inHand());
    if (packs > 0) log.warn({ packs }, 'packs that waited by a wrong time are due');
    worker.poke();
  });
}

/** What metrics are told of. */
const told = ({ pool, clock, rows, options }: ServiceParts, live: LiveEdges) => ({
  pool,
  clock,
  rows,
  edges: live.list,
  certificateZones: options.metrics_certificate_zones,
});

interface Hearing {
  readonly seal: Seal;
  readonly troubles: Troubles;
  readonly metrics: Metrics;
  readonly health: ReturnType<typeof newCaHealth>;
  readonly live: LiveEdges;
}

/** What workers speak to, each heard: what stops working is told. */
function heardParts(parts: ServiceParts, { seal, troubles, metrics, health, live }: Hearing) {
  const { pool, clock, log, publishers = new Map() } = parts;
  const hear = hearExchange(troubles);
  const stores = caStores({ pool, seal, clock });
  const onExchange: typeof metrics.onExchange = (ca, seen) => {
    metrics.onExchange(ca, seen);
    hear(ca, seen);
    health.hear(ca, seen);
  };
  const looks = lookParts(parts, live);
  return {
    ...looks,
    precheckTxt: hearLooks(troubles, looks.precheckTxt),
    cas: openCas(parts.rows, { ...stores, clock, log, onExchange }),
    showLeaf: metrics.watched(hearHandshakes(troubles, showLeaf)),
    publishers: hearPublishers(troubles, publishers),
    revocations: revocationStatus(parts),
    alerts: alertPartsOf(parts.options, metrics.onAlert),
    names: namesOf(parts.options, live.list, publishers),
    zonePolicy: zonePolicyOf(parts.options),
  };
}

const openCas = (rows: readonly CaRow[], deps: Parameters<typeof createCa>[1]) =>
  new Map(rows.map((row) => [row.name, createCa(row, deps)]));
