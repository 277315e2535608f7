import { mkdir, open, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault } from '../../kit/fault.ts';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import type { CheckedPack } from './checked-pack.ts';
import { syncFolder } from './durable-file.ts';

/** Who but their owner may read what is written: nobody, or the group of the folder, which an edge's workers are in. */
export type Readers = 'nobody' | 'group';

/** Where what is written in a pack lies, below the folder of packs: `3f/3f2a…-0123456789abcdef`; each file has an end of its own. */
export const stemOf = ({ packId, digest }: Pick<CheckedPack, 'packId' | 'digest'>): string =>
  `${packId.slice(0, 2)}/${packId}-${digest}`;

/** Which pack something in a folder of packs is of; undefined where it is nothing of ours. */
export const packIdIn = (stem: string): string | undefined =>
  /(?:^|\/)([0-9A-Za-z-]{1,64})-[0-9a-f]{16}(?:\.|$)/.exec(stem)?.[1];

/** Folder and files of packs, at a place on the disk. What cannot be written throws `edge_refused` that says so. */
export class PlacedFiles {
  readonly folder: string;
  readonly #readers: Readers;

  constructor(folder: string, readers: Readers) {
    this.folder = folder;
    this.#readers = readers;
  }

  /** Puts a pack's chains and keys beside each other, each in one file; those of a stem are always the same. */
  async placePack(pack: CheckedPack, ends: Readonly<Record<Algorithm, string>>): Promise<void> {
    for (const algorithm of ALGORITHMS) {
      const text = pack.files[algorithm];
      if (text !== undefined) await this.write(`packs/${stemOf(pack)}${ends[algorithm]}`, text);
    }
  }

  /** Writes a file whole or not at all; it is on the disk when this resolves. No host name ends with a tilde. */
  async write(path: string, text: string): Promise<void> {
    const whole = join(this.folder, path);
    await this.#refusing(async () => {
      await this.makeFolder(dirname(path));
      const beside = `${whole}~`;
      await rm(beside, { force: true });
      try {
        await writeSynced(beside, text, this.#readers === 'group' ? 0o640 : 0o600);
        await rename(beside, whole);
        await syncFolder(dirname(whole));
      } catch (error) {
        await rm(beside, { force: true }).catch(() => undefined);
        throw error;
      }
    });
  }

  /** Makes a folder, with those above it, in which the same may read as in the one it begins in. */
  async makeFolder(path: string): Promise<void> {
    const whole = join(this.folder, path);
    const mode = this.#readers === 'group' ? 0o750 : 0o700;
    await this.#refusing(async () => {
      const made = await mkdir(whole, { recursive: true, mode });
      if (made === undefined || this.#readers === 'nobody') return;
      await openToGroup(made, whole);
    });
  }

  /** Leads a link elsewhere, at once: whoever follows it comes to the old place or to the new one. */
  async link(path: string, target: string): Promise<void> {
    const whole = join(this.folder, path);
    await this.#refusing(async () => {
      await this.makeFolder(dirname(path));
      const beside = `${whole}~`;
      await rm(beside, { force: true });
      await symlink(target, beside);
      await rename(beside, whole);
      // What it led to before may be removed next: after a crash it must not lead there.
      await syncFolder(dirname(whole));
    });
  }

  /** Where a link leads; undefined where there is none. */
  linked(path: string): Promise<string | undefined> {
    return readlink(join(this.folder, path)).catch(() => undefined);
  }

  /** What is in a folder; nothing where there is none. */
  list(path: string): Promise<string[]> {
    return readdir(join(this.folder, path)).catch(() => []);
  }

  /** Takes a file, a link or a folder away; one that is not there is no fault. */
  async remove(path: string): Promise<void> {
    await this.#refusing(() => rm(join(this.folder, path), { recursive: true, force: true }));
  }

  async #refusing(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw error instanceof Fault ? error : unwritable(this.folder, error);
    }
  }
}

function unwritable(folder: string, cause: unknown): Fault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const next = isFull ? 'free some space there' : 'see to it that the agent may write there';
  return new Fault('edge_refused', `${folder} cannot be written (${code}): ${next}; what was there stays`, {
    cause,
  });
}

/** Folders from `first` down to `last`, whose mode a umask may have cut; a bit that hands the group down stays. */
async function openToGroup(first: string, last: string): Promise<void> {
  const above = await stat(dirname(first));
  const mode = 0o750 | (above.mode & 0o2000);
  for (let folder = last; folder.length >= first.length; folder = dirname(folder)) {
    const handle = await open(folder);
    try {
      await handle.chmod(mode);
    } finally {
      await handle.close();
    }
  }
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
