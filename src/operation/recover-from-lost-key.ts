/** The way back when the key-encryption key is lost: what was sealed with it is given up, and certificates are ordered anew. */
import { isServed, may } from '../pack/lifecycle.ts';
import type { PackKey } from '../pack/pack.ts';
import { deleteCertificates } from '../store/certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { lockPack } from '../store/packs.ts';
import { deleteSealedOtherwise, listPacksSealedOtherwise } from '../store/sealed.ts';
import { transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { amend, override } from './advance.ts';
import type { OperationDeps } from './operation.ts';

const BATCH = 100;

/**
 * Gives up all that none of the keys of `kekIds` opens. Packs that are served are renewed at once, and edges show what they
 * have until then; packs that were on their way begin anew. Can be run again. Returns how many packs that concerned.
 */
export async function recoverFromLostKey(deps: OperationDeps, kekIds: readonly string[]): Promise<number> {
  await deleteSealedOtherwise(deps.pool, kekIds);
  let count = 0;
  let last: PackKey | undefined;
  do {
    const packs = await listPacksSealedOtherwise(deps.pool, kekIds, last, BATCH);
    for (const key of packs) count += (await orderAnew(deps, key)) ? 1 : 0;
    last = packs.at(-1);
  } while (last !== undefined);
  return count;
}

function orderAnew(deps: OperationDeps, { zone, id }: PackKey): Promise<boolean> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const pack = await lockPack(tx, zone.id, id);
    if (!pack) return false;
    if (isServed(pack.status)) {
      await deleteOrders(tx, pack);
      await amend(tx, deps, pack, { renewal: { at: deps.clock.now() } });
      return true;
    }
    if (!may(pack.status, 'lose')) return false;
    await deleteOrders(tx, pack);
    await deleteCertificates(tx, pack);
    const anew = { certificates: [], renewal: undefined, validationRecords: [], validationErrors: [] };
    await override(tx, deps, pack, { event: 'lose', ...anew });
    return true;
  });
}
