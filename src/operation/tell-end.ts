import type { Pack } from '../pack/pack.ts';
import { unrenewedMessage } from '../pack/subscriber-message.ts';
import { update } from './advance.ts';
import type { OperationDeps } from './operation.ts';
import { lifeWork, type Work } from './work.ts';

/**
 * Tells the owner of certificates that nobody renews when they end, while there is much time: in the errors of the pack, which stays as
 * it is, and as an event. Throws `pack_moved`.
 */
export function tellEnd(deps: OperationDeps, pack: Pack): Promise<Work> {
  const validationErrors = [...pack.validationErrors, unrenewedMessage(pack)];
  return update(deps.pool, deps, lifeWork(pack), { event: 'ends_soon', validationErrors });
}
