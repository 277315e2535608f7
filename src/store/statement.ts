import { createHash } from 'node:crypto';

/** Values of a statement's parameters, by name. */
export type Values = Readonly<Record<string, unknown>>;

/** A statement that is parsed and planned once on each connection. */
export interface Statement {
  /** Stands for the text: another text has another name, also in another version of this program. */
  readonly name: string;
  readonly text: string;
  /** Names of the parameters, `$1` first. */
  readonly parameters: readonly string[];
}

/** A statement from SQL in which `:name` stands for a value. */
export function statement(sql: string): Statement {
  const parameters: string[] = [];
  const text = sql.replace(/(?<!:):([a-z]\w*)/g, (_, name: string) => {
    if (!parameters.includes(name)) parameters.push(name);
    return `$${parameters.indexOf(name) + 1}`;
  });
  return { name: `cp_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`, text, parameters };
}

/** Values in the order of a statement's parameters. */
export const valuesOf = ({ parameters }: Statement, values: Values): unknown[] =>
  parameters.map((name) => values[name]);
