/** A pack as its row has it, with its zone. */
import type { Found } from '../pack/found.ts';
import { isDeploying } from '../pack/lifecycle.ts';
import type {
  Certificate,
  CertificateAuthority,
  Environment,
  Pack,
  PackKey,
  PackStatus,
  PackType,
  Pairing,
  Renewal,
  Run,
  ValidationRecord,
  ValidityDays,
  ZoneStatus,
  ZoneType,
} from '../pack/pack.ts';
import { TYPES } from '../pack/type.ts';
import type { ValidationMethod } from '../pack/validation-method.ts';
import { listCertificates } from './certificates.ts';
import { getKeptTo } from './keyless.ts';
import type { Db } from './store.ts';
import { getUploadFacts } from './uploads.ts';

/** A row of packs, beside what is read of its zone. */
export interface PackRow {
  id: string;
  zone_id: string;
  account_id: string;
  zone_name: string;
  zone_type: ZoneType;
  zone_status: ZoneStatus;
  is_paused: boolean;
  has_name: boolean;
  delegation_uuid: string;
  ord: string;
  type: PackType;
  status: PackStatus;
  status_since: Date;
  drifted_on: Date | null;
  hosts: string[];
  certificate_authority: CertificateAuthority | null;
  validation_method: ValidationMethod | null;
  is_delegated: boolean;
  validity_days: ValidityDays | null;
  environment: Environment;
  is_branded: boolean;
  branded_as: string | null;
  validation_records: ValidationRecord[];
  delegations: string[];
  validation_errors: string[];
  found: StoredFound | null;
  attempts: number;
  renewal: StoredRenewal | null;
  backup_id: string | null;
  backup_of: string | null;
  is_standby: boolean;
  ranked_on: Date | null;
  created_on: Date;
  modified_on: Date;
  claim: number;
}

/** What was found as it is stored, instants as texts. */
interface StoredFound extends Omit<Found, 'on' | 'evidence'> {
  readonly on: string;
  readonly evidence: readonly (Omit<Found['evidence'][number], 'at'> & { readonly at: string })[];
}

/** A version of this program that does not know the column leaves it behind: what is older than the row is over. */
function toFound({ found, modified_on }: PackRow): Found | undefined {
  if (!found || Date.parse(found.on) !== modified_on.getTime()) return undefined;
  const evidence = found.evidence.map((one) => ({ ...one, at: new Date(one.at) }));
  return { ...found, on: modified_on, evidence };
}

/** A version of this program that does not know the column leaves it behind: what is not on its way to the edges did not drift. */
const toDrift = ({ status, drifted_on }: PackRow): Date | undefined =>
  isDeploying(status) ? (drifted_on ?? undefined) : undefined;

/** A renewal as it is stored, instants as texts; its certificates are in a table of their own. */
interface StoredRenewal {
  readonly at: string;
  readonly askAt?: string;
  readonly course?: StoredRun;
}

/** The run of a renewal; without `ca` it goes to that of the pack. */
interface StoredRun {
  readonly status: PackStatus;
  readonly since: string;
  readonly attempts: number;
  readonly ca?: CertificateAuthority;
}

const toRenewal = (
  { renewal, certificate_authority: own }: PackRow,
  certificates: readonly Certificate[],
): Renewal | undefined =>
  renewal
    ? {
        at: new Date(renewal.at),
        askAt: renewal.askAt === undefined ? undefined : new Date(renewal.askAt),
        run: renewal.course && toRun(renewal.course, own ?? undefined, certificates),
      }
    : undefined;

const toRun = (
  { status, since, attempts, ca }: StoredRun,
  own: CertificateAuthority | undefined,
  certificates: readonly Certificate[],
): Run => ({
  kind: 'renewal',
  status,
  statusSince: new Date(since),
  attempts,
  certificateAuthority: ca ?? own,
  certificates,
});

/** JSON of a renewal as it is stored; null for none. */
export function storedRenewal({ renewal }: Pick<Pack, 'renewal'>): string | null {
  if (!renewal) return null;
  const { at, askAt, run } = renewal;
  return JSON.stringify({ at, askAt, course: run && storedRun(run) });
}

const storedRun = ({ status, statusSince, attempts, certificateAuthority }: Run) => ({
  status,
  since: statusSince,
  attempts,
  ca: certificateAuthority,
});

/** What is read of a pack's row: by name, as a newer version of this program may add columns while this one runs. */
const COLUMNS = [
  'id',
  'zone_id',
  'account_id',
  'ord',
  'type',
  'status',
  'status_since',
  'drifted_on',
  'hosts',
  'certificate_authority',
  'validation_method',
  'is_delegated',
  'validity_days',
  'environment',
  'is_branded',
  'branded_as',
  'validation_records',
  'delegations',
  'validation_errors',
  'found',
  'attempts',
  'renewal',
  'backup_id',
  'backup_of',
  'is_standby',
  'ranked_on',
  'created_on',
  'modified_on',
  'claim',
] as const satisfies readonly (keyof PackRow)[];

/** The same, for a statement. */
export const PACK_COLUMNS = COLUMNS.map((name) => `packs.${name}`).join(', ');

/** What is read of a pack's zone beside its row. */
export const ZONE_OF_PACK = `zones.name as zone_name, zones.type as zone_type, zones.delegation_uuid,
  zones.status as zone_status, zones.is_paused, zones.has_name`;

/** The pack of a row. Reads its certificates, where it can have any. */
export async function toPack(db: Db, row: PackRow): Promise<Pack> {
  const key = { id: row.id, zone: { id: row.zone_id } };
  const { present, coming } = isUntouched(row) ? NONE : await listCertificates(db, key);
  const asides = await asidesOf(db, row.type, key);
  return {
    id: row.id,
    zone: {
      id: row.zone_id,
      accountId: row.account_id,
      name: row.zone_name,
      type: row.zone_type,
      delegationUuid: row.delegation_uuid,
      status: row.zone_status,
      isPaused: row.is_paused,
      hasName: row.has_name,
    },
    ord: Number(row.ord),
    type: row.type,
    status: row.status,
    statusSince: row.status_since,
    driftedOn: toDrift(row),
    hosts: row.hosts,
    certificateAuthority: row.certificate_authority ?? undefined,
    validationMethod: row.validation_method ?? undefined,
    isDelegated: row.is_delegated,
    validityDays: row.validity_days ?? undefined,
    environment: row.environment,
    isBranded: row.is_branded,
    brandedAs: row.branded_as ?? undefined,
    createdOn: row.created_on,
    modifiedOn: row.modified_on,
    validationRecords: row.validation_records,
    delegations: row.delegations,
    validationErrors: row.validation_errors,
    found: toFound(row),
    certificates: present,
    pair: toPair(row),
    renewal: toRenewal(row, coming),
    ...asides,
    attempts: row.attempts,
    claim: row.claim,
  };
}

/** What is kept of a pack that was uploaded beside its row. */
async function asidesOf(db: Db, type: PackType, key: PackKey): Promise<Pick<Pack, 'upload' | 'keptTo'>> {
  if (TYPES[type].source !== 'upload') return {};
  if (TYPES[type].key === 'owner') {
    const keptTo = await getKeptTo(db, key);
    return keptTo ? { keptTo } : {};
  }
  const upload = await getUploadFacts(db, key);
  return upload ? { upload } : {};
}

/** What the row tells of the pack's backup, or of the pack for which it is one. */
function toPair({ backup_id, backup_of, is_standby, ranked_on, created_on }: PackRow): Pairing | undefined {
  const other = backup_of ?? backup_id;
  if (other === null) return undefined;
  const role = backup_of === null ? 'ordered' : 'backup';
  return { role, other, isStandby: is_standby, since: ranked_on ?? created_on };
}

/** Whether nobody has worked on the pack but who first claimed it: then it has no certificates. */
const isUntouched = ({ status, claim }: PackRow): boolean => status === 'initializing' && claim <= 1;

const NONE = { present: [], coming: [] };
