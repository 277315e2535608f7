/** Private keys of packs that are in a token: which there are, of which packs, and what becomes of them. */
import type { Algorithm, Pack, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { inCells, OF_PACK, packKey, zoneKey } from './zone-key.ts';

/** A key that is for the next order of a pack. */
export interface SpareKey {
  readonly id: string;
  /** RFC 7512. */
  readonly uri: string;
  readonly algorithm: Algorithm;
}

/**
 * The key that is for the next order of a pack: the one that there is, else the given one, noted before it is made. From now on it is
 * in the hands of whoever has the pack. One that somebody else may be making still is retired.
 */
export async function takeSpareKey(
  tx: Tx,
  pack: PackKey & Pick<Pack, 'claim'>,
  { id, uri, algorithm }: SpareKey,
  now: Date,
): Promise<SpareKey> {
  const values = { ...packKey(pack), claim: pack.claim, id, uri, algorithm, now };
  await execute(tx, RETIRE_UNMADE, values);
  const { rows } = await execute<{ id: string; uri: string }>(tx, TAKE, values);
  return { id, uri, ...rows[0], algorithm };
}

const RETIRE_UNMADE = statement(`
  update token_keys set retired_on = :now
   where ${OF_PACK} and algorithm = :algorithm and used_on is null and retired_on is null and not is_made and claim <> :claim`);

// That its token is away goes over to a key that comes in the place of one which was not made.
const TAKE = statement(`
  insert into token_keys (cell, zone_id, id, pack_id, algorithm, uri, made_on, claim, look_at, away_since)
  select :cell, :zone, :id, :pack, :algorithm, :uri, :now, :claim, :now,
         (select min(away_since) from token_keys where ${OF_PACK})
  on conflict (cell, zone_id, pack_id, algorithm) where used_on is null and retired_on is null
    do update set claim = greatest(token_keys.claim, excluded.claim)
  returning id, uri`);

/** Notes that a key is in the token. */
export async function noteKeyMade(db: Db, pack: PackKey, id: string): Promise<void> {
  await execute(db, MADE, { ...zoneKey(pack.zone.id), id });
}

const MADE = statement(
  'update token_keys set is_made = true where cell = :cell and zone_id = :zone and id = :id',
);

/** Notes that the key for the next order of a pack is about to be in one: no other order gets it. */
export async function useSpareKey(db: Db, pack: PackKey, algorithm: Algorithm, now: Date): Promise<void> {
  await execute(db, USE, { ...packKey(pack), algorithm, now });
}

const USE = statement(
  `update token_keys set used_on = :now where ${OF_PACK} and algorithm = :algorithm and used_on is null and retired_on is null`,
);

/** A key of a pack as it is looked at. */
export interface KnownTokenKey extends SpareKey {
  readonly claim: number;
  readonly isUsed: boolean;
  readonly retiredOn: Date | undefined;
  readonly awaySince: Date | undefined;
}

interface KeyRow {
  id: string;
  uri: string;
  algorithm: Algorithm;
  claim: number;
  is_used: boolean;
  retired_on: Date | null;
  away_since: Date | null;
}

/** All keys of a pack, which may be gone; the oldest first. */
export async function listTokenKeys(db: Db, pack: PackKey): Promise<KnownTokenKey[]> {
  const { rows } = await execute<KeyRow>(db, LIST, packKey(pack));
  return rows.map(({ id, uri, algorithm, ...row }) => ({
    id,
    uri,
    algorithm,
    claim: row.claim,
    isUsed: row.is_used,
    retiredOn: row.retired_on ?? undefined,
    awaySince: row.away_since ?? undefined,
  }));
}

const LIST = statement(`
  select id, uri, algorithm, claim, used_on is not null as is_used, retired_on, away_since from token_keys
   where ${OF_PACK} order by made_on, id`);

/** Takes packs of which a key is due to be looked at, and puts the next time off until `until`. */
export async function takeDueTokenKeys(
  db: Db,
  what: {
    readonly cells: readonly number[];
    readonly now: Date;
    readonly until: Date;
    readonly limit: number;
  },
): Promise<PackKey[]> {
  const { rows } = await execute<{ zone_id: string; pack_id: string }>(db, TAKE_DUE, what);
  const packs = new Map(rows.map((row) => [row.pack_id, { id: row.pack_id, zone: { id: row.zone_id } }]));
  return [...packs.values()];
}

const TAKE_DUE = statement(`
  update token_keys set look_at = :until
   where (cell, zone_id, id) in (
     select cell, zone_id, id from token_keys
      where look_at <= :now and ${inCells('token_keys')} order by look_at limit :limit for update skip locked)
     and ${inCells('token_keys')}
  returning zone_id, pack_id`);

/** Notes since when the keys of a pack do not sign, and when they are looked at again; undefined: they sign. */
export async function putTokenLook(
  tx: Tx,
  pack: PackKey,
  { awaySince, lookAt }: { readonly awaySince: Date | undefined; readonly lookAt: Date },
): Promise<void> {
  await execute(tx, LOOKED, { ...packKey(pack), away_since: awaySince ?? null, look_at: lookAt });
}

const LOOKED = statement(
  `update token_keys
      set away_since = :away_since, look_at = case when retired_on is null then :look_at else look_at end
    where ${OF_PACK}`,
);

/** Notes that nothing needs a key any more. */
export async function retireTokenKey(tx: Tx, pack: PackKey, id: string, now: Date): Promise<void> {
  await execute(tx, RETIRE, { ...zoneKey(pack.zone.id), id, now });
}

const RETIRE = statement(
  'update token_keys set retired_on = :now, away_since = null where cell = :cell and zone_id = :zone and id = :id and retired_on is null',
);

/** Forgets a key that was destroyed. */
export async function deleteTokenKey(db: Db, pack: PackKey, id: string): Promise<void> {
  await execute(db, DELETE, { ...zoneKey(pack.zone.id), id });
}

const DELETE = statement(
  'delete from token_keys where cell = :cell and zone_id = :zone and id = :id and retired_on is not null',
);

/** What is sealed of the keys of a pack, wherever it stands. */
export interface SealedKey {
  readonly place: 'orders' | 'certificates' | 'successors';
  readonly algorithm: Algorithm;
  readonly sealedKey: Buffer;
}

/** All that is sealed of the keys of a pack. */
export async function listSealedKeys(db: Db, pack: PackKey): Promise<SealedKey[]> {
  const { rows } = await execute<{
    place: SealedKey['place'];
    algorithm: Algorithm;
    sealed_key: Buffer;
  }>(db, SEALED, packKey(pack));
  return rows.map(({ place, algorithm, sealed_key: sealedKey }) => ({ place, algorithm, sealedKey }));
}

const SEALED = statement(
  (['orders', 'certificates', 'successors'] as const)
    .map(
      (table) =>
        `select '${table}' as place, algorithm, sealed_key from ${table} where ${OF_PACK} and sealed_key is not null`,
    )
    .join(' union all '),
);

/** How many packs have keys in a token, and of how many these do not sign. */
export async function countTokenPacks(db: Db): Promise<{ readonly all: number; readonly away: number }> {
  const { rows } = await execute<{ all: number; away: number }>(db, COUNT, {});
  return rows[0] ?? { all: 0, away: 0 };
}

const COUNT = statement(`
  select count(distinct pack_id)::int as all, count(distinct pack_id) filter (where away_since is not null)::int as away
    from token_keys where retired_on is null`);
