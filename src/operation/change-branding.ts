import { Fault } from '../kit/fault.ts';
import { brandingOf } from '../pack/branding.ts';
import { LIFECYCLE } from '../pack/lifecycle.ts';
import type { Pack, PackStatus } from '../pack/pack.ts';
import { runOf } from '../pack/run.ts';
import { deleteOrders } from '../store/orders.ts';
import { lockPack } from '../store/packs.ts';
import { unpublishRecords } from '../store/published-records.ts';
import type { Tx } from '../store/store.ts';
import { amend, type By } from './advance.ts';
import type { AdvanceDeps } from './operation.ts';
import { spendChange } from './spend-wish.ts';

/** Throws `branding_not_configured` with a pointer where a certificate is to be branded and there is no domain for that. */
export function demandBranding(
  { brandingDomain }: Pick<AdvanceDeps, 'brandingDomain'>,
  isBranded: boolean,
): void {
  if (!isBranded || brandingDomain !== '') return;
  throw new Fault(
    'branding_not_configured',
    'cloudflare_branding must be false or absent: this service has no domain for it (the operator can set branding_domain); ' +
      'hosts longer than 64 characters do without it here',
    { pointer: '/cloudflare_branding' },
  );
}

/** What is wanted of a pack. */
type Wanted = Pick<Pack, 'isBranded'> & By;

/**
 * Sets whether a pack is branded, and its backup or the pack that it is for, in a transaction that holds the zone: what is not
 * ordered in vain is ordered anew at once, what is kept renewed. Throws `branding_not_configured`, and `too_many_requests` where
 * it was changed too often of late.
 */
export async function changeBranding(tx: Tx, deps: AdvanceDeps, pack: Pack, wanted: Wanted): Promise<Pack> {
  demandBranding(deps, wanted.isBranded);
  await spendChange(tx, deps, pack);
  const other = pack.pair && (await lockPack(tx, pack.zone.id, pack.pair.other));
  if (other && other.isBranded !== wanted.isBranded) await setBranding(tx, deps, other, wanted);
  return setBranding(tx, deps, pack, wanted);
}

async function setBranding(tx: Tx, deps: AdvanceDeps, pack: Pack, wanted: Wanted): Promise<Pack> {
  const { isBranded } = wanted;
  const now = deps.clock.now();
  if (!isBegunAnew(pack, now)) return amend(tx, deps, pack, wanted);
  await deleteOrders(tx, pack);
  await unpublishRecords(tx, pack);
  if (isRenewed(pack)) return amend(tx, deps, pack, { ...wanted, renewal: { at: now } });
  const brandedAs = brandingOf({ ...pack, isBranded }, deps.brandingDomain);
  const anew = { validationRecords: [], validationErrors: [], attempts: 0, statusSince: now };
  return amend(tx, deps, pack, { ...wanted, ...anew, brandedAs });
}

/** Statuses in which nothing was issued for a run unless it has certificates: all that is lost is orders. */
const OPEN: readonly PackStatus[] = ['initializing', 'pending_validation'];

/** Whether certificates can be had with the name, or without, by a new order; what may be issued by now is not lost. */
function isBegunAnew(pack: Pack, now: Date): boolean {
  const run = runOf(pack, now);
  if (run.kind === 'life' && isRenewed(pack)) return true;
  return (
    (run.kind === 'life' || isRenewed(pack)) && OPEN.includes(run.status) && run.certificates.length === 0
  );
}

/** Whether its worker begins a renewal of it that is due. */
const isRenewed = ({ status }: Pack): boolean => LIFECYCLE[status].job === 'renew';
