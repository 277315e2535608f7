/** Messages of PostgreSQL's protocol (version 3, "Message Formats") as far as a reader sends and reads them. */
import pg from 'pg';
import type { Statement } from '../statement.ts';

/** Kinds of messages that a reader looks at. */
export const KIND = { row: 0x44, error: 0x45, parsed: 0x31, ready: 0x5a } as const;

/** A value as text; null is SQL's. */
export type Text = string | null;

/** Parse, of a named statement or of the unnamed one. */
export function parseMessage({ text }: Statement, name: string): Buffer {
  return message('P', Buffer.concat([zeroEnded(name), zeroEnded(text), int16(0)]));
}

/** Bind with values as text and results in binary, Execute, Sync. */
export function runMessage(name: string, values: readonly Text[]): Buffer {
  const parts = values.flatMap((value) => {
    if (value === null) return [int32(-1)];
    const bytes = Buffer.from(value);
    return [int32(bytes.length), bytes];
  });
  const binary = [int16(1), int16(1)];
  const bind = [zeroEnded(''), zeroEnded(name), int16(0), int16(values.length), ...parts, ...binary];
  return Buffer.concat([message('B', Buffer.concat(bind)), EXECUTE_AND_SYNC]);
}

function message(kind: string, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(kind, 'latin1'), int32(content.length + 4), content]);
}

function int16(n: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(n);
  return bytes;
}

function int32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
}

/** PostgreSQL's strings end at a zero byte; text with one inside would be cut there. */
function zeroEnded(text: string): Buffer {
  return Buffer.from(`${text.replaceAll('\0', '')}\0`);
}

const EXECUTE_AND_SYNC = Buffer.concat([
  message('E', Buffer.concat([zeroEnded(''), int32(0)])),
  message('S', Buffer.alloc(0)),
]);

/** The error of an ErrorResponse. */
export function errorOf(bytes: Buffer, start: number, end: number): pg.DatabaseError {
  const fields = new Map<string, string>();
  for (const field of bytes.toString('utf8', start, end).split('\0'))
    fields.set(field[0] ?? '', field.slice(1));
  const error = new pg.DatabaseError(fields.get('M') ?? 'database error', end - start, 'error');
  return Object.assign(error, { code: fields.get('C') });
}
