import { brandingOf } from '../pack/branding.ts';
import { earliestEnd, may, type PackEvent } from '../pack/lifecycle.ts';
import type { Pack } from '../pack/pack.ts';
import { deleteCertificates } from '../store/certificates.ts';
import { deleteOrders } from '../store/orders.ts';
import type { Tx } from '../store/store.ts';
import { type By, type Change, override } from './advance.ts';
import { demandActive } from './demand-active.ts';
import type { AdvanceDeps } from './operation.ts';

/** Whether the subscriber's PATCH has something to restart. */
export const isRestartable = ({ status }: Pack): boolean => may(status, 'restart');

/**
 * Tries the stage of a pack again that timed out, or begins an expired one anew, in a transaction that holds the pack. Where
 * control was not shown, what the CA had is over: a new order is made, records and errors of the old one go, and certificates
 * that ended. What else is to change is given beside who wants it. Throws `zone_not_active` where that would order anew.
 */
export async function restart(tx: Tx, deps: AdvanceDeps, pack: Pack, by: By & Change = {}): Promise<Pack> {
  if (pack.status === 'deployment_timed_out')
    return override(tx, deps, pack, { event: eventOf(pack), ...by });
  demandActive({ ...pack.zone, isDeactivated: false });
  const end = earliestEnd(pack);
  const isOver = end !== undefined && end <= deps.clock.now();
  // The CA may be issuing still, or have issued what could not be had: what comes of that is not ordered a second time.
  if (pack.status === 'issuance_timed_out' && !isOver)
    return override(tx, deps, pack, { event: 'restart', validationErrors: [], ...by });
  await deleteOrders(tx, pack);
  if (isOver) await deleteCertificates(tx, pack);
  const anew = {
    brandedAs: brandingOf({ ...pack, ...by }, deps.brandingDomain),
    validationRecords: [],
    validationErrors: [],
    ...(isOver && { certificates: [], renewal: undefined }),
  };
  return override(tx, deps, pack, { event: 'restart', ...by, ...anew });
}

const eventOf = ({ environment }: Pack): PackEvent => (environment === 'staging' ? 'stage' : 'restart');
