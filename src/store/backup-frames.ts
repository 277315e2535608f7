/**
 * How a backup is cut, so that each piece is known to be ours before anything is done with it. The file is gzip of many
 * members (RFC 1952 2.2), which `zcat` reads; each member has its length and a MAC in its extra field (2.3.1.1), and the
 * first one says under which key.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { crc32, createGunzip, deflateRaw, inflateRaw } from 'node:zlib';
import { Fault } from '../kit/fault.ts';

/** The key of one backup, and how it is found again. */
export interface BackupKey {
  readonly key: Buffer;
  /** 24 bytes: the id of the key-encryption key, and the salt by which this key comes of it. */
  readonly mark: Buffer;
}

/** The key that belongs to a mark. Throws `configuration` where it is not here. Undefined: nothing is checked. */
export type FindKey = ((mark: Buffer) => Buffer) | undefined;

/** Bytes of content in a member at most. */
const PIECE = 256 * 1024;
/** A member's compressed bytes at most: what does not compress becomes a little longer. */
const MOST_PACKED = PIECE + 1024;
const MARK_BYTES = 24;
const HEAD = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]);
/** Little is won by more. */
const COMPRESSION = { level: 3 };

const pack = promisify<Buffer, object, Buffer>(deflateRaw);
const unpack = promisify<Buffer, object, Buffer>(inflateRaw);

/** Cuts and packs what is written; the last member says that it is the last. */
export async function* framed(content: AsyncIterable<Buffer>, key: BackupKey): AsyncGenerator<Buffer> {
  let index = 0;
  let held: Buffer | undefined;
  for await (const piece of pieces(content)) {
    if (held) yield await member(held, key, { index: index++, isLast: false });
    held = piece;
  }
  yield await member(held ?? Buffer.alloc(0), key, { index, isLast: true });
}

async function* pieces(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const chunk of content) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < PIECE) continue;
    const all = Buffer.concat(waiting);
    let at = 0;
    for (; at + PIECE <= all.length; at += PIECE) yield all.subarray(at, at + PIECE);
    waiting = [all.subarray(at)];
    length = all.length - at;
  }
  if (length > 0) yield Buffer.concat(waiting);
}

/** Where a member stands. */
interface Place {
  readonly index: number;
  readonly isLast: boolean;
}

async function member(content: Buffer, { key, mark }: BackupKey, place: Place): Promise<Buffer> {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc32(content), 0);
  tail.writeUInt32LE(content.length, 4);
  const body = Buffer.concat([await pack(content, COMPRESSION), tail]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  const frame = Buffer.concat([Buffer.from([Number(place.isLast)]), length, macOf(key, place, body)]);
  const extra = Buffer.concat([...(place.index === 0 ? [subfield('CK', mark)] : []), subfield('CP', frame)]);
  const extraLength = Buffer.alloc(2);
  extraLength.writeUInt16LE(extra.length);
  return Buffer.concat([HEAD, extraLength, extra, body]);
}

function subfield(name: string, data: Buffer): Buffer {
  const head = Buffer.from([...Buffer.from(name, 'latin1'), 0, 0]);
  head.writeUInt16LE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** Of the bytes of a member, and of its place: none can be left out, moved, or put behind the end. */
function macOf(key: Buffer, { index, isLast }: Place, body: Buffer): Buffer {
  const place = Buffer.alloc(9);
  place.writeBigUInt64BE(BigInt(index));
  place[8] = Number(isLast);
  return createHmac('sha256', key).update(place).update(body).digest();
}

/**
 * The content of a backup, piece by piece, each checked before it is given. Throws `configuration` for what is no backup,
 * was altered, is cut short, or carries no proof while `findKey` is there.
 */
export async function* unframed(source: Readable, findKey: FindKey): AsyncGenerator<Buffer> {
  const bytes = new Bytes(source);
  const [first, second] = await bytes.peek(2);
  if (first !== HEAD[0] || second !== HEAD[1]) throw noBackup();
  if (await isFramed(bytes)) return yield* members(bytes, findKey);
  if (findKey) throw unproven();
  return yield* plain(bytes);
}

async function* members(bytes: Bytes, findKey: FindKey): AsyncGenerator<Buffer> {
  let key: Buffer | undefined;
  let isLast = false;
  for (let index = 0; !isLast; index++) {
    const { frame, mark } = await extraOf(bytes);
    if (index === 0) key = mark && findKey?.(mark);
    const body = await bytes.take(frame.length);
    ({ isLast } = frame);
    if (key && !timingSafeEqual(macOf(key, { index, isLast }, body), frame.mac)) throw altered();
    yield await contentOf(body);
  }
  if ((await bytes.peek(1)).length > 0) throw altered();
}

async function isFramed(bytes: Bytes): Promise<boolean> {
  const start = await bytes.peek(HEAD.length + 4);
  return start.length === HEAD.length + 4 && start[3] === 4 && start.toString('latin1', 12, 14) === 'CK';
}

interface Frame extends Omit<Place, 'index'> {
  readonly length: number;
  readonly mac: Buffer;
}

async function extraOf(bytes: Bytes): Promise<{ readonly frame: Frame; readonly mark: Buffer | undefined }> {
  const head = await bytes.take(HEAD.length + 2);
  if (!head.subarray(0, 4).equals(HEAD.subarray(0, 4))) throw altered();
  const extra = await bytes.take(head.readUInt16LE(HEAD.length));
  const fields = new Map<string, Buffer>();
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    fields.set(extra.toString('latin1', at, at + 2), extra.subarray(at + 4, end));
    at = end;
  }
  const [frame, mark] = [fields.get('CP'), fields.get('CK')];
  if (frame?.length !== 37 || (mark && mark.length !== MARK_BYTES)) throw altered();
  const length = frame.readUInt32LE(1);
  if (length > MOST_PACKED) throw altered();
  return { frame: { isLast: frame[0] === 1, length, mac: frame.subarray(5) }, mark };
}

async function contentOf(body: Buffer): Promise<Buffer> {
  try {
    const content = await unpack(body.subarray(0, -8), { maxOutputLength: PIECE });
    if (crc32(content) === body.readUInt32LE(body.length - 8)) return content;
  } catch {
    // Told below.
  }
  throw altered();
}

/** A backup of an earlier version: one member, of which nobody knows who wrote it. */
async function* plain(bytes: Bytes): AsyncGenerator<Buffer> {
  const unzipped = createGunzip();
  const feeding = feed(bytes, unzipped);
  feeding.catch((error: unknown) => unzipped.destroy(error instanceof Error ? error : undefined));
  for await (const chunk of unzipped) yield chunk;
  await feeding;
}

async function feed(bytes: Bytes, into: NodeJS.WritableStream & { destroyed: boolean }): Promise<void> {
  for await (const chunk of bytes.rest()) {
    if (into.destroyed) return;
    if (!into.write(chunk))
      await new Promise((resolve) => into.once('drain', resolve).once('close', resolve));
  }
  into.end();
}

const noBackup = () => new Fault('configuration', 'this is no backup of certpacks');
const altered = () =>
  new Fault('configuration', 'the backup was altered, or put together of several: nothing of it is restored');
const unproven = () =>
  new Fault(
    'configuration',
    'the backup carries no proof of who wrote it: it is of an earlier version, or was altered. ' +
      '`certpacks restore --unauthenticated` restores it all the same, where you know where it comes from',
  );

/** Bytes of a stream, taken as many as are wanted. */
class Bytes {
  readonly #chunks: AsyncIterator<Buffer>;
  #kept: Buffer = Buffer.alloc(0);

  constructor(source: Readable) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** So many bytes, or fewer where there are no more; they are not taken. */
  async peek(length: number): Promise<Buffer> {
    const waiting = [this.#kept];
    let have = this.#kept.length;
    while (have < length) {
      const { value, done } = await this.#chunks.next();
      if (done) break;
      waiting.push(value);
      have += value.length;
    }
    this.#kept = waiting.length > 1 ? Buffer.concat(waiting) : this.#kept;
    return this.#kept.subarray(0, length);
  }

  /** Just so many. Throws `configuration` where there are fewer. */
  async take(length: number): Promise<Buffer> {
    const taken = await this.peek(length);
    if (taken.length < length)
      throw new Fault('configuration', 'the backup is cut short: nothing of it is restored');
    this.#kept = this.#kept.subarray(length);
    return taken;
  }

  /** All that is left, as it comes. */
  async *rest(): AsyncGenerator<Buffer> {
    const kept = this.#kept;
    this.#kept = Buffer.alloc(0);
    if (kept.length > 0) yield kept;
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) yield next.value;
  }
}
