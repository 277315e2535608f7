/** The schema, by numbered migrations, forward only. */
import { readdirSync, readFileSync } from 'node:fs';
import { Fault } from '../kit/fault.ts';
import { type Pool, stateOf, type Tx, transaction } from './store.ts';

/** Folder of the migrations. */
export const MIGRATIONS = new URL('./migrations/', import.meta.url);

/** Names of all migrations, in their order. */
export const migrationNames = (): string[] =>
  readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .toSorted();

/**
 * Brings the schema up to date, forward only, all missing migrations in one transaction. Several processes may
 * call it at once. Returns the names it ran.
 */
export async function migrate(pool: Pool): Promise<string[]> {
  await pool.query(MAKE).catch(ignoreRace);
  return transaction(pool, async (tx) => {
    await tx.query('lock table migrations in exclusive mode');
    const done = new Set(await appliedMigrations(tx));
    const missing = migrationNames().filter((name) => !done.has(name));
    await apply(tx, missing);
    return missing;
  });
}

const MAKE = 'create table if not exists migrations (name text primary key)';

/** Names of those that a database has. */
export async function appliedMigrations(tx: Tx): Promise<string[]> {
  const { rows } = await tx.query<{ name: string }>('select name from migrations order by name');
  return rows.map(({ name }) => name);
}

/** Runs just these in an empty database. Throws `configuration` for one that this version does not know. */
export async function runMigrations(tx: Tx, names: readonly string[]): Promise<void> {
  const known = migrationNames();
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new Fault(
      'configuration',
      `this version does not know the schema ${unknown}; use the one that made it`,
    );
  await tx.query(MAKE);
  await tx.query('delete from migrations');
  await apply(
    tx,
    known.filter((name) => names.includes(name)),
  );
}

/** A large table takes its time; who gave up would begin anew at each start. */
const LONGEST_MS = 6 * 3_600_000;

async function apply(tx: Tx, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const migration = { text: readFileSync(new URL(name, MIGRATIONS), 'utf8'), query_timeout: LONGEST_MS };
    await tx.query(migration);
    await tx.query('insert into migrations (name) values ($1)', [name]);
  }
}

/** `create table if not exists` is no lock: of two at once one may fail on the catalogue's unique index. */
function ignoreRace(error: unknown): void {
  if (!['23505', '42P07'].includes(stateOf(error))) throw error;
}
