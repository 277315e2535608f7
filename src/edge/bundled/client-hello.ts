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

/** The body of the message: of most clients a part of the one record that they sent, and nothing is copied. */
function handshakeBody(bytes: Buffer): Buffer | 'need more' | 'not tls' {
  const more = bytes.length < MOST_HELLO_BYTES ? 'need more' : 'not tls';
  let message: Buffer = EMPTY;
  let at = 0;
  for (let record = 0; record < MOST_RECORDS; record++) {
    const head = bytes.subarray(at, at + 5);
    if (!mayBeRecordHead(head)) return 'not tls';
    if (head.length < 5) return more;
    const end = at + 5 + head.readUInt16BE(3);
    const part = bytes.subarray(at + 5, end);
    message = record === 0 ? part : Buffer.concat([message, part]);
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
  const cursor = new Cursor(body, 0, body.length);
  cursor.skip(34); // version and random
  cursor.skip(cursor.number(1)); // session id
  cursor.skip(cursor.number(2)); // cipher suites
  cursor.skip(cursor.number(1)); // compression methods
  const extensions = cursor.vector(cursor.isAtEnd ? 0 : cursor.number(2));
  let sent: string | undefined;
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(extensions.number(2));
    if (type === SERVER_NAME) sent ??= sentName(data);
  }
  if (cursor.isBroken || extensions.isBroken) return 'not tls';
  if (sent === undefined) return {};
  const serverName = toHostName(sent);
  return serverName === undefined ? { hasOddName: true } : { serverName };
}

function sentName(data: Cursor): string | undefined {
  const names = data.vector(data.number(2));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(names.number(2));
    if (type === 0) return name.text;
  }
  return undefined;
}

const EMPTY = Buffer.alloc(0);

/** Reads a part of `bytes` forward. Where less is left than asked for it is broken: at its end, and all it gives is empty or 0. */
class Cursor {
  isBroken = false;
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** All that is left. */
  get text(): string {
    return this.#bytes.toString('latin1', this.#at, this.#end);
  }

  skip(length: number): void {
    this.#at += length;
    if (this.#at <= this.#end) return;
    this.isBroken = true;
    this.#at = this.#end;
  }

  /** The number in the next `size` bytes: the length of a vector of TLS, as a rule, which follows (RFC 8446 3.4). */
  number(size: 1 | 2): number {
    const at = this.#at;
    this.skip(size);
    return this.isBroken ? 0 : this.#bytes.readUIntBE(at, size);
  }

  /** The next `length` bytes. */
  vector(length: number): Cursor {
    const start = this.#at;
    this.skip(length);
    return this.isBroken ? new Cursor(this.#bytes, 0, 0) : new Cursor(this.#bytes, start, this.#at);
  }
}
