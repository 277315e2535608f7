/** TXT records: one text, which is served in strings of 255 bytes. */
import { refuse } from './names.ts';

/** Most bytes of one record, as at Cloudflare. */
const MOST_BYTES = 2_048;

/**
 * The strings of a record's content: those between quotation marks, as zone files have them (RFC 1035 5.1), or all of it where
 * it has none around. Throws `invalid_record`.
 */
export function txtStrings(content: string, pointer = '/content'): Buffer[] {
  if (content.includes('\0'))
    throw refuse(pointer, 'has a NUL character; between quotation marks it is written \\000');
  const isQuoted = content.trimStart().startsWith('"');
  const strings = isQuoted ? quotedStrings(content, pointer) : chunksOf(Buffer.from(content));
  const bytes = strings.reduce((sum, one) => sum + one.length, 0);
  if (bytes === 0) throw refuse(pointer, 'is empty');
  if (bytes > MOST_BYTES) throw refuse(pointer, `has ${bytes} bytes; a TXT record has ${MOST_BYTES} at most`);
  return strings;
}

/** The content of a record of these strings, each as it stands between quotation marks. Throws `invalid_record`. */
export function contentOfStrings(written: readonly string[]): string {
  const quoted = written.map((text) => `"${text}"`).join(' ');
  const strings = txtStrings(quoted);
  const bytes = Buffer.concat(strings);
  const text = bytes.toString();
  const isPlain =
    !text.includes('\0') && !text.trimStart().startsWith('"') && Buffer.from(text).equals(bytes);
  return isPlain && isSame(chunksOf(bytes), strings) ? text : quoted;
}

const isSame = (some: readonly Buffer[], others: readonly Buffer[]): boolean =>
  some.length === others.length && some.every((one, i) => one.equals(others[i] ?? Buffer.of()));

/** The strings of a record's content as zone files have them. */
export const quotedText = (content: string): string =>
  txtStrings(content)
    .map((string) => `"${[...string].map(escaped).join('')}"`)
    .join(' ');

function escaped(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  return byte < 32 || byte > 126 ? `\\${String(byte).padStart(3, '0')}` : character;
}

function quotedStrings(content: string, pointer: string): Buffer[] {
  if (!/^(?:\s*"(?:[^"\\]|\\\d{3}|\\\D)*"(?=\s|"|$))+\s*$/.test(content))
    throw refuse(pointer, 'has a quotation mark that stands alone; inside a string it is written \\"');
  return [...content.matchAll(/"((?:[^"\\]|\\\d{3}|\\\D)*)"/g)].flatMap(([, inside = '']) =>
    chunksOf(unescaped(inside)),
  );
}

/** `\DDD` is a byte by its number, `\X` is X (RFC 1035 5.1). */
function unescaped(text: string): Buffer {
  const parts = text.match(/\\\d{3}|\\.|[^\\]/gsu) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (/^\\\d{3}$/.test(part)) return Buffer.from([Number(part.slice(1)) & 255]);
      return Buffer.from(part.length > 1 && part.startsWith('\\') ? part.slice(1) : part);
    }),
  );
}

function chunksOf(bytes: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(bytes.length / 255));
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * 255, (i + 1) * 255));
}
