import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Fault } from '../kit/fault.ts';

/** Longest line that is not a row: names of tables and columns. */
const LONGEST_LINE = 1024 * 1024;
const NEWLINE = 0x0a;
const END = Buffer.from('\\.\n');
const END_AFTER_ROW = Buffer.from('\n\\.\n');

/** Reads the parts of a backup one after another as they arrive. */
export class Sections {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash = createHash('sha256');
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: Readable) {
    this.#chunks = input[Symbol.asyncIterator]();
  }

  /** The next line without its end; undefined where there is none. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#rest.indexOf(NEWLINE);
      if (at >= 0) return this.#take(at + 1).toString('utf8', 0, at);
      if (this.#rest.length > LONGEST_LINE || !(await this.#more())) return undefined;
    }
  }

  /** Passes the rows of a table on, up to the line that ends them, and ends `out`. Throws `configuration` where it is missing. */
  async rows(out: Writable): Promise<void> {
    const done = finished(out);
    done.catch(() => undefined); // thrown below, or by whoever broke it
    let isAtLine = true;
    for (;;) {
      if (isAtLine && this.#rest.subarray(0, END.length).equals(END)) {
        this.#take(END.length);
        break;
      }
      const end = this.#rest.indexOf(END_AFTER_ROW);
      // The mark may lie across two chunks: its beginning waits for the next one.
      const whole = end >= 0 ? end + 1 : this.#rest.length - END_AFTER_ROW.length;
      if (whole > 0) {
        const rows = this.#take(whole);
        isAtLine = rows.at(-1) === NEWLINE;
        if (!out.write(rows)) await Promise.race([once(out, 'drain'), done]);
      } else if (!(await this.#more())) {
        out.destroy();
        throw new Fault('configuration', 'the backup is cut short: a table does not end');
      }
    }
    out.end();
    await done;
  }

  /** Whether nothing more comes: what is proven at its end is proven by then. */
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#more());
  }

  /** SHA-256 of all that was read so far. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#hash.update(taken);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    if (done) return false;
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, value]) : value;
    return true;
  }
}
