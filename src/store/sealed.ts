/** Every place of the database where something is sealed; what a place is bound to is for the callers to say. */
import type { Db } from './store.ts';

/** A place: its table, and the columns that name a row in it. */
const SEALED = {
  certificates: ['pack_id', 'algorithm'],
  successors: ['pack_id', 'algorithm'],
  orders: ['pack_id', 'algorithm'],
  ca_accounts: ['ca', 'directory_url'],
} as const;
export type SealedTable = keyof typeof SEALED;
export const SEALED_TABLES = [
  'certificates',
  'successors',
  'orders',
  'ca_accounts',
] as const satisfies readonly SealedTable[];

/** Something that is sealed, and the two columns that name its row. */
export interface SealedRow {
  readonly table: SealedTable;
  readonly key: readonly [string, string];
  readonly sealed: Buffer;
}

/** Bytes 2 to 9 of what is sealed: id of the key-encryption key. */
const KEK_ID = "encode(substring(sealed_key from 2 for 8), 'hex')";

/** How much is sealed with each key-encryption key, by its id. */
export async function countSealed(db: Db): Promise<Map<string, number>> {
  const parts = SEALED_TABLES.map(
    (table) => `select ${KEK_ID} as id from ${table} where sealed_key is not null`,
  );
  const { rows } = await db.query<{ id: string; n: string }>(
    `select id, count(*) as n from (${parts.join(' union all ')}) as sealed group by id`,
  );
  return new Map(rows.map(({ id, n }) => [id, Number(n)]));
}

/** Up to `limit` rows of a table that are sealed with another key than that. */
export async function listSealedOtherwise(
  db: Db,
  table: SealedTable,
  kekId: string,
  limit: number,
): Promise<SealedRow[]> {
  const [first, second] = SEALED[table];
  const { rows } = await db.query<{ first: string; second: string; sealed: Buffer }>(
    `select ${first}::text as first, ${second} as second, sealed_key as sealed from ${table}
      where sealed_key is not null and ${KEK_ID} <> $1 limit $2`,
    [kekId, limit],
  );
  return rows.map((row) => ({ table, key: [row.first, row.second], sealed: row.sealed }));
}

/** Puts another wrapping in the place of one; left alone where the row changed since. */
export async function replaceSealed(db: Db, { table, key, sealed }: SealedRow, by: Buffer): Promise<void> {
  const [first, second] = SEALED[table];
  await db.query(
    `update ${table} set sealed_key = $4 where ${first}::text = $1 and ${second} = $2 and sealed_key = $3`,
    [...key, sealed, by],
  );
}

/** Removes what none of these keys opens and nobody serves: accounts at CAs, orders, certificates that are to come. */
export async function deleteSealedOtherwise(db: Db, kekIds: readonly string[]): Promise<void> {
  for (const table of ['ca_accounts', 'orders', 'successors'])
    await db.query(`delete from ${table} where sealed_key is not null and ${KEK_ID} <> all($1)`, [kekIds]);
}

/** Ids of packs that follow `last` and have a certificate whose key none of these keys opens, with their zones. */
export async function listPacksSealedOtherwise(
  db: Db,
  kekIds: readonly string[],
  last: string | undefined,
  limit: number,
): Promise<{ readonly id: string; readonly zoneId: string }[]> {
  const { rows } = await db.query<{ id: string; zone_id: string }>(
    `select id, zone_id from packs
      where ($2::uuid is null or id > $2)
        and exists (select from certificates where pack_id = packs.id and ${KEK_ID} <> all($1))
      order by id limit $3`,
    [kekIds, last ?? null, limit],
  );
  return rows.map(({ id, zone_id }) => ({ id, zoneId: zone_id }));
}
