import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Bytes that wait for a reader at most; what is more is dropped. */
const MOST_BYTES = 1024 * 1024;
/** Longest that the end waits for a reader, in milliseconds. */
const LAST_MS = 500;

/**
 * Standard error as a log writes it. Where it is a pipe or a socket, of which the other end may be read slowly or not at all,
 * lines wait in memory up to a bound, further ones are dropped and counted, and neither the process nor its end waits for the
 * reader. Into a file or a terminal they are written as they come.
 */
export class StandardError {
  readonly #fd: number;
  #stream: Socket | 'plain' | undefined;
  #dropped = 0;
  /** Dropped since that was told last. */
  #untold = 0;
  #isEnded = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Lines that were dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Writes a line, or drops it. */
  write(line: string): void {
    if (this.#isEnded) return;
    this.#stream ??= this.#open();
    if (this.#stream === 'plain') return this.#writePlain(line);
    if (this.#stream.writableLength > MOST_BYTES) {
      this.#dropped += 1;
      this.#untold += 1;
      return;
    }
    this.#stream.write(line);
  }

  /** Gives the reader a moment for what waits, and lets go; what is written later is nowhere. */
  async end(): Promise<void> {
    const stream = this.#stream;
    this.#isEnded = true;
    if (!(stream instanceof Socket)) return;
    const until = performance.now() + LAST_MS;
    while (stream.writableLength > 0 && !stream.destroyed && performance.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 10));
    stream.destroy();
  }

  #open(): Socket | 'plain' {
    const stats = fstatSync(this.#fd);
    if (!stats.isFIFO() && !stats.isSocket()) return 'plain';
    const fd = stats.isFIFO() ? reopened(this.#fd) : this.#fd;
    const stream = new Socket({ fd, readable: false, writable: true });
    // Whoever read it is gone: there is nobody left to tell.
    stream.on('error', () => {
      this.#stream = 'plain';
    });
    stream.on('drain', () => this.#tell());
    stream.unref();
    return stream;
  }

  /** Says what is missing, now that somebody reads again. */
  #tell(): void {
    const lines = this.#untold;
    this.#untold = 0;
    const line = {
      level: 40,
      time: new Date().toISOString(),
      lines,
      msg: 'lines of the log were dropped: it was not read in time',
    };
    if (lines > 0) this.write(`${JSON.stringify(line)}\n`);
  }

  #writePlain(line: string): void {
    try {
      writeSync(this.#fd, line);
    } catch {
      this.#dropped += 1;
    }
  }
}

/** The same pipe without what others set on it: nobody else that writes there is to meet a full one by an error. */
function reopened(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return fd;
  }
}
