/**
 * Takes messages of PostgreSQL's protocol (version 3) out of a stream of bytes, in memory that is used again: those that
 * arrive whole are not copied, the pieces of others are.
 */

/** What is done with a message: its kind, the bytes it lies in, and from where to where its content goes. */
export type OnMessage = (kind: number, bytes: Buffer, start: number, end: number) => void;

/** Bytes before the content: the kind, and a length that counts itself. */
const HEAD = 5;

/** The messages of one connection. */
export class MessagesIn {
  readonly #onFrame: OnMessage;
  /** Pieces of a message that was cut off, and how many bytes they have. */
  #pieces: Buffer[] = [];
  #have = 0;

  constructor(onFrame: OnMessage) {
    this.#onFrame = onFrame;
  }

  /** Takes bytes as they came. */
  push(bytes: Buffer): void {
    let at = this.#have > 0 ? this.#complete(bytes) : 0;
    while (at + HEAD <= bytes.length) {
      const end = at + 1 + bytes.readInt32BE(at + 1);
      if (end > bytes.length) break;
      this.#onFrame(bytes[at] ?? 0, bytes, at + HEAD, end);
      at = end;
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at));
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(Buffer.from(piece));
    this.#have += piece.length;
  }

  /** Completes the message that was cut off; returns how many of the bytes it took. */
  #complete(bytes: Buffer): number {
    let taken = this.#take(bytes, 0, HEAD);
    if (this.#have < HEAD) return taken;
    const length = 1 + this.#lengthKept();
    taken = this.#take(bytes, taken, length);
    if (this.#have < length) return taken;
    const whole = this.#joined();
    this.#pieces = [];
    this.#have = 0;
    this.#onFrame(whole[0] ?? 0, whole, HEAD, whole.length);
    return taken;
  }

  /** Keeps bytes from `at` on until there are `wanted`; returns where it stopped. */
  #take(bytes: Buffer, at: number, wanted: number): number {
    const end = Math.min(bytes.length, at + Math.max(wanted - this.#have, 0));
    if (end > at) this.#keep(bytes.subarray(at, end));
    return end;
  }

  /** The length in the head, which may lie in several pieces. */
  #lengthKept(): number {
    const [first = Buffer.alloc(0)] = this.#pieces;
    return (first.length >= HEAD ? first : this.#joined()).readInt32BE(1);
  }

  #joined(): Buffer {
    return Buffer.concat(this.#pieces, this.#have);
  }
}
