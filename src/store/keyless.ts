/** Certificates whose private keys their owners keep: what there is of each beside its pack and certificate. */
import type { Environment, PackKey, PackStatus } from '../pack/pack.ts';
import type { Restriction } from '../pack/region.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { inCells, type KeyRow, OF_PACK, packKey, toKey, zoneKey } from './zone-key.ts';

/** Where a key is, and how its owner calls it. */
export interface KeylessFacts {
  readonly name: string;
  /** Of a key server, or the URI of a key in a token. */
  readonly host: string;
  readonly port: number;
  /** Where it may be served; undefined: anywhere. */
  readonly restriction?: Restriction | undefined;
}

/** Stores what is known of a new pack as a keyless certificate; its key is asked for a signature at `lookAt`. */
export async function putKeyless(
  tx: Tx,
  pack: PackKey,
  facts: KeylessFacts & { readonly id: string },
  lookAt: Date,
): Promise<void> {
  const { restriction = null } = facts;
  await execute(tx, PUT, { ...packKey(pack), ...facts, restriction, look_at: lookAt });
}

const PUT = statement(`
  insert into keyless_certificates (cell, zone_id, pack_id, id, name, host, port, restriction, look_at)
  values (:cell, :zone, :pack, :id, :name, :host, :port, :restriction, :look_at)
  on conflict (cell, zone_id, pack_id) do update set (name, host, port, restriction, look_at) =
    (excluded.name, excluded.host, excluded.port, excluded.restriction, excluded.look_at)`);

/** Where a keyless pack may be served; undefined: anywhere. */
export async function getKeptTo(db: Db, pack: PackKey): Promise<Restriction | undefined> {
  const { rows } = await execute<{ restriction: Restriction | null }>(db, KEPT_TO, packKey(pack));
  return rows[0]?.restriction ?? undefined;
}

const KEPT_TO = statement(`select restriction from keyless_certificates where ${OF_PACK}`);

/** A keyless certificate as it is shown; its id is that of its pack, unless it is pinned. */
export interface KeylessCertificate extends KeylessFacts {
  readonly id: string;
  readonly packId: string;
  readonly status: PackStatus;
  readonly environment: Environment;
  /** Why its pack is not further, in words. */
  readonly validationErrors: readonly string[];
  readonly createdOn: Date;
  readonly modifiedOn: Date;
}

interface ShownRow {
  id: string;
  pack_id: string;
  name: string;
  host: string;
  port: number;
  status: PackStatus;
  environment: Environment;
  validation_errors: string[];
  restriction: Restriction | null;
  created_on: Date;
  modified_on: Date;
}

const SHOWN = `keyless.id, pack_id, name, host, port, restriction, status, environment, validation_errors, created_on, modified_on
    from keyless_certificates as keyless
    join packs on packs.cell = keyless.cell and packs.zone_id = keyless.zone_id and packs.id = keyless.pack_id
   where keyless.cell = :cell and keyless.zone_id = :zone`;

/** Keyless certificates of a zone whose packs are in one of `statuses`, the oldest first, `limit` at most. */
export async function listKeyless(
  db: Db,
  zoneId: string,
  statuses: readonly PackStatus[],
  limit: number,
): Promise<KeylessCertificate[]> {
  const { rows } = await execute<ShownRow>(db, LIST, { ...zoneKey(zoneId), statuses, limit });
  return rows.map(toShown);
}

const LIST = statement(`select ${SHOWN} and status = any(:statuses) order by ord limit :limit`);

/** A keyless certificate; undefined where the zone has none of that id. */
export async function getKeyless(db: Db, { id, zone }: PackKey): Promise<KeylessCertificate | undefined> {
  const { rows } = await execute<ShownRow>(db, GET, { ...zoneKey(zone.id), id });
  return rows[0] && toShown(rows[0]);
}

const GET = statement(`select ${SHOWN} and keyless.id = :id`);

const toShown = ({
  pack_id: packId,
  created_on: createdOn,
  modified_on: modifiedOn,
  validation_errors: validationErrors,
  restriction,
  ...row
}: ShownRow): KeylessCertificate => ({
  ...row,
  restriction: restriction ?? undefined,
  validationErrors,
  packId,
  createdOn,
  modifiedOn,
});

/** Takes keys that are due to be asked for a signature, and puts the next time off until `until`. */
export async function takeDueKeys(
  db: Db,
  what: {
    readonly cells: readonly number[];
    readonly now: Date;
    readonly until: Date;
    readonly limit: number;
  },
): Promise<(PackKey & { readonly awaySince: Date | undefined })[]> {
  const { rows } = await execute<KeyRow & { away_since: Date | null }>(db, TAKE, what);
  return rows.map((row) => ({ ...toKey(row), awaySince: row.away_since ?? undefined }));
}

const TAKE = statement(`
  update keyless_certificates set look_at = :until
   where (cell, zone_id, pack_id) in (
     select cell, zone_id, pack_id from keyless_certificates
      where look_at <= :now and ${inCells('keyless_certificates')} order by look_at limit :limit for update skip locked)
     and ${inCells('keyless_certificates')}
  returning zone_id, pack_id as id, away_since`);

/** Notes since when a key does not sign, and when it is asked again; undefined: it signs, or nobody asks any more. */
export async function putKeyLook(
  tx: Tx,
  pack: PackKey,
  { awaySince, lookAt }: { readonly awaySince: Date | undefined; readonly lookAt: Date | undefined },
): Promise<void> {
  await execute(tx, LOOKED, { ...packKey(pack), away_since: awaySince ?? null, look_at: lookAt ?? null });
}

const LOOKED = statement(
  `update keyless_certificates set away_since = :away_since, look_at = :look_at where ${OF_PACK}`,
);

/** How many keyless certificates there are, and of how many the key does not sign. */
export async function countKeyless(db: Db): Promise<{ readonly all: number; readonly away: number }> {
  const { rows } = await execute<{ all: number; away: number }>(db, COUNT, {});
  return rows[0] ?? { all: 0, away: 0 };
}

const COUNT = statement(
  'select count(*)::int as all, count(away_since)::int as away from keyless_certificates',
);

/** Id of a keyless certificate of a zone, in one of `statuses`, in which a leaf is; undefined: there is none. */
export async function findSameKeyless(
  tx: Tx,
  zoneId: string,
  { statuses, fingerprint }: { readonly statuses: readonly PackStatus[]; readonly fingerprint: string },
): Promise<string | undefined> {
  const { rows } = await execute<{ id: string }>(tx, SAME, { ...zoneKey(zoneId), statuses, fingerprint });
  return rows[0]?.id;
}

const SAME = statement(`
  select packs.id from certificates
    join packs on packs.cell = certificates.cell and packs.zone_id = certificates.zone_id
     and packs.id = certificates.pack_id
   where certificates.cell = :cell and certificates.zone_id = :zone and fingerprint = :fingerprint
     and type = 'keyless' and status = any(:statuses) limit 1`);
