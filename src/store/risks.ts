/** Packs whose renewal is so late that they are at risk, and of which it was recorded. */
import type { Pack, PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute, type Tx } from './store.ts';
import { IN_ZONE, inCells, type KeyRow, toKey, zoneKey } from './zone-key.ts';

/**
 * Packs that are at risk and of whose certificates that is not recorded yet, some of each account at a time. Only what is past
 * the time of its renewal is looked at, which is what is being renewed, and what is late.
 */
export async function listNewRisks(
  db: Db,
  what: { readonly cells: readonly number[]; readonly now: Date; readonly limit: number },
): Promise<PackKey[]> {
  const { rows } = await execute<KeyRow>(db, LIST, what);
  return rows.map(toKey);
}

const LIST = statement(`
  select late.zone_id, packs.id
    from accounts
   cross join lateral (
     select cell, zone_id, ord from pack_renewals
      where account_id = accounts.id and renew_on <= :now and risk_on <= :now and risk_told_of is distinct from ends_on
        and ${inCells('pack_renewals')}
      order by renew_on limit :limit) as late
    join packs on packs.cell = late.cell and packs.zone_id = late.zone_id and packs.ord = late.ord and ${inCells('packs')}
   limit :limit`);

/** Notes that it is recorded of a pack, which is locked. False: it is already, or it is at risk no more. */
export async function noteRisk(
  tx: Tx,
  { zone, ord }: Pick<Pack, 'zone' | 'ord'>,
  now: Date,
): Promise<boolean> {
  const { rowCount } = await execute(tx, NOTE, { ...zoneKey(zone.id), ord, now });
  return rowCount === 1;
}

const NOTE = statement(`
  update pack_renewals set risk_told_of = ends_on
   where ${IN_ZONE} and ord = :ord and risk_on <= :now and risk_told_of is distinct from ends_on`);
