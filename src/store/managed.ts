/** What the service makes by itself in a zone: whether it does, and when that is to be looked at. */

import { isLeaving } from '../pack/lifecycle.ts';
import type { ManagedType } from '../pack/managed.ts';
import { type CertificateAuthority, PACK_STATUSES, type Pack } from '../pack/pack.ts';
import { PACK_COLUMNS, type PackRow, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { inCells, zoneKey } from './zone-key.ts';

/** What the owner of a zone has switched on of it. */
export interface ManagedSettings {
  readonly isUniversalOn: boolean;
  readonly isTotalTlsOn: boolean;
  /** The CA that its owner chose for Total TLS. */
  readonly totalTlsCa: CertificateAuthority | undefined;
}

const THIS = 'cell = :cell and id = :zone';

/** What is switched on in a zone; all off where it is gone. */
export async function getManagedSettings(db: Db, zoneId: string): Promise<ManagedSettings> {
  const { rows } = await execute<SettingsRow>(db, GET, zoneKey(zoneId));
  const [row] = rows;
  return {
    isUniversalOn: row?.universal ?? false,
    isTotalTlsOn: row?.total_tls ?? false,
    totalTlsCa: row?.total_tls_ca ?? undefined,
  };
}

interface SettingsRow {
  universal: boolean;
  total_tls: boolean;
  total_tls_ca: CertificateAuthority | null;
}

const GET = statement(
  `select universal, total_tls, total_tls_ca from zones where ${THIS} and deleted_on is null`,
);

/** Switches Universal on or off for a zone, in a transaction that holds it. */
export async function putUniversal(tx: Tx, zoneId: string, isOn: boolean): Promise<void> {
  await execute(tx, PUT_UNIVERSAL, { ...zoneKey(zoneId), universal: isOn });
}

const PUT_UNIVERSAL = statement(`update zones set universal = :universal where ${THIS}`);

/** Switches Total TLS on or off for a zone, with the CA that is chosen, in a transaction that holds it. */
export async function putTotalTls(
  tx: Tx,
  zoneId: string,
  { isTotalTlsOn, totalTlsCa }: Pick<ManagedSettings, 'isTotalTlsOn' | 'totalTlsCa'>,
): Promise<void> {
  await execute(tx, PUT_TOTAL_TLS, { ...zoneKey(zoneId), total_tls: isTotalTlsOn, ca: totalTlsCa ?? null });
}

const PUT_TOTAL_TLS = statement(`update zones set total_tls = :total_tls, total_tls_ca = :ca where ${THIS}`);

/** Has what the service makes by itself in a zone looked at at an instant, unless that is due sooner. */
export async function remindManaged(db: Db, zoneId: string, at: Date): Promise<void> {
  await execute(db, REMIND, { ...zoneKey(zoneId), at });
}

const REMIND = statement(`update zones set managed_due = least(managed_due, :at) where ${THIS}`);

/** The same, whatever is due sooner. */
export async function putOffManaged(db: Db, zoneId: string, at: Date): Promise<void> {
  await execute(db, PUT_OFF, { ...zoneKey(zoneId), at });
}

const PUT_OFF = statement(`update zones set managed_due = :at where ${THIS}`);

/**
 * Takes a zone of some cells that is due; its id. Held until the transaction ends; then it is due no more, unless told anew. One
 * that nobody holds comes first; one that is never left alone is waited for.
 */
export async function takeManagedDue(
  tx: Tx,
  what: { readonly cells: readonly number[]; readonly now: Date },
): Promise<string | undefined> {
  const { rows: free } = await execute<{ id: string }>(tx, TAKE_FREE, { ...what });
  if (free[0]) return free[0].id;
  const { rows } = await execute<{ id: string }>(tx, TAKE, { ...what });
  return rows[0]?.id;
}

const takeDue = (how: 'skip locked' | ''): Statement =>
  statement(`
    update zones set managed_due = null
     where ${inCells('zones')} and (cell, id) in (
       select cell, id from zones where ${inCells('zones')} and managed_due <= :now
        order by managed_due limit 1 for no key update ${how})
    returning id`);

const [TAKE_FREE, TAKE] = [takeDue('skip locked'), takeDue('')];

/** Packs of a type that the service makes by itself, but for those that are leaving, in order of creation; locked. */
export async function lockManagedPacks(tx: Tx, zoneId: string, type: ManagedType): Promise<Pack[]> {
  const { rows } = await execute<PackRow>(tx, PACKS[type], { ...zoneKey(zoneId), leaving: LEAVING });
  return Promise.all(rows.map((row) => toPack(tx, row)));
}

const LEAVING = PACK_STATUSES.filter(isLeaving);

// The type stands in the text: the index is of these types alone.
const packsOf = (type: ManagedType): Statement =>
  statement(`
    select ${PACK_COLUMNS}, ${ZONE_OF_PACK}
      from packs join zones on zones.cell = packs.cell and zones.id = packs.zone_id
     where packs.cell = :cell and packs.zone_id = :zone and packs.type = '${type}' and packs.status <> all(:leaving)
     order by packs.ord for no key update of packs`);

const PACKS: Readonly<Record<ManagedType, Statement>> = {
  universal: packsOf('universal'),
  total_tls: packsOf('total_tls'),
};
