import type { Db } from './store.ts';

/** A TXT record in a customer's zone, and for which pack it is there. */
export interface Published {
  readonly packId: string;
  readonly zone: string;
  readonly txtName: string;
  readonly txtValue: string;
}

/** Notes records that are about to be published. Those that are not noted yet. */
export async function notePublished(
  db: Db,
  { packId, zone }: { readonly packId: string; readonly zone: string },
  records: readonly Pick<Published, 'txtName' | 'txtValue'>[],
  now: Date,
): Promise<Set<string>> {
  const { rows } = await db.query<{ value: string }>(
    `insert into dns_published (pack_id, zone, name, value, made_on)
     select $1, $2, name, value, $5 from unnest($3::text[], $4::text[]) as record (name, value)
     on conflict do nothing returning value`,
    [packId, zone, records.map(({ txtName }) => txtName), records.map(({ txtValue }) => txtValue), now],
  );
  return new Set(rows.map(({ value }) => value));
}

/** Records that no pack waits for any more, at most `limit`, the oldest first. */
export async function listLeftovers(db: Db, limit: number): Promise<Published[]> {
  const { rows } = await db.query<{ pack_id: string; zone: string; name: string; value: string }>(
    `select pack_id, zone, name, value from dns_published
      where not exists (
        select from packs cross join jsonb_array_elements(validation_records) as wanted (record)
         where packs.id = pack_id
           and (packs.status in ('pending_validation', 'pending_issuance') or packs.renewal -> 'course' is not null)
           and record ->> 'status' = 'pending' and record ->> 'txtValue' = dns_published.value)
      order by made_on limit $1`,
    [limit],
  );
  return rows.map((row) => ({ packId: row.pack_id, zone: row.zone, txtName: row.name, txtValue: row.value }));
}

/** Forgets a record: it is not there any more, or was never put there. */
export async function forgetPublished(db: Db, { packId, txtName, txtValue }: Published): Promise<void> {
  await db.query('delete from dns_published where pack_id = $1 and name = $2 and value = $3', [
    packId,
    txtName,
    txtValue,
  ]);
}
