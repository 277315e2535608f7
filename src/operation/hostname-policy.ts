/** What custom hostnames are checked by, and the checks that need the store. */
import type { CaRow } from '../ca/ca.ts';
import { Fault } from '../kit/fault.ts';
import type { Seal } from '../kit/seal.ts';
import type { HostnameTerms } from '../pack/custom-hostname.ts';
import { isInZone } from '../pack/hosts.ts';
import type { CertificateAuthority, PackZone } from '../pack/pack.ts';
import { countHostnames } from '../store/custom-hostnames.ts';
import { listRecords } from '../store/dns-records.ts';
import type { Db, Pool, Tx } from '../store/store.ts';
import type { Trust } from '../upload/trust.ts';
import { checkHosts } from './check-hosts.ts';
import type { ManagedDeps } from './managed-policy.ts';
import { checkPackQuota, type Quotas } from './quotas.ts';

export const HOSTNAME_FEATURES = ['custom_metadata', 'custom_origin_server', 'wildcard_metadata'] as const;
export type HostnameFeature = (typeof HOSTNAME_FEATURES)[number];

/** What the operator says of custom hostnames. */
export interface HostnamePolicy {
  /** How many a zone is allotted; 0: any number, -1: none. */
  readonly allocated: number;
  /** How many a zone may have; 0: any number. */
  readonly hardCap: number;
  readonly features: readonly HostnameFeature[];
  /** Whether names are taken that are kept for tests and examples. */
  readonly takesReserved: boolean;
}

/** Any number, of any name. */
export const FREE_HOSTNAMES: HostnamePolicy = {
  allocated: 0,
  hardCap: 0,
  features: HOSTNAME_FEATURES,
  takesReserved: true,
};

/** What changing custom hostnames needs. */
export interface HostnameDeps extends ManagedDeps {
  readonly pool: Pool;
  readonly rows: ReadonlyMap<CertificateAuthority, CaRow>;
  readonly seal: Seal;
  readonly trust: Trust;
  readonly quotas: Quotas;
  readonly hostnames: HostnamePolicy;
}

/** Stands for any number: the largest quota that an operator can set. */
const ANY_NUMBER = 1_000_000_000;

/** How many hostnames a zone is allotted, has, and may have. */
export interface HostnameQuota {
  readonly allocated: number;
  readonly used: number;
  readonly exceeded: boolean;
  readonly hardCap: number;
}

/** As things are in a zone. */
export async function hostnameQuotaOf(
  db: Db,
  { allocated: allotted, hardCap }: HostnamePolicy,
  zoneId: string,
): Promise<HostnameQuota> {
  const used = await countHostnames(db, zoneId);
  const allocated = allotted === -1 ? 0 : allotted || ANY_NUMBER;
  return {
    allocated,
    used,
    exceeded: used >= allocated,
    hardCap: allotted === -1 ? 0 : hardCap || ANY_NUMBER,
  };
}

/** Throws `hostname_quota_none` or `quota_reached` where a zone may not have another hostname, in a transaction that holds it. */
export async function checkHostnameQuota(
  tx: Tx,
  { hostnames, quotas }: Pick<HostnameDeps, 'hostnames' | 'quotas'>,
  zone: PackZone,
  { names, hasPack }: { readonly names: readonly string[]; readonly hasPack: boolean },
): Promise<void> {
  if (hostnames.allocated === -1)
    throw new Fault(
      'hostname_quota_none',
      'zones have no custom hostnames here; ask the operator (option zone_hostnames)',
    );
  if (hostnames.hardCap > 0 && (await countHostnames(tx, zone.id)) >= hostnames.hardCap)
    throw new Fault(
      'quota_reached',
      `this zone may have ${hostnames.hardCap} custom hostnames; delete some, or ask the operator (option zone_hostnames_cap)`,
    );
  if (hasPack) await checkPackQuota(tx, { quotas }, zone, names);
}

/** Throws `invalid_host` where the operator keeps a name for others. */
export async function checkKept(
  deps: Pick<HostnameDeps, 'names'> & { readonly pool: Db },
  zone: Pick<PackZone, 'accountId'>,
  hostname: string,
): Promise<void> {
  try {
    await checkHosts(deps, zone, [hostname]);
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.fault, error.message, { pointer: '/hostname' });
    throw error;
  }
}

/** Throws where the operator does not grant what is wanted, or an origin is no record of the zone. */
export async function checkTerms(
  db: Db,
  { features }: HostnamePolicy,
  zone: PackZone,
  terms: HostnameTerms,
): Promise<void> {
  const has = (one: HostnameFeature) => features.includes(one);
  if (terms.metadata) checkMetadata(terms, has);
  const { originServer, originSni } = terms;
  if (originSni !== undefined && originServer === undefined)
    throw refused(
      'origin_invalid',
      '/custom_origin_sni',
      'is for a hostname with a custom_origin_server alone',
    );
  if (originServer === undefined) return;
  if (!has('custom_origin_server'))
    throw refused('origin_not_granted', '/custom_origin_server', 'is not granted here');
  if (await isOrigin(db, zone, originServer)) return;
  const why = `is ${originServer}, which is no A, AAAA or CNAME record of the zone ${zone.name}`;
  throw refused('origin_not_in_zone', '/custom_origin_server', why);
}

function checkMetadata({ wildcard }: HostnameTerms, has: (one: HostnameFeature) => boolean): void {
  if (!has('custom_metadata'))
    throw refused('metadata_not_granted', '/custom_metadata', 'is not granted here');
  if (wildcard && !has('wildcard_metadata'))
    throw refused('metadata_on_wildcard', '/custom_metadata', 'is not taken for a hostname with a wildcard');
}

const refused = (
  fault:
    | 'metadata_not_granted'
    | 'metadata_on_wildcard'
    | 'origin_not_granted'
    | 'origin_not_in_zone'
    | 'origin_invalid',
  pointer: string,
  why: string,
): Fault => new Fault(fault, `${pointer.slice(1)} ${why}`, { pointer });

/** Whether a zone has addresses for a name; of one whose DNS is elsewhere, whether the name is in it. */
export async function isOrigin(
  db: Db,
  { id, name, type }: Pick<PackZone, 'id' | 'name' | 'type'>,
  origin: string,
  isProxied = false,
): Promise<boolean> {
  if (!isInZone(origin, name)) return false;
  if (type !== 'full') return true;
  const wildcard = `*.${origin.slice(origin.indexOf('.') + 1)}`;
  const records = await listRecords(db, id, { ids: [], names: [origin, wildcard] });
  return records.some((one) => ADDRESSES.includes(one.type) && (one.isProxied || !isProxied));
}

const ADDRESSES: readonly string[] = ['A', 'AAAA', 'CNAME'];
