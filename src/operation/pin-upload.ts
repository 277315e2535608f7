import { createHash } from 'node:crypto';
import type { UploadType } from '../pack/custom-certificate.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import { OPERATOR } from '../store/audit.ts';
import { getPack } from '../store/packs.ts';
import { findUpload } from '../store/uploads.ts';
import type { Zone } from '../store/zone-row.ts';
import type { GivenUpload } from '../upload/upload.ts';
import { type CreateUploadDeps, createUpload } from './create-upload.ts';
import { makeRoom } from './pin-pack.ts';

/** A custom certificate with an id that is known beforehand. */
export interface PinnedUpload {
  readonly zone: Zone;
  readonly id: string;
  readonly type: UploadType;
  /** Makes what is uploaded, where it is not there. */
  readonly make: () => Promise<GivenUpload>;
}

/** Has a custom certificate there under its own id, uploaded anew where it was deleted or replaced. Throws as `createUpload`. */
export async function pinUpload(
  deps: CreateUploadDeps,
  { zone, id, type, make }: PinnedUpload,
): Promise<void> {
  const found = await findUpload(deps.pool, zone.id, id);
  const pack = found && (await getPack(deps.pool, zone.id, found.packId));
  if (pack && !isLeaving(pack.status)) return;
  if (pack) await makeRoom(deps, { zone, id: pack.id });
  const request = { zoneId: zone.id, bodyHash: createHash('sha256').update(id).digest() };
  const given = await make();
  await createUpload(deps, {
    zone,
    id,
    given,
    type,
    environment: 'production',
    request,
    isRetry: false,
    by: OPERATOR,
  });
}
