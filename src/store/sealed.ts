/** Every place of the database where something is sealed; what a place is bound to is for the callers to say. */
import type { PackKey } from '../pack/pack.ts';
import { type Statement, statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import {
  AFTER_PACK,
  afterPack,
  cellOf,
  IN_ORDER,
  IN_ZONE,
  type KeyRow,
  packKey,
  toKey,
  zoneKey,
} from './zone-key.ts';

/** A place: its table and column, and the columns that name a row in it, behind those of its zone where it is of one. */
const SEALED = {
  certificates: { table: 'certificates', column: 'sealed_key', of: 'zone', key: ['pack_id', 'algorithm'] },
  successors: { table: 'successors', column: 'sealed_key', of: 'zone', key: ['pack_id', 'algorithm'] },
  orders: { table: 'orders', column: 'sealed_key', of: 'zone', key: ['pack_id', 'algorithm'] },
  ca_accounts: { table: 'ca_accounts', column: 'sealed_key', of: 'all', key: ['ca', 'directory_url'] },
  webhook_secrets: { table: 'alert_webhooks', column: 'secret', of: 'account', key: ['account_id', 'id'] },
  webhook_signing_keys: {
    table: 'alert_webhooks',
    column: 'signing_key',
    of: 'account',
    key: ['account_id', 'id'],
  },
  pagerduty_keys: { table: 'alert_pagerduty', column: 'key', of: 'account', key: ['account_id', 'id'] },
  custom_csrs: { table: 'custom_csrs', column: 'sealed_key', of: 'account', key: ['account_id', 'id'] },
  agent_cas: { table: 'agent_cas', column: 'sealed_key', of: 'all', key: ['name', 'fingerprint'] },
} as const;
export type SealedPlace = keyof typeof SEALED;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a constant are known
export const SEALED_PLACES = Object.keys(SEALED) as SealedPlace[];

/** Something that is sealed, its zone, and the two columns that name its row. */
export interface SealedRow {
  readonly place: SealedPlace;
  /** Undefined: of none. */
  readonly zoneId: string | undefined;
  readonly key: readonly [string, string];
  readonly sealed: Buffer;
}

/** Bytes 2 to 9 of what is sealed: id of the key-encryption key. */
const kekIdIn = (column: string): string => `encode(substring(${column} from 2 for 8), 'hex')`;
const KEK_ID = kekIdIn('sealed_key');

/** How much is sealed with each key-encryption key, by its id. */
export async function countSealed(db: Db): Promise<Map<string, number>> {
  const parts = Object.values(SEALED).map(
    ({ table, column }) => `select ${kekIdIn(column)} as id from ${table} where ${column} is not null`,
  );
  const { rows } = await db.query<{ id: string; n: string }>(
    `select id, count(*) as n from (${parts.join(' union all ')}) as sealed group by id`,
  );
  return new Map(rows.map(({ id, n }) => [id, Number(n)]));
}

/** Up to `limit` rows of a place that are sealed with another key than those. */
export async function listSealedOtherwise(
  db: Db,
  place: SealedPlace,
  kekIds: readonly string[],
  limit: number,
): Promise<SealedRow[]> {
  const { table, column, of, key } = SEALED[place];
  const zone = of === 'zone' ? 'zone_id' : 'null';
  const { rows } = await db.query<Row>(
    `select ${zone} as zone_id, ${key[0]}::text as first, ${key[1]} as second, ${column} as sealed from ${table}
      where ${column} is not null and ${kekIdIn(column)} <> all($1) limit $2`,
    [kekIds, limit],
  );
  return rows.map(({ zone_id, first, second, sealed }) => ({
    place,
    zoneId: zone_id ?? undefined,
    key: [first, second],
    sealed,
  }));
}

interface Row {
  zone_id: string | null;
  first: string;
  second: string;
  sealed: Buffer;
}

/** Puts another wrapping in the place of one; left alone where the row changed since. */
export async function replaceSealed(db: Db, row: SealedRow, by: Buffer): Promise<void> {
  const [first, second] = row.key;
  const cell = SEALED[row.place].of === 'account' && { cell: cellOf(first) };
  const place = { ...(row.zoneId !== undefined && zoneKey(row.zoneId)), ...cell, first, second };
  await execute(db, REPLACE[row.place], { ...place, sealed: row.sealed, by });
}

const WHOSE = { zone: IN_ZONE, account: 'cell = :cell', all: 'true' } as const;

function replacing(place: SealedPlace): Statement {
  const { table, column, of, key } = SEALED[place];
  return statement(`
    update ${table} set ${column} = :by
     where ${WHOSE[of]} and ${key[0]} = :first and ${key[1]} = :second and ${column} = :sealed`);
}

const REPLACE: Readonly<Record<SealedPlace, Statement>> = {
  certificates: replacing('certificates'),
  successors: replacing('successors'),
  orders: replacing('orders'),
  ca_accounts: replacing('ca_accounts'),
  webhook_secrets: replacing('webhook_secrets'),
  webhook_signing_keys: replacing('webhook_signing_keys'),
  pagerduty_keys: replacing('pagerduty_keys'),
  custom_csrs: replacing('custom_csrs'),
  agent_cas: replacing('agent_cas'),
};

/** What somebody who lost a key-encryption key cannot open any more. */
export interface Lost {
  /** Ids of the keys that there still are. */
  readonly kekIds: readonly string[];
  /** CAs that had an account whose key is lost: what was ordered by it is lost with it. */
  readonly cas: readonly string[];
}

/** CAs at which there is an account whose key none of these keys opens. */
export async function listCasSealedOtherwise(db: Db, kekIds: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ ca: string }>(
    `select distinct ca from ca_accounts where ${KEK_ID} <> all($1) order by ca`,
    [kekIds],
  );
  return rows.map(({ ca }) => ca);
}

/** Removes accounts at CAs whose keys none of these keys opens. */
export async function deleteAccountsSealedOtherwise(db: Db, kekIds: readonly string[]): Promise<void> {
  await db.query(`delete from ca_accounts where ${KEK_ID} <> all($1)`, [kekIds]);
}

/** Removes requests of customers whose keys none of these keys opens: what a CA makes of them would be of no use. */
export async function deleteCsrsSealedOtherwise(db: Db, kekIds: readonly string[]): Promise<void> {
  await db.query(`delete from custom_csrs where ${KEK_ID} <> all($1)`, [kekIds]);
}

/** Removes the CA of agents where none of these keys opens its key. Whether it did. */
export async function deleteAgentCaSealedOtherwise(db: Db, kekIds: readonly string[]): Promise<boolean> {
  const { rowCount } = await db.query(`delete from agent_cas where ${KEK_ID} <> all($1)`, [kekIds]);
  return rowCount !== null && rowCount > 0;
}

/** What of a pack is lost. */
export interface LostOfPack {
  /** A key of its certificates. */
  readonly isServing: boolean;
  /** A key of certificates that are to come, or of an order; or an order by an account that is lost. */
  readonly isComing: boolean;
}

const lostIn = (table: 'certificates' | 'successors' | 'orders', or = 'false'): string => `exists (
  select from ${table} as one
   where one.cell = packs.cell and one.zone_id = packs.zone_id and one.pack_id = packs.id
     and (${KEK_ID} <> all(:keks) or ${or}))`;

const IS_SERVING = lostIn('certificates');
const IS_COMING = `(${lostIn('successors')} or ${lostIn('orders', 'packs.certificate_authority = any(:cas::text[])')})`;

/** Packs that follow `last` and of which something is lost. */
export async function listPacksWithLost(
  db: Db,
  { kekIds, cas }: Lost,
  last: PackKey | undefined,
  limit: number,
): Promise<PackKey[]> {
  const { rows } = await execute<KeyRow>(db, WITH_LOST, { ...afterPack(last), keks: kekIds, cas, limit });
  return rows.map(toKey);
}

const WITH_LOST = statement(
  `select zone_id, id from packs where ${AFTER_PACK} and (${IS_SERVING} or ${IS_COMING}) ${IN_ORDER} limit :limit`,
);

/** What of a pack is lost, in a transaction that holds it. */
export async function lostOf(tx: Tx, pack: PackKey, { kekIds, cas }: Lost): Promise<LostOfPack> {
  const { rows } = await execute<LostOfPack>(tx, LOST_OF, { ...packKey(pack), keks: kekIds, cas });
  return rows[0] ?? { isServing: false, isComing: false };
}

const LOST_OF = statement(
  `select ${IS_SERVING} as "isServing", ${IS_COMING} as "isComing" from packs where ${IN_ZONE} and id = :pack`,
);
