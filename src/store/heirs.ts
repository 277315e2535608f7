/** Which of the packs that cover a name will be there when another one is over. */
import { GOING } from '../pack/lifecycle.ts';
import type { Environment, PackKey } from '../pack/pack.ts';
import type { Candidate } from '../pack/priority.ts';
import { listCandidates } from './served-hosts.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { cellsOf, inCells } from './zone-key.ts';

/** As `listCandidates`, and which of them are going or end unrenewed: what edges ask for needs neither. */
export async function listHeirs(
  db: Db,
  name: string,
  environment: Environment,
): Promise<(Candidate & Pick<PackKey, 'zone'>)[]> {
  const candidates = await listCandidates(db, name, environment);
  const zones = candidates.map(({ zone }) => zone.id);
  const packs = candidates.map(({ packId }) => packId);
  const { rows } = await execute<Row>(db, STAYING, { ...cellsOf(zones), zones, packs, going: GOING });
  return candidates.map((one) => {
    const row = rows.find(({ id }) => id === one.packId);
    const notAfter = one.notAfter ?? row?.ends_on ?? undefined;
    return { ...one, notAfter, isGoing: row?.is_going ?? true };
  });
}

interface Row {
  id: string;
  is_going: boolean;
  ends_on: Date | null;
}

const own = (table: string, id = 'pack_id'): string =>
  `${inCells(table)} and ${table}.cell = asked.cell and ${table}.zone_id = asked.zone_id and ${table}.${id} = asked.id`;

// What nobody renews any more ends with its certificates.
const STAYING = statement(`
  select asked.id,
         packs.status = any(:going)
           or exists (select from uploads where ${own('uploads')} and not is_current)
           or exists (select from custom_hostname_packs where ${own('custom_hostname_packs')} and not is_current) as is_going,
         case when packs.status = 'pending_expiration'
              then (select min(not_after) from certificates where ${own('certificates')}) end as ends_on
    from unnest(:own::smallint[], :zones::text[], :packs::uuid[]) as asked (cell, zone_id, id)
    join packs on ${own('packs', 'id')}`);
