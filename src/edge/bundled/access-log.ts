/** What came of each connection, as lines of JSON. */
import { once } from 'node:events';
import { createWriteStream, fstat, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Log } from '../../kit/log.ts';
import type { Seconds } from '../../kit/time.ts';
import type { Algorithm } from '../../pack/pack.ts';
import type { Ends, Shaken } from './shaken.ts';

/** A connection that is over. */
export interface Ended extends Pick<Ends, 'client'> {
  /** `served`, or why it came to no handshake. */
  readonly outcome: string;
  /** The name that it asked for, checked; undefined: none, or it never said. */
  readonly name: string | undefined;
  readonly shaken: Shaken | undefined;
  /** Of the certificate that was shown. */
  readonly algorithm: Algorithm | undefined;
  /** As they went over the connection, so with those of TLS. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly seconds: Seconds;
}

/** Lines that nobody has taken yet may come to this much. */
const MOST_WAITING_BYTES = 4_194_304;

/** After it could not be written, a log is opened again when so much time is over; so often it is looked whether it was moved away. */
const REST: Seconds = 5;

export interface AccessLogOptions {
  readonly open: () => Writable;
  /** Whether what is written lies no more where it is to: somebody moved it away. Undefined: it cannot be. */
  readonly isMoved?: () => Promise<boolean>;
  /** Most lines in one. */
  readonly perSecond: number;
  readonly log: Log;
  /** 5 s when left out. */
  readonly rest?: Seconds;
}

/**
 * Writes a line for each connection, as many a second as it may, and never waits for whoever reads them: what is more, or is not
 * taken in time, is dropped and counted.
 */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #looking: NodeJS.Timeout;
  #out: Writable | undefined;
  #isLooking = false;
  #isClosed = false;
  #second = 0;
  #inSecond = 0;
  #lines = 0;
  #dropped = 0;

  constructor(options: AccessLogOptions) {
    this.#options = options;
    this.#open();
    this.#looking = setInterval(() => void this.#look(), (options.rest ?? REST) * 1_000).unref();
  }

  get counts(): { readonly lines: number; readonly dropped: number } {
    return { lines: this.#lines, dropped: this.#dropped };
  }

  write(ended: Ended): void {
    if (!this.#out || !this.#hasRoom(this.#out)) {
      this.#dropped++;
      return;
    }
    this.#lines++;
    this.#out.write(`${JSON.stringify(lineOf(ended))}\n`);
  }

  /** Resolves when what was written is with the system, or cannot be. */
  close(): Promise<void> {
    clearInterval(this.#looking);
    this.#isClosed = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#out) resolve();
    else if (this.#out === process.stdout) this.#out.write('', () => resolve());
    else this.#out.on('error', () => resolve()).end(resolve);
    return promise;
  }

  #open(): void {
    this.#take(this.#options.open());
  }

  #take(out: Writable): void {
    const { log, rest = REST } = this.#options;
    this.#out = out.on('error', (err) => {
      log.error({ err }, 'edge: the access log cannot be written');
      if (this.#out !== out) return;
      this.#out = undefined;
      setTimeout(() => this.#open(), rest * 1_000).unref();
    });
  }

  /** What was moved away, as whoever rotates logs does, gets the lines until then, and a new file those from then on. */
  async #look(): Promise<void> {
    const out = this.#out;
    if (!out || this.#isLooking) return;
    this.#isLooking = true;
    const next = (await this.#options.isMoved?.()) ? this.#options.open() : undefined;
    // What cannot be opened is tried at the next look, and lines go on where they went.
    const isOpen = next && (await once(next, 'open').then(yes, no));
    this.#isLooking = false;
    if (isOpen && this.#out === out && !this.#isClosed) {
      this.#take(next);
      out.end();
    } else next?.destroy();
  }

  #hasRoom(out: Writable): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    this.#inSecond++;
    return this.#inSecond <= this.#options.perSecond && out.writableLength <= MOST_WAITING_BYTES;
  }
}

/** Opens an access log at a path, `-` for standard output; what is there is written on. */
export function openAccessLog(path: string, perSecond: number, log: Log, rest = REST): AccessLog {
  if (path === '-') return new AccessLog({ open: () => process.stdout, perSecond, log });
  let ours: Stats | undefined;
  const open = () =>
    createWriteStream(path, { flags: 'a', mode: 0o640 }).once('open', (fd) => {
      fstat(fd, (error, is) => {
        ours = error ? undefined : is;
      });
    });
  const isMoved = async () => {
    const is = ours;
    try {
      const there = await stat(path);
      return is !== undefined && (there.ino !== is.ino || there.dev !== is.dev);
    } catch (error) {
      return is !== undefined && error instanceof Error && 'code' in error && error.code === 'ENOENT';
    }
  };
  return new AccessLog({ open, isMoved, perSecond, log, rest });
}

const [yes, no] = [() => true, () => false];

const lineOf = ({ client, outcome, name, shaken, algorithm, bytesIn, bytesOut, seconds }: Ended) => ({
  time: new Date().toISOString(),
  client: client.address,
  port: client.port,
  name,
  outcome,
  version: shaken?.version,
  cipher: shaken?.cipher,
  algorithm,
  alpn: shaken?.alpn,
  resumed: shaken?.isResumed,
  bytes_in: bytesIn,
  bytes_out: bytesOut,
  duration_s: Math.round(seconds * 1_000) / 1_000,
});
