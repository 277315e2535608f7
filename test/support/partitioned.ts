/** The schema as a distributed database would have it: the tables that lead with a cell are cut by it, others by their name. */
import assert from 'node:assert/strict';
import { run } from '../../src/job/engine/run.ts';
import type { PackZone } from '../../src/pack/pack.ts';
import { claimDue, extendLeases, giveBack } from '../../src/store/claims.ts';
import type { Pool } from '../../src/store/store.ts';
import { cellOf } from '../../src/store/zone-key.ts';
import type { Explained } from './explained.ts';
import type { TestJobDeps } from './job-deps.ts';

/** How many pieces each table is cut into. */
export const PIECES = 8;

/** A table that is cut. */
export interface CutTable {
  readonly name: string;
  /** The column by which it is cut: the first of its keys. */
  readonly column: string;
}

/** What stands in the catalogue of a table, in words that make it again. */
interface Part {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
  /** First column of a key or an index. */
  readonly first: string | null;
  readonly is_unique: boolean;
}

/** Tables that have a cell, by the first column of all their keys. Fails for one whose keys begin otherwise. */
async function listCutTables(pool: Pool): Promise<CutTable[]> {
  const { rows } = await pool.query<{ name: string; firsts: string[] }>(
    `select relname as name, array_agg(distinct attname::text) as firsts
       from pg_index join pg_class on pg_class.oid = indrelid
       join pg_attribute on pg_attribute.attrelid = indrelid and attnum = indkey[0]
      where indisunique and relnamespace = current_schema()::regnamespace
        and exists (select from pg_attribute as cell where cell.attrelid = indrelid and cell.attname = 'cell')
      group by 1 order by 1`,
  );
  return rows.map(({ name, firsts }) => {
    const [column = ''] = firsts;
    assert.equal(firsts.length, 1, `all keys of ${name} begin with the same column: ${firsts.join(', ')}`);
    return { name, column };
  });
}

/** Cuts the tables of an empty database in place, with the keys, indexes and references that they have. */
export async function cutTables(pool: Pool): Promise<CutTable[]> {
  const tables = await listCutTables(pool);
  const names = tables.map(({ name }) => name);
  const references = await listParts(pool, names, REFERENCES);
  const parts = [...(await listParts(pool, names, KEYS)), ...(await listParts(pool, names, INDEXES))];
  for (const { table, name } of references) await pool.query(`alter table ${table} drop constraint ${name}`);
  for (const { name, column } of tables) await cut(pool, name, column);
  for (const { definition } of parts) await pool.query(definition);
  for (const { definition } of references) await pool.query(definition);
  return tables;
}

async function cut(pool: Pool, name: string, column: string): Promise<void> {
  const whole = `create table whole (like ${name} including defaults including constraints including storage)`;
  await pool.query(`${whole} partition by hash (${column})`);
  await pool.query(`drop table ${name}`);
  await pool.query(`alter table whole rename to ${name}`);
  for (let i = 0; i < PIECES; i++) {
    const values = `for values with (modulus ${PIECES}, remainder ${i})`;
    await pool.query(`create table ${name}_piece${i} partition of ${name} ${values}`);
  }
}

const CONSTRAINT = `
  select conrelid::regclass::text as table, conname as name,
         format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as definition
    from pg_constraint where conrelid = any(select to_regclass(name) from unnest($1::text[]) as name)`;
const REFERENCES = `${CONSTRAINT} and contype = 'f'`;
const KEYS = `${CONSTRAINT} and contype in ('p', 'u') order by contype`;
const INDEXES = `
  select indrelid::regclass::text as table, indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index
   where indrelid = any(select to_regclass(name) from unnest($1::text[]) as name)
     and not exists (select from pg_constraint where conindid = indexrelid)`;

async function listParts(pool: Pool, tables: readonly string[], sql: string): Promise<Part[]> {
  return (await pool.query<Part>(sql, [tables])).rows;
}

/** The table and the number of a piece; undefined for any other relation. */
export function pieceOf(relation: string): { readonly table: string; readonly piece: number } | undefined {
  const [, table, piece] = /^(\w+)_piece(\d+)$/.exec(relation) ?? [];
  return table === undefined ? undefined : { table, piece: Number(piece) };
}

/** A database that is cut, and what was seen of the statements on it. */
export interface Watched {
  readonly tables: readonly CutTable[];
  readonly seen: Explained[];
}

/** Whether a table is cut by its cell: one of a zone's life. */
const isOfZone = ({ tables }: Watched, table: string): boolean =>
  tables.some(({ name, column }) => name === table && column === 'cell');

/** Numbers of the pieces that a statement touched, of tables of a zone's life. */
export const piecesOf = (watched: Watched, { relations }: Explained): number[] => [
  ...new Set(
    relations
      .flatMap((name) => pieceOf(name) ?? [])
      .flatMap(({ table, piece }) => (isOfZone(watched, table) ? [piece] : [])),
  ),
];

/** Holds that every statement of `work` stayed inside one piece; the tables of a zone's life that they looked into. */
export async function assertInOnePiece(watched: Watched, work: () => Promise<unknown>): Promise<Set<string>> {
  const { seen } = watched;
  seen.length = 0;
  await work();
  assert(seen.length > 0);
  for (const one of seen) {
    const pieces = piecesOf(watched, one);
    assert(pieces.length <= 1, `pieces ${pieces.join(', ')} by ${one.text}`);
  }
  const all = new Set(seen.flatMap((one) => piecesOf(watched, one)));
  assert.equal(all.size, 1, 'all of them in the same piece');
  const names = seen.flatMap(({ relations }) => relations).flatMap((name) => pieceOf(name)?.table ?? []);
  return new Set(names.filter((name) => isOfZone(watched, name)));
}

/** Claims what is due in the zone's cell and carries it until it waits. */
export async function carryIn(on: TestJobDeps, zone: PackZone): Promise<void> {
  const wanted = { worker: 'test', cells: [cellOf(zone.id)], most: 16, first: 0, inHand: [] };
  const claims = await claimDue(on.pool, on.clock, wanted);
  await extendLeases(on.pool, on.clock, claims);
  for (const one of claims) await run(on, one, new AbortController().signal);
  for (const one of claims) await giveBack(on.pool, on.clock, one);
}
