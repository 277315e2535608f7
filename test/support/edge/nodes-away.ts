/** The service away for a while, agents killed meanwhile, and clients that shake hands with every edge all the time. */
import { ALGORITHMS, type Algorithm, type EdgeKind } from '../../../src/pack/pack.ts';
import { until } from '../world.ts';
import { leafAt } from './fleet-edge.ts';
import { type Node, type NodesScene, ZONE } from './nodes.ts';

/** What came of it. */
export interface AwayResult {
  readonly away_s: number;
  readonly agents_killed: number;
  readonly handshakes: number;
  /** Handshakes that showed another certificate than there was, or none. */
  readonly failed: number;
  /** From the service's start until a new name was served by every edge. */
  readonly served_after_ms: number;
}

/** Milliseconds between two handshakes of one client: they are to be seen, not to fill the machine. */
const PAUSE_MS = 20;
/** Seconds until an edge has to show a name: all of them, when it just began. */
const PATIENCE = 600;
/** Kinds whose edge serves nobody without its agent. */
const ALWAYS: readonly EdgeKind[] = ['caddy'];

/** Orders a pack of one name. */
export async function orderName({ client, zoneId }: NodesScene, name: string): Promise<string> {
  const { id } = await client().ssl.certificatePacks.create({
    zone_id: zoneId,
    type: 'advanced',
    hosts: [name],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
  });
  return id;
}

/** Until an edge shows a name by those algorithms; milliseconds since `began`. */
export async function servedAfter(
  { edge }: Node,
  name: string,
  began: number,
  algorithms: readonly Algorithm[] = ALGORITHMS,
): Promise<number> {
  for (const algorithm of algorithms)
    await until(
      () => leafAt(edge, name, algorithm),
      (leaf) => leaf !== undefined,
      PATIENCE,
    );
  return performance.now() - began;
}

/** Takes the service away for so many seconds. */
export async function awayOf(
  scene: NodesScene,
  seconds: number,
  say: (what: string) => void = () => undefined,
): Promise<AwayResult> {
  const { nodes } = scene;
  const name = `stays.${ZONE}`;
  await orderName(scene, name);
  await Promise.all(nodes.map((node) => servedAfter(node, name, 0)));
  const load = startLoad(nodes, name);
  await scene.killService();
  const end = performance.now() + seconds * 1_000;
  const mortal = nodes.filter(({ edge }) => !ALWAYS.includes(edge.kind));
  let killed = 0;
  while (performance.now() < end) {
    const node = mortal[killed % mortal.length];
    await node?.kill();
    await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, seconds * 50)));
    await node?.begin();
    killed++;
    say(
      `${Math.max(0, Math.round((end - performance.now()) / 1_000))} s left, ${JSON.stringify(load.counts())}`,
    );
    const pause = Math.min(seconds * 100, end - performance.now());
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
  }
  const began = performance.now();
  await scene.startService();
  const next = `after.${ZONE}`;
  await orderName(scene, next);
  const times = await Promise.all(nodes.map((node) => servedAfter(node, next, began)));
  await load.stop();
  return {
    away_s: seconds,
    agents_killed: killed,
    ...load.counts(),
    served_after_ms: Math.round(Math.max(...times)),
  };
}

/** A client for each edge. */
function startLoad(nodes: readonly Node[], name: string) {
  const state = { isOver: false, handshakes: 0, failed: 0 };
  const one = async ({ edge }: Node) => {
    const good = { ecdsa: await leafAt(edge, name, 'ecdsa'), rsa: await leafAt(edge, name, 'rsa') };
    for (let i = 0; !state.isOver; i++) {
      const algorithm = i % 3 === 0 ? 'rsa' : 'ecdsa';
      const leaf = await leafAt(edge, name, algorithm);
      state.handshakes++;
      if (leaf === undefined || leaf !== good[algorithm]) state.failed++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  };
  const running = Promise.all(nodes.map(one));
  return {
    counts: () => ({ handshakes: state.handshakes, failed: state.failed }),
    stop: async () => {
      state.isOver = true;
      await running;
    },
  };
}
