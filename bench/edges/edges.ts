/** `npm run bench -- edges`: what edges of every make cost with many names, and whether any handshake fails while packs are swapped. */
import type { Command } from 'commander';
import type { ServedPack } from '../../src/edge/edge.ts';
import { cpuSeconds, median, memoryOf } from '../edge-process.ts';
import { type Common, print, REPETITIONS, SECONDS, toCount } from '../result.ts';
import { leafIn, nameOf, type PackMaker, packMaker } from './leaves.ts';
import { MAKES, type Make, type RunningEdge, START } from './makes.ts';
import { PEER, PEERS, type Peer } from './peers.ts';
import { during, shake, shakeAll } from './shake.ts';

interface EdgesNumbers {
  readonly make?: string;
  readonly names: number;
  readonly swaps: number;
  readonly handshakes: number;
  readonly deploys: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly parallel: number;
}

type Say = (what: string) => void;

/** Adds the command. */
export function addEdgesBench(bench: Command, say: Say): void {
  bench
    .command('edges')
    .description(
      'edges of every make with many names: memory, placing, first handshakes, a core-second, swaps, strangers',
    )
    .option('--json', 'print the result as one line of JSON')
    .option('--make <make>', `one of ${MAKES.join(', ')}; all unless told`)
    .option('--names <n>', 'on each edge, a pack each', toCount, 10_000)
    .option('--swaps <n>', 'packs that get another certificate under handshakes', toCount, 1_000)
    .option('--handshakes <n>', 'that are made meanwhile at least', toCount, 10_000)
    .option('--deploys <n>', 'packs for which it is timed until the new leaf is shown', toCount, 20)
    .option('--repetitions <n>', REPETITIONS, toCount, 3)
    .option('--seconds <n>', SECONDS, toCount, 3)
    .option('--parallel <n>', 'how many handshakes are under way at once', toCount, 8)
    .action(async (options: EdgesNumbers & Common) => print(await edgesBench(options, say), options));
}

async function edgesBench(numbers: EdgesNumbers, say: Say): Promise<object> {
  const maker = await packMaker();
  const packs: ServedPack[] = [];
  for (let n = 0; n < numbers.names; n++) packs.push(await maker.make(nameOf(n)));
  say(`${packs.length} certificates made`);
  const makes = MAKES.filter((make) => (numbers.make ?? make) === make);
  const figures: Partial<Record<Make, object>> = {};
  for (const make of makes) figures[make] = await ofMake(make, { numbers, maker, packs: [...packs], say });
  return { names: numbers.names, ...figures };
}

interface Ground {
  readonly numbers: EdgesNumbers;
  readonly maker: PackMaker;
  /** What each name is to be shown, as it is now. */
  readonly packs: ServedPack[];
  readonly say: Say;
}

async function ofMake(make: Make, ground: Ground): Promise<object> {
  await using ends = new AsyncDisposableStack();
  const { packs, say } = ground;
  const edge = await START[make](ends);
  const told = async <T extends object>(figures: Promise<T>): Promise<T> => {
    const all = await figures;
    say(`${make}: ${JSON.stringify(all)}`);
    return all;
  };
  const bare = memoryOf(await edge.pids());
  const placed = await told(place(edge, packs));
  const looked = await told(lookedAt(edge));
  const restart = await told(restarted(edge));
  const first = await told(firstHandshakes(edge, packs));
  const memory = memoryOf(await edge.pids());
  const used = { mb: Math.round(memory / 1e6), kb_a_name: round((memory - bare) / 1e3 / packs.length) };
  const one = packs[0];
  const peers =
    one && (await Promise.all(PEERS.map(async (peer) => [peer, await PEER[peer](ends, one)] as const)));
  const rates = await told(againstPeers(edge, peers ?? [], ground));
  const deploys = await told(deploy(edge, ground));
  const swapped = await told(swap(edge, ground));
  const strangers = await told(flood(edge, ground));
  return {
    ...placed,
    ...looked,
    ...restart,
    ...first,
    ...used,
    ...rates,
    ...deploys,
    ...swapped,
    ...strangers,
  };
}

const round = (n: number): number => Math.round(n * 100) / 100;

/** Milliseconds of a look at all that it holds. */
async function lookedAt(edge: RunningEdge) {
  if (!edge.inventory) return {};
  const begun = performance.now();
  const seen = await edge.inventory();
  return { inventory_ms: Math.round(performance.now() - begun), inventory_packs: seen };
}

/** Milliseconds from the end of it to where it listens again. */
async function restarted(edge: RunningEdge) {
  const begun = performance.now();
  await edge.restart();
  return { restart_ms: Math.round(performance.now() - begun) };
}

const AT_ONCE = 1_000;

async function place(edge: RunningEdge, packs: readonly ServedPack[]) {
  const begun = performance.now();
  for (let n = 0; n < packs.length; n += AT_ONCE) await edge.put(packs.slice(n, n + AT_ONCE));
  return { place_ms_a_pack: round((performance.now() - begun) / packs.length) };
}

/** Asks for every name for the first time, one after the other. */
async function firstHandshakes(edge: RunningEdge, packs: readonly ServedPack[]) {
  const took: number[] = [];
  let wrong = 0;
  for (const pack of packs) {
    const begun = performance.now();
    if ((await shake(edge.port, pack.hosts[0] ?? '')) !== leafIn(pack)) wrong++;
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const at = (part: number) => round(took[Math.floor(took.length * part)] ?? Number.NaN);
  return { first_ms_median: at(0.5), first_ms_p99: at(0.99), first_wrong: wrong };
}

/** Full handshakes a core-second, in turns with servers of one certificate. */
async function againstPeers(
  edge: RunningEdge,
  peers: readonly (readonly [string, Peer])[],
  { packs, numbers: { repetitions, seconds, parallel } }: Ground,
) {
  let n = 0;
  // A step that has no factor in common with most numbers, so that neighbours in the list are not asked for together.
  const nameInTurn = () => packs[(n += 7_919) % packs.length]?.hosts[0] ?? '';
  const rate = async ({ port, pids }: Peer) => {
    const before = cpuSeconds(pids);
    const { done, failed } = await shakeAll({
      port,
      parallel,
      name: nameInTurn,
      isRight: (_, leaf) => leaf !== undefined,
      goOn: during(seconds),
    });
    return { perCore: done / (cpuSeconds(pids) - before), failed };
  };
  const own: number[] = [];
  const ratios = new Map<string, number[]>(peers.map(([name]) => [name, []]));
  let failures = 0;
  // The first round is to warm up.
  for (let i = 0; i <= repetitions; i++) {
    const { perCore, failed } = await rate({ port: edge.port, pids: await edge.pids() });
    failures += failed;
    if (i > 0) own.push(perCore);
    for (const [name, peer] of peers) {
      const other = await rate(peer);
      if (i > 0) ratios.get(name)?.push(perCore / other.perCore);
    }
  }
  const against = Object.fromEntries(
    [...ratios].map(([name, all]) => [`against_${name}`, round(median(all))] as const),
  );
  return { a_core_second: Math.round(median(own)), ...against, failed: failures };
}

/** Milliseconds from the moment at which an edge is given another certificate until it shows it. */
async function deploy(edge: RunningEdge, { maker, packs, numbers: { deploys } }: Ground) {
  const took: number[] = [];
  for (let i = 0; i < deploys; i++) {
    const n = (i * 7_919) % packs.length;
    const next = await renewed(maker, packs, n);
    const begun = performance.now();
    const put = edge.put([next]);
    while ((await shake(edge.port, nameOf(n))) !== leafIn(next))
      if (performance.now() - begun > 60_000) throw new Error('not shown within 60 s');
    took.push(performance.now() - begun);
    await put;
  }
  return { deploy_ms_median: Math.round(median(took)), deploy_ms_most: Math.round(Math.max(...took)) };
}

async function renewed(maker: PackMaker, packs: ServedPack[], n: number): Promise<ServedPack> {
  const next = await maker.make(nameOf(n), packs[n]?.packId);
  packs[n] = next;
  return next;
}

const SWAPPED_AT_ONCE = 50;

/** Swaps packs while clients ask for these: whatever is shown has to be a leaf of before or of after. */
async function swap(edge: RunningEdge, { maker, packs, numbers }: Ground) {
  const { swaps, handshakes, parallel } = numbers;
  const count = Math.min(swaps, packs.length);
  const known = new Map(packs.slice(0, count).map((pack) => [pack.hosts[0] ?? '', new Set([leafIn(pack)])]));
  let [isOver, n] = [false, 0];
  const clients = shakeAll({
    port: edge.port,
    parallel,
    name: () => nameOf((n += 7) % count),
    isRight: (name, leaf) => leaf !== undefined && known.get(name)?.has(leaf) === true,
    goOn: (done) => !isOver || done < handshakes,
  });
  for (let first = 0; first < count; first += SWAPPED_AT_ONCE) {
    const some: ServedPack[] = [];
    for (let i = first; i < Math.min(first + SWAPPED_AT_ONCE, count); i++) {
      const next = await renewed(maker, packs, i);
      known.get(nameOf(i))?.add(leafIn(next));
      some.push(next);
    }
    await edge.put(some);
  }
  isOver = true;
  const { done, failed } = await clients;
  let stale = 0;
  for (const pack of packs.slice(0, count))
    if ((await shake(edge.port, pack.hosts[0] ?? '')) !== leafIn(pack)) stale++;
  return { swapped: count, swap_handshakes: done + failed, swap_failed: failed, swap_stale: stale };
}

/** Clients ask for names that nobody has, and a few for one that somebody has. */
async function flood(edge: RunningEdge, { packs, numbers: { seconds, parallel } }: Ground) {
  const pids = await edge.pids();
  const before = cpuSeconds(pids);
  let n = 0;
  const goOn = during(seconds);
  const [strangers, own] = await Promise.all([
    shakeAll({
      port: edge.port,
      parallel,
      name: () => `x${(n += 1)}.strangers.test`,
      isRight: (_, leaf) => leaf === undefined || !packs.some((pack) => leafIn(pack) === leaf),
      goOn,
    }),
    shakeAll({
      port: edge.port,
      parallel: 1,
      name: () => nameOf(0),
      isRight: (_, leaf) => packs[0] !== undefined && leaf === leafIn(packs[0]),
      goOn,
    }),
  ]);
  const used = cpuSeconds(pids) - before;
  return {
    strangers_a_core_second: Math.round(strangers.done / used),
    strangers_served: strangers.failed,
    failed_meanwhile: own.failed,
  };
}
