import { statement } from './statement.ts';
import { execute, type Tx } from './store.ts';
import { IN_ZONE, zoneKey } from './zone-key.ts';

/** Removes a hidden zone with its packs, its history and all that belongs to them, in a transaction, whatever they are in. */
export async function eraseZone(tx: Tx, id: string): Promise<void> {
  const key = zoneKey(id);
  for (const one of ERASE) await execute(tx, one, key);
}

const HIDDEN = `exists (select from zones where cell = :cell and id = :zone and deleted_on is not null)`;

const ERASE = [
  ...['served_hosts', 'txt_records', 'http_files', 'dns_records', 'audit', 'packs'].map((table) =>
    statement(`delete from ${table} where ${IN_ZONE} and ${HIDDEN}`),
  ),
  statement('delete from zones where cell = :cell and id = :zone and deleted_on is not null'),
];
