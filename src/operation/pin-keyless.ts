import { createHash } from 'node:crypto';
import { isLeaving } from '../pack/lifecycle.ts';
import { OPERATOR } from '../store/audit.ts';
import { getKeyless, type KeylessFacts } from '../store/keyless.ts';
import type { Zone } from '../store/zone-row.ts';
import type { GivenUpload } from '../upload/upload.ts';
import { type CreateKeylessDeps, createKeyless } from './create-keyless.ts';
import { makeRoom } from './pin-pack.ts';

/** A keyless certificate with an id that is known beforehand. */
export interface PinnedKeyless {
  readonly zone: Zone;
  readonly id: string;
  readonly facts: KeylessFacts;
  /** Makes its certificate, where it is not there. */
  readonly make: () => Promise<Omit<GivenUpload, 'privateKey'>>;
}

/** Has a keyless certificate there under its own id, brought anew where it was deleted. Throws as `createKeyless`. */
export async function pinKeyless(
  deps: CreateKeylessDeps,
  { zone, id, facts, make }: PinnedKeyless,
): Promise<void> {
  const found = await getKeyless(deps.pool, { id, zone });
  if (found && !isLeaving(found.status)) return;
  if (found) await makeRoom(deps, { zone, id: found.packId });
  const { certificate, bundleMethod } = await make();
  const bodyHash = createHash('sha256').update(`keyless ${id}`).digest();
  await createKeyless(deps, {
    zone,
    id,
    facts,
    certificate,
    bundleMethod,
    environment: 'production',
    request: { zoneId: zone.id, bodyHash },
    isRetry: false,
    by: OPERATOR,
  });
}
