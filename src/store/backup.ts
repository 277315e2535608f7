/**
 * The whole database as one stream, and back. The format is docs/backup.md: a line of JSON, the rows of each table as
 * PostgreSQL's COPY writes them, and a last line with counts and a checksum. Nothing is held but what passes.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Fault } from '../kit/fault.ts';
import { Sections } from './backup-sections.ts';
import { raiseGeneration } from './installation-settings.ts';
import { appliedMigrations, runMigrations } from './migrate.ts';
import { listTables, type Table } from './schema-tables.ts';
import { type Pool, type Tx, transaction } from './store.ts';

/** Raised with every change of the format. */
const FORMAT = 1;

const Header = Compile(
  Type.Object({
    certpacks_backup: Type.Integer(),
    made_on: Type.String(),
    migrations: Type.Array(Type.String()),
    tables: Type.Array(Type.Object({ name: Type.String(), columns: Type.Array(Type.String()) })),
  }),
);
const Footer = Compile(
  Type.Object({ rows: Type.Record(Type.String(), Type.Integer()), sha256: Type.String() }),
);

/** Told of each table: how many rows of it are through. */
export type OnTable = (table: string, rows: number) => void;

/** Ends the rows of a table: a line that no row can be. */
const END = Buffer.from('\\.\n');

/**
 * Writes all of the database as it is at one moment, and does not end `out`. Whoever writes meanwhile is not kept waiting.
 * Where `out` fails or is closed the connection is given up at once: what would still come over it is nobody's.
 */
export async function writeBackup(pool: Pool, out: Writable, now: Date, onTable: OnTable): Promise<void> {
  const tx = await pool.connect();
  let isWhole = false;
  try {
    await tx.query('begin isolation level repeatable read, read only');
    await writeAll(tx, out, now, onTable);
    await tx.query('commit');
    isWhole = true;
  } finally {
    tx.release(!isWhole);
  }
}

async function writeAll(tx: Tx, out: Writable, now: Date, onTable: OnTable): Promise<void> {
  const hash = createHash('sha256');
  const closed = new AbortController();
  out.once('close', () => closed.abort());
  if (out.destroyed) closed.abort();
  const write = async (bytes: Buffer) => {
    closed.signal.throwIfAborted();
    hash.update(bytes);
    if (!out.write(bytes)) await once(out, 'drain', closed);
  };
  const tables = await listTables(tx);
  const migrations = await appliedMigrations(tx);
  const header = { certpacks_backup: FORMAT, made_on: now.toISOString(), migrations, tables };
  await write(Buffer.from(`${JSON.stringify(header)}\n`));
  const rows: Record<string, number> = {};
  for (const table of tables) {
    const copy = tx.query(copyTo(`copy ${target(table)} to stdout`));
    for await (const chunk of copy) await write(chunk);
    await write(END);
    rows[table.name] = copy.rowCount;
    onTable(table.name, copy.rowCount);
  }
  out.write(`${JSON.stringify({ rows, sha256: hash.digest('hex') })}\n`);
}

const target = ({ name, columns }: Table): string => `${quoted(name)} (${columns.map(quoted).join(', ')})`;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Fills an empty database, in one transaction: all of it or nothing. Throws `configuration` for a database that is not
 * empty, and for what is no backup, is cut short, altered, or of a newer version.
 */
export function readBackup(pool: Pool, input: Readable, onTable: OnTable): Promise<void> {
  return transaction(pool, async (tx) => {
    if ((await listTables(tx)).length > 0)
      throw new Fault('configuration', 'this database is not empty; a backup is restored into an empty one');
    const sections = new Sections(input);
    const header = parse(Header, await sections.line(), 'this is no backup of certpacks');
    if (header.certpacks_backup > FORMAT)
      throw new Fault('configuration', 'the backup is of a newer version of certpacks; restore it with that');
    await runMigrations(tx, header.migrations);
    await checkTables(tx, header.tables);
    const rows: Record<string, number> = {};
    for (const table of header.tables) {
      const copy = tx.query(copyFrom(`copy ${target(table)} from stdin`));
      await sections.rows(copy);
      rows[table.name] = copy.rowCount;
      onTable(table.name, copy.rowCount);
    }
    const sum = sections.digest();
    const footer = parse(Footer, await sections.line(), CUT);
    if (footer.sha256 !== sum)
      throw new Fault('configuration', 'the backup was altered: its checksum is wrong');
    for (const { name } of header.tables)
      if (rows[name] !== footer.rows[name])
        throw new Fault('configuration', `the backup has other rows of ${name} than it says`);
    if (!(await sections.isAtEnd())) throw new Fault('configuration', 'the backup goes on behind its end');
    await setSequences(tx);
    await raiseGeneration(tx);
  });
}

const CUT = 'the backup is cut short: it does not end as one does';

function parse<T>(
  shape: { Check(value: unknown): value is T },
  line: string | undefined,
  otherwise: string,
): T {
  try {
    const value: unknown = JSON.parse(line ?? '');
    if (shape.Check(value)) return value;
  } catch {
    // Told below.
  }
  throw new Fault('configuration', otherwise);
}

/** Names come from a file: only tables and columns that the schema has are ever named in a statement. */
async function checkTables(tx: Tx, wanted: readonly Table[]): Promise<void> {
  const known = new Map((await listTables(tx)).map(({ name, columns }) => [name, columns]));
  for (const { name, columns } of wanted) {
    const has = known.get(name);
    const unknown = has ? columns.find((column) => !has.includes(column)) : name;
    if (unknown !== undefined)
      throw new Fault('configuration', `the backup has ${name} otherwise than its schema: ${unknown}`);
    await tx.query(`delete from ${quoted(name)}`); // what migrations themselves put there
  }
}

/** Numbers that the database gives go on behind those that were given. */
async function setSequences(tx: Tx): Promise<void> {
  const { rows } = await tx.query<{ name: string; column: string }>(
    `select table_name as name, column_name as column from information_schema.columns
      where table_schema = current_schema() and is_identity = 'YES'`,
  );
  for (const { name, column } of rows) {
    const of = `pg_get_serial_sequence('${quoted(name)}', $1)`;
    await tx.query(
      `select setval(${of}, coalesce((select max(${quoted(column)}) from ${quoted(name)}), 0) + 1, false)`,
      [column],
    );
  }
}
