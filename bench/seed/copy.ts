/** Rows in COPY's text format, and the way into a table. */
import { once } from 'node:events';
import { from as copyFrom } from 'pg-copy-streams';
import type { Tx } from '../../src/store/store.ts';

/** A value of a row: text, number, instant, list of texts or numbers, bytes, or SQL's null. */
export type Cell = string | number | boolean | Date | Buffer | readonly (string | number)[] | undefined;

/** Rows for one table, gathered until they are sent. All have the same columns. */
export class Rows {
  readonly #table: string;
  #columns = '';
  #lines: string[] = [];

  constructor(table: string) {
    this.#table = table;
  }

  /** A row by its columns' names. */
  add(row: Readonly<Record<string, Cell>>): void {
    if (this.#columns === '') this.#columns = Object.keys(row).join(', ');
    this.#lines.push(Object.values(row).map(written).join('\t'));
  }

  /** Sends what was gathered. */
  async send(tx: Tx): Promise<void> {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    const stream = tx.query(copyFrom(`copy ${this.#table} (${this.#columns}) from stdin`));
    stream.end(text);
    await once(stream, 'finish');
  }
}

function written(cell: Cell): string {
  if (cell === undefined) return '\\N';
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell);
  if (typeof cell === 'string') return escaped(cell);
  if (cell instanceof Date) return cell.toISOString();
  if (Buffer.isBuffer(cell)) return `\\\\x${cell.toString('hex')}`;
  return escaped(`{${cell.map((one) => (typeof one === 'number' ? one : quoted(one))).join(',')}}`);
}

/** Text inside an array's literal. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;

const escaped = (text: string): string => text.replaceAll(/[\\\t\n\r]/g, (one) => ESCAPES[one] ?? one);

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
