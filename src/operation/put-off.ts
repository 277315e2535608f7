import type { Seconds } from '../kit/time.ts';
import type { Pack } from '../pack/pack.ts';
import { getPack } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import { type Change, postpone } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work, workOn } from './work.ts';

/**
 * Puts down a pack whose step failed, with why. The step may have stored progress before it failed, so the pack is read
 * again; who lost it meanwhile writes nothing. The pack as it was written; undefined: another has it.
 */
export function putOff(
  deps: OperationDeps,
  { pack, run }: Work,
  why: { readonly seconds: Seconds } & Change,
): Promise<Pack | undefined> {
  return transaction(deps.pool, async (tx) => {
    const found = await getPack(tx, pack.zone.id, pack.id);
    if (!found || found.claim !== pack.claim) return undefined;
    const work = run.kind === 'life' ? lifeWork(found) : workOn(found, deps.clock.now());
    return (await postpone(tx, deps, work, why)).pack;
  });
}
