import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  /** `wide` has room for long texts; `free` may break its lines. */
  readonly kind?: 'number' | 'wide' | 'free';
}

interface TableProps<T> {
  /** What it is a table of, for whoever does not see where it stands. */
  readonly of: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  readonly keyOf: (row: T) => string;
}

/**
 * A table, which scrolls sideways by itself where the window is narrow; its first column names the row. On a phone its rows stand
 * below each other, and the roles keep it a table for who hears it.
 */
export const Table = <T,>({ of, rows, columns, keyOf }: TableProps<T>) => (
  <div class="scroll" role="region" aria-label={of} tabIndex={0}>
    <table role="table">
      <caption class="unseen">{of}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ name, kind }) => (
            <th role="columnheader" key={name} scope="col" class={kind}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row" key={keyOf(row)}>
            {columns.map(({ name, cell, kind }, i) =>
              i === 0 ? (
                <th role="rowheader" key={name} scope="row" class={kind} data-name={name}>
                  {cell(row)}
                </th>
              ) : (
                <td role="cell" key={name} class={kind} data-name={name}>
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
