import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskFault, syncFolder, writeDurably } from '../placed/durable-file.ts';
import { type LayoutOptions, type Links, OWN } from './layout.ts';

/**
 * Where links led before a change whose hook has not gone well yet: after a crash they are put back, and the change comes anew. In
 * the folder of the files, so that it is where they are.
 */
export class Journal {
  readonly #folder: string;

  constructor({ folder }: LayoutOptions) {
    this.#folder = join(folder, OWN);
  }

  get #path(): string {
    return join(this.#folder, 'journal');
  }

  /** Throws `edge_refused`. */
  async write(before: Links): Promise<void> {
    const lines = [...before].map(([entry, target]) => `${entry} ${target}\n`);
    await writeDurably(this.#path, lines.join(''), { mode: 0o600 });
  }

  /** Undefined: no change was left half done. */
  async read(): Promise<Links | undefined> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const lines = text.split('\n').filter((line) => line !== '');
    return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
  }

  async remove(): Promise<void> {
    try {
      await rm(this.#path, { force: true });
      await syncFolder(this.#folder);
    } catch (error) {
      throw diskFault(error, this.#path);
    }
  }
}
