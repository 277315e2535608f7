/** What the service makes by itself in a zone: whether it does, and when that is to be looked at. */

import { isLeaving } from '../pack/lifecycle.ts';
import type { ManagedType } from '../pack/managed.ts';
import { PACK_STATUSES, type Pack } from '../pack/pack.ts';
import { PACK_COLUMNS, type PackRow, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { inCells, zoneKey } from './zone-key.ts';

/** What the owner of a zone has switched on of it. */
export interface ManagedSettings {
  readonly isUniversalOn: boolean;
}

const THIS = 'cell = :cell and id = :zone';

/** What is switched on in a zone; all off where it is gone. */
export async function getManagedSettings(db: Db, zoneId: string): Promise<ManagedSettings> {
  const { rows } = await execute<{ universal: boolean }>(db, GET, zoneKey(zoneId));
  return { isUniversalOn: rows[0]?.universal ?? false };
}

const GET = statement(`select universal from zones where ${THIS} and deleted_on is null`);

/** Switches Universal on or off for a zone, in a transaction that holds it. */
export async function putUniversal(tx: Tx, zoneId: string, isOn: boolean): Promise<void> {
  await execute(tx, PUT_UNIVERSAL, { ...zoneKey(zoneId), universal: isOn });
}

const PUT_UNIVERSAL = statement(`update zones set universal = :universal where ${THIS}`);

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

/** Takes a zone of some cells that is due; its id. Held until the transaction ends; then it is due no more, unless told anew. */
export async function takeManagedDue(
  tx: Tx,
  what: { readonly cells: readonly number[]; readonly now: Date },
): Promise<string | undefined> {
  const { rows } = await execute<{ id: string }>(tx, TAKE, { ...what });
  return rows[0]?.id;
}

const TAKE = statement(`
  update zones set managed_due = null
   where ${inCells('zones')} and (cell, id) in (
     select cell, id from zones where ${inCells('zones')} and managed_due <= :now
      order by managed_due limit 1 for no key update skip locked)
  returning id`);

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
