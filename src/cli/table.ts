/** What commands print: a table for people, JSON for programs. */
import { padded } from '../kit/columns.ts';
import { printable } from '../kit/unprintable.ts';
import { type Piece, printJson, printPieces } from './print.ts';

/** Prints a result: one line of JSON, or a table of these fields, each named by its path. */
export function show(
  result: unknown,
  fields: readonly string[],
  { json = false }: { readonly json?: boolean },
): void {
  if (json) printJson(result);
  else for (const line of table(Array.isArray(result) ? result : [result], fields)) printPieces(line);
}

function table(rows: readonly unknown[], fields: readonly string[]): Piece[][] {
  const heads = fields.map((field) => field.toUpperCase());
  const cells = rows.map((row) => fields.map((field) => textOf(row, field)));
  return padded([heads, ...cells]).map((row, line) =>
    row.map((text, i) => ({ text, colour: line === 0 ? 'dim' : colourOf(text.trimEnd(), fields[i]) })),
  );
}

/** Colour of a status: what works, what is under way, and what somebody has to look at. */
function colourOf(text: string, field: string | undefined): Piece['colour'] {
  if (field !== 'status' && field !== 'pack_status') return undefined;
  if (/^(active|staging_active|backup_issued)$/.test(text)) return 'green';
  if (/timed_out|expir|disabled|moved/.test(text)) return 'red';
  return /pending|initializing|holding|deactivating/.test(text) ? 'yellow' : undefined;
}

/** In a cell there is no other line either. */
function textOf(row: unknown, field: string): string {
  const value = valueOf(row, field);
  const text = Array.isArray(value) ? value.map(plain).join(' ') : plain(value);
  return printable(text);
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const valueOf = (row: unknown, field: string): unknown =>
  typeof row === 'object' && row !== null
    ? Object.entries(row).find(([name]) => name === field)?.[1]
    : undefined;
