import { accountChange } from '../pack/account-slots.ts';
import { tallied, tallyValues } from './account-counts.ts';
import { PACK_COLUMNS, type PackRow, toPack, ZONE_OF_PACK } from './pack-row.ts';
import { statement } from './statement.ts';
import { execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/**
 * Removes a zone that is hidden, or gone, with its packs, its history and all that belongs to them, in a transaction, whatever
 * they are in: one of that id begins anew.
 */
export async function eraseZone(tx: Tx, id: string): Promise<void> {
  const key = zoneKey(id);
  await uncountAll(tx, id);
  for (const one of ERASE) await execute(tx, one, key);
}

const NOT_SEEN = `not exists (select from zones where cell = :cell and id = :zone and deleted_on is null)`;

/** Its account counts its packs no more. */
async function uncountAll(tx: Tx, id: string): Promise<void> {
  const { rows } = await execute<PackRow>(tx, ALL, zoneKey(id));
  const sums = new Map<number, number>();
  for (const row of rows)
    for (const [slot, n] of accountChange(await toPack(tx, row), undefined))
      sums.set(slot, (sums.get(slot) ?? 0) + n);
  const account = rows[0]?.account_id;
  if (account !== undefined) await execute(tx, UNCOUNT, { ...tallyValues(id, sums), account });
}

const ALL = statement(`
  select ${PACK_COLUMNS}, ${ZONE_OF_PACK} from packs join zones on zones.cell = packs.cell and zones.id = packs.zone_id
   where packs.cell = :cell and packs.zone_id = :zone and zones.deleted_on is not null for update of packs`);
const UNCOUNT = statement(`with once as (select), ${tallied('once')} select from once`);

const ERASE = [
  ...['served_hosts', 'txt_records', 'http_files', 'dns_records', 'audit', 'audit_checkpoints', 'packs'].map(
    (table) => statement(`delete from ${table} where ${IN_ZONE} and ${NOT_SEEN}`),
  ),
  statement('delete from zones where cell = :cell and id = :zone and deleted_on is not null'),
];
