import type { CaRow } from '../ca/ca.ts';
import { allowedDays, checkOrderPolicy } from '../ca/order-policy.ts';
import { Fault } from '../kit/fault.ts';
import { newUuid } from '../kit/id.ts';
import type { ManagedType } from '../pack/managed.ts';
import type { CertificateAuthority, PackZone, ValidityDays } from '../pack/pack.ts';
import { challengeName } from '../pack/pack-json.ts';
import { WORKER } from '../store/audit.ts';
import type { Tx } from '../store/store.ts';
import { takeOrd } from '../store/zones.ts';
import type { By } from './advance.ts';
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
    if (validityDays !== undefined && row.hasAgreedToTerms && offers(row, { names, validityDays }, now))
      return { row, validityDays };
  }
  return undefined;
}

function offers(row: CaRow, ask: Parameters<typeof checkOrderPolicy>[1], now: Date): boolean {
  try {
    checkOrderPolicy(row, ask, now);
    return true;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** Stores a pack that the service makes by itself, due at once. Throws `zone_not_found` where the zone went meanwhile. */
export async function orderManaged(
  tx: Tx,
  deps: ManagedDeps,
  zone: PackZone,
  { type, names, from, by = WORKER }: ManagedOrder & By,
): Promise<void> {
  const now = deps.clock.now();
  const { ord, lane } = await takeOrd(tx, zone);
  const pack = {
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
  } as const;
  await insertPack(tx, deps, pack, { lane, by });
}
