/** Clients that shake hands with an edge all the while. */
import { randomUUID } from 'node:crypto';
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import type { ServedPack } from '../../../src/edge/edge.ts';
import { ALGORITHMS } from '../../../src/pack/pack.ts';
import { make, pemOf } from '../pki.ts';
import { fingerprintIn } from './given-service.ts';

/** Versions of one pack that have no key in common, so that a chain of one and a key of another are seen not to belong together. */
export function givenVersions(hosts: readonly string[], count: number): Promise<ServedPack[]> {
  const packId = randomUUID();
  const pair = async (kind: 'p256' | 'rsa2048') => {
    const leaf = await make(new Date(), { hosts, kind });
    return { chain: leaf.pem, key: pemOf(leaf) };
  };
  const version = async () => {
    const [ecdsa, rsa] = await Promise.all([pair('p256'), pair('rsa2048')]);
    return { packId, hosts, certificates: { ecdsa, rsa } };
  };
  return Promise.all(Array.from({ length: count }, version));
}

/** What clients saw. */
interface Seen {
  readonly shaken: number;
  /** What was shown instead of a leaf of `versions`. */
  readonly wrong: readonly string[];
  /** Which of their leaves were. */
  readonly leaves: ReadonlySet<string>;
}

/** Starts two clients that ask for one name after the other, by both algorithms: each leaf has to be one of the versions'. */
export function startEdgeClients(
  edge: EdgeInHand,
  names: readonly string[],
  versions: readonly ServedPack[],
) {
  const known = new Set(
    versions.flatMap((pack) => ALGORITHMS.map((algorithm) => fingerprintIn(pack, algorithm))),
  );
  const state = { isOver: false, shaken: 0 };
  const wrong: string[] = [];
  const leaves = new Set<string>();
  const one = async (first: number) => {
    for (let i = first; !state.isOver; i++) {
      const ask = { name: names[i % names.length] ?? '', algorithm: i % 3 === 0 ? 'rsa' : 'ecdsa' } as const;
      const leaf = await edge.verify(ask, AbortSignal.timeout(20_000)).catch(String);
      state.shaken++;
      const shown = typeof leaf === 'object' ? leaf.fingerprint : (leaf ?? 'nothing');
      if (known.has(shown)) leaves.add(shown);
      else wrong.push(shown);
    }
  };
  const running = Promise.all([0, 1].map(one));
  const end = async (): Promise<Seen> => {
    state.isOver = true;
    await running;
    return { shaken: state.shaken, wrong, leaves };
  };
  return { end };
}
