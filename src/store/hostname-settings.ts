/** What custom hostnames say of TLS, by the packs that are theirs: read where packs are given to edges. */
import type { SslSettings } from '../pack/custom-hostname.ts';
import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells } from './zone-key.ts';

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
