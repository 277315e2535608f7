import { Fault } from '../kit/fault.ts';
import { isManaged } from '../pack/managed.ts';
import type { Pack } from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import { recordAudit } from '../store/audit.ts';
import { remindManaged } from '../store/managed.ts';
import { listRevocations, noteRevocations } from '../store/revocations.ts';
import { lookAtNames, rangesOf } from '../store/total-tls.ts';
import { deleteHeld } from './delete-held.ts';
import { type Wish, withLockedPack } from './locked-pack.ts';
import type { OperationDeps } from './operation.ts';

/**
 * Has every certificate of a pack revoked at its CA, and the pack deleted, its backup with it, so that no edge serves what is revoked. `reason`
 * by RFC 5280 5.3.1. Throws `pack_not_found`, or `transition_refused` where it has no certificates, or brought them along.
 */
export function revokePack(
  deps: OperationDeps,
  { by, reason, ...which }: Wish & { readonly reason: string },
): Promise<Pack> {
  return withLockedPack(deps.pool, which, async (tx, pack) => {
    const { id, zone } = pack;
    if (TYPES[pack.type].source === 'upload') throw notOurs(pack);
    const known = await listRevocations(tx, zone.id, id);
    if (pack.certificates.length === 0 && known.length === 0) throw nothingToRevoke(id);
    const now = deps.clock.now();
    await noteRevocations(tx, pack, reason, now);
    const about = { resource: 'certificate_pack', resourceId: id, name: undefined } as const;
    await recordAudit(
      tx,
      { ...about, event: 'revoke', actor: by, accountId: zone.accountId, zoneId: zone.id },
      now,
    );
    // What the service made by itself is made anew.
    if (isManaged(pack)) await remindManaged(tx, zone.id, now);
    if (pack.type === 'total_tls') await lookAtNames(tx, zone.id, { ranges: rangesOf(pack.hosts), at: now });
    return deleteHeld(tx, deps, pack, { by, isUrgent: true });
  });
}

const notOurs = ({ id, type }: Pack): Fault =>
  new Fault(
    'transition_refused',
    `certificate pack ${id} is of type ${type}: whoever got its certificate revokes it at the CA; DELETE ends its service`,
  );

const nothingToRevoke = (id: string): Fault =>
  new Fault(
    'transition_refused',
    `certificate pack ${id} has no certificates to revoke; DELETE ends its order`,
  );
