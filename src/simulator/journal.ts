import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Fault } from '../kit/fault.ts';

/**
 * A file of changes, one line of JSON each, only ever added to. An entry that `append` took survives the end of
 * this process by any signal; a last line that was torn is dropped when the file is opened again.
 */
export class Journal<Entry> {
  readonly #file: number;
  #length: number;
  #isOpen = true;

  /** Opens or makes the file and gives every entry in it to `take`. Throws `configuration` when it is damaged. */
  constructor(path: string, take: (entry: Entry) => void) {
    this.#file = openSync(path, 'a+', 0o600);
    const bytes = readFileSync(this.#file);
    this.#length = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.toString('utf8', 0, this.#length).split('\n').slice(0, -1);
    for (const [i, line] of lines.entries()) {
      try {
        take(JSON.parse(line));
      } catch (cause) {
        throw new Fault('configuration', `${path} is damaged in line ${i + 1}; remove its folder`, { cause });
      }
    }
    if (this.#length < bytes.length) ftruncateSync(this.#file, this.#length);
  }

  /** Writes one entry. Throws when the disk refuses; the file is then as before. */
  append(entry: Entry): void {
    if (!this.#isOpen) throw new Fault('internal', 'the journal is closed');
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    try {
      for (let written = 0; written < line.length; ) written += writeSync(this.#file, line, written);
    } catch (error) {
      ftruncateSync(this.#file, this.#length);
      throw error;
    }
    this.#length += line.length;
  }

  /** Ends writing; a later `append` throws. */
  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }
}
