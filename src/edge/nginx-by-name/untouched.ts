import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ALGORITHMS, type Algorithm } from '../../pack/pack.ts';
import { digestOf } from '../placed/checked-pack.ts';
import type { NotedPack } from '../placed/noted-pack.ts';
import { stemOf } from '../placed/placed-files.ts';
import { ENDS } from './name-paths.ts';

/** Whether files of packs are as they were written. They are read once, and again where the file system says that they changed. */
export class Untouched {
  readonly #folder: string;
  /** Of each stem whose files were right, what the file system said of them then. */
  readonly #marks = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Whether the files of a pack are there, with what was put into them. */
  async is(pack: NotedPack): Promise<boolean> {
    const stem = stemOf(pack);
    const paths = { ecdsa: this.#pathOf(stem, 'ecdsa'), rsa: this.#pathOf(stem, 'rsa') };
    const mark = await markOf(Object.values(paths));
    if (mark !== undefined && this.#marks.get(stem) === mark) return true;
    this.#marks.delete(stem);
    if (mark === undefined || !(await isRight(pack, paths))) return false;
    this.#marks.set(stem, mark);
    return true;
  }

  /** Forgets all but these. */
  keep(stems: ReadonlySet<string>): void {
    for (const stem of this.#marks.keys()) if (!stems.has(stem)) this.#marks.delete(stem);
  }

  #pathOf(stem: string, algorithm: Algorithm): string {
    return join(this.#folder, 'packs', `${stem}${ENDS[algorithm]}`);
  }
}

/** Changes with every change of the files, which nobody can put back: the time of an inode's change is the kernel's. */
async function markOf(paths: readonly string[]): Promise<string | undefined> {
  const marks: string[] = [];
  for (const path of paths) {
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (!found?.isFile()) return undefined;
    marks.push(`${found.ino} ${found.ctimeNs} ${found.size}`);
  }
  return marks.join();
}

/** One without a pair of an algorithm has the other's in the file of that. */
async function isRight(
  { leaves, digest }: NotedPack,
  paths: Readonly<Record<Algorithm, string>>,
): Promise<boolean> {
  const texts = {
    ecdsa: await readFile(paths.ecdsa, 'utf8').catch(() => ''),
    rsa: await readFile(paths.rsa, 'utf8').catch(() => ''),
  };
  const own = ALGORITHMS.filter((algorithm) => leaves[algorithm] !== undefined);
  const isOne = own.length === ALGORITHMS.length || texts.ecdsa === texts.rsa;
  return (
    isOne && digestOf(Object.fromEntries(own.map((algorithm) => [algorithm, texts[algorithm]]))) === digest
  );
}
