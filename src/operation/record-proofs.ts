import type { Seconds } from '../kit/time.ts';
import { remarksOn } from '../pack/remarks.ts';
import { type Deployment, observe } from '../store/deployments.ts';
import { transaction } from '../store/store.ts';
import { advance, postpone } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { standDown } from './stand-down.ts';
import type { Work } from './work.ts';

/** What handshakes with edges came to: all showed the pack, or it waits, and why. */
export type Proven =
  | { readonly proofs: readonly Deployment[]; readonly wait?: undefined }
  | { readonly proofs: readonly Deployment[]; readonly wait: Seconds; readonly why: readonly string[] };

/** Writes down what edges showed of a pack; it goes on where all is proven. Throws `pack_moved`. */
export function recordProofs(deps: OperationDeps, work: Work, proven: Proven): Promise<Work> {
  const remarks = remarksOn(work.pack, work.run.certificates);
  return transaction(deps.pool, async (tx) => {
    const moved =
      proven.wait === undefined
        ? await advance(tx, deps, work, { event: 'done', validationErrors: remarks })
        : await postpone(tx, deps, work, { seconds: proven.wait, validationErrors: proven.why });
    if (proven.wait === undefined && work.run.kind === 'life') await standDown(tx, deps, work.pack);
    for (const proof of proven.proofs) await observe(tx, work.pack, proof, deps.clock.now());
    return moved;
  });
}
