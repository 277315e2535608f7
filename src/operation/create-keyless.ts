import { keyPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { elsewhereText, toKeyElsewhere } from '../pack/key-elsewhere.ts';
import type { BundleMethod, Environment, PackZone } from '../pack/pack.ts';
import type { Actor } from '../store/audit.ts';
import { putCertificate } from '../store/certificates.ts';
import { findSameKeyless, type KeylessFacts, putKeyless } from '../store/keyless.ts';
import { putOrderRequest } from '../store/order-requests.ts';
import { type Tx, transaction } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import { readKeyless, type Upload } from '../upload/upload.ts';
import { checkUploadQuota } from './create-upload.ts';
import { insertPack } from './insert-pack.ts';
import { newPack, ownNames, readBy, STAYING } from './insert-upload.ts';
import type { KeylessDeps } from './keyless-deps.ts';
import { deactivated } from './locked-zone.ts';
import type { Quotas } from './quotas.ts';
import { type MakingRequest, type Ordered, repeated, unlessRepeated } from './repeated.ts';

/** A certificate whose key its owner keeps, and where. */
export interface KeylessAsk extends MakingRequest {
  readonly zone: PackZone;
  readonly certificate: string;
  readonly bundleMethod: BundleMethod;
  readonly facts: KeylessFacts;
  readonly environment: Environment;
  readonly by: Actor;
  /** Of the keyless certificate, where it is not to be that of its pack. */
  readonly id?: string | undefined;
}

/** What keyless certificates are counted by beside. */
export type CreateKeylessDeps = KeylessDeps & { readonly quotas: Quotas };

/**
 * Stores a certificate whose key is elsewhere as a pack that goes to the edges, or is held while its zone is not active; the pack of
 * the first request, where this one repeats it. Throws as `readKeyless`, `keyless_not_offered`, `malformed_request` for a host that
 * names no key, and as `createUpload`.
 */
export async function createKeyless(deps: CreateKeylessDeps, ask: KeylessAsk): Promise<Ordered> {
  const earlier = await repeated(deps, ask);
  if (earlier !== undefined) return { id: earlier, isNew: false };
  const { zone, certificate, bundleMethod, facts } = ask;
  const elsewhere = elsewhereText(facts.host, facts.port);
  deps.demandKeyPlace(toKeyElsewhere(elsewhere));
  const upload = await readBy(deps, zone, { certificate, bundleMethod }, readKeyless);
  return unlessRepeated(deps, ask, () =>
    transaction(deps.pool, async (tx) => {
      const id = await insert(tx, deps, ask, { ...upload, elsewhere });
      await putOrderRequest(tx, ask.request, id, deps.clock.now());
      return id;
    }),
  );
}

async function insert(
  tx: Tx,
  deps: CreateKeylessDeps,
  ask: KeylessAsk,
  upload: Omit<Upload, 'key'> & { readonly elsewhere: string },
): Promise<string> {
  const { environment, facts, by } = ask;
  const id = newUuid();
  const seat = await takeOrd(tx, ask.zone);
  const zone = { ...ask.zone, ...seat.zone };
  if (zone.isDeactivated) throw deactivated(zone.name);
  await checkUploadQuota(tx, deps, zone, upload.names);
  const { fingerprint, algorithm } = upload.leaf;
  const same = await findSameKeyless(tx, zone.id, { statuses: STAYING, fingerprint });
  if (same !== undefined)
    throw new Fault(
      'already_uploaded',
      `this very certificate is keyless certificate ${same} of the zone already`,
      {
        pointer: '/certificate',
      },
    );
  const hosts = await ownNames(tx, zone, upload.names);
  const { restriction: keptTo } = facts;
  const wanted = { zone, id, type: 'keyless', environment, facts: undefined, upload, keptTo } as const;
  const pack = newPack(deps, wanted, { hosts, ord: seat.ord });
  await insertPack(tx, deps, pack, { lane: seat.lane, by, event: 'upload' });
  const sealedKey = deps.seal.close(Buffer.from(upload.elsewhere), keyPurpose(id, algorithm));
  for (const certificate of pack.certificates)
    await putCertificate(tx, pack, certificate, { chain: upload.chain, sealedKey, table: 'certificates' });
  await putKeyless(tx, pack, { ...facts, id: ask.id ?? id }, deps.clock.now());
  return id;
}
