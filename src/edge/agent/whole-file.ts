import { mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../../kit/fault.ts';

/**
 * Writes a file of mode 600 whole or not at all: what was there stays until the new one is on the disk. Throws `configuration` that
 * says what is wrong with the folder, e.g. that its disk is full.
 */
export async function writeWhole(
  path: string,
  data: string | AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  const beside = `${path}.new`;
  try {
    await unlink(beside).catch(ignoreAbsent);
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    throw unwritable(dirname(path), error);
  }
}

/** Makes a folder of mode 700 with those above it. Throws `configuration` where others may look into it. */
export async function givePrivateFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw unwritable(dir, error);
  });
  const { mode, uid } = await stat(dir);
  const isOurs = uid === (process.getuid?.() ?? uid);
  if (isOurs && (mode & 0o077) === 0) return;
  throw new Fault(
    'configuration',
    `${dir} has private keys in it, and is open to others: give it to this user alone (chown, chmod 700)`,
  );
}

/** Takes a file away; one that is not there is no fault. */
export const remove = (path: string): Promise<void> => unlink(path).catch(ignoreAbsent);

function ignoreAbsent(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** What the system calls an error, e.g. `ENOSPC`; '' where it calls it nothing. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

/** In words, why a folder could not be written. */
export function unwritable(dir: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = codeOf(cause);
  const next =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'free some space there'
      : 'see to it that this user may write there';
  return new Fault(
    'configuration',
    `${dir} cannot be written (${code || 'no code'}): ${next}; what was there before is kept`,
    { cause },
  );
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
