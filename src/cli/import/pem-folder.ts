import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import type { Reader } from './found.ts';
import { Material } from './material.ts';

/** Largest file that is read: a bundle of all public roots is a fifth of it. */
const MOST_BYTES = 1024 * 1024;
const [MOST_FILES, MOST_DEPTH] = [500_000, 30];

/** A folder of PEM files in any layout. */
export const readPemFolder: Reader = async function* read(source, now) {
  yield* (await gather([source])).pieces(now);
};

/** What lies in some folders and all below. Throws `configuration` for one that cannot be read at all. */
export async function gather(folders: readonly string[], most = MOST_FILES): Promise<Material> {
  const material = new Material();
  const walk: Walk = { material, seen: new Set(), most };
  for (const folder of folders) {
    await readdir(folder).catch((error: unknown) => {
      throw new Fault('configuration', `${folder} cannot be read: ${reasonOf(error)}`);
    });
    await visit(walk, folder, 0);
  }
  return material;
}

interface Walk {
  readonly material: Material;
  /** Real paths that were visited: links lead to the same file from several places, and in circles. */
  readonly seen: Set<string>;
  readonly most: number;
}

async function visit(walk: Walk, folder: string, depth: number): Promise<void> {
  if (depth > MOST_DEPTH) return walk.material.pass(folder, `more than ${MOST_DEPTH} folders deep`);
  try {
    const real = await realpath(folder);
    if (walk.seen.has(real)) return;
    walk.seen.add(real);
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      await visitEntry(walk, entry, { path: join(folder, entry.name), depth });
  } catch (error) {
    if (error instanceof Fault) throw error;
    walk.material.pass(folder, `cannot be read: ${reasonOf(error)}`);
  }
}

async function visitEntry(
  walk: Walk,
  entry: Dirent,
  { path, depth }: { readonly path: string; readonly depth: number },
): Promise<void> {
  try {
    const what = entry.isSymbolicLink() ? await stat(path) : entry;
    if (what.isDirectory()) await visit(walk, path, depth + 1);
    else if (what.isFile()) await take(walk, path);
    else walk.material.pass(path, 'no regular file');
  } catch (error) {
    if (error instanceof Fault) throw error;
    const isBroken = entry.isSymbolicLink() && codeOf(error) === 'ENOENT';
    walk.material.pass(
      path,
      isBroken ? 'a symbolic link that leads nowhere' : `cannot be read: ${reasonOf(error)}`,
    );
  }
}

/** Reads a file that has PEM in it; another is left alone. */
async function take({ material, seen, most }: Walk, path: string): Promise<void> {
  const real = await realpath(path);
  if (seen.has(real)) return;
  seen.add(real);
  if (seen.size > most) throw new Fault('configuration', `more than ${most} files: import folder by folder`);
  if (/\.(p12|pfx)$/i.test(path))
    return material.pass(path, 'PKCS#12; `openssl pkcs12 -in FILE -nodes` writes it as PEM');
  const text = await readBounded(path);
  if (text === undefined) return material.pass(path, `larger than ${MOST_BYTES / 1024} KiB`);
  if (text.includes('-----BEGIN ')) material.add(text, path);
}

/** A file's text; undefined where it is too large, also where it grows meanwhile. */
async function readBounded(path: string): Promise<string | undefined> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > MOST_BYTES) return undefined;
  const buffer = Buffer.alloc(Math.min(MOST_BYTES, size) + 1);
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  return bytesRead > MOST_BYTES ? undefined : buffer.toString('latin1', 0, bytesRead);
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** Why a file cannot be read, without its path, which stands beside it. */
export const reasonOf = (error: unknown): string =>
  codeOf(error) ?? (error instanceof Error ? error.message : String(error));
