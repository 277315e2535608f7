import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { ignore } from './folders.ts';

/** A file that child processes print to, as it stood when it was opened. */
export interface Output {
  readonly path: string;
  readonly handle: number;
  /** Bytes that were there before. */
  readonly start: number;
}

const MOST_BYTES = 1_000_000;
const TOLD_BYTES = 2_000;
const TOLD_LINES = 6;

/** Opens the file for appending, mode 600. One that has grown past 1 MB becomes `<path>.1`; one such is kept. */
export function openOutput(path: string): Output {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MOST_BYTES) ignore(() => renameSync(path, `${path}.1`));
  const handle = openSync(path, 'a', 0o600);
  return { path, handle, start: fstatSync(handle).size };
}

/** The last lines printed since the file was opened, as one line for a message. */
export function lastLines({ path, start }: Output): string {
  let handle: number | undefined;
  try {
    handle = openSync(path, 'r');
    const from = Math.max(start, fstatSync(handle).size - TOLD_BYTES);
    const bytes = Buffer.alloc(TOLD_BYTES);
    const text = bytes.toString('utf8', 0, readSync(handle, bytes, 0, TOLD_BYTES, from)).trim();
    return text.split('\n').slice(-TOLD_LINES).join(' | ') || 'it printed nothing';
  } catch {
    return `${path} cannot be read`;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
