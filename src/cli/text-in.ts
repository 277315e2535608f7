import { readFileSync } from 'node:fs';
import { Fault } from '../kit/fault.ts';

/** As many as the API takes. */
const MOST_CHARACTERS = 131_072;

/** What is in a file. Throws `configuration`, without a word of what is in it. */
export function textIn(file: string): string {
  const text = read(file);
  if (text.length <= MOST_CHARACTERS) return text;
  throw new Fault(
    'configuration',
    `${file} is too long for a certificate or a key: ${text.length} characters`,
  );
}

function read(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new Fault('configuration', `${file} cannot be read (${code})`, { cause });
  }
}
