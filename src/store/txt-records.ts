import type { Db, Tx } from './store.ts';

/** Publishes TXT values for a pack in place of those it had. */
export async function publish(
  tx: Tx,
  packId: string,
  records: readonly { readonly name: string; readonly value: string }[],
): Promise<void> {
  await tx.query('delete from txt_records where pack_id = $1', [packId]);
  if (records.length === 0) return;
  await tx.query(
    `insert into txt_records (pack_id, name, value, reversed)
     select $1, * from unnest($2::text[], $3::text[], $4::text[]) on conflict do nothing`,
    [
      packId,
      records.map(({ name }) => name),
      records.map(({ value }) => value),
      records.map(({ name }) => reverse(name)),
    ],
  );
}

/** The values published at `name`, and whether anything is below it: a value, or a zone of ours. */
export async function published(db: Db, name: string): Promise<{ txt: string[]; hasBelow: boolean }> {
  const { rows } = await db.query<{ txt: string[]; has_below: boolean }>(
    `select array(select distinct value from txt_records where name = $1) as txt,
            exists (select from txt_records where reversed > $2 and reversed < $3)
              or exists (select from zones where reversed > $2 and reversed < $3 and deleted_on is null)
              as has_below`,
    [name, `${reverse(name)}.`, `${reverse(name)}/`], // '/' follows '.' in the C collation
  );
  return { txt: rows[0]?.txt ?? [], hasBelow: rows[0]?.has_below ?? false };
}

/** The labels of a name in reverse order: what lies below a name is then one range of the C collation. */
export const reverse = (name: string): string => name.split('.').toReversed().join('.');
