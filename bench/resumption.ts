import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createSecureContext } from 'node:tls';
import type { ServedPack } from '../src/edge/edge.ts';
import { startPull } from '../src/edge/pull/pull.ts';
import { newLog } from '../src/kit/log.ts';
import { givenPack } from '../test/support/edge/given-service.ts';
import { freePort } from '../test/support/ports.ts';
import { cpuSeconds, median, start, until } from './edge-process.ts';
import { PEER, type Peer } from './edges/peers.ts';

export interface ResumptionNumbers {
  readonly seconds: number;
  readonly repetitions: number;
  readonly parallel: number;
}

/** Clients, each of one version and one algorithm. */
const CLIENTS = {
  tls13_ecdsa: { minVersion: 'TLSv1.3', sigalgs: 'ecdsa_secp256r1_sha256' },
  tls13_rsa: { minVersion: 'TLSv1.3', sigalgs: 'rsa_pss_rsae_sha256' },
  tls12_ecdsa: { maxVersion: 'TLSv1.2', sigalgs: 'ecdsa_secp256r1_sha256' },
  tls12_rsa: { maxVersion: 'TLSv1.2', sigalgs: 'rsa_pss_rsae_sha256' },
} as const;

type Kind = keyof typeof CLIENTS;
const KINDS = ['tls13_ecdsa', 'tls13_rsa', 'tls12_ecdsa', 'tls12_rsa'] as const;

/** What clients of one kind cost, by the processor time of the edge: medians; the ratio is taken within each repetition. */
interface Figures {
  readonly full_per_core_second: number;
  readonly resumed_per_core_second: number;
  readonly ratio: number;
  /** The same ratio of Node's own server with one ECDSA certificate; of RSA it is not measured. */
  readonly bare_node_ratio?: number;
  readonly failed: number;
}

const NAME = 'www.bench.test';

/** Shakes hands with one edge in whole and by sessions of before, in turns: ECDSA P-256 and RSA 2048, a connection each. */
export async function resumptionBench(
  numbers: ResumptionNumbers,
  say: (what: string) => void,
): Promise<Readonly<Record<Kind, Figures>>> {
  await using ends = new AsyncDisposableStack();
  const pack = await givenPack([NAME]);
  const edge = await startEdge(ends, pack);
  const bare = await PEER.bare_node(ends, pack);
  const seen: Record<Kind, Pair[]> = { tls13_ecdsa: [], tls13_rsa: [], tls12_ecdsa: [], tls12_rsa: [] };
  const seenBare: Partial<Record<Kind, Pair[]>> = { tls13_ecdsa: [], tls12_ecdsa: [] };
  const pairOf = async (server: Peer, kind: Kind): Promise<Pair> => ({
    full: await measure({ ...server, kind, isResumed: false, ...numbers }),
    resumed: await measure({ ...server, kind, isResumed: true, ...numbers }),
  });
  // The first round is to warm up.
  for (let i = 0; i <= numbers.repetitions; i++)
    for (const kind of KINDS) {
      const pair = await pairOf(edge, kind);
      const other = seenBare[kind] && (await pairOf(bare, kind));
      if (i === 0) continue;
      seen[kind].push(pair);
      if (other) seenBare[kind]?.push(other);
      const [full, resumed] = [pair.full, pair.resumed].map(({ perCore }) => Math.round(perCore));
      say(`${i}: ${kind} ${full} in whole, ${resumed} by session, a core-second`);
    }
  const of = (kind: Kind): Figures => {
    const others = seenBare[kind];
    return { ...figures(seen[kind]), ...(others && { bare_node_ratio: ratioOf(others) }) };
  };
  return {
    tls13_ecdsa: of('tls13_ecdsa'),
    tls13_rsa: of('tls13_rsa'),
    tls12_ecdsa: of('tls12_ecdsa'),
    tls12_rsa: of('tls12_rsa'),
  };
}

async function startEdge(ends: AsyncDisposableStack, pack: ServedPack): Promise<Peer> {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-bench-resumption-'));
  ends.defer(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'edge', 'pull.sock');
  mkdirSync(join(dir, 'edge'), { mode: 0o700 });
  const source = {
    packFor: async (name: string) => (name === NAME ? pack : undefined),
    fileFor: async () => undefined,
  };
  const pull = await startPull({ path, source, log: newLog('silent') });
  ends.defer(() => pull.close());
  const port = await freePort();
  const process = start(ends, ['edge', '--pull', path, '--host', '127.0.0.1', '--port', `${port}`], {});
  await until(() => shake(port, {}));
  return { port, pids: [process] };
}

interface Load extends ResumptionNumbers, Peer {
  readonly kind: Kind;
  readonly isResumed: boolean;
}

interface Seen {
  readonly perCore: number;
  readonly failed: number;
}

interface Pair {
  readonly full: Seen;
  readonly resumed: Seen;
}

async function measure({ port, pids, kind, isResumed, seconds, parallel }: Load): Promise<Seen> {
  const secureContext = createSecureContext(CLIENTS[kind]);
  const session = isResumed ? await sessionOf(port, { secureContext }) : undefined;
  const options = { secureContext, ...(session && { session }) };
  const before = cpuSeconds(pids);
  const begun = performance.now();
  let [done, failed] = [0, 0];
  const client = async () => {
    while (performance.now() - begun < seconds * 1_000)
      if (await shake(port, options)) done++;
      else failed++;
  };
  await Promise.all(Array.from({ length: parallel }, client));
  return { perCore: done / (cpuSeconds(pids) - before), failed };
}

const whole = (port: number, options: ConnectionOptions): ConnectionOptions => ({
  host: '127.0.0.1',
  port,
  servername: NAME,
  rejectUnauthorized: false,
  ...options,
});

/** Whether hands were shaken as they were to be: by the session that is given, or without one in whole. */
function shake(port: number, options: ConnectionOptions): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(whole(port, options), () => {
    resolve(socket.isSessionReused() === (options.session !== undefined));
    socket.destroy();
  });
  socket.on('error', () => resolve(false));
  return promise;
}

async function sessionOf(port: number, options: ConnectionOptions): Promise<Buffer> {
  const socket = connect(whole(port, options));
  const [session] = await once(socket, 'session', { signal: AbortSignal.timeout(5_000) });
  socket.destroy();
  assert(Buffer.isBuffer(session));
  return session;
}

function figures(pairs: readonly Pair[]): Figures {
  return {
    full_per_core_second: rounded(pairs.map(({ full }) => full.perCore)),
    resumed_per_core_second: rounded(pairs.map(({ resumed }) => resumed.perCore)),
    ratio: ratioOf(pairs),
    failed: pairs.reduce((sum, { full, resumed }) => sum + full.failed + resumed.failed, 0),
  };
}

const ratioOf = (pairs: readonly Pair[]): number =>
  Math.round(median(pairs.map(({ full, resumed }) => resumed.perCore / full.perCore)) * 100) / 100;

const rounded = (numbers: readonly number[]): number => Math.round(median(numbers));
