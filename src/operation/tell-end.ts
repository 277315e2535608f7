import type { Pack } from '../pack/pack.ts';
import { unrenewedMessage } from '../pack/subscriber-message.ts';
import { wasRecorded } from '../store/pack-events.ts';
import { first, update } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work } from './work.ts';

const EVENT = 'ends_soon';

/**
 * Tells the owner of certificates that nobody renews when they end, while there is much time: in the errors of the pack, which stays as
 * it is, and as an event, once in the life of its certificates. Throws `pack_moved`.
 */
export async function tellEnd(deps: OperationDeps, pack: Pack): Promise<Work> {
  const since = first(pack.certificates.map(({ uploadedOn }) => uploadedOn)) ?? pack.createdOn;
  const isTold = await wasRecorded(deps.pool, pack, { event: EVENT, since });
  const validationErrors = [...pack.validationErrors, unrenewedMessage(pack)];
  return update(deps.pool, deps, lifeWork(pack), { validationErrors, ...(!isTold && { event: EVENT }) });
}
