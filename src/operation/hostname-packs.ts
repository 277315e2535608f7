/** Certificate packs of custom hostnames: ordered or uploaded, and put in each other's place. */
import { checkOrderPolicy } from '../ca/order-policy.ts';
import { keyPurpose } from '../key/purpose.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { brandingOf } from '../pack/branding.ts';
import { type CustomHostname, isShown, namesOf } from '../pack/custom-hostname.ts';
import { challengeName } from '../pack/delegation.ts';
import { covers } from '../pack/hosts.ts';
import { isServed } from '../pack/lifecycle.ts';
import type { CertificateAuthority, Pack, PackZone } from '../pack/pack.ts';
import { isOfHostname } from '../pack/type.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import { isOpen } from '../pack/zone-life.ts';
import type { Actor } from '../store/audit.ts';
import { putCertificate } from '../store/certificates.ts';
import { lockHostname, putHostnameStatus } from '../store/custom-hostnames.ts';
import { getHostnameOf, listHostnamePacks, putHostnamePack, type SentBy } from '../store/hostname-packs.ts';
import { lockPack } from '../store/packs.ts';
import type { Tx } from '../store/store.ts';
import type { Seat } from '../store/zones.ts';
import type { Upload } from '../upload/upload.ts';
import type { By } from './advance.ts';
import { demandBranding } from './change-branding.ts';
import { checkMethod } from './check-method.ts';
import { deleteHeld } from './delete-held.ts';
import { demandActive } from './demand-active.ts';
import { endable } from './hostname-faults.ts';
import type { HostnameDeps } from './hostname-policy.ts';
import { insertPack } from './insert-pack.ts';
import { useCsr } from './insert-upload.ts';
import { deactivated } from './locked-zone.ts';
import type { AdvanceDeps } from './operation.ts';
import { type Supplier, supplierFor } from './order-managed.ts';

/** Certificates that are got from a CA. */
export interface ManagedSsl {
  readonly kind: 'managed';
  readonly method: ValidationMethod;
  /** Undefined: the service chooses. */
  readonly certificateAuthority: CertificateAuthority | undefined;
  readonly isBranded: boolean;
}

/** Certificates that were brought, and read. */
export interface UploadedSsl {
  readonly kind: 'uploaded';
  readonly uploads: readonly Upload[];
  /** The requests of ours that keys are of. */
  readonly csrIds: readonly string[];
}

export type Ssl = ManagedSsl | UploadedSsl;

/** Where a pack of a hostname is to be. */
export interface HostnamePlace {
  readonly zone: PackZone;
  readonly hostname: CustomHostname;
  readonly seat: Seat;
  readonly by: Actor;
  /** Ids of the pack and its certificates, where these are not to be random ones. */
  readonly ids?: PackIds | undefined;
}

/** Ids that are known beforehand. */
export interface PackIds {
  readonly pack: string;
  readonly certificates: readonly string[];
}

/** Where certificates of a hostname come from. Throws `ssl_attribute`, `ssl_method` or `invalid_host` where none can be had. */
export function supplierOf(
  deps: Pick<HostnameDeps, 'rows' | 'managed' | 'clock' | 'brandingDomain'>,
  names: readonly string[],
  { method, certificateAuthority: chosen, isBranded }: ManagedSsl,
): Supplier {
  const now = deps.clock.now();
  if (names.some((name) => challengeName(name).length > 253))
    throw new Fault(
      'invalid_host',
      `the validation record of ${names[0]} would have a longer name than DNS allows`,
      {
        pointer: '/hostname',
      },
    );
  demandBranding(deps, isBranded);
  const row = chosen && deps.rows.get(chosen);
  if (chosen && !row) throw noCa(`${chosen} is not configured here`);
  const all = [...deps.rows.values()];
  const rows = row ? [row] : deps.managed.rows.filter((one) => all.includes(one));
  const fit = (rows.length > 0 ? rows : all).filter((one) => isOffering(one, { method, names, now }, all));
  const from = supplierFor({ rows: fit, names }, now);
  if (!from) throw noCa(`no CA that is configured here issues for ${names[0]} by ${method}`);
  endable(() => checkOrderPolicy(from.row, { names, validityDays: from.validityDays }, now, all));
  return from;
}

const noCa = (why: string): Fault =>
  new Fault('ssl_attribute', `certificate_authority: ${why}`, { pointer: '/ssl/certificate_authority' });

/** Whether a CA takes the method; throws where none does, as it proves no wildcard. */
function isOffering(
  row: Supplier['row'],
  {
    method,
    names,
    now,
  }: { readonly method: ValidationMethod; readonly names: readonly string[]; readonly now: Date },
  all: readonly Supplier['row'][],
): boolean {
  try {
    checkMethod({ method, names, row, now }, all);
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (names.length > 1 && method === 'http')
      throw new Fault('ssl_method', error.message, { pointer: '/ssl/method' });
    return false;
  }
}

/** Stores the pack of a hostname, in the place of the one that it has, in a transaction that holds the zone; its id. */
export async function insertHostnamePack(
  tx: Tx,
  deps: HostnameDeps,
  ssl: Ssl,
  place: HostnamePlace,
): Promise<string> {
  const { zone, hostname, seat, by } = place;
  if (seat.zone.isDeactivated) throw deactivated(zone.name);
  const isManaged = ssl.kind === 'managed';
  if (isManaged) demandActive({ ...zone, ...seat.zone });
  const pack = isManaged ? managedPack(deps, ssl, place) : uploadedPack(deps, ssl, place);
  await insertPack(tx, deps, pack, { lane: seat.lane, by, event: isManaged ? 'order' : 'upload' });
  if (!isManaged) await putCertificates(tx, deps, pack, ssl);
  for (const csrId of isManaged ? [] : ssl.csrIds) await useCsr(tx, pack, csrId);
  await putHostnamePack(tx, pack, { hostnameId: hostname.id, sent: isManaged ? undefined : sentBy(ssl) });
  return pack.id;
}

async function putCertificates(
  tx: Tx,
  { seal }: HostnameDeps,
  pack: Pack,
  { uploads }: UploadedSsl,
): Promise<void> {
  for (const certificate of pack.certificates) {
    const upload = uploads.find(({ leaf }) => leaf.algorithm === certificate.algorithm);
    if (upload?.key === undefined) throw new Error(`certificate ${certificate.id} came without its key`);
    const sealedKey = seal.close(Buffer.from(upload.key), keyPurpose(pack.id, certificate.algorithm));
    await putCertificate(tx, pack, certificate, { chain: upload.chain, sealedKey, table: 'certificates' });
  }
}

const sentBy = ({ uploads }: UploadedSsl): SentBy =>
  Object.fromEntries(uploads.map(({ leaf, sent }) => [leaf.algorithm, sent]));

/** What all packs of hostnames begin with. */
const NEW = {
  environment: 'production',
  isDelegated: false,
  validationRecords: [],
  delegations: [],
  validationErrors: [],
  attempts: 0,
  claim: 0,
} as const;

function managedPack(deps: HostnameDeps, ssl: ManagedSsl, { zone, hostname, seat }: HostnamePlace): Pack {
  const now = deps.clock.now();
  const names = namesOf(hostname);
  const { row, validityDays } = supplierOf(deps, names, ssl);
  const id = newUuid();
  const { isBranded } = ssl;
  return {
    ...NEW,
    id,
    zone: { ...zone, ...seat.zone },
    ord: seat.ord,
    type: 'managed_hostname',
    status: 'initializing',
    statusSince: now,
    hosts: names,
    certificateAuthority: row.name,
    validationMethod: ssl.method,
    validityDays,
    isBranded,
    brandedAs: brandingOf({ isBranded, id }, deps.brandingDomain),
    createdOn: now,
    modifiedOn: now,
    certificates: [],
  };
}

function uploadedPack(
  { clock }: HostnameDeps,
  { uploads }: UploadedSsl,
  { zone, hostname, seat, ids }: HostnamePlace,
): Pack {
  const now = clock.now();
  const at = { ...zone, ...seat.zone };
  const dated = { uploadedOn: now, modifiedOn: now };
  return {
    ...NEW,
    id: ids?.pack ?? newUuid(),
    zone: at,
    ord: seat.ord,
    type: 'mh_custom',
    status: isOpen(at) ? 'pending_deployment' : 'holding_deployment',
    statusSince: now,
    // Every certificate of a pack is shown for each of its hosts.
    hosts: namesOf(hostname).filter((name) =>
      uploads.every((one) => one.names.some((own) => covers(own, name))),
    ),
    certificateAuthority: undefined,
    validationMethod: undefined,
    validityDays: undefined,
    isBranded: false,
    createdOn: now,
    modifiedOn: now,
    certificates: uploads.map(({ leaf }, i) => ({
      ...leaf,
      id: ids?.certificates[i] ?? newUuid(),
      ...dated,
    })),
  };
}

/** Has packs deleted in whose place another came and which serve nothing. */
export async function endUnserved(
  tx: Tx,
  deps: AdvanceDeps,
  hostname: CustomHostname,
  by: By,
): Promise<void> {
  for (const { packId, isCurrent } of await listHostnamePacks(tx, hostname.zoneId, hostname.id)) {
    const pack = isCurrent ? undefined : await lockPack(tx, hostname.zoneId, packId);
    if (pack && !isServed(pack.status)) await deleteHeld(tx, deps, pack, by);
  }
}

/** Has the packs deleted in whose place that of a hostname came, in a transaction that holds their zone: it is shown by every edge. */
export async function endReplacedOfHostname(tx: Tx, deps: AdvanceDeps, shown: Pack): Promise<void> {
  if (!isOfHostname(shown)) return;
  const of = await getHostnameOf(tx, shown);
  if (!of?.isCurrent) return;
  const { zone } = shown;
  for (const { packId, isCurrent } of await listHostnamePacks(tx, zone.id, of.hostnameId)) {
    const pack = isCurrent ? undefined : await lockPack(tx, zone.id, packId);
    if (pack) await deleteHeld(tx, deps, pack, {});
  }
  const hostname = await lockHostname(tx, zone.id, of.hostnameId);
  if (hostname && isShown(hostname)) await putHostnameStatus(tx, hostname, { status: 'active' });
}
