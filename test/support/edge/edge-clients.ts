/** Clients that shake hands with an edge all the while. */
import type { EdgeInHand } from '../../../src/edge/driver.ts';
import type { ServedPack } from '../../../src/edge/edge.ts';
import { ALGORITHMS } from '../../../src/pack/pack.ts';
import { fingerprintIn } from './given-service.ts';

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
