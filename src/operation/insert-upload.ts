/** What storing an upload takes, new or in the place of another. */
import { keyPurpose } from '../key/purpose.ts';
import { allowedRegions, type Region, regionPurpose, sealToRegions } from '../key/region-key.ts';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { UploadType } from '../pack/custom-certificate.ts';
import { covers, isInZone } from '../pack/hosts.ts';
import { isLeaving } from '../pack/lifecycle.ts';
import type { NamePolicy } from '../pack/name-policy.ts';
import {
  type Environment,
  PACK_STATUSES,
  type Pack,
  type PackKey,
  type PackStatus,
  type PackType,
  type PackZone,
  type UploadFacts,
} from '../pack/pack.ts';
import { type Restriction, restrictionWords } from '../pack/region.ts';
import { isOpen } from '../pack/zone-life.ts';
import type { Actor } from '../store/audit.ts';
import { putCertificate } from '../store/certificates.ts';
import { lockCsr, putCsrUse } from '../store/custom-csrs.ts';
import { learn, listAbove } from '../store/known-intermediates.ts';
import { getDeeperZone } from '../store/names.ts';
import { copyRegionKeys, putRegionKeys } from '../store/region-keys.ts';
import type { Tx } from '../store/store.ts';
import { findSame, putUpload } from '../store/uploads.ts';
import type { Seat } from '../store/zones.ts';
import { knowing, type Trust } from '../upload/trust.ts';
import { type GivenUpload, issuersIn, readUpload, type Upload, type UploadRules } from '../upload/upload.ts';
import { checkHosts } from './check-hosts.ts';
import { insertPack } from './insert-pack.ts';
import { deactivated } from './locked-zone.ts';
import type { OperationDeps } from './operation.ts';

/** What uploads are read and stored by. */
export interface UploadDeps extends OperationDeps {
  readonly seal: Seal;
  readonly trust: Trust;
  readonly names: NamePolicy;
  /** The regions to which keys can be restricted; none unless told. */
  readonly regions?: readonly Region[] | undefined;
}

/** Statuses of packs that are there to stay. */
export const STAYING: readonly PackStatus[] = PACK_STATUSES.filter((status) => !isLeaving(status));

/**
 * Reads an upload for a zone, its chain completed with what came with earlier ones where it leads to no root by itself. Throws as
 * `readUpload`, and `no_host_of_zone` where a name is kept for others.
 */
export const readFor = (deps: UploadDeps, zone: PackZone, given: GivenUpload): Promise<Upload> =>
  readBy(deps, zone, given, readUpload);

/** The same of what is read otherwise. */
export async function readBy<G extends Pick<GivenUpload, 'certificate'>, T extends Pick<Upload, 'names'>>(
  deps: UploadDeps,
  zone: PackZone,
  given: G,
  read: (given: G, rules: UploadRules) => T,
): Promise<T> {
  const upload = await readKnowing(
    deps,
    { zone: zone.name, trust: deps.trust, now: deps.clock.now() },
    given,
    read,
  );
  try {
    await checkHosts(deps, zone, upload.names);
  } catch (error) {
    throw error instanceof Fault ? refused(error.message) : error;
  }
  return upload;
}

async function readKnowing<G extends Pick<GivenUpload, 'certificate'>, T>(
  { pool }: UploadDeps,
  rules: UploadRules,
  given: G,
  read: (given: G, rules: UploadRules) => T,
): Promise<T> {
  try {
    return read(given, rules);
  } catch (error) {
    if (!(error instanceof Fault) || error.fault !== 'chain_not_bundleable') throw error;
    const known = await listAbove(pool, issuersIn(given.certificate), rules.now);
    if (known.length === 0) throw error;
    return read(given, { ...rules, trust: knowing(rules.trust, known) });
  }
}

/** An upload that is to be a pack. */
export interface NewUploadPack {
  readonly zone: PackZone;
  readonly id: string;
  readonly type: UploadType;
  readonly environment: Environment;
  readonly facts: UploadFacts;
  readonly upload: Upload;
  /** The pack whose key it goes on with, where none came. */
  readonly keyOf?: PackKey | undefined;
  readonly by: Actor;
}

/**
 * Stores an upload as a pack with its certificate, key and facts, in a transaction that took a seat in its zone. Hosts that belong
 * to deeper zones are left to these. Throws `zone_deactivated`, `already_uploaded`, or `no_host_of_zone` where no host is left.
 */
export async function insertUpload(
  tx: Tx,
  deps: UploadDeps,
  wanted: NewUploadPack,
  seat: Seat,
): Promise<Pack> {
  const { id, facts, upload, by } = wanted;
  const zone = { ...wanted.zone, ...seat.zone };
  if (seat.zone.isDeactivated) throw deactivated(zone.name);
  const { fingerprint, algorithm } = upload.leaf;
  const same = await findSame(tx, { zoneId: zone.id, statuses: STAYING }, { fingerprint, line: facts.line });
  if (same !== undefined)
    throw new Fault(
      'already_uploaded',
      `this very certificate is custom certificate ${same} of the zone already`,
      {
        pointer: '/certificate',
      },
    );
  const hosts = await ownNames(tx, zone, upload.names);
  const pack = newPack(deps, { ...wanted, zone }, { hosts, ord: seat.ord });
  await insertPack(tx, deps, pack, { lane: seat.lane, by, event: 'upload' });
  const [certificate] = pack.certificates;
  const sealedKey =
    facts.restriction || upload.key === undefined
      ? undefined
      : deps.seal.close(Buffer.from(upload.key), keyPurpose(id, algorithm));
  if (certificate)
    await putCertificate(tx, pack, certificate, { chain: upload.chain, sealedKey, table: 'certificates' });
  const isOfCsr = facts.csrId !== undefined && (await useCsr(tx, pack, facts.csrId));
  const csrId = isOfCsr ? facts.csrId : undefined;
  await putUpload(tx, pack, { ...facts, csrId, fingerprint, sent: upload.sent });
  await learn(tx, upload.intermediates, deps.clock.now());
  if (facts.restriction) await putRestricted(tx, deps, wanted, facts.restriction);
  return pack;
}

/** Notes that a pack has its key from a request. Whether that is still there: the key is at hand whatever became of it. */
export async function useCsr(tx: Tx, pack: Pack, id: string): Promise<boolean> {
  const key = { accountId: pack.zone.accountId, id };
  if (!(await lockCsr(tx, key, 'use'))) return false;
  await putCsrUse(tx, key, pack);
  return true;
}

/** Seals a key to the regions that may have it, or goes on with what was sealed to them before. */
async function putRestricted(
  tx: Tx,
  deps: UploadDeps,
  { id, zone, upload, facts, keyOf }: NewUploadPack,
  restriction: Restriction,
): Promise<void> {
  const { algorithm } = upload.leaf;
  if (upload.key === undefined) {
    if (keyOf) await copyRegionKeys(tx, keyOf, { id });
    return;
  }
  const regions = allowedRegions(deps.regions ?? [], restriction);
  const keys = sealToRegions(regions, upload.key, regionPurpose(facts.line, algorithm));
  await putRegionKeys(
    tx,
    { id, zone },
    keys.map((key) => ({ ...key, algorithm })),
  );
}

/** Throws `not_offered`, with a pointer, where a key is to be kept to places of which none here has a key of its own. */
export function demandRegion({ regions = [] }: UploadDeps, restriction: Restriction | undefined): void {
  if (!restriction || allowedRegions(regions, restriction).length > 0) return;
  const pointer = 'label' in restriction ? '/geo_restrictions' : '/policy';
  const names = regions.map(({ name }) => name).join(', ');
  const there =
    names === '' ? 'no region is set up here' : `no region here is surely allowed by it (there are ${names})`;
  throw new Fault(
    'not_offered',
    `${restrictionWords(restriction)}: ${there}; leave it out, or ask the operator for a region`,
    { pointer },
  );
}

/** Names that belong to no deeper zone, and cover none: these are their zones' own. */
export async function ownNames(tx: Tx, zone: PackZone, all: readonly string[]): Promise<readonly string[]> {
  let names = all;
  for (
    let deeper = await getDeeperZone(tx, zone, names);
    deeper;
    deeper = await getDeeperZone(tx, zone, names)
  ) {
    const { name } = deeper;
    const left = names.filter((one) => !isInZone(one, name) && !covers(one, name));
    if (left.length === 0 || left.length === names.length)
      throw refused(`the certificate is for ${names[0]}, which is not for this zone, or covers what is not`);
    names = left;
  }
  return names;
}

const refused = (why: string): Fault => new Fault('no_host_of_zone', why, { pointer: '/certificate' });

interface NewPack extends Omit<NewUploadPack, 'by' | 'type' | 'facts' | 'upload'> {
  readonly type: PackType;
  readonly facts: UploadFacts | undefined;
  readonly upload: Pick<Upload, 'leaf'>;
  readonly keptTo?: Restriction | undefined;
}

/** A pack that begins with its certificate; `id` is that of the certificate, where there are no facts of an upload. */
export function newPack(
  { clock }: Pick<UploadDeps, 'clock'>,
  { zone, id, type, environment, facts, upload, keptTo }: NewPack,
  { hosts, ord }: { readonly hosts: readonly string[]; readonly ord: number },
): Pack {
  const now = clock.now();
  const certificate = { ...upload.leaf, id: facts?.id ?? id, uploadedOn: now, modifiedOn: now };
  const toEdges = environment === 'staging' ? 'staging_deployment' : 'pending_deployment';
  return {
    id,
    zone,
    ord,
    type,
    hosts,
    environment,
    status: isOpen(zone) ? toEdges : 'holding_deployment',
    statusSince: now,
    createdOn: now,
    modifiedOn: now,
    certificateAuthority: undefined,
    validationMethod: undefined,
    validityDays: undefined,
    isDelegated: false,
    isBranded: false,
    validationRecords: [],
    delegations: [],
    validationErrors: [],
    certificates: [certificate],
    upload: facts,
    ...(keptTo && { keptTo }),
    attempts: 0,
    claim: 0,
  };
}
