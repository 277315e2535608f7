import { toName } from '../pack/hosts.ts';
import type { Environment } from '../pack/pack.ts';
import * as deployments from '../store/deployments.ts';
import { logChange } from '../store/edge-changes.ts';
import { transaction } from '../store/store.ts';
import { lockHeld } from './lock-held.ts';
import type { OperationDeps } from './operation.ts';
import type { Work } from './work.ts';

/** Names that are served otherwise from now on. */
export interface ServedChange {
  readonly environment: Environment;
  readonly hosts: readonly string[];
}

/**
 * Wishes a pack with the certificates of its run onto edges, unless it is wished there already. What changed, for the edges
 * to be told of; undefined: nothing. Throws `pack_moved`.
 */
export function assignToEdges(
  deps: OperationDeps,
  { pack, run }: Work,
  edges: readonly string[],
): Promise<ServedChange | undefined> {
  const change = { environment: pack.environment, hosts: pack.hosts.map(toName) };
  const shown = { ...pack, certificates: run.certificates };
  return transaction(deps.pool, async (tx) => {
    await lockHeld(tx, pack);
    if (await deployments.isDeployed(tx, shown, edges)) return undefined;
    await deployments.deploy(tx, shown, change.hosts, edges);
    await logChange(tx, change, deps.clock.now());
    return change;
  });
}
