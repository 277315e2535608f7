import type { Pool } from '../../src/store/store.ts';

const TABLES = ['packs', 'certificates', 'pack_hosts', 'pack_suffixes', 'pack_renewals'];

/**
 * Drops the foreign keys of the packs' tables and the indexes that hold no constraint, does `work`, and makes them again
 * as they were: to check and to sort once is faster than for each of millions.
 */
export async function withoutIndexes(pool: Pool, work: () => Promise<void>): Promise<void> {
  const dropped = [...(await foreignKeys(pool)), ...(await indexes(pool))];
  for (const { drop } of dropped) await pool.query(drop);
  try {
    await work();
  } finally {
    for (const { create } of dropped.toReversed()) await pool.query(create);
  }
}

interface Droppable {
  readonly drop: string;
  readonly create: string;
}

async function foreignKeys(pool: Pool): Promise<Droppable[]> {
  const { rows } = await pool.query<Droppable>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop,
            format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as create
       from pg_constraint
      where contype = 'f' and conrelid = any(select to_regclass(name) from unnest($1::text[]) as name)`,
    [TABLES],
  );
  return rows;
}

async function indexes(pool: Pool): Promise<Droppable[]> {
  const { rows } = await pool.query<Droppable>(
    `select format('drop index %s', indexrelid::regclass) as drop, pg_get_indexdef(indexrelid) as create
       from pg_index
      where indrelid = any(select to_regclass(name) from unnest($1::text[]) as name)
        and not exists (select from pg_constraint where conindid = indexrelid)`,
    [TABLES],
  );
  return rows;
}
