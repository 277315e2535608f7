import type { BackupOffer } from '../ca/backup-offer.ts';
import type { CaRow } from '../ca/ca.ts';
import { allowedDays, banOn } from '../ca/order-policy.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import { challengeName } from '../pack/delegation.ts';
import type { ManagedType } from '../pack/managed.ts';
import type { CertificateAuthority, Pack, PackZone, ValidityDays } from '../pack/pack.ts';
import { WORKER } from '../store/audit.ts';
import type { Tx } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import type { By } from './advance.ts';
import { checkHosts } from './check-hosts.ts';
import { insertBacked, offerFor, withBackup } from './insert-backup.ts';
import { insertPack } from './insert-pack.ts';
import type { ManagedDeps } from './managed-policy.ts';

/** What the service orders by itself. */
export interface ManagedOrder {
  readonly type: ManagedType;
  /** In A-labels. */
  readonly names: readonly string[];
  /** The CAs that may be asked, the one that is wanted most first. */
  readonly rows: readonly CaRow[];
  /** A CA that got nowhere: those behind it come first. */
  readonly past?: CertificateAuthority | undefined;
}

/** Where it is ordered, and for how long it is to be valid. */
export interface Supplier {
  readonly row: CaRow;
  readonly validityDays: ValidityDays;
}

/** Lengths of validity, the one that is wanted most first. */
const WANTED_DAYS: readonly ValidityDays[] = [90, 30, 14, 365];

/** The first of the CAs that issues for the names; undefined: none does. */
export function supplierFor(
  { rows, past, names }: Pick<ManagedOrder, 'rows' | 'past' | 'names'>,
  now: Date,
): Supplier | undefined {
  if (names.some((name) => challengeName(name).length > 253)) return undefined;
  const start = rows.findIndex(({ name }) => name === past) + 1;
  for (const row of [...rows.slice(start), ...rows.slice(0, start)]) {
    const offered = allowedDays(row, now);
    const validityDays = WANTED_DAYS.find((one) => offered.includes(one));
    const isBanned = names.some((name) => banOn(row, name));
    if (validityDays !== undefined && row.hasAgreedToTerms && !isBanned) return { row, validityDays };
  }
  return undefined;
}

/**
 * Stores a pack that the service makes by itself, due at once; one of Universal with its backup, where it has one. False: no CA
 * issues, or the names are not for the account. Throws `zone_not_found` where the zone went meanwhile.
 */
export async function orderManaged(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  { by = WORKER, ...wanted }: ManagedOrder & By,
): Promise<boolean> {
  const from = supplierFor(wanted, deps.clock.now());
  if (!from || !(await isForAccount(tx, deps, zone, wanted.names))) return false;
  const { ord, lane } = await takeOrd(tx, zone);
  const pack = newPack(deps, { zone, ord }, { ...wanted, from });
  const offer = backupFor(deps, pack);
  if (!offer) {
    await insertPack(tx, deps, pack, { lane, by });
    return true;
  }
  const next = await takeOrd(tx, zone);
  await insertBacked(tx, deps, withBackup(deps, pack, { offer, ord: next.ord }), { lane, by });
  return true;
}

/** Whether the operator's names leave it to the account: a zone may be older than what the operator says of them. */
async function isForAccount(
  tx: Tx,
  { names: policy }: ManagedDeps,
  zone: PackZone,
  names: readonly string[],
): Promise<boolean> {
  try {
    await checkHosts({ pool: tx, names: policy }, zone, names);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function newPack(
  { clock }: ManagedDeps,
  place: Pick<Pack, 'zone' | 'ord'>,
  { type, names, from }: Pick<ManagedOrder, 'type' | 'names'> & { readonly from: Supplier },
): Pack {
  const now = clock.now();
  return {
    ...place,
    id: newUuid(),
    type,
    status: 'initializing',
    statusSince: now,
    hosts: names,
    certificateAuthority: from.row.name,
    validationMethod: 'txt',
    isDelegated: false,
    validityDays: from.validityDays,
    environment: 'production',
    isBranded: false,
    createdOn: now,
    modifiedOn: now,
    validationRecords: [],
    delegations: [],
    validationErrors: [],
    certificates: [],
    attempts: 0,
    claim: 0,
  };
}

/** Where its backup is ordered; undefined: it has none. */
function backupFor({ managed, ...deps }: ManagedDeps, pack: Pack): BackupOffer | undefined {
  const isWanted = pack.type === 'universal' && managed.backups.backups.isUniversal;
  return isWanted ? offerFor({ ...deps, ...managed.backups }, pack) : undefined;
}
