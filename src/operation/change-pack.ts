import { Fault } from '../kit/fault.ts';
import type { Pack } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { amend } from './advance.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';
import { retryNow } from './retry-now.ts';

/** Sets what is asked for, restarts what timed out or expired, and tries at once what waits. Throws `pack_not_found`. */
export function changePack(
  deps: OperationDeps,
  { by, isBranded, ...which }: Wish & { readonly isBranded: boolean | undefined },
): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, pack) => {
    if (!TYPES[pack.type].api.patch) throw notHere(pack);
    const isChanged = isBranded !== undefined && isBranded !== pack.isBranded;
    const changed = isChanged ? await amend(tx, deps, pack, { isBranded, by }) : pack;
    return isRestartable(changed) ? restart(tx, deps, changed, { by }) : retryNow(tx, deps, changed, by);
  });
}

const notHere = ({ id, type }: Pack): Fault =>
  new Fault('transition_refused', `certificate pack ${id} is of type ${type}, which is not changed so`);
