import { Fault } from '../kit/fault.ts';
import type { PackZone, ZoneType } from '../pack/pack.ts';
import type { ZonePolicy } from '../pack/zone-life.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { noteSetUsed, putType } from '../store/name-servers.ts';
import { listPacksUnderWay } from '../store/packs.ts';
import { publishRecords } from '../store/published-records.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { lookAtNames, rangeOfZone } from '../store/total-tls.ts';
import { type LookedZone, putZoneChange, wantLook } from '../store/zone-life.ts';
import { goOn } from './activate-zone.ts';
import { deactivated, lockZoneWithDomain } from './locked-zone.ts';
import { assignNameServers } from './name-servers.ts';
import { recordsToPublish } from './records-to-publish.ts';
import type { ActivationDeps } from './zone-became-active.ts';
import { zoneEvent } from './zone-event.ts';

/** What an owner wants of a zone. */
export interface ZoneWish {
  readonly isPaused?: boolean | undefined;
  readonly type?: ZoneType | undefined;
}

/** What changing it needs. */
export type ChangeZoneDeps = ActivationDeps & { readonly pool: Pool; readonly zonePolicy: ZonePolicy };

/**
 * Pauses a zone or ends that, and changes how its DNS is answered. What is as it is wanted changes nothing. A zone of another
 * type stays what it is until looks at what that type shows have failed for long. Throws `zone_not_found`, or
 * `zone_deactivated`.
 */
export function changeZone(
  deps: ChangeZoneDeps,
  { id }: Pick<PackZone, 'id'>,
  { isPaused, type }: ZoneWish,
  by: Actor,
): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    const zone = await lockZoneWithDomain(tx, id, now);
    if (!zone) throw new Fault('zone_not_found', `zone ${id} not found`);
    const isToPause = isPaused !== undefined && isPaused !== zone.isPaused;
    const turned = type === zone.type ? undefined : type;
    if (!isToPause && turned === undefined) return;
    if (zone.isDeactivated) throw deactivated(zone.name);
    const change = { now, by };
    if (isToPause) await pause(tx, deps, { zone, isPaused }, change);
    const paused = { ...zone, isPaused: isPaused ?? zone.isPaused };
    if (turned !== undefined) await turn(tx, deps, { zone: paused, type: turned }, change);
  });
}

interface Change {
  readonly now: Date;
  readonly by: Actor;
}

async function pause(
  tx: Tx,
  deps: ChangeZoneDeps,
  { zone, isPaused }: { readonly zone: LookedZone; readonly isPaused: boolean },
  { now, by }: Change,
): Promise<void> {
  await putZoneChange(tx, zone, { isPaused }, now);
  await recordAudit(tx, zoneEvent(isPaused ? 'pause' : 'unpause', zone, by), now);
  await goOn(tx, deps, zone, now);
}

/** Writes the other type, with the name servers that it asks for, and shows where it counts what packs wait to have seen. */
async function turn(
  tx: Tx,
  deps: ChangeZoneDeps,
  { zone, type }: { readonly zone: LookedZone; readonly type: ZoneType },
  { now, by }: Change,
): Promise<void> {
  const assigned =
    type === 'full'
      ? await assignNameServers(tx, deps.zonePolicy, zone)
      : { nameServers: undefined, wantsText: false };
  if (zone.nameServers) await noteSetUsed(tx, zone, zone.nameServers);
  const textShownOn = zone.status === 'active' ? (zone.provenOn ?? now) : zone.textShownOn;
  await putType(tx, zone, { type, ...assigned, textShownOn });
  for (const pack of await listPacksUnderWay(tx, zone.id))
    await publishRecords(
      tx,
      pack,
      recordsToPublish({ ...pack, zone: { ...pack.zone, type } }, deps.json.delegationZone),
    );
  await putZoneChange(tx, zone, {}, now);
  // Total TLS rests while the zone is answered elsewhere.
  await lookAtNames(tx, zone.id, { ranges: [rangeOfZone(zone)], at: now });
  await recordAudit(tx, zoneEvent('change_type', zone, by), now);
  if (deps.zonePolicy.activation === 'check') await wantLook(tx, zone.id, now);
}
