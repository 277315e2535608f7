import type { PackKey } from '../pack/pack.ts';
import { statement } from './statement.ts';
import { type Db, execute } from './store.ts';
import { OF_PACK, packKey } from './zone-key.ts';

/** A TXT record in a customer's zone, and for which pack it is there. */
export interface Published {
  readonly pack: PackKey;
  /** Name of the zone at our API. */
  readonly zoneName: string;
  readonly txtName: string;
  readonly txtValue: string;
}

/** Notes records that are about to be published. Those that are not noted yet. */
export async function notePublished(
  db: Db,
  { pack, zoneName }: Pick<Published, 'pack' | 'zoneName'>,
  records: readonly Pick<Published, 'txtName' | 'txtValue'>[],
  now: Date,
): Promise<Set<string>> {
  const [names, values] = [records.map(({ txtName }) => txtName), records.map(({ txtValue }) => txtValue)];
  const noted = { ...packKey(pack), zone_name: zoneName, names, values, now };
  const { rows } = await execute<{ value: string }>(db, NOTE, noted);
  return new Set(rows.map(({ value }) => value));
}

const NOTE = statement(`
  insert into dns_published (cell, zone_id, pack_id, zone, name, value, made_on)
  select :cell, :zone, :pack, :zone_name, name, value, :now
    from unnest(:names::text[], :values::text[]) as record (name, value)
  on conflict do nothing returning value`);

/** Records that no pack waits for any more, at most `limit`, the oldest first. */
export async function listLeftovers(db: Db, limit: number): Promise<Published[]> {
  const { rows } = await db.query<Row>(
    `select zone_id, pack_id, zone, name, value from dns_published
      where not exists (
        select from packs cross join jsonb_array_elements(validation_records) as wanted (record)
         where packs.cell = dns_published.cell and packs.zone_id = dns_published.zone_id and packs.id = pack_id
           and (packs.status in ('pending_validation', 'pending_issuance') or packs.renewal -> 'course' is not null)
           and record ->> 'status' = 'pending' and record ->> 'txtValue' = dns_published.value)
      order by made_on limit $1`,
    [limit],
  );
  return rows.map((row) => ({
    pack: { id: row.pack_id, zone: { id: row.zone_id } },
    zoneName: row.zone,
    txtName: row.name,
    txtValue: row.value,
  }));
}

interface Row {
  zone_id: string;
  pack_id: string;
  zone: string;
  name: string;
  value: string;
}

/** Forgets a record: it is not there any more, or was never put there. */
export async function forgetPublished(db: Db, { pack, txtName, txtValue }: Published): Promise<void> {
  await execute(db, FORGET, { ...packKey(pack), name: txtName, value: txtValue });
}

const FORGET = statement(`delete from dns_published where ${OF_PACK} and name = :name and value = :value`);
