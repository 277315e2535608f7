/** Frames as the native programs read and write them: length (4 bytes), id (4), kind (1), then the bytes (`native/terminator.c`). */

const HEAD = 9;
/** Longest frame that is read: more is no frame. */
const LONGEST = 1_048_576;

/** One message to or from a native program. */
export interface Frame {
  readonly id: number;
  readonly kind: string;
  readonly bytes: Buffer;
}

/** The head of a frame, to be written before its bytes. */
export function headOf(id: number, kind: string, length: number): Buffer {
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32BE(length, 0);
  head.writeUInt32BE(id, 4);
  head.writeUInt8(kind.charCodeAt(0), 8);
  return head;
}

/** Makes frames of bytes as they come. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole now. Throws `RangeError` for one whose bytes are more than `longest`. */
  *read(chunk: Buffer, longest = LONGEST): Generator<Frame> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEAD) {
      const length = bytes.readUInt32BE(at);
      if (length > longest) throw new RangeError('no frame is this long');
      const end = at + HEAD + length;
      if (bytes.length < end) break;
      const kind = String.fromCharCode(bytes.readUInt8(at + 8));
      yield { id: bytes.readUInt32BE(at + 4), kind, bytes: bytes.subarray(at + HEAD, end) };
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
