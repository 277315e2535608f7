/** A result for people: a line for each figure. */
export function table(result: object, indent = ''): string {
  return Object.entries(result)
    .map(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? `${indent}${name}\n${table(value, `${indent}  `)}`
        : `${indent}${name.padEnd(24 - indent.length)} ${String(value)}`,
    )
    .join('\n');
}
