import { keyPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import { toName } from '../pack/hosts.ts';
import { elsewhereText, toKeyElsewhere } from '../pack/key-elsewhere.ts';
import { isLeaving, may } from '../pack/lifecycle.ts';
import { isOff } from '../pack/managed.ts';
import type { Environment, Pack } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { listKeyPairs, replaceSealedKey } from '../store/certificates.ts';
import { logChange } from '../store/edge-changes.ts';
import { getKeyless, type KeylessFacts, putKeyless } from '../store/keyless.ts';
import { lockPack } from '../store/packs.ts';
import { type Tx, transaction } from '../store/store.ts';
import { touchZone } from '../store/zones.ts';
import { amend } from './advance.ts';
import type { ServedChange } from './assign-to-edges.ts';
import { deleteHeld } from './delete-held.ts';
import type { KeylessDeps } from './keyless-deps.ts';
import type { Wish } from './locked-pack.ts';
import { isElsewhere, moveKeyless } from './move-keyless.ts';
import type { OperationDeps } from './operation.ts';
import { isRestartable, restart } from './restart.ts';

/** What is to change of a keyless certificate; undefined: as it is. */
export type KeylessChange = Wish & {
  readonly facts: { readonly [name in keyof KeylessFacts]?: KeylessFacts[name] | undefined };
  readonly environment?: Environment | undefined;
};

/**
 * Says anew where the key of a keyless certificate is, how it is called, and where it is to be served. A deployment that timed out,
 * or a pack that was taken off the edges as its key was lost, is tried again. What edges are to be told. Throws `keyless_not_found`,
 * `keyless_not_offered`, `malformed_request` for a host that names no key, and as `moveKeyless`.
 */
export function changeKeyless(deps: KeylessDeps, change: KeylessChange): Promise<readonly ServedChange[]> {
  const { zoneId, id, by, facts } = change;
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    const pack = await lockKeyless(tx, { zoneId, id });
    const old = await getKeyless(tx, { id, zone: pack.zone });
    if (!old || isLeaving(pack.status)) throw keylessNotFound(id);
    const { name, host, port, restriction } = saidOr(facts, old);
    const elsewhere = elsewhereText(host, port);
    deps.demandKeyPlace(toKeyElsewhere(elsewhere));
    await putKeyless(tx, pack, { id, name, host, port, restriction }, deps.clock.now());
    for (const { algorithm } of await listKeyPairs(tx, pack)) {
      const sealedKey = deps.seal.close(Buffer.from(elsewhere), keyPurpose(pack.id, algorithm));
      await replaceSealedKey(tx, pack, algorithm, sealedKey);
    }
    const place = { environment: change.environment ?? pack.environment, restriction };
    const served =
      isOff(pack) || isElsewhere(pack, place)
        ? await moveKeyless(tx, deps, pack, { ...place, by })
        : await goOn(tx, deps, pack, by);
    for (const one of served) await logChange(tx, one, deps.clock.now());
    return served;
  });
}

/** What is not said is as it was. */
const saidOr = (
  { name, host, port, restriction }: KeylessChange['facts'],
  old: KeylessFacts,
): KeylessFacts => ({
  name: name ?? old.name,
  host: host ?? old.host,
  port: port ?? old.port,
  restriction: restriction ?? old.restriction,
});

/** Nothing changes but where its key is, or its name. */
async function goOn(tx: Tx, deps: KeylessDeps, pack: Pack, by: Actor): Promise<ServedChange[]> {
  if (pack.status !== 'expired' && isRestartable(pack)) await restart(tx, deps, pack, { by });
  else
    await amend(tx, deps, pack, {
      by,
      validationErrors: may(pack.status, 'withdraw') ? [] : pack.validationErrors,
    });
  return [{ environment: pack.environment, hosts: pack.hosts.map(toName) }];
}

/** Has a keyless certificate taken off the edges and removed; one that is leaving stays so. Throws `keyless_not_found`. */
export function deleteKeyless(deps: OperationDeps, { zoneId, id, by }: Wish): Promise<void> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zoneId);
    await deleteHeld(tx, deps, await lockKeyless(tx, { zoneId, id }), { by });
  });
}

async function lockKeyless(tx: Tx, { zoneId, id }: Pick<Wish, 'zoneId' | 'id'>): Promise<Pack> {
  const found = await getKeyless(tx, { id, zone: { id: zoneId } });
  const pack = found && (await lockPack(tx, zoneId, found.packId));
  if (!pack) throw keylessNotFound(id);
  return pack;
}

/** The fault of whoever asks for a keyless certificate that the zone does not have. */
export const keylessNotFound = (id: string): Fault =>
  new Fault('keyless_not_found', `keyless certificate ${id} not found`);
