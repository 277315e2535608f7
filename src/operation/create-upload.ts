import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import type { UploadType } from '../pack/custom-certificate.ts';
import type { Environment, PackZone } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import type { Actor } from '../store/audit.ts';
import { putOrderRequest } from '../store/order-requests.ts';
import { type Tx, transaction } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { hasKey } from '../upload/private-key.ts';
import type { GivenUpload } from '../upload/upload.ts';
import { csrKeyFor, demandOneKey } from './csr-key.ts';
import { demandRegion, insertUpload, readFor, type UploadDeps } from './insert-upload.ts';
import { checkPackQuota, type Quotas } from './quotas.ts';
import { type MakingRequest, type Ordered, repeated, unlessRepeated } from './repeated.ts';

/** A certificate that somebody brings, with the request that it came by. */
export interface UploadAsk extends MakingRequest {
  readonly zone: PackZone;
  readonly given: GivenUpload;
  readonly type: UploadType;
  readonly environment: Environment;
  /** Where its key may be; undefined: anywhere. */
  readonly restriction?: Restriction | undefined;
  /** The request of ours whose key it is for; undefined: that of its own key, if there is one and no key came. */
  readonly csrId?: string | undefined;
  readonly by: Actor;
  /** Of the custom certificate, where it is not to be a random one. */
  readonly id?: string | undefined;
}

/** What uploads are counted by beside. */
export type CreateUploadDeps = UploadDeps & { readonly quotas: Quotas };

/**
 * Reads an upload and stores it as a pack that goes to the edges, or is held while its zone is not active; the pack of the first
 * request, where this one repeats it. Throws as `readUpload` does, `already_uploaded`, `uploads_reached`, `key_reused`,
 * `zone_deactivated`, `zone_not_found` or `csr_not_found`, and `not_offered` where no region here is allowed to have its key.
 */
export async function createUpload(deps: CreateUploadDeps, ask: UploadAsk): Promise<Ordered> {
  const earlier = await repeated(deps, ask);
  if (earlier !== undefined) return { id: earlier, isNew: false };
  const { zone, type, environment, restriction, request, by } = ask;
  demandRegion(deps, restriction);
  const { given, csrId } = await withOwnKey(deps, ask);
  const upload = await readFor(deps, zone, given);
  const [packId, id, line] = [newUuid(), ask.id ?? newUuid(), newUuid()];
  const { bundleMethod } = given;
  const facts = { id, line, isCurrent: true, bundleMethod, priority: 0, restriction, csrId };
  return unlessRepeated(deps, ask, () =>
    transaction(deps.pool, async (tx) => {
      const seat = await takeOrd(tx, zone);
      await checkUploadQuota(tx, deps, zone, upload.names);
      await insertUpload(tx, deps, { zone, id: packId, type, environment, facts, upload, by }, seat);
      await putOrderRequest(tx, request, packId, deps.clock.now());
      return packId;
    }),
  );
}

/** What came, with the key of a request of ours where none came. */
async function withOwnKey(
  deps: CreateUploadDeps,
  { zone, given, restriction, csrId }: UploadAsk,
): Promise<{ readonly given: GivenUpload; readonly csrId?: string | undefined }> {
  const isKeySent = given.privateKey !== undefined || hasKey(given.certificate);
  demandOneKey(csrId, isKeySent);
  const found = isKeySent
    ? undefined
    : await csrKeyFor(deps, zone, { certificate: given.certificate, csrId, restriction });
  return found ? { given: { ...given, privateKey: found.privateKey }, csrId: found.csrId } : { given };
}

/** Uploads count as packs; where there are too many of these, the documented code of uploads says so. */
export async function checkUploadQuota(
  tx: Tx,
  deps: { readonly quotas: Quotas },
  zone: PackZone,
  names: readonly string[],
): Promise<void> {
  try {
    await checkPackQuota(tx, deps, zone, names);
  } catch (error) {
    if (error instanceof Fault && error.fault === 'quota_reached')
      throw new Fault('uploads_reached', error.message);
    throw error;
  }
}
