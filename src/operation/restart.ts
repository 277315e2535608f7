import { between, type Seconds } from '../kit/time.ts';
import { earliestEnd, isServed, may, type PackEvent } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { deleteCertificates } from '../store/certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import { isInHand } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import { type AdvanceDeps, amend, override } from './advance.ts';

/** Whether the subscriber's PATCH has something to restart. */
export const isRestartable = ({ status }: Pack): boolean => may(status, 'restart');

/**
 * Tries the stage of a pack again that timed out, or begins an expired one anew. What the CA had is behind it: a
 * new order is made, records and errors of the old one go, and certificates that ended.
 */
export async function restart(tx: Tx, deps: AdvanceDeps, pack: Pack, by?: Actor): Promise<Pack> {
  const who = by === undefined ? {} : { by };
  if (pack.status === 'deployment_timed_out')
    return override(tx, deps, pack, { event: eventOf(pack), ...who });
  await deleteOrders(tx, pack.id);
  const end = earliestEnd(pack);
  const isOver = end !== undefined && end <= deps.clock.now();
  if (isOver) await deleteCertificates(tx, pack.id);
  const anew = {
    validationRecords: [],
    validationErrors: [],
    ...(isOver && { certificates: [], renewal: undefined }),
  };
  return override(tx, deps, pack, { event: 'restart', ...who, ...anew });
}

const eventOf = ({ status, environment }: Pack): PackEvent =>
  status === 'deployment_timed_out' && environment === 'staging' ? 'stage' : 'restart';

/** No pack is hurried sooner after it changed: whoever asks again and again is no load for others' servers. */
const LEAST_BETWEEN: Seconds = 10;

/**
 * What waits for its next try is tried at once: a look at validation records, or the renewal of a pack that is served. The
 * pack as it is where nothing waits.
 */
export async function retryNow(tx: Tx, deps: AdvanceDeps, pack: Pack, by: Actor): Promise<Pack> {
  const now = deps.clock.now();
  if (between(pack.modifiedOn, now) < LEAST_BETWEEN) return pack;
  // Whoever works on it may have just ordered: what he got would be lost, and ordered again.
  if (await isInHand(tx, pack, now)) return pack;
  const { renewal, status } = pack;
  if (status === 'pending_validation') return amend(tx, deps, pack, { event: 'hurry', attempts: 0, by });
  if (!renewal?.course || !isServed(status)) return pack;
  const hurried = { ...renewal, course: { ...renewal.course, attempts: 0 } };
  return amend(tx, deps, pack, { event: 'hurry', renewal: hurried, by });
}
