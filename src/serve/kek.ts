import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { type Kek, Seal, toKek } from '../kit/seal.ts';
import { sync } from '../postgres/folders.ts';

/** Where the keys are: in the option, or in a file. */
export interface KekPlace {
  /** Keys of 32 bytes in base64, the one that seals first; '' for the file. */
  readonly kek: string;
  readonly file: string;
}

/** Where an installation has them. */
export const kekPlaceOf = (
  { kek, kek_file: file }: Pick<Options, 'kek' | 'kek_file'>,
  dir: string,
): KekPlace => ({ kek, file: file || join(dir, 'kek') });

/** How long a running process uses the keys that it read, in milliseconds. */
const READ_AGAIN_MS = 1_000;

/**
 * The seal of this installation: from `kek`, or from the file, which is made with mode 600 when it is missing. A file
 * that changes is read again within a second. Throws `configuration` for keys of another length or a file that others
 * may read.
 */
export function loadSeal(place: KekPlace): Seal {
  if (place.kek === '' && read(place.file) === undefined) make(place.file);
  let keks = readKeks(place);
  if (place.kek !== '') return new Seal(() => keks);
  let readAt = performance.now();
  return new Seal(() => {
    if (performance.now() - readAt < READ_AGAIN_MS) return keks;
    readAt = performance.now();
    try {
      keks = readKeks(place);
    } catch {
      // Those that were read are as good as ever.
    }
    return keks;
  });
}

/** The keys as they are now. Throws `configuration`, also where there are none. */
export function readKeks({ kek, file }: KekPlace): Kek[] {
  const text = kek === '' ? read(file) : kek;
  const keks = (text ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((one) => decode(one, kek === '' ? file : 'the option kek'));
  if (keks.length > 0) return keks;
  throw new Fault(
    'configuration',
    `there is no key-encryption key in ${kek === '' ? file : 'the option kek'}`,
  );
}

/** A new key. */
export const newKek = (): Kek => toKek(randomBytes(32));

/** Writes a file of keys, the one that seals first, in place of the one that was there. */
export function writeKeks(file: string, keks: readonly Kek[]): void {
  const own = draft(file, keks);
  renameSync(own, file);
  sync(dirname(file));
}

function decode(text: string, place: string): Kek {
  const key = Buffer.from(text, 'base64');
  if (key.length === 32) return toKek(key);
  throw new Fault('configuration', `${place} must be 32 bytes in base64, or several such keys`);
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
function make(file: string): void {
  const own = draft(file, [newKek()]);
  try {
    linkSync(own, file);
    sync(dirname(file));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function draft(file: string, keks: readonly Kek[]): string {
  const own = `${file}.${process.pid}`;
  const lines = keks.map(({ key }) => `${key.toString('base64')}\n`);
  writeFileSync(own, lines.join(''), { mode: 0o600, flush: true });
  chmodSync(own, 0o600);
  return own;
}
