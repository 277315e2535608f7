import { Socket } from 'node:net';

/** Bytes that are taken in at once. */
const SIZE = 2 ** 18;

/**
 * A socket that reads into memory of its own, always the same: what Node takes anew for each read, 64 KiB, has to be
 * cleaned up again, and that costs a list more than all else. `pg` opens the connection with it, and is then let go.
 */
export class ReadBuffer {
  readonly socket: Socket;
  #onBytes: ((bytes: Buffer) => void) | undefined;

  constructor() {
    const memory = Buffer.allocUnsafeSlow(SIZE);
    const callback = (length: number): boolean => {
      const bytes = memory.subarray(0, length);
      if (this.#onBytes) this.#onBytes(bytes);
      else this.socket.emit('data', Buffer.from(bytes));
      return true;
    };
    this.socket = new Socket({ onread: { buffer: memory, callback } });
  }

  /** From now on `onBytes` gets what `socket` reads, in bytes that are used again when it returns. */
  handOver(socket: Socket, onBytes: (bytes: Buffer) => void): void {
    socket.removeAllListeners('data');
    if (socket === this.socket) this.#onBytes = onBytes;
    else socket.on('data', onBytes);
  }
}
