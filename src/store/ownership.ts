/** Whether a database is one of certpacks. Looked at before anything is changed in it. */
import { readFileSync } from 'node:fs';
import { Fault } from '../kit/fault.ts';
import { MIGRATIONS, migrationNames } from './migrate.ts';
import type { Pool } from './store.ts';

/** A table of the schema that is used. */
interface Found {
  readonly name: string;
  readonly columns: readonly string[];
}

/**
 * Migrations of a newer version that ran there; none as a rule. Throws `configuration` for a database in which another
 * application has its tables, where ours would be.
 */
export async function checkOwnership(pool: Pool): Promise<string[]> {
  const tables = await listAll(pool);
  const record = tables.find(({ name }) => name === 'migrations');
  if (!record) {
    const own = tablesOfOurs();
    const taken = tables.find(({ name }) => own.has(name));
    if (taken) throw foreign(taken.name, tables);
    return [];
  }
  if (record.columns.join() !== 'name') throw foreign('migrations', tables);
  const { rows } = await pool.query<{ name: string }>('select name::text from migrations order by name');
  if (!rows.every(({ name }) => OURS.test(name))) throw foreign('migrations', tables);
  const known = migrationNames();
  return rows.map(({ name }) => name).filter((name) => !known.includes(name));
}

/** How our migrations are called. */
const OURS = /^\d{4}_[a-z0-9_]+\.sql$/;

function foreign(table: string, tables: readonly Found[]): Fault {
  const names = tables.map(({ name }) => name).slice(0, 5);
  return new Fault(
    'configuration',
    `this database is another application's: it has a table ${table} that is not ours (beside ${names.join(', ')}…); ` +
      'certpacks wants a database of its own: createdb, and its name in database_url',
  );
}

async function listAll(pool: Pool): Promise<Found[]> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(
    `select relname::text as name,
            array(select attname::text from pg_attribute
                   where attrelid = pg_class.oid and attnum > 0 and not attisdropped order by attnum) as columns
       from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition
      order by relname`,
  );
  return rows;
}

/** Names of tables that our migrations make. */
function tablesOfOurs(): Set<string> {
  const sql = migrationNames().map((name) => readFileSync(new URL(name, MIGRATIONS), 'utf8'));
  return new Set(
    sql.flatMap((text) => [...text.matchAll(/^create table (\w+)/gm)].map(([, name = '']) => name)),
  );
}
