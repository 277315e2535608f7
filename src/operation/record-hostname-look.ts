import { newUuid } from '../kit/id.ts';
import { after, between, hours, type Seconds } from '../kit/time.ts';
import {
  type AfterLook,
  afterBlocked,
  afterMissing,
  afterShown,
  afterTaken,
  type CustomHostname,
  isShown,
  namesOf,
} from '../pack/custom-hostname.ts';
import { isLeaving, TOMBSTONE } from '../pack/lifecycle.ts';
import { registeredDomain } from '../pack/name-policy.ts';
import type { PackZone } from '../pack/pack.ts';
import type { Looked } from '../pack/zone-life.ts';
import { recordAudit, WORKER } from '../store/audit.ts';
import {
  deleteHostname,
  lockHostname,
  putHostnameLook,
  putHostnameStatus,
  putHostnameToken,
} from '../store/custom-hostnames.ts';
import { logChange } from '../store/edge-changes.ts';
import { getHostnameOwner, putHostnameOwner, releaseHostname } from '../store/hostname-owners.ts';
import { listHostnamePacks } from '../store/hostname-packs.ts';
import { lockDomain } from '../store/names.ts';
import { getPack } from '../store/packs.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { findZone, touchZone } from '../store/zones.ts';
import { hostnameEvent } from './hostname-event.ts';
import type { AdvanceDeps } from './operation.ts';

/** What a look at a hostname came to. */
export interface HostnameSeen {
  /** `kept`: the operator keeps it for others. */
  readonly looked: Looked | 'kept';
  /** Why it is not seen. */
  readonly errors: readonly string[];
  /** Whether no CNAME leads into its zone for certain. */
  readonly isLedElsewhere?: boolean | undefined;
}

/** What recording it needs. */
export type HostnameLookDeps = AdvanceDeps & { readonly pool: Pool };

/** Names that are served otherwise from now on; none: all is as it was. */
export type ServedNames = readonly string[];

/**
 * Writes what a look came to: the hostname becomes active, and its owner's from then on, whoever had it; stays so; or is `moved`
 * after a while. One that was deleted meanwhile is left alone.
 */
export function recordHostnameLook(
  deps: HostnameLookDeps,
  was: CustomHostname,
  seen: HostnameSeen,
): Promise<ServedNames> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await lockDomain(tx, registeredDomain(was.hostname), now);
    await holdZones(tx, was);
    const zone = await findZone(tx, was.zoneId);
    const locked = zone && (await lockHostname(tx, was.zoneId, was.id));
    // What was seen of one that another took meanwhile was shown before that.
    if (!locked || locked.deletedOn || locked.token !== was.token) return [];
    const one = { ...locked, lookAt: was.lookAt };
    const to = afterLook(one, seen, now);
    await putHostnameLook(tx, one, to);
    if (to.status !== one.status)
      await recordAudit(
        tx,
        hostnameEvent(EVENTS[to.status] ?? 'look', one, { accountId: zone.accountId, by: WORKER }),
        now,
      );
    const isChanged = isShown(to) ? await take(tx, one, now) : await giveUp(tx, one);
    if (!isChanged) return [];
    const hosts = namesOf(one);
    await logChange(tx, { environment: 'production', hosts }, now);
    return hosts;
  });
}

/** Holds the zone of a hostname and that of its owner in one order, before anything in them: whoever deletes a hostname holds its zone. */
async function holdZones(tx: Tx, { zoneId, hostname }: CustomHostname): Promise<void> {
  const owner = await getHostnameOwner(tx, hostname);
  for (const id of [...new Set([zoneId, owner?.zoneId ?? zoneId])].toSorted()) await touchZone(tx, id);
}

/** How changes of status are recorded. */
const EVENTS: Readonly<Partial<Record<CustomHostname['status'], string>>> = {
  active: 'activate',
  moved: 'move',
  blocked: 'block',
  pending_blocked: 'block',
};

function afterLook(one: CustomHostname, { looked, ...seen }: HostnameSeen, now: Date): AfterLook {
  if (looked === 'kept') return afterBlocked(one, now);
  return looked === 'shown' ? afterShown(one, now) : afterMissing(one, { looked, ...seen }, now);
}

/** Makes it the owner of its name. The one that was has moved. Whether it was not. */
async function take(tx: Tx, one: CustomHostname, now: Date): Promise<boolean> {
  const owner = await getHostnameOwner(tx, one.hostname);
  if (owner?.hostnameId === one.id) return false;
  await putHostnameOwner(tx, one.hostname, { zoneId: one.zoneId, hostnameId: one.id });
  const other = owner && (await lockHostname(tx, owner.zoneId, owner.hostnameId));
  const otherZone = other && (await findZone(tx, other.zoneId));
  if (!other || !otherZone) return true;
  await putHostnameLook(tx, other, afterTaken(now));
  await putHostnameToken(tx, other, newUuid());
  await recordAudit(tx, hostnameEvent('lose', other, { accountId: otherZone.accountId, by: WORKER }), now);
  return true;
}

const giveUp = (tx: Tx, { hostname, zoneId, id }: CustomHostname): Promise<boolean> =>
  releaseHostname(tx, hostname, { zoneId, hostnameId: id });

/** How soon it is looked again whether what was deleted is gone. */
const LEAVING_LOOK: Seconds = 5;

/** Removes a hostname that was deleted, with the last of its packs; until then it says how far that is. */
export function purgeHostname(deps: HostnameLookDeps, was: CustomHostname): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await touchZone(tx, was.zoneId);
    const packs = await listHostnamePacks(tx, was.zoneId, was.id);
    const found = await Promise.all(packs.map(({ packId }) => getPack(tx, was.zoneId, packId)));
    const isOver = between(was.deletedOn ?? now, now) >= TOMBSTONE;
    if (packs.length === 0 && isOver) return deleteHostname(tx, was.zoneId, was.id);
    const isGone = found.every((pack) => !pack || (isLeaving(pack.status) && pack.status === 'deleted'));
    const status = isGone ? 'deleted' : 'pending_deletion';
    await putHostnameStatus(tx, was, { status, lookAt: after(now, LEAVING_LOOK) });
  });
}

/** In a zone that is not active, or out of service, nothing is looked for. */
export function putOffHostname({ pool, clock }: HostnameLookDeps, was: CustomHostname): Promise<void> {
  return transaction(pool, async (tx) => {
    const one = await lockHostname(tx, was.zoneId, was.id);
    if (!one || one.deletedOn) return;
    await putHostnameLook(tx, was, { ...one, lookAt: after(clock.now(), hours(1)) });
  });
}

/** A zone whose hostnames may be looked for. */
export const isLookedFor = ({ status }: Pick<PackZone, 'status'>, isDeactivated: boolean): boolean =>
  status === 'active' && !isDeactivated;
