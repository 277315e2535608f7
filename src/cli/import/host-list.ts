import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Fault } from '../../kit/fault.ts';
import { toName } from '../../pack/hosts.ts';
import type { Piece, Reader } from './found.ts';
import { reasonOf } from './pem-folder.ts';

const HEADS = ['host', 'hostname', 'domain', 'name'];
const LONGEST_LINE = 64 * 1024;

/**
 * A CSV of hostnames: the column that its first line calls host, hostname, domain or name; else the first one. Fields may stand in
 * quotation marks, and be separated by commas, semicolons or tabs; lines that begin with # are left alone.
 */
export const readHostList: Reader = async function* read(source) {
  const seen = new Set<string>();
  let column: number | undefined;
  for await (const { number, fields } of rowsOf(source)) {
    const head = column === undefined ? fields.findIndex((field) => HEADS.includes(field.toLowerCase())) : -1;
    column ??= Math.max(0, head);
    if (head >= 0) continue;
    const piece = pieceOf(fields[column] ?? '', `${source}:${number}`);
    const name = piece.hosts?.[0];
    if (name !== undefined && seen.has(name)) continue;
    if (name !== undefined) seen.add(name);
    yield piece;
  }
};

/** The lines that have something in them, with their numbers. */
async function* rowsOf(source: string): AsyncGenerator<{ number: number; fields: string[] }> {
  let number = 0;
  for await (const line of linesOf(source)) {
    number += 1;
    const text = number === 1 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() !== '' && !text.startsWith('#')) yield { number, fields: fieldsOf(text) };
  }
}

async function* linesOf(source: string): AsyncGenerator<string> {
  const input = createReadStream(source, { encoding: 'utf8' });
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new Fault('configuration', `${source} cannot be read: ${reasonOf(error)}`);
  } finally {
    input.destroy();
  }
}

function pieceOf(text: string, where: string): Piece {
  try {
    return { where, hosts: [toName(text.trim())] };
  } catch (error) {
    const why = error instanceof Fault ? error.message : 'no hostname';
    return { where, why: text.trim() === '' ? 'no hostname in this line' : why };
  }
}

/** The fields of a line (RFC 4180, without line breaks inside of fields). */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let [field, isQuoted] = ['', false];
  for (let i = 0; i < Math.min(line.length, LONGEST_LINE); i++) {
    const character = line.charAt(i);
    if (isQuoted && character === '"' && line.charAt(i + 1) === '"') {
      field += '"';
      i += 1;
    } else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && /[,;\t]/.test(character)) {
      fields.push(field.trim());
      field = '';
    } else field += character;
  }
  return [...fields, field.trim()];
}
