/** Edges of several makes on networks of their own: how soon a new name is served by all, and what is served with the service away. */

import { loadavg } from 'node:os';
import type { Command } from 'commander';
import type { EdgeKind } from '../src/pack/pack.ts';
import { givenNodes, type NodesScene, ZONE } from '../test/support/edge/nodes.ts';
import { type AwayResult, awayOf, orderName, servedAfter } from '../test/support/edge/nodes-away.ts';
import { make, pemOf } from '../test/support/pki.ts';
import { median } from './edge-process.ts';
import { type Common, print, toCount } from './result.ts';

interface NodesNumbers {
  readonly names: number;
  readonly orders: number;
  readonly away: number | undefined;
}

/** The last loads all of its files anew at a change, and its time is told by itself. */
const KINDS: readonly EdgeKind[] = ['haproxy', 'haproxy', 'nginx_by_name', 'caddy', 'nginx'];
const AT_ONCE = 8;

/** Adds the benchmark. */
export const addNodesBench = (bench: Command, say: (what: string) => void): Command =>
  bench
    .command('nodes')
    .description(
      'a new name, from its order to the handshakes of four edges of three makes in network namespaces, behind agents',
    )
    .option('--json', 'print the result as one line of JSON')
    .option('--names <n>', 'that the edges serve already, a pack each', toCount, 1_000)
    .option('--orders <n>', 'new names, one after the other', toCount, 20)
    .option('--away <seconds>', 'and then the service is away for so long, under handshakes', toCount)
    .action(async (options: NodesNumbers & Common) => print(await nodesBench(options, say), options));

interface NodesResult {
  readonly networks: string;
  readonly names: number;
  readonly orders: number;
  /** Milliseconds from the order until all but nginx with server blocks showed both certificates. */
  readonly served_ms_median: number;
  readonly served_ms_most: number;
  /** Until the CA had issued both. */
  readonly issued_ms_median: number;
  /** Of each edge. */
  readonly by_edge: Readonly<Record<string, number>>;
  readonly load_average: number;
  readonly away?: AwayResult;
}

async function nodesBench(
  { names, orders, away }: NodesNumbers,
  say: (what: string) => void,
): Promise<NodesResult> {
  await using ends = new AsyncDisposableStack();
  const scene = await givenNodes(ends, KINDS);
  const { net } = scene;
  say(net.why === undefined ? `on ${net.kind}` : `on ${net.kind}, as there can be no namespaces: ${net.why}`);
  await fill(scene, names);
  say(`${names} names are there`);
  await scene.startNodes();
  await Promise.all(scene.nodes.map((node) => servedAfter(node, `n${names}.${ZONE}`, 0, ['ecdsa'])));
  say('all edges serve them');
  const all: Awaited<ReturnType<typeof once>>[] = [];
  // The first is to warm up.
  for (let i = 0; i <= orders; i++) {
    const one = await once(scene, `new${i}.${ZONE}`);
    say(`${i}: issued ${Math.round(one.issued)} ms, served ${Math.round(one.served)} ms`);
    if (i > 0) all.push(one);
  }
  const middle = (of: (one: (typeof all)[number]) => number) => Math.round(median(all.map(of)));
  return {
    networks: net.kind,
    names,
    orders,
    served_ms_median: middle(({ served }) => served),
    served_ms_most: Math.round(Math.max(...all.map(({ served }) => served))),
    issued_ms_median: middle(({ issued }) => issued),
    by_edge: Object.fromEntries(
      scene.nodes.map(({ name }, i) => [name, middle(({ times }) => times[i] ?? Number.NaN)]),
    ),
    load_average: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    ...(away !== undefined && { away: await awayOf(scene, away, say) }),
  };
}

/** Brings a certificate for each name. */
async function fill({ client, zoneId }: NodesScene, names: number): Promise<void> {
  const certificates = client().customCertificates;
  let next = 1;
  const one = async () => {
    while (next <= names) {
      const made = await make(new Date(), { hosts: [`n${next++}.${ZONE}`] });
      const body = { certificate: made.pem, private_key: pemOf(made), bundle_method: 'force' } as const;
      await certificates.create({ zone_id: zoneId, ...body, type: 'sni_custom' });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Orders one name. */
async function once(scene: NodesScene, name: string) {
  const [began, on] = [performance.now(), Date.now()];
  const ordered = orderName(scene, name);
  const times = await Promise.all(scene.nodes.map((node) => servedAfter(node, name, began)));
  const { rows } = await scene.pool.query<{ on: Date }>(
    'select max(uploaded_on) as on from certificates where pack_id = $1',
    [await ordered],
  );
  const served = Math.max(...times.filter((_, i) => KINDS[i] !== 'nginx'));
  return { times, served, issued: (rows[0]?.on.getTime() ?? Number.NaN) - on };
}
