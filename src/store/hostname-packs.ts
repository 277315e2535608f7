/** Which certificate packs are a custom hostname's: the current one, and those in whose place it comes. */
import type { Algorithm, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, OF_PACK, packKey, zoneKey } from './zone-key.ts';

/** PEM of what was sent for a pack that was uploaded, by the algorithm of the leaf. */
export type SentBy = Readonly<Partial<Record<Algorithm, string>>>;

/** A pack of a hostname. */
export interface HostnamePack {
  readonly packId: string;
  readonly isCurrent: boolean;
  readonly sent: SentBy | undefined;
}

/** Makes a pack the current one of a hostname, in the place of the one that was. */
export async function putHostnamePack(
  tx: Tx,
  pack: PackKey,
  { hostnameId, sent }: { readonly hostnameId: string; readonly sent?: SentBy | undefined },
): Promise<void> {
  await execute(tx, REPLACE, { ...zoneKey(pack.zone.id), hostname: hostnameId });
  const values = { ...packKey(pack), hostname: hostnameId, sent: sent ? JSON.stringify(sent) : null };
  await execute(tx, PUT, values);
}

const REPLACE = statement(`
  update custom_hostname_packs set is_current = false where ${IN_ZONE} and hostname_id = :hostname and is_current`);
const PUT = statement(`
  insert into custom_hostname_packs (cell, zone_id, pack_id, hostname_id, is_current, sent)
  values (:cell, :zone, :pack, :hostname, true, :sent)`);

interface Row {
  pack_id: string;
  is_current: boolean;
  sent: SentBy | null;
}

/** The packs of a hostname that are there, the current one first. */
export async function listHostnamePacks(db: Db, zoneId: string, hostnameId: string): Promise<HostnamePack[]> {
  const { rows } = await execute<Row>(db, LIST, { ...zoneKey(zoneId), hostname: hostnameId });
  return rows.map(({ pack_id, is_current, sent }) => ({
    packId: pack_id,
    isCurrent: is_current,
    sent: sent ?? undefined,
  }));
}

const LIST = statement(`
  select pack_id, is_current, sent from custom_hostname_packs where ${IN_ZONE} and hostname_id = :hostname
   order by is_current desc, pack_id`);

/** The hostname that a pack is for, and whether none took its place; undefined: it is for none. */
export async function getHostnameOf(
  db: Db,
  pack: PackKey,
): Promise<{ readonly hostnameId: string; readonly isCurrent: boolean } | undefined> {
  const { rows } = await execute<{ hostname_id: string; is_current: boolean }>(db, OF, packKey(pack));
  return rows[0] && { hostnameId: rows[0].hostname_id, isCurrent: rows[0].is_current };
}

const OF = statement(`select hostname_id, is_current from custom_hostname_packs where ${OF_PACK}`);
