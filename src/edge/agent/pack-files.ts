import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SealedPack, SHAPES } from './protocol.ts';
import { codeOf, remove, unwritable } from './whole-file.ts';

/** Which file. */
interface PackAt {
  readonly packId: string;
  readonly digest: string;
}

/**
 * Packs as they were received, keys still sealed: a file a pack and digest, so that a new one lies beside the old one until all is told
 * that goes with it. A file that was cut or altered on the disk is none.
 */
export class PackFiles {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Throws `configuration` where the folder cannot be made. */
  static async open(dir: string): Promise<PackFiles> {
    await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
      throw unwritable(dir, error);
    });
    return new PackFiles(dir);
  }

  /** Ids and digests were checked by their shapes, so that no path leads out of the folder. Throws `configuration`. */
  async write(pack: SealedPack): Promise<void> {
    const path = this.#pathOf(pack);
    const text = JSON.stringify(pack);
    try {
      const file = await open(path, 'w', 0o600);
      try {
        await file.writeFile(`${sumOf(text)}\n${text}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await remove(path).catch(() => undefined);
      throw unwritable(this.#dir, error);
    }
  }

  /** Undefined where it is not there, or not as it was written. */
  async read({ packId, digest }: PackAt): Promise<SealedPack | undefined> {
    const [sum, text = ''] = (await readText(this.#pathOf({ packId, digest }))).split('\n', 2);
    if (sum !== sumOf(text)) return undefined;
    const packs = { packs: [JSON.parse(text)] };
    const [pack] = SHAPES.packsGiven.Check(packs) ? packs.packs : [];
    return pack?.packId === packId && pack.digest === digest ? pack : undefined;
  }

  remove(at: PackAt): Promise<void> {
    return remove(this.#pathOf(at));
  }

  /** Removes all files but those of these packs, each `ID.DIGEST`: what a crash left. */
  async keepOnly(kept: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#dir)) if (!kept.has(name)) await remove(join(this.#dir, name));
  }

  #pathOf(at: PackAt): string {
    return join(this.#dir, fileNameOf(at));
  }
}

export const fileNameOf = ({ packId, digest }: PackAt): string => `${packId}.${digest}`;

const sumOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** '' where it is not there. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
