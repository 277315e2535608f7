import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What a connection asks of its terminator. */
export interface TlsLink {
  readonly send: (kind: 'C' | 'P' | 'E', bytes?: Buffer) => void;
  /** Calls back when more can be sent. */
  readonly drained: (then: () => void) => void;
  readonly gone: () => void;
}

type Done = (error?: Error | null) => void;

/**
 * A client's connection whose TLS is made elsewhere: read and written are the decrypted bytes. Emits `secure` once hands were
 * shaken. Errors have the codes of Node's: `ERR_SSL_` and OpenSSL's reason.
 */
export class RemoteTls extends Duplex {
  readonly #socket: Socket;
  readonly #link: TlsLink;
  #taken: Done | undefined;
  #isSecure = false;

  constructor(socket: Socket, link: TlsLink) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#link = link;
    socket.on('data', (bytes: Buffer) => {
      link.send('C', bytes);
      socket.pause();
      link.drained(() => {
        if (this.readableLength < this.readableHighWaterMark) socket.resume();
      });
    });
    socket.once('end', () => this.#ended());
    socket.once('close', () => this.destroy());
    socket.resume();
  }

  /** Calls back after so long without a byte either way. */
  setTimeout(ms: number, idle: () => void): this {
    this.#socket.setTimeout(ms, idle);
    return this;
  }

  /** A frame of the terminator. */
  receive(kind: string, bytes: Buffer): void {
    if (this.destroyed) return;
    if (kind === 'c') this.#socket.write(Buffer.from(bytes));
    else if (kind === 'p') this.#push(bytes);
    else if (kind === 'a') this.#takenBy();
    else if (kind === 'e') this.#ended();
    else if (kind === 'f') this.#fail(bytes.toString('latin1'));
    else if (kind === 'h') {
      this.#isSecure = true;
      this.emit('secure');
    }
  }

  override _read(): void {
    this.#link.drained(() => this.#socket.resume());
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#taken = done;
    this.#link.send('P', chunk);
  }

  override _final(done: Done): void {
    this.#taken = (error) => {
      this.#socket.end();
      done(error);
    };
    this.#link.send('E');
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#link.gone();
    this.#socket.destroySoon();
    done(error);
  }

  #push(bytes: Buffer): void {
    if (!this.push(Buffer.from(bytes))) this.#socket.pause();
  }

  /** What was written is on its way; the next waits until the client took it. */
  #takenBy(): void {
    const done = this.#taken;
    this.#taken = undefined;
    if (!done) return;
    if (this.#socket.writableNeedDrain) this.#socket.once('drain', () => done());
    else done();
  }

  #ended(): void {
    if (!this.#isSecure) this.destroy();
    else if (!this.readableEnded) this.push(null);
  }

  #fail(reason: string): void {
    // A terminator that cannot be asked has sent none.
    if (!this.#isSecure && this.#socket.bytesWritten === 0) this.#socket.write(INTERNAL_ERROR);
    const code = `ERR_SSL_${reason.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}`;
    this.destroy(Object.assign(new Error(`TLS failed: ${reason}`), { code }));
  }
}

/** A fatal alert in a record of its own (RFC 8446 6). */
const INTERNAL_ERROR = Buffer.from([21, 3, 1, 0, 2, 2, 80]);
