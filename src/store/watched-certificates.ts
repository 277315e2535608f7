import { isServed } from '../pack/lifecycle.ts';
import { countIn } from '../pack/list-index.ts';
import { type Algorithm, PACK_STATUSES } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';

/** A certificate that is served in a zone. */
export interface WatchedCertificate {
  readonly zone: string;
  readonly zoneId: string;
  readonly packId: string;
  readonly algorithm: Algorithm;
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** In PEM. */
  readonly leaf: string;
}

/** Certificates of some zones. */
export interface Watched {
  readonly certificates: readonly WatchedCertificate[];
  /** How many packs are served there beside those that these are of. */
  readonly leftOut: number;
}

/**
 * The certificates of packs that are served in the zones that have these names, in A-labels: of `most` packs at most, zones by
 * name, in each the packs that were ordered first.
 */
export async function listWatchedCertificates(
  db: Db,
  names: readonly string[],
  most: number,
): Promise<Watched> {
  const { rows: zones } = await execute<ZoneRow>(db, ZONES, { names });
  let left = most;
  let leftOut = 0;
  const wanted = zones.map(({ counts, ...zone }) => {
    const served = SERVED.reduce((sum, status) => sum + countIn(counts, status), 0);
    const packs = Math.min(served, left);
    left -= packs;
    leftOut += served - packs;
    return { ...zone, packs };
  });
  const { rows } = await execute<Row>(db, LIST, {
    names: wanted.map(({ name }) => name),
    cells: wanted.map(({ cell }) => cell),
    zones: wanted.map(({ zone_id: id }) => id),
    packs: wanted.map(({ packs }) => packs),
    served: SERVED,
  });
  return { certificates: rows.map(toWatched), leftOut };
}

const SERVED = PACK_STATUSES.filter(isServed);

interface ZoneRow {
  readonly name: string;
  readonly cell: number;
  readonly zone_id: string;
  readonly counts: readonly number[];
}

const ZONES = statement(`
  select zone_names.name, zone_names.cell, zone_names.zone_id, zones.counts
    from zone_names join zones on zones.cell = zone_names.cell and zones.id = zone_names.zone_id
   where zone_names.name = any(:names::text[]) and zone_names.is_holder
   order by zone_names.name`);

interface Row {
  readonly name: string;
  readonly zone_id: string;
  readonly pack_id: string;
  readonly algorithm: Algorithm;
  readonly fingerprint: string;
  readonly not_before: Date;
  readonly not_after: Date;
  readonly leaf: string;
}

const LEAF_END = '-----END CERTIFICATE-----';

const toWatched = (row: Row): WatchedCertificate => ({
  zone: row.name,
  zoneId: row.zone_id,
  packId: row.pack_id,
  algorithm: row.algorithm,
  fingerprint: row.fingerprint,
  notBefore: row.not_before,
  notAfter: row.not_after,
  leaf: `${row.leaf}${LEAF_END}\n`,
});

// Zone by zone, and pack by pack: of how many there are, the plan knows nothing.
const LIST = statement(`
  select wanted.name, wanted.zone_id, pack.id as pack_id, leaf.*
    from unnest(:names::text[], :cells::smallint[], :zones::text[], :packs::int[]) as wanted (name, cell, zone_id, packs)
   cross join lateral (
     select id from packs
      where packs.cell = wanted.cell and packs.zone_id = wanted.zone_id and status = any(:served::text[])
      order by ord limit wanted.packs) as pack
   cross join lateral (
     select algorithm, fingerprint, not_before, not_after, split_part(chain, '${LEAF_END}', 1) as leaf from certificates
      where certificates.cell = wanted.cell and certificates.zone_id = wanted.zone_id and certificates.pack_id = pack.id
      order by algorithm limit 2) as leaf`);
