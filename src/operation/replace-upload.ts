import { type KeyObject, X509Certificate } from 'node:crypto';
import { keyPlaceOf } from '../key/key.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { UPLOAD_TYPES } from '../pack/custom-certificate.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { BundleMethod, Environment, Pack, PackZone, UploadFacts } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import type { Actor } from '../store/audit.ts';
import { listKeyPairs } from '../store/certificates.ts';
import { putOrderRequest } from '../store/order-requests.ts';
import { getPack } from '../store/packs.ts';
import { transaction } from '../store/store.ts';
import { findUpload, replaceUpload as markReplaced } from '../store/uploads.ts';
import { takeOrd, touchZone } from '../store/zones.ts';
import { readCertificates } from '../upload/certificates.ts';
import { hasKey } from '../upload/private-key.ts';
import type { GivenUpload, Upload } from '../upload/upload.ts';
import { packMoved } from './advance.ts';
import { type CsrKeyFound, csrKeyFor, demandOneKey } from './csr-key.ts';
import { endPassedOver } from './end-replaced.ts';
import { demandRegion, insertUpload, readFor, type UploadDeps } from './insert-upload.ts';
import { certificateNotFound, lockUpload } from './locked-upload.ts';
import { type MakingRequest, type Ordered, repeated, unlessRepeated } from './repeated.ts';
import { isRestartable, restart } from './restart.ts';

/** What a custom certificate is to be; undefined: as it is. */
export interface UploadChange extends MakingRequest {
  readonly zone: PackZone;
  readonly id: string;
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  readonly bundleMethod?: BundleMethod | undefined;
  readonly environment?: Environment | undefined;
  readonly restriction?: Restriction | undefined;
  /** The request of ours whose key the certificate is for. */
  readonly csrId?: string | undefined;
  readonly by: Actor;
}

/**
 * Puts another pack in the place of an upload: what is not said is as it was, its key too. The old one is served until every edge
 * has shown the new one, and goes then. The id of the pack; where nothing is to change, that of the pack that there is, tried again
 * where its deployment timed out. One of type `legacy_custom` is the same custom certificate as before. Throws as `createUpload`,
 * `certificate_not_found`, and `pack_moved` where another was faster.
 */
export async function replaceUpload(deps: UploadDeps, change: UploadChange): Promise<Ordered> {
  const earlier = await repeated(deps, change);
  if (earlier !== undefined) return { id: earlier, isNew: false };
  const { zone, id } = change;
  const found = await findUpload(deps.pool, zone.id, id);
  const pack = found && (await getPack(deps.pool, zone.id, found.packId));
  if (!found || !pack?.upload || isLeaving(pack.status)) throw certificateNotFound(id);
  const old = { pack, facts: pack.upload, sent: found.sent };
  if (isSame(old, change)) return { id: await tryAgain(deps, change), isNew: false };
  const csr = await csrOf(deps, old, change);
  const upload = await readFor(deps, zone, await completed(deps, old, { ...change, ...csr }));
  const packId = newUuid();
  const facts = factsAfter(old, { ...change, csrId: csr?.csrId });
  checkRestricting(deps, old, facts.restriction, upload);
  const wanted = {
    ...change,
    keyOf: pack,
    environment: change.environment ?? pack.environment,
    type: typeOf(pack),
  };
  return unlessRepeated(deps, change, () =>
    transaction(deps.pool, async (tx) => {
      const seat = await takeOrd(tx, zone);
      const locked = await lockUpload(tx, zone.id, id);
      if (locked.id !== pack.id || isLeaving(locked.status)) throw packMoved(pack);
      const { priority = facts.priority } = locked.upload ?? {};
      await endPassedOver(tx, deps, locked, { by: change.by });
      await markReplaced(tx, locked);
      await insertUpload(tx, deps, { ...wanted, id: packId, facts: { ...facts, priority }, upload }, seat);
      await putOrderRequest(tx, change.request, packId, deps.clock.now());
      return packId;
    }),
  );
}

/** An upload as it is stored. */
interface Old {
  readonly pack: Pack;
  readonly facts: UploadFacts;
  readonly sent: string;
}

const isSame = (
  { pack, facts }: Old,
  {
    certificate,
    privateKey,
    bundleMethod = facts.bundleMethod,
    environment = pack.environment,
    ...change
  }: UploadChange,
): boolean =>
  areSame(restrictionOf({ facts }, change), facts.restriction) &&
  certificate === undefined &&
  privateKey === undefined &&
  change.csrId === undefined &&
  bundleMethod === facts.bundleMethod &&
  environment === pack.environment;

function typeOf({ type, id }: Pack) {
  const known = UPLOAD_TYPES.find((one) => one === type);
  if (known) return known;
  throw new Error(`certificate pack ${id} is of type ${type}, which is none of uploads`);
}

/** What is known of a replacement beside its certificate. */
function factsAfter(old: Old, change: UploadChange): UploadFacts {
  const { facts, pack } = old;
  return {
    ...facts,
    id: pack.type === 'legacy_custom' ? facts.id : newUuid(),
    bundleMethod: change.bundleMethod ?? facts.bundleMethod,
    restriction: restrictionOf(old, change),
    csrId: change.csrId ?? (isKeySent(change) ? undefined : facts.csrId),
  };
}

/** The key of a request of ours that a change names, or that another certificate is for; undefined: none. */
async function csrOf(deps: UploadDeps, old: Old, change: UploadChange): Promise<CsrKeyFound | undefined> {
  const { certificate, csrId, zone } = change;
  demandOneKey(csrId, isKeySent(change));
  if (isKeySent(change)) return undefined;
  const isOfOldKey = (text: string) =>
    readCertificates(text).some(({ publicKey }) => publicKey.equals(publicKeyIn(old.sent)));
  if (csrId === undefined && (certificate === undefined || isOfOldKey(certificate))) return undefined;
  const restriction = restrictionOf(old, change);
  return csrKeyFor(deps, zone, { certificate: certificate ?? old.sent, csrId, restriction });
}

/** What restricts the key of a replacement: what is said now, else what was. */
const restrictionOf = (
  { facts }: Pick<Old, 'facts'>,
  { restriction = facts.restriction }: Pick<UploadChange, 'restriction'>,
): Restriction | undefined => restriction;

const areSame = (a: Restriction | undefined, b: Restriction | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Throws `not_offered` for a key that was here under another restriction: where it is by now, it stays; and as `demandRegion`. */
function checkRestricting(
  deps: UploadDeps,
  { facts, sent }: Old,
  restriction: Restriction | undefined,
  upload: Upload,
): void {
  if (upload.key !== undefined) demandRegion(deps, restriction);
  if (areSame(restriction, facts.restriction)) return;
  if (upload.key !== undefined && !publicKeyIn(sent).equals(publicKeyIn(upload.sent))) return;
  throw new Fault(
    'not_offered',
    'its key was kept by other terms until now, and cannot be called back: send a certificate of a new key with private_key',
    { pointer: restriction && 'label' in restriction ? '/geo_restrictions' : '/policy' },
  );
}

/** The public key of the leaf, which stands first. */
const publicKeyIn = (sent: string): KeyObject => new X509Certificate(sent).publicKey;

/** What was sent, with what is stored in the place of what was not. */
async function completed(
  { pool, seal }: UploadDeps,
  { pack, facts, sent }: Old,
  { certificate = sent, privateKey, bundleMethod = facts.bundleMethod }: UploadChange,
): Promise<GivenUpload> {
  if (isKeySent({ certificate, privateKey })) return { certificate, privateKey, bundleMethod };
  // Nobody here can open it, nor has to: it is sealed for the whole line.
  if (facts.restriction) return { certificate, privateKey: publicKeyIn(sent), bundleMethod };
  const [pair] = await listKeyPairs(pool, pack);
  if (!pair) throw certificateNotFound(facts.id);
  const stored = keyPlaceOf(pack.type).open({ seal }, { pack, algorithm: pair.algorithm }, pair.sealedKey);
  return { certificate, privateKey: stored, bundleMethod };
}

const isKeySent = ({
  privateKey,
  certificate = '',
}: Pick<UploadChange, 'privateKey' | 'certificate'>): boolean =>
  privateKey !== undefined || hasKey(certificate);

/** Nothing is to change: what an edge did not show in time is put there again. */
async function tryAgain(deps: UploadDeps, { zone, id, by }: UploadChange): Promise<string> {
  return transaction(deps.pool, async (tx) => {
    await touchZone(tx, zone.id);
    const pack = await lockUpload(tx, zone.id, id);
    if (pack.status === 'expired') throw expired(id);
    if (isRestartable(pack)) await restart(tx, deps, pack, { by });
    return pack.id;
  });
}

const expired = (id: string): Fault =>
  new Fault(
    'transition_refused',
    `custom certificate ${id} has expired: send another one with its key, or delete it`,
  );
