import { toHostName } from './host-name.ts';

/** What the first message of a TLS client tells before it is answered (RFC 8446 4.1.2). */
export interface ClientHello {
  /** Lower-case host name of server_name (RFC 6066 3); absent when none was sent, or none that is a host name. */
  readonly serverName?: string;
  /** A name was sent that is no host name. */
  readonly hasOddName?: true;
}

/** Most bytes that a ClientHello may take, record headers included. */
export const MOST_HELLO_BYTES = 16_384;

/** A client that splits its hello into more records than this wants to keep us busy. */
const MOST_RECORDS = 64;

/**
 * The ClientHello at the start of `bytes`, which are all bytes that a client sent so far. It may span records
 * (RFC 8446 5.1). Never throws, and never asks for more than `MOST_HELLO_BYTES`.
 */
export function readClientHello(bytes: Buffer): ClientHello | 'need more' | 'not tls' {
  const body = handshakeBody(bytes);
  return typeof body === 'string' ? body : readBody(body);
}

function handshakeBody(bytes: Buffer): Buffer | 'need more' | 'not tls' {
  const more = bytes.length < MOST_HELLO_BYTES ? 'need more' : 'not tls';
  let message: Buffer = Buffer.alloc(0);
  let at = 0;
  for (let record = 0; record < MOST_RECORDS; record++) {
    const head = bytes.subarray(at, at + 5);
    if (!mayBeRecordHead(head)) return 'not tls';
    if (head.length < 5) return more;
    const end = at + 5 + head.readUInt16BE(3);
    message = Buffer.concat([message, bytes.subarray(at + 5, end)]);
    const length = bodyLength(message);
    if (length === 'not tls') return length;
    if (length !== undefined && message.length >= 4 + length) return message.subarray(4, 4 + length);
    if (bytes.length < end) return more;
    at = end;
  }
  return 'not tls';
}

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

/** Whether `head`, 0 to 5 bytes, begins a handshake record: type, version 3.x, length of 1 to 2^14. */
function mayBeRecordHead(head: Buffer): boolean {
  const [type = HANDSHAKE, major = 3] = head;
  if (type !== HANDSHAKE || major !== 3) return false;
  if (head.length < 5) return true;
  const length = head.readUInt16BE(3);
  return length > 0 && length <= 16_384;
}

/** Length of the ClientHello whose head `message` begins with; undefined until its 4 bytes are there. */
function bodyLength(message: Buffer): number | 'not tls' | undefined {
  if (message.length > 0 && message[0] !== CLIENT_HELLO) return 'not tls';
  if (message.length < 4) return undefined;
  const length = message.readUIntBE(1, 3);
  return length > MOST_HELLO_BYTES ? 'not tls' : length;
}

const SERVER_NAME = 0;

function readBody(body: Buffer): ClientHello | 'not tls' {
  const cursor = new Cursor(body);
  cursor.take(34); // version and random
  cursor.vector(1); // session id
  cursor.vector(2); // cipher suites
  cursor.vector(1); // compression methods
  const extensions = new Cursor(cursor.isAtEnd ? EMPTY : cursor.vector(2));
  let sent: string | undefined;
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (type === SERVER_NAME) sent ??= sentName(data);
  }
  if (cursor.isBroken || extensions.isBroken) return 'not tls';
  if (sent === undefined) return {};
  const serverName = toHostName(sent);
  return serverName === undefined ? { hasOddName: true } : { serverName };
}

function sentName(data: Buffer): string | undefined {
  const names = new Cursor(new Cursor(data).vector(2));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(2).toString('latin1');
    if (type === 0) return name;
  }
  return undefined;
}

const EMPTY = Buffer.alloc(0);

/** Reads forward. Where less is left than asked for it is broken: at its end, and all it gives is empty or 0. */
class Cursor {
  isBroken = false;
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  take(length: number): Buffer {
    const start = this.#at;
    this.#at += length;
    if (this.#at <= this.#bytes.length) return this.#bytes.subarray(start, this.#at);
    this.isBroken = true;
    return EMPTY;
  }

  number(size: 1 | 2): number {
    const bytes = this.take(size);
    return bytes.length === 0 ? 0 : bytes.readUIntBE(0, size);
  }

  /** A vector of TLS: its length in `size` bytes, then that many bytes (RFC 8446 3.4). */
  vector(size: 1 | 2): Buffer {
    return this.take(this.number(size));
  }
}
