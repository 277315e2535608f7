import { ALGORITHMS } from '../../src/pack/pack.ts';
import { leavesOf, median, shownBy, startClients } from './handshakes.ts';
import { startTestService, type TestService } from './service.ts';
import { until } from './world.ts';

/** How often a pack and its backup change places, on how many edges, and how many clients shake hands all the while. */
export interface FailoverNumbers {
  readonly swaps: number;
  readonly edges: number;
  readonly clients: number;
}

/** Milliseconds from the call, and what clients saw meanwhile. */
export interface FailoverResult {
  readonly swaps: number;
  /** Until every edge showed the other pack, by both algorithms. */
  readonly served_ms_median: number;
  readonly served_ms_most: number;
  /** Until the service knows so: the pack is `active`. */
  readonly active_ms_median: number;
  readonly handshakes: number;
  /** Handshakes that ended without a certificate of the two packs, or not at all. */
  readonly bad: number;
}

/** Has a pack and its backup change places again and again under handshakes. */
export async function failoverBench(
  { swaps, edges, clients }: FailoverNumbers,
  say: (what: string) => void,
): Promise<FailoverResult> {
  await using ends = new AsyncDisposableStack();
  const edgeNames = Array.from({ length: edges }, (_, i) => `edge-${i + 1}`);
  const scene = await givenBacked(await startTestService(ends, { edgeNames }));
  say(
    `${scene.ids.length} packs are there; ${clients} clients shake hands with ${edges} edges all the while`,
  );
  const good = new Set([...scene.leaves.values()].flatMap(({ ecdsa, rsa }) => [ecdsa, rsa]));
  let [handshakes, bad] = [0, 0];
  const load = startClients({ edges: scene.edges, hosts: [scene.host], clients }, () => (leaf) => {
    handshakes++;
    if (leaf === undefined || !good.has(leaf)) bad++;
  });
  const [served, active]: [number[], number[]] = [[], []];
  for (let i = 0; i < swaps; i++) {
    const times = await swapOnce(scene, 1 - (i % 2));
    served.push(times.served);
    active.push(times.active);
    if ((i + 1) % 5 === 0)
      say(`${i + 1} of ${swaps}: the last was served after ${times.served.toFixed(0)} ms`);
  }
  await load.stop();
  return {
    swaps,
    served_ms_median: median(served),
    served_ms_most: Math.round(Math.max(...served)),
    active_ms_median: median(active),
    handshakes,
    bad,
  };
}

/** A pack and its backup, both issued, the pack on every edge. */
interface Scene extends TestService {
  readonly zoneId: string;
  readonly host: string;
  readonly ids: readonly [string, string];
  /** Fingerprints by pack and algorithm. */
  readonly leaves: Awaited<ReturnType<typeof leavesOf>>;
}

async function givenBacked(service: TestService): Promise<Scene> {
  const { client, accountId } = service;
  const host = 'failover.test';
  const { id: zoneId } = await client.zones.create({ account: { id: accountId }, name: host, type: 'full' });
  const body = {
    type: 'advanced',
    hosts: [host],
    certificate_authority: 'google',
    validation_method: 'txt',
    validity_days: 90,
    backup: true,
  };
  const path = `/zones/${zoneId}/ssl/certificate_packs`;
  const ordered: { result: { id: string; backup_pack: string } } = await client.post(`${path}/order`, {
    body,
  });
  const { id, backup_pack: backup } = ordered.result;
  const ids = [id, backup] as const;
  for (const [one, status] of [
    [id, 'active'],
    [backup, 'backup_issued'],
  ] as const)
    await until(
      () => client.ssl.certificatePacks.get(one, { zone_id: zoneId }),
      (pack) => pack.status === status,
      60,
    );
  return { ...service, zoneId, host, ids, leaves: await leavesOf(service, ids) };
}

/** Has the pack at a place of `ids` take the place of the other; waits until the other is off. */
async function swapOnce(scene: Scene, to: number): Promise<{ served: number; active: number }> {
  const { client, zoneId, ids } = scene;
  const [up = '', down = ''] = to === 0 ? ids : ids.toReversed();
  const statusOf = async (id: string) =>
    (await client.ssl.certificatePacks.get(id, { zone_id: zoneId })).status;
  const began = performance.now();
  const seen = untilServed(scene, up).then(() => performance.now() - began);
  await client.post(`/zones/${zoneId}/ssl/certificate_packs/${up}/failover`, { body: {} });
  await until(
    () => statusOf(up),
    (status) => status === 'active',
    60,
  );
  const active = performance.now() - began;
  const served = await seen;
  await until(
    () => statusOf(down),
    (status) => status === 'inactive' || status === 'backup_issued',
    60,
  );
  return { served, active };
}

/** Until each edge showed a pack's leaf, by each algorithm. */
async function untilServed({ edges, host, leaves }: Scene, id: string): Promise<void> {
  await Promise.all(
    edges.flatMap((edge) =>
      ALGORITHMS.map((algorithm) =>
        until(
          async () => (await shownBy(edge, host, algorithm)) === leaves.get(id)?.[algorithm],
          (isShown) => isShown,
          60,
        ),
      ),
    ),
  );
}
