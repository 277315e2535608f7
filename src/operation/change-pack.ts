import type { Pack } from '../pack/pack.ts';
import { amend } from './advance.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';
import { retryNow } from './retry-now.ts';
import { spendChange } from './spend-wish.ts';

/**
 * Sets what is asked for, restarts what timed out or expired, and tries at once what waits. Throws `pack_not_found`,
 * and `too_many_requests` where it was changed too often of late.
 */
export function changePack(
  deps: OperationDeps,
  { by, isBranded, ...which }: Wish & { readonly isBranded: boolean | undefined },
): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, pack) => {
    const isChanged = isBranded !== undefined && isBranded !== pack.isBranded;
    // Whoever works on it loses what he got: what he had ordered is ordered again.
    if (isChanged) await spendChange(tx, deps, pack);
    const changed = isChanged ? await amend(tx, deps, pack, { isBranded, by }) : pack;
    return isRestartable(changed) ? restart(tx, deps, changed, { by }) : retryNow(tx, deps, changed, by);
  });
}
