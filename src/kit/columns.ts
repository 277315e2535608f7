/** Rows of cells as lines, in which what stands in one column begins at one place. */
export const toColumns = (rows: readonly (readonly string[])[]): string[] =>
  padded(rows).map((row) => row.join(''));

/** The same, cell by cell: each as wide as its column, and the last of a row that is not empty as wide as it is. */
export function padded(rows: readonly (readonly string[])[]): string[][] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, { length }] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, length);
  return rows.map((row) => {
    const last = row.findLastIndex((cell) => cell !== '');
    return row
      .slice(0, last + 1)
      .map((cell, i) => (i === last ? cell.trimEnd() : `${cell.padEnd(widths[i] ?? 0)}  `));
  });
}
