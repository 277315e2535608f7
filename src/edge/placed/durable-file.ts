import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault } from '../../kit/fault.ts';

/** Who may read a file. */
export interface FileAccess {
  readonly mode: number;
  /** Undefined: whoever this process is. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** What a file is called until it is whole. */
export const UNFINISHED = '.tmp';

/** Puts a text in the place of a file: after a crash there is the old one or the new one, whole, on the disk. Throws as `diskFault`. */
export async function writeDurably(path: string, text: string, access: FileAccess): Promise<void> {
  await replaceFile(path, text, access);
  await syncFolder(dirname(path)).catch((error: unknown) => {
    throw diskFault(error, path);
  });
}

/** As `writeDurably`, for many files of a folder: they are there after a crash once `syncFolder` was done. */
export async function replaceFile(path: string, text: string, access: FileAccess): Promise<void> {
  const unfinished = `${path}${UNFINISHED}`;
  try {
    await writeWhole(unfinished, text, access);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw diskFault(error, path);
  }
}

/** Writes a new file, and waits until the disk has it. */
export async function writeWhole(path: string, text: string, access: FileAccess): Promise<void> {
  await rm(path, { force: true });
  // Nobody else may open it before it is given away: `wx`, and the narrow mode first.
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (access.uid !== undefined || access.gid !== undefined)
      await file.chown(access.uid ?? -1, access.gid ?? -1);
    await file.chmod(access.mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Waits until the disk has the names in a folder. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on its disk: make room',
  EDQUOT: 'the quota of its disk is used up: make room',
  EROFS: 'its disk is read-only: mount it for writing',
  EACCES: 'this user may not write there: give it the folder',
  EPERM: 'this user may not do that: give it the folder, or leave owner and group out',
  ENOENT: 'its folder is gone: make it',
  ENOTDIR: 'a part of its path is no folder',
};

/** The `edge_refused` for what a disk did not take: nothing of what an edge serves was changed. Faults stay what they are. */
export function diskFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = codeOf(error);
  const next = WORDS[code] ?? `the system says ${code}`;
  return new Fault('edge_refused', `${path} cannot be written: ${next}; what was there stays`, {
    cause: error,
  });
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'no code';
