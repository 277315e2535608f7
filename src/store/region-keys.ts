/** Private keys that are sealed to regions: what only processes of these open. */
import type { Algorithm, PackKey } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import {
  AFTER_PACK,
  afterPack,
  IN_ORDER,
  IN_ZONE,
  type KeyRow,
  OF_PACK,
  packKey,
  toKey,
} from './zone-key.ts';

/** A key of a pack, sealed to one region. */
export interface RegionKeyRow {
  readonly algorithm: Algorithm;
  readonly region: string;
  /** Of the key pair that opens it. */
  readonly keyId: string;
  readonly sealed: Buffer;
}

/** Stores a key of a pack for regions, in the place of what was there of the same ones. */
export async function putRegionKeys(tx: Tx, pack: PackKey, rows: readonly RegionKeyRow[]): Promise<void> {
  for (const { keyId: key_id, ...row } of rows) await execute(tx, PUT, { ...packKey(pack), ...row, key_id });
}

const PUT = statement(`
  insert into region_keys (cell, zone_id, pack_id, algorithm, region, key_id, sealed)
  values (:cell, :zone, :pack, :algorithm, :region, :key_id, :sealed)
  on conflict (cell, zone_id, pack_id, algorithm, region) do update
    set key_id = excluded.key_id, sealed = excluded.sealed`);

/** Gives a pack the sealed keys of another of its zone and line. */
export async function copyRegionKeys(tx: Tx, from: PackKey, to: Pick<PackKey, 'id'>): Promise<void> {
  await execute(tx, COPY, { ...packKey(from), to: to.id });
}

const COPY = statement(`
  insert into region_keys (cell, zone_id, pack_id, algorithm, region, key_id, sealed)
  select cell, zone_id, :to, algorithm, region, key_id, sealed from region_keys where ${OF_PACK}`);

/** Removes the keys of a pack for regions other than those. Whether there were any. */
export async function keepRegionKeys(tx: Tx, pack: PackKey, regions: readonly string[]): Promise<boolean> {
  const { rowCount } = await execute(tx, KEEP, { ...packKey(pack), regions });
  return rowCount !== null && rowCount > 0;
}

const KEEP = statement(`delete from region_keys where ${OF_PACK} and region <> all(:regions)`);

/** Keys of a pack by algorithm and region, each with its certificate's chain, and what they are bound to. */
export interface RegionKeys {
  /** The line of the upload. */
  readonly line: string;
  readonly keys: readonly (RegionKeyRow & { readonly chain: string })[];
}

/** The keys of a pack that are sealed to regions; undefined where there are none. */
export async function listRegionKeys(db: Db, pack: PackKey): Promise<RegionKeys | undefined> {
  const { rows } = await execute<KeysRow>(db, LIST, packKey(pack));
  return (
    rows[0] && {
      line: rows[0].line,
      keys: rows.map(({ algorithm, region, key_id: keyId, sealed, chain }) => ({
        algorithm,
        region,
        keyId,
        sealed,
        chain,
      })),
    }
  );
}

interface KeysRow {
  algorithm: Algorithm;
  region: string;
  key_id: string;
  sealed: Buffer;
  chain: string;
  line: string;
}

const LIST = statement(`
  select algorithm, region, key_id, sealed,
         (select line from uploads where ${OF_PACK}) as line,
         (select chain from certificates where ${OF_PACK} and certificates.algorithm = region_keys.algorithm) as chain
    from region_keys where ${OF_PACK} order by algorithm, region`);

/** Keeps a restricted pack from going while the transaction lasts. Whether it is there. */
export async function lockRestricted(tx: Tx, pack: PackKey): Promise<boolean> {
  const { rows } = await execute(tx, LOCK, packKey(pack));
  return rows.length > 0;
}

const LOCK = statement(`select 1 from packs where ${IN_ZONE} and id = :pack for no key update`);

/** A restricted pack, and what restricts it. */
export interface RestrictedPack extends PackKey {
  readonly restriction: Restriction;
}

/** Restricted packs that follow `last`, whatever they are in. */
export async function listRestricted(
  db: Db,
  last: PackKey | undefined,
  limit: number,
): Promise<RestrictedPack[]> {
  const { rows } = await execute<KeyRow & { restriction: Restriction }>(db, RESTRICTED, {
    ...afterPack(last),
    limit,
  });
  return rows.map((row) => ({ ...toKey(row), restriction: row.restriction }));
}

const RESTRICTED = statement(`
  select zone_id, id, restriction
    from (select cell, zone_id, pack_id as id, restriction from uploads where restriction is not null) as restricted
   where ${AFTER_PACK} ${IN_ORDER} limit :limit`);

/** How many keys there are for each region and key pair. */
export async function countRegionKeys(
  db: Db,
): Promise<{ readonly region: string; readonly keyId: string; readonly n: number }[]> {
  const { rows } = await db.query<{ region: string; key_id: string; n: number }>(
    'select region, key_id, count(*)::int as n from region_keys group by region, key_id order by region, key_id',
  );
  return rows.map(({ region, key_id: keyId, n }) => ({ region, keyId, n }));
}
