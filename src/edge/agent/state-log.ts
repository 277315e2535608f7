import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { crc32 } from 'node:zlib';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { codeOf, unwritable, writeWhole } from './whole-file.ts';

const Leaf = Type.Union([Type.String({ pattern: '^[0-9a-f]{64}$' }), Type.Null()]);

const Entry = Type.Object({
  /** The cursor, with which all before it counts; null: none is known any more. */
  at: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  /** Packs whose files are there: id, digest, leaves. */
  packs: Type.Optional(Type.Array(Type.Tuple([Type.String(), Type.String(), Leaf, Leaf]))),
  /** Names with the packs that serve them. */
  names: Type.Optional(Type.Array(Type.Tuple([Type.String(), Type.String()]))),
  /** Names that nothing serves any more. */
  gone: Type.Optional(Type.Array(Type.String())),
  /** Packs that serve nothing any more, until that was told: id, names, leaves. */
  leaving: Type.Optional(Type.Array(Type.Tuple([Type.String(), Type.Array(Type.String()), Leaf, Leaf]))),
  /** Packs of which it was told. */
  released: Type.Optional(Type.Array(Type.String())),
});
const shape = Compile(Entry);

/** What changed, as it stands in the log. */
export type StateEntry = Static<typeof Entry>;

/**
 * The state as a log of what changed: an entry a line, each with its sum, those up to an `at` together or not at all. A line that was cut
 * or altered ends it: what is before it is an earlier state, and whole.
 */
export class StateLog {
  readonly #path: string;
  #file: FileHandle | undefined;
  /** Bytes that count. */
  #size = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get size(): number {
    return this.#size;
  }

  /** Calls `take` with each entry that counts, and forgets what does not. Whether nothing was cut or altered. Throws `configuration`. */
  async read(take: (entry: StateEntry) => void): Promise<boolean> {
    const { entries, isSound } = this.#entries();
    let [waiting, size]: [StateEntry[], number] = [[], 0];
    for await (const { entry, bytes } of entries) {
      waiting.push(entry);
      size += bytes;
      if (entry.at === undefined) continue;
      for (const one of waiting) take(one);
      this.#size += size;
      [waiting, size] = [[], 0];
    }
    await this.#open();
    await this.#cut();
    return isSound();
  }

  /** Adds entries, of which the last has an `at`; they are on the disk then. Throws `configuration`, and nothing was added. */
  async append(entries: readonly StateEntry[]): Promise<void> {
    const text = entries.map(lineOf).join('');
    try {
      const file = await this.#open();
      await file.write(text, this.#size);
      await file.datasync();
      this.#size += Buffer.byteLength(text);
    } catch (error) {
      await this.#cut().catch(() => undefined);
      throw unwritable(this.#path, error);
    }
  }

  /** Begins the log anew with entries that say all. Throws `configuration`, and the old one stays. */
  async rewrite(entries: Iterable<StateEntry>): Promise<void> {
    let size = 0;
    await writeWhole(
      this.#path,
      (function* lines() {
        for (const entry of entries) {
          const line = lineOf(entry);
          size += Buffer.byteLength(line);
          yield line;
        }
      })(),
    );
    await this.close();
    this.#size = size;
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Where an earlier write broke off, the next one is put over what it left. */
  async #cut(): Promise<void> {
    await this.#file?.truncate(this.#size);
  }

  async #open(): Promise<FileHandle> {
    this.#file ??= await open(this.#path, 'r+').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return open(this.#path, 'w+', 0o600);
      throw unwritable(this.#path, error);
    });
    return this.#file;
  }

  #entries() {
    let isSound = true;
    const path = this.#path;
    async function* entries(): AsyncGenerator<{ entry: StateEntry; bytes: number }> {
      const input = createReadStream(path, 'utf8');
      try {
        for await (const line of createInterface({ input, crlfDelay: Infinity })) {
          const entry = entryIn(line);
          isSound = entry !== undefined;
          if (!entry) return;
          yield { entry, bytes: Buffer.byteLength(line) + 1 };
        }
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw unwritable(path, error);
      } finally {
        input.destroy();
      }
    }
    return { entries: entries(), isSound: () => isSound };
  }
}

const lineOf = (entry: StateEntry): string => {
  const text = JSON.stringify(entry);
  return `${sumOf(text)} ${text}\n`;
};

const sumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0');

function entryIn(line: string): StateEntry | undefined {
  const [sum, text] = [line.slice(0, 8), line.slice(9)];
  if (sumOf(text) !== sum) return undefined;
  const value: unknown = JSON.parse(text);
  return shape.Check(value) ? value : undefined;
}
