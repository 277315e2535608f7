import type { Seconds } from '../kit/time.ts';
import type { Finding } from '../pack/found.ts';
import { keyAwayIn } from '../pack/key-elsewhere.ts';
import { remarksOn } from '../pack/remarks.ts';
import { type Deployment, observe } from '../store/deployments.ts';
import { transaction } from '../store/store.ts';
import { advance, postpone } from './advance.ts';
import { endReplaced } from './end-replaced.ts';
import { endReplacedOfHostname } from './hostname-packs.ts';
import type { OperationDeps } from './operation.ts';
import { standDown } from './stand-down.ts';
import type { Work } from './work.ts';

/** Not every edge showed the pack: it waits, and why. */
export interface Unproven {
  readonly proofs: readonly Deployment[];
  readonly wait: Seconds;
  readonly why: readonly string[];
  readonly found: Finding;
}

/** What handshakes with edges came to: all showed the pack, or it waits. */
type Proven = { readonly proofs: readonly Deployment[]; readonly wait?: undefined } | Unproven;

/** Writes down what edges showed of a pack; it goes on where all is proven. Throws `pack_moved`. */
export function recordProofs(deps: OperationDeps, work: Work, proven: Proven): Promise<Work> {
  const keyAway = keyAwayIn(work.pack.validationErrors);
  const remarks = [...keyAway, ...remarksOn(work.pack, work.run.certificates)];
  return transaction(deps.pool, async (tx) => {
    const moved =
      proven.wait === undefined
        ? await advance(tx, deps, work, { event: 'done', validationErrors: remarks })
        : await postpone(tx, deps, work, {
            seconds: proven.wait,
            validationErrors: [...keyAway, ...proven.why],
            found: proven.found,
          });
    if (proven.wait === undefined && work.run.kind === 'life') {
      await standDown(tx, deps, work.pack);
      await endReplaced(tx, deps, work.pack);
      await endReplacedOfHostname(tx, deps, work.pack);
    }
    for (const proof of proven.proofs) await observe(tx, work.pack, proof, deps.clock.now());
    return moved;
  });
}
