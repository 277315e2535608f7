import { recordAudit } from '../store/audit.ts';
import type { StoredMoveIn } from '../store/move-in-row.ts';
import type { Tx } from '../store/store.ts';
import type { AdvanceDeps } from './operation.ts';

/** Records what was done to a move, in the transaction that does it and holds its zone. */
export const noteMoveIn = (
  tx: Tx,
  { clock }: Pick<AdvanceDeps, 'clock'>,
  { accountId, zoneId, id, hosts, by: actor }: StoredMoveIn,
  event: string,
): Promise<void> =>
  recordAudit(
    tx,
    { actor, accountId, zoneId, resource: 'move_in', resourceId: id, event, name: hosts[0] },
    clock.now(),
  );
