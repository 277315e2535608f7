import type { Db } from './store.ts';

/** A table and its columns, in their order. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Ids of transactions mean something on one server alone: rows that come to another one are given new ones there. */
const LOCAL = 'xid8';

/** Every table of ours but the record of migrations; one that refers to another comes after it. */
export async function listTables(db: Db): Promise<Table[]> {
  const { rows } = await db.query<{ name: string; columns: string[] }>(
    `select table_name as name, array_agg(column_name::text order by ordinal_position) as columns
       from information_schema.columns join information_schema.tables using (table_schema, table_name)
      where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name <> 'migrations'
        and is_generated = 'NEVER' and udt_name <> '${LOCAL}'
      group by 1 order by 1`,
  );
  const references = await listReferences(db);
  const sorted: Table[] = [];
  const isPlaced = (name: string) => sorted.some((table) => table.name === name);
  while (sorted.length < rows.length) {
    const next = rows.find(
      ({ name }) =>
        !isPlaced(name) && references.every(({ from, to }) => from !== name || to === name || isPlaced(to)),
    );
    if (!next) throw new Error('tables refer to each other in a circle');
    sorted.push(next);
  }
  return sorted;
}

async function listReferences(db: Db): Promise<{ readonly from: string; readonly to: string }[]> {
  const { rows } = await db.query<{ from: string; to: string }>(
    `select source.relname as from, aim.relname as to
       from pg_constraint join pg_class as source on source.oid = conrelid join pg_class as aim on aim.oid = confrelid
      where contype = 'f' and source.relnamespace = current_schema()::regnamespace`,
  );
  return rows;
}
