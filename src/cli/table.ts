/** What commands print: a table for people, JSON for programs. */
import { printable } from '../kit/unprintable.ts';
import { printJson, printLines } from './print.ts';

/** Prints a result: one line of JSON, or a table of these fields, each named by its path. */
export function show(
  result: unknown,
  fields: readonly string[],
  { json = false }: { readonly json?: boolean },
): void {
  if (json) printJson(result);
  else printLines(table(Array.isArray(result) ? result : [result], fields));
}

function table(rows: readonly unknown[], fields: readonly string[]): string {
  const cells = [
    fields.map((field) => field.toUpperCase()),
    ...rows.map((row) => fields.map((field) => textOf(row, field))),
  ];
  const widths = fields.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
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
