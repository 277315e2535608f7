import { Fault } from '../kit/fault.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import {
  type CsrKey,
  type CsrOwner,
  deleteCsr as deleteRow,
  getCsr,
  listCsrUses,
  lockCsr,
} from '../store/custom-csrs.ts';
import { getPack } from '../store/packs.ts';
import { lockAccount } from '../store/quotas.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { csrEvent, csrNotFound } from './csr-event.ts';
import type { OperationDeps } from './operation.ts';

/** Removes a request and its key. Throws `csr_not_found`, or `csr_in_use` while a custom certificate has its key from it. */
export function deleteCsr(
  { pool, clock }: Pick<OperationDeps, 'pool' | 'clock'>,
  key: CsrKey & CsrOwner,
  by: Actor,
): Promise<void> {
  return transaction(pool, async (tx) => {
    // In the order of uploads, which use it.
    if (key.zoneId !== undefined) await touchZone(tx, key.zoneId);
    await lockAccount(tx, key.accountId);
    const found = (await lockCsr(tx, key, 'end')) ? await getCsr(tx, key) : undefined;
    if (!found || found.zoneId !== key.zoneId) throw csrNotFound(key.id);
    await demandUnused(tx, key);
    await deleteRow(tx, key);
    await recordAudit(tx, csrEvent('delete', found, by), clock.now());
  });
}

async function demandUnused(tx: Tx, key: CsrKey): Promise<void> {
  for (const { id, zone } of await listCsrUses(tx, key)) {
    const pack = await getPack(tx, zone.id, id);
    if (!pack || isLeaving(pack.status)) continue;
    throw new Fault(
      'csr_in_use',
      `custom CSR ${key.id} is that of certificate pack ${id} of zone ${pack.zone.name}; delete its custom certificate first`,
    );
  }
}
