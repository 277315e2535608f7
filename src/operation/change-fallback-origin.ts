/** Where a zone's custom hostnames are sent that have no origin of their own: set, found out about, and taken away. */
import { Fault } from '../kit/fault.ts';
import { after, between, days, minutes } from '../kit/time.ts';
import type { FallbackOrigin } from '../pack/custom-hostname.ts';
import type { PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit, WORKER } from '../store/audit.ts';
import { deleteFallbackOrigin, getFallbackOrigin, putFallbackOrigin } from '../store/fallback-origins.ts';
import { type Pool, type Tx, transaction } from '../store/store.ts';
import { findZone, holdZone, touchZone } from '../store/zones.ts';
import { isOrigin } from './hostname-policy.ts';
import type { AdvanceDeps } from './operation.ts';

type OriginDeps = Pick<AdvanceDeps, 'clock'> & { readonly pool: Pool };

/** As Cloudflare has it. */
const NOT_PROXIED = 'DNS records are not setup correctly. Origin should be a proxied A/AAAA/CNAME dns record';
/** How long it is waited for its record. */
const PATIENCE = days(1);

interface OriginWish {
  readonly zone: PackZone;
  readonly by: Actor;
}

const recorded = (
  tx: Tx,
  { zone, by }: OriginWish,
  event: string,
  { origin, now }: { origin: string; now: Date },
) =>
  recordAudit(
    tx,
    {
      event,
      actor: by,
      accountId: zone.accountId,
      zoneId: zone.id,
      resource: 'fallback_origin',
      resourceId: zone.id,
      name: origin,
    },
    now,
  );

/** Sets the fallback origin of a zone; it is found out at once whether it is a proxied record of it. */
export function setFallbackOrigin(
  deps: OriginDeps,
  wish: OriginWish & { readonly origin: string },
): Promise<FallbackOrigin> {
  const { zone, origin } = wish;
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await holdZone(tx, zone.id);
    const before = await getFallbackOrigin(tx, zone.id);
    const isSame = before?.origin === origin && before.status === 'active';
    const fresh = {
      origin,
      status: 'initializing',
      errors: [],
      createdOn: before?.createdOn ?? now,
      updatedOn: now,
      lookAt: now,
    } as const;
    const next = isSame ? before : await looked(tx, zone, fresh, now);
    await putFallbackOrigin(tx, zone.id, next);
    await recorded(tx, wish, 'set', { origin, now });
    return next;
  });
}

/** Takes it away; as it was. Throws `origin_not_found`. */
export function removeFallbackOrigin(deps: OriginDeps, wish: OriginWish): Promise<FallbackOrigin> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await holdZone(tx, wish.zone.id);
    const found = await getFallbackOrigin(tx, wish.zone.id);
    if (!found) throw originNotFound();
    await deleteFallbackOrigin(tx, wish.zone.id);
    await recorded(tx, wish, 'delete', { origin: found.origin, now });
    return { ...found, status: 'pending_deletion', updatedOn: now };
  });
}

/** Finds out again whether a zone's fallback origin is a proxied record of it. */
export function lookAtFallbackOrigin(deps: OriginDeps, zoneId: string): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    await touchZone(tx, zoneId);
    const zone = await findZone(tx, zoneId);
    const found = zone && (await getFallbackOrigin(tx, zoneId));
    if (!found) return;
    const next = await looked(tx, zone, found, now);
    await putFallbackOrigin(tx, zoneId, next);
    if (next.status !== found.status)
      await recorded(tx, { zone, by: WORKER }, next.status === 'active' ? 'activate' : 'look', {
        origin: found.origin,
        now,
      });
  });
}

/** How it stands: active with its record, waiting for that for a day, and looked at now and then from then on. */
async function looked(tx: Tx, zone: PackZone, one: FallbackOrigin, now: Date): Promise<FallbackOrigin> {
  if (await isOrigin(tx, zone, one.origin, true))
    return { ...one, status: 'active', errors: [], lookAt: after(now, minutes(60)) };
  const isLate = between(one.updatedOn, now) >= PATIENCE;
  return {
    ...one,
    status: isLate
      ? 'deployment_timed_out'
      : one.status === 'initializing' && one.updatedOn >= now
        ? 'initializing'
        : 'pending_deployment',
    errors: [NOT_PROXIED],
    lookAt: after(now, isLate ? minutes(60) : minutes(1)),
  };
}

/** The fault of whoever asks for what a zone does not have. */
export const originNotFound = (): Fault => new Fault('origin_not_found', 'the zone has no fallback origin');
