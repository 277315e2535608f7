/** Bytes of the smallest piece of memory; each larger one is twice as large. */
const SMALLEST = 2 ** 16;
/** Pieces above this size are not kept: 16 MiB. */
const SIZES = 9;
const MOST_KEPT = 2 ** 25;

/**
 * Memory in which pages are put together, used again when they have left. A new piece for each page would be cheap to
 * take and dear to clean up: the collector runs by the bytes that were given out.
 */
export class PageMemory {
  readonly #free: Buffer[][] = Array.from({ length: SIZES }, () => []);
  #kept = 0;

  /** A piece of at least so many bytes, with whatever was in it before. */
  take(least: number): Buffer {
    const size = sizeOf(least);
    const piece = this.#free[size]?.pop();
    if (!piece) return Buffer.allocUnsafeSlow(Math.max(SMALLEST * 2 ** size, least));
    this.#kept -= piece.length;
    return piece;
  }

  /** Takes a piece back. Nobody may use it any more. */
  give(piece: Buffer): void {
    const pieces = this.#free[sizeOf(piece.length)];
    if (!pieces || this.#kept + piece.length > MOST_KEPT) return;
    this.#kept += piece.length;
    pieces.push(piece);
  }

  /** Bytes that wait to be used again. */
  get kept(): number {
    return this.#kept;
  }
}

const sizeOf = (bytes: number): number => Math.max(0, Math.ceil(Math.log2(bytes / SMALLEST)));

/** A piece of JSON among other bytes. */
interface Piece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

const COMMA = 0x2c;

/** Puts a page of a list together from items that are JSON already: one copy of each, and no string. */
export class PageWriter {
  readonly #memory: PageMemory;
  #piece: Buffer;
  #at = 0;
  #count = 0;
  #isReleased = false;

  constructor(memory: PageMemory) {
    this.#memory = memory;
    this.#piece = memory.take(2 * SMALLEST);
  }

  /** Items so far. */
  get count(): number {
    return this.#count;
  }

  /** The page so far. Good until `release`. */
  get body(): Buffer {
    return this.#piece.subarray(0, this.#at);
  }

  /** Begins the page, anew where it was begun before. */
  begin(head: Buffer): void {
    this.#at = head.copy(this.#piece);
    this.#count = 0;
  }

  /** An item. */
  add({ bytes, start, end }: Piece): void {
    this.#makeRoom(end - start + 1);
    if (this.#count > 0) this.#piece[this.#at++] = COMMA;
    this.#at += bytes.copy(this.#piece, this.#at, start, end);
    this.#count += 1;
  }

  end(tail: string): void {
    this.#makeRoom(Buffer.byteLength(tail));
    this.#at += this.#piece.write(tail, this.#at);
  }

  /** Gives the memory back. Neither the page nor the writer can be used from then on. */
  release(): void {
    if (!this.#isReleased) this.#memory.give(this.#piece);
    this.#isReleased = true;
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#piece.length) return;
    const larger = this.#memory.take(2 * (this.#at + bytes));
    this.#piece.copy(larger, 0, 0, this.#at);
    this.#memory.give(this.#piece);
    this.#piece = larger;
  }
}
