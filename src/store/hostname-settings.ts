/** What custom hostnames say of TLS, by the packs that are theirs: read where packs are given to edges. */
import type { SslSettings } from '../pack/custom-hostname.ts';
import type { PackKey, ZoneType } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells, packKey } from './zone-key.ts';

/** Settings by the ids of packs; packs that are no hostname's are left out. Asks nothing where there are none. */
export async function listHostnameSettings(
  db: Db,
  packs: readonly PackKey[],
): Promise<ReadonlyMap<string, SslSettings>> {
  if (packs.length === 0) return new Map();
  const zones = packs.map(({ zone }) => zone.id);
  const values = { ...cellsOf(zones), zones, packs: packs.map(({ id }) => id) };
  const { rows } = await execute<{ pack_id: string; settings: SslSettings }>(db, LIST, values);
  return new Map(rows.map((row) => [row.pack_id, row.settings]));
}

const LIST = statement(`
  select custom_hostname_packs.pack_id, custom_hostnames.settings
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[]) as asked (cell, zone_id, id)
    join custom_hostname_packs
      on ${inCells('custom_hostname_packs')} and custom_hostname_packs.cell = asked.cell
     and custom_hostname_packs.zone_id = asked.zone_id and custom_hostname_packs.pack_id = asked.id
    join custom_hostnames
      on ${inCells('custom_hostnames')} and custom_hostnames.cell = asked.cell
     and custom_hostnames.zone_id = asked.zone_id and custom_hostnames.id = custom_hostname_packs.hostname_id`);

/** What is said of the origin of a hostname, and the zone in which origins are. */
export interface SaidOrigin {
  readonly own: string | undefined;
  readonly sni: string | undefined;
  /** That of the zone, where it is active. */
  readonly fallback: string | undefined;
  readonly zoneName: string;
  readonly zoneType: ZoneType;
}

interface OriginRow {
  origin_server: string | null;
  origin_sni: string | null;
  fallback: string | null;
  name: string;
  type: ZoneType;
}

/** What is said of the origin of the hostname whose a pack is; undefined: it is no hostname's. */
export async function getHostnameOrigin(db: Db, pack: PackKey): Promise<SaidOrigin | undefined> {
  const { rows } = await execute<OriginRow>(db, ORIGIN, packKey(pack));
  const [row] = rows;
  if (!row) return undefined;
  return {
    own: row.origin_server ?? undefined,
    sni: row.origin_sni ?? undefined,
    fallback: row.fallback ?? undefined,
    zoneName: row.name,
    zoneType: row.type,
  };
}

const here = (table: string): string => `${table}.cell = :cell and ${table}.zone_id = :zone`;

const ORIGIN = statement(`
  select origin_server, origin_sni, fallback_origins.origin as fallback, zones.name, zones.type
    from custom_hostname_packs
    join custom_hostnames on ${here('custom_hostnames')} and custom_hostnames.id = custom_hostname_packs.hostname_id
    join zones on zones.cell = :cell and zones.id = :zone
    left join fallback_origins on ${here('fallback_origins')} and fallback_origins.status = 'active'
   where ${here('custom_hostname_packs')} and custom_hostname_packs.pack_id = :pack`);
