import { after, hours, type Seconds } from '../kit/time.ts';
import type { Pack } from '../pack/pack.ts';
import { coverBy, coverOf } from '../pack/total-tls.ts';
import { getManagedSettings } from '../store/managed.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { findZone } from '../store/zones.ts';
import { isResting, type ManagedZone } from './keep-total-tls.ts';
import { lockHeld } from './lock-held.ts';
import { type ManagedDeps, rowsFor } from './managed-policy.ts';
import { removeWhole } from './move-managed.ts';
import { orderManaged } from './order-managed.ts';
import { lookAt, othersThan, ownPacks } from './total-tls-sight.ts';

/** What becomes of a pack of Total TLS that is to be renewed. `wait`: another is to take its place. `gone`: one did. */
type End = 'renew' | 'wait' | 'gone';

/** How long one of another CA is waited for; then the pack is renewed at its own. */
const PATIENCE: Seconds = hours(20);

/**
 * Whether a pack of Total TLS is to be renewed: not where another covers its name by now, nor where its owner chose another CA
 * since: then one of that CA is ordered and waited for. Throws `pack_moved`.
 */
export function endTotalTls(deps: ManagedDeps & { readonly pool: Pool }, pack: Pack): Promise<End> {
  return transaction(deps.pool, async (tx) => {
    await lockHeld(tx, pack);
    const zone = await findZone(tx, pack.zone.id);
    const settings = await getManagedSettings(tx, pack.zone.id);
    const [name] = pack.hosts;
    if (!zone || name === undefined || pack.pair?.isStandby) return 'renew';
    const at = { zone, settings };
    return settings.isTotalTlsOn && !isResting(at) ? end(tx, deps, at, { pack, name }) : 'renew';
  });
}

async function end(
  tx: Tx,
  deps: ManagedDeps,
  { zone, settings }: ManagedZone,
  { pack, name }: { readonly pack: Pack; readonly name: string },
): Promise<End> {
  const now = deps.clock.now();
  const seen = { name, ...(await lookAt(tx, zone, [name])) };
  const newer = (await ownPacks(tx, zone, seen)).findLast(({ ord }) => ord > pack.ord);
  if (newer?.status === 'active' || coverBy(othersThan(seen), now).isCovered) {
    await removeWhole(tx, deps, pack);
    return 'gone';
  }
  return newer ? whileItComes(newer, now) : replace(tx, deps, { zone, settings }, { pack, name });
}

/** The one that is to take its place is not served yet. */
function whileItComes(newer: Pack, now: Date): End {
  const isComing = coverOf({ ...newer, isStandby: false, isRestricted: false }) !== undefined;
  return isComing && after(newer.createdOn, PATIENCE) > now ? 'wait' : 'renew';
}

/** Orders one of the CA that its owner chose, where that is another and issues for the name. */
async function replace(
  tx: Tx,
  deps: ManagedDeps,
  { zone, settings: { totalTlsCa } }: ManagedZone,
  { pack, name }: { readonly pack: Pack; readonly name: string },
): Promise<End> {
  if (totalTlsCa === undefined || totalTlsCa === pack.certificateAuthority) return 'renew';
  const rows = rowsFor(deps.managed, totalTlsCa).filter((row) => row.name === totalTlsCa);
  const isOrdered = await orderManaged(tx, deps, zone, { type: 'total_tls', names: [name], rows });
  return isOrdered ? 'wait' : 'renew';
}
