import { toName } from '../pack/hosts.ts';
import type { Pack } from '../pack/pack.ts';
import { undeploy } from '../store/deployments.ts';
import { logChange } from '../store/edge-changes.ts';
import { deleteOrders } from '../store/orders.ts';
import { unpublishRecords } from '../store/published-records.ts';
import { leaveHosts } from '../store/served-hosts.ts';
import { transaction } from '../store/store.ts';
import type { ServedChange } from './assign-to-edges.ts';
import { lockHeld } from './lock-held.ts';
import type { OperationDeps } from './operation.ts';

/** Whether a renewal that is under way goes on when the pack is off. */
const isKeptOn = ({ status }: Pack): boolean => status === 'deactivating';

/**
 * Wishes a pack off every edge, and forgets its orders and what it publishes, unless it is kept. What changed, for the edges to be told of;
 * undefined: nothing. Throws `pack_moved`.
 */
export function takeOffEdges(deps: OperationDeps, pack: Pack): Promise<ServedChange | undefined> {
  const change = { environment: pack.environment, hosts: pack.hosts.map(toName) };
  return transaction(deps.pool, async (tx) => {
    await lockHeld(tx, pack);
    if (!isKeptOn(pack)) {
      await unpublishRecords(tx, pack);
      await deleteOrders(tx, pack);
    }
    await leaveHosts(tx, pack, deps.clock.now());
    if (!(await undeploy(tx, pack))) return undefined;
    await logChange(tx, change, deps.clock.now());
    return change;
  });
}
