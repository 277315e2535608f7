import { createHash } from 'node:crypto';
import type { HostnameTerms } from '../pack/custom-hostname.ts';
import { OPERATOR } from '../store/audit.ts';
import { deleteHostname, getHostname } from '../store/custom-hostnames.ts';
import { listHostnamePacks } from '../store/hostname-packs.ts';
import { transaction } from '../store/store.ts';
import type { Zone } from '../store/zone-row.ts';
import { createCustomHostname, type GivenSsl } from './create-custom-hostname.ts';
import { deleteCustomHostname } from './delete-custom-hostname.ts';
import type { PackIds } from './hostname-packs.ts';
import type { HostnameDeps } from './hostname-policy.ts';
import { makeRoom } from './pin-pack.ts';

/** A custom hostname with an id that is known beforehand, and a pack that has such ones, or does not. */
export interface PinnedHostname {
  readonly zone: Zone;
  readonly id: string;
  readonly hostname: string;
  readonly terms: HostnameTerms;
  readonly packIds: PackIds | undefined;
  /** Makes what is brought, where it is not there. */
  readonly ssl: () => Promise<GivenSsl>;
}

/** Has a custom hostname there under its own id, made anew where it, or its pack, went. Throws as `createCustomHostname`. */
export async function pinHostname(deps: HostnameDeps, pinned: PinnedHostname): Promise<void> {
  const { zone, id, packIds } = pinned;
  if (await isThere(deps, pinned)) return;
  if (await getHostname(deps.pool, zone.id, id)) {
    await deleteCustomHostname(deps, { zone, id, by: OPERATOR });
    if (packIds) await makeRoom(deps, { zone, id: packIds.pack });
    await transaction(deps.pool, (tx) => deleteHostname(tx, zone.id, id));
  }
  const request = { zoneId: zone.id, bodyHash: createHash('sha256').update(`hostname ${id}`).digest() };
  const ssl = await pinned.ssl();
  await createCustomHostname(deps, { ...pinned, ssl, request, isRetry: false, by: OPERATOR });
}

async function isThere(
  { pool }: HostnameDeps,
  { zone, id, packIds }: Pick<PinnedHostname, 'zone' | 'id' | 'packIds'>,
): Promise<boolean> {
  const found = await getHostname(pool, zone.id, id);
  if (!found || found.deletedOn) return false;
  const packs = await listHostnamePacks(pool, zone.id, id);
  return !packIds || packs.some(({ packId, isCurrent }) => isCurrent && packId === packIds.pack);
}
