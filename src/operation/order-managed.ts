import type { BackupOffer } from '../ca/backup-offer.ts';
import type { CaRow } from '../ca/ca.ts';
import { allowedDays, banOn } from '../ca/order-policy.ts';
import { newUuid } from '../kit/id.ts';
import type { ManagedType } from '../pack/managed.ts';
import type { CertificateAuthority, Pack, PackZone, ValidityDays } from '../pack/pack.ts';
import { challengeName } from '../pack/pack-json.ts';
import { WORKER } from '../store/audit.ts';
import type { Tx } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import type { By } from './advance.ts';
import { insertBacked, offerFor, withBackup } from './insert-backup.ts';
import { insertPack } from './insert-pack.ts';
import type { ManagedDeps } from './managed-policy.ts';

/** What the service orders by itself. */
export interface ManagedOrder {
  readonly type: ManagedType;
  /** In A-labels. */
  readonly names: readonly string[];
  readonly from: Supplier;
}

/** Where it is ordered, and for how long it is to be valid. */
export interface Supplier {
  readonly row: CaRow;
  readonly validityDays: ValidityDays;
}

/** Lengths of validity, the one that is wanted most first. */
const WANTED_DAYS: readonly ValidityDays[] = [90, 30, 14, 365];

/**
 * The first of the wanted CAs that issues for the names; those behind the CA `past` come before it and those before it.
 * Undefined: none does.
 */
export function supplierFor(
  {
    rows,
    now,
    past,
  }: {
    readonly rows: readonly CaRow[];
    readonly now: Date;
    readonly past?: CertificateAuthority | undefined;
  },
  names: readonly string[],
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
 * Stores a pack that the service makes by itself, due at once; one of Universal with its backup, where it has one. Throws `zone_not_found` where the zone went meanwhile.
 */
export async function orderManaged(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  { type, names, from, by = WORKER }: ManagedOrder & By,
): Promise<void> {
  const now = deps.clock.now();
  const { ord, lane } = await takeOrd(tx, zone);
  const pack: Pack = {
    id: newUuid(),
    zone,
    ord,
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
    validationErrors: [],
    certificates: [],
    attempts: 0,
    claim: 0,
  };
  const offer = backupFor(deps, pack);
  if (!offer) return insertPack(tx, deps, pack, { lane, by });
  const next = await takeOrd(tx, zone);
  await insertBacked(tx, deps, withBackup(deps, pack, { offer, ord: next.ord }), { lane, by });
}

/** Where its backup is ordered; undefined: it has none. */
function backupFor({ managed, ...deps }: ManagedDeps, pack: Pack): BackupOffer | undefined {
  const isWanted = pack.type === 'universal' && managed.backups.backups.isUniversal;
  return isWanted ? offerFor({ ...deps, ...managed.backups }, pack) : undefined;
}
