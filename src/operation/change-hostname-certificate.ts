import { Fault } from '../kit/fault.ts';
import { type CustomHostname, isShown } from '../pack/custom-hostname.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { Pack, PackZone } from '../pack/pack.ts';
import { type Actor, recordAudit } from '../store/audit.ts';
import { getHostname, lockHostname, putHostname } from '../store/custom-hostnames.ts';
import { type HostnamePack, listHostnamePacks } from '../store/hostname-packs.ts';
import { getPack } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { storedPairs } from './change-custom-hostname.ts';
import { type GivenPair, readPairs } from './hostname-certificates.ts';
import { asUploaded, withKeys } from './hostname-csrs.ts';
import { hostnameEvent } from './hostname-event.ts';
import { hostnameNotFound } from './hostname-faults.ts';
import { endUnserved, insertHostnamePack } from './hostname-packs.ts';
import type { HostnameDeps } from './hostname-policy.ts';
import { packNotFound } from './locked-pack.ts';

/** One certificate of those that were brought for a hostname, and what is to be in its place; undefined: nothing. */
export interface CertificateChange {
  readonly zone: PackZone;
  readonly id: string;
  readonly packId: string;
  readonly certificateId: string;
  readonly pair: GivenPair | undefined;
  readonly by: Actor;
}

/**
 * Puts a certificate in the place of one of a hostname's pack, or takes that away where another stays, by a pack that comes in its
 * place; the id of that one. Throws `hostname_not_found`, `pack_not_found`, `certificate_not_found`, `hostname_fixed` for the last
 * certificate, `pack_moved`, and what reading the certificate throws.
 */
export async function changeHostnameCertificate(
  deps: HostnameDeps,
  change: CertificateChange,
): Promise<string> {
  const { zone, id, by } = change;
  const { hostname, own, pack } = await find(deps, change);
  const stored = await storedPairs(deps, pack, own);
  if (!stored.some((one) => one.id === change.certificateId))
    throw new Fault(
      'certificate_not_found',
      `certificate ${change.certificateId} is none of pack ${pack.id}`,
    );
  const pairs = stored.flatMap((one) => (one.id === change.certificateId ? (change.pair ?? []) : one));
  if (pairs.length === 0)
    throw new Fault(
      'hostname_fixed',
      'it is the only certificate of the pack: PATCH the custom hostname with other ssl, or delete it',
    );
  const { bundleMethod } = hostname;
  const rules = { hostname: hostname.hostname, bundleMethod, trust: deps.trust, now: deps.clock.now() };
  const keyed = await withKeys(deps, zone, pairs);
  const ssl = await asUploaded(deps, zone, { uploads: readPairs(keyed, rules), pairs: keyed });
  return transaction(deps.pool, async (tx) => {
    const now = deps.clock.now();
    const seat = await takeOrd(tx, zone);
    const held = await lockHostname(tx, zone.id, id);
    const packs = await listHostnamePacks(tx, zone.id, id);
    if (!held || held.deletedOn || !packs.some((one) => one.isCurrent && one.packId === pack.id))
      throw new Fault(
        'pack_moved',
        `the certificates of custom hostname ${id} were changed meanwhile; ask again`,
      );
    const status = isShown(held) ? 'active_redeploying' : held.status;
    await putHostname(tx, { ...held, status, modifiedOn: now });
    const event = change.pair ? 'replace_certificate' : 'remove_certificate';
    await recordAudit(tx, hostnameEvent(event, held, { accountId: zone.accountId, by }), now);
    const packId = await insertHostnamePack(tx, deps, ssl, { zone, hostname: held, seat, by });
    await endUnserved(tx, deps, held, { by });
    return packId;
  });
}

async function find(
  { pool }: HostnameDeps,
  { zone, id, packId }: CertificateChange,
): Promise<{ readonly hostname: CustomHostname; readonly own: HostnamePack; readonly pack: Pack }> {
  const hostname = await getHostname(pool, zone.id, id);
  if (!hostname || hostname.deletedOn) throw hostnameNotFound(id);
  const own = (await listHostnamePacks(pool, zone.id, id)).find(
    (one) => one.isCurrent && one.packId === packId,
  );
  const pack = own && (await getPack(pool, zone.id, packId));
  if (!own || !pack || isLeaving(pack.status)) throw packNotFound(packId);
  if (pack.type !== 'mh_custom')
    throw new Fault(
      'hostname_fixed',
      `certificate pack ${packId} is got from a CA: PATCH the custom hostname with certificates of yours`,
    );
  return { hostname, own, pack };
}
