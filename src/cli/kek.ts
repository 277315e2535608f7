import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Fault } from '../kit/fault.ts';
import { Seal } from '../kit/seal.ts';
import { sync } from '../store/embedded/folders.ts';

/**
 * The seal of this installation: from `kek` (32 bytes in base64), or from the file, which is made with mode 600
 * when it is missing. Throws `configuration` for a key of another length or a file that others may read.
 */
export function loadSeal({ kek, file }: { readonly kek: string; readonly file: string }): Seal {
  if (kek !== '') return new Seal(decode(kek, 'the option kek'));
  const text = read(file) ?? make(file);
  return new Seal(decode(text, file));
}

function decode(text: string, place: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === 32) return key;
  throw new Fault('configuration', `${place} must be 32 bytes in base64`);
}

function read(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) return undefined;
  if ((found.mode & 0o077) !== 0) {
    throw new Fault('configuration', `${file} can be read by others; make it mode 600`);
  }
  return readFileSync(file, 'utf8');
}

/** Several processes may start at once on an empty folder: the first one's key stays. */
function make(file: string): string {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
  chmodSync(own, 0o600);
  try {
    linkSync(own, file);
    sync(dirname(file));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(file, 'utf8');
}
