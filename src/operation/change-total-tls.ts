import { Fault } from '../kit/fault.ts';
import type { CertificateAuthority, PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { getManagedSettings, type ManagedSettings, putTotalTls } from '../store/managed.ts';
import { type Pool, transaction } from '../store/store.ts';
import { lookAtNames, rangeOfZone } from '../store/total-tls.ts';
import { findZone, holdZone } from '../store/zones.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { zoneEvent } from './zone-event.ts';

/** What is wanted of Total TLS, and by whom; undefined: as it is. */
export interface TotalTlsWish {
  readonly zone: PackZone;
  readonly isTotalTlsOn?: boolean | undefined;
  readonly totalTlsCa?: CertificateAuthority | undefined;
  readonly by: Actor;
}

/**
 * Switches Total TLS on or off for a zone, and chooses its CA: what that changes of packs is done name by name (`keepTotalTls`).
 * What is set from then on. Throws `zone_not_found`, `zone_not_full`, or `ca_not_configured`.
 */
export function changeTotalTls(
  deps: ManagedDeps & { readonly pool: Pool },
  { zone, by, ...wanted }: TotalTlsWish,
): Promise<ManagedSettings> {
  const { totalTlsCa: ca } = wanted;
  if (ca !== undefined && !deps.managed.backups.rows.has(ca)) throw notConfigured(deps, ca);
  return transaction(deps.pool, async (tx) => {
    await holdZone(tx, zone.id);
    const before = await getManagedSettings(tx, zone.id);
    const { isTotalTlsOn = before.isTotalTlsOn, totalTlsCa = before.totalTlsCa } = wanted;
    const settings = { ...before, isTotalTlsOn, totalTlsCa };
    const isTurned = isTotalTlsOn !== before.isTotalTlsOn;
    if (!isTurned && totalTlsCa === before.totalTlsCa) return before;
    if (isTotalTlsOn && (await findZone(tx, zone.id))?.type !== 'full') throw notFull(zone);
    const now = deps.clock.now();
    await putTotalTls(tx, zone.id, settings);
    await recordAudit(tx, zoneEvent(isTurned ? TURNED[`${isTotalTlsOn}`] : 'total_tls_ca', zone, by), now);
    if (isTurned) await lookAtNames(tx, zone.id, { ranges: [rangeOfZone(zone)], at: now, isAsked: true });
    return settings;
  });
}

const TURNED = { true: 'total_tls_on', false: 'total_tls_off' } as const;

function notConfigured({ managed }: ManagedDeps, ca: CertificateAuthority): Fault {
  const known = [...managed.backups.rows.keys()].join(', ') || 'none';
  return new Fault('ca_not_configured', `${ca} is not configured here; configured: ${known}`, {
    pointer: '/certificate_authority',
  });
}

const notFull = ({ name }: PackZone): Fault =>
  new Fault(
    'zone_not_full',
    `${name} is a zone of type partial: Total TLS goes by DNS records, which it has elsewhere; order packs for its hosts`,
    { pointer: '/enabled' },
  );
