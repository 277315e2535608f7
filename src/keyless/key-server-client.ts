import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { Fault } from '../kit/fault.ts';
import type { Seconds } from '../kit/time.ts';
import { FrameReader, headOf } from './frames.ts';
import type { Signer } from './signer.ts';

export interface KeyServerPlace {
  readonly host: string;
  readonly port: number;
}

interface ClientOptions extends KeyServerPlace {
  /** With the client certificate, and the CA of the key server. */
  readonly context: SecureContext;
  /** Time for a signature; 3 s when left out. */
  readonly deadline?: Seconds;
  /** Is told when the key server answers again, and when it does not any more. */
  readonly onState: (why: string | undefined) => void;
}

interface Asked {
  readonly resolve: (signature: Buffer) => void;
  readonly reject: (error: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

/** How long a key server that did not answer is left alone: who asks meanwhile is told at once. */
const REST_MS = 1_000;
/** Signatures that are asked for at a time; a key server that is this late is of no use to more. */
const MOST_ASKED = 4_096;
const PROTOCOL = 'certpacks-keys/1';

/** A connection to a key server, opened when it is wanted; many ask over it at the same time. */
export class KeyServerClient {
  readonly #options: ClientOptions;
  readonly #asked = new Map<number, Asked>();
  #socket: TLSSocket | undefined;
  #lastId = 0;
  #restUntil = 0;
  #why: string | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** Signs with the key of that hash (`keyHashOf`). */
  signer(keyHash: Buffer): Signer {
    return { sign: (scheme, content) => this.#sign(keyHash, scheme, content) };
  }

  /** Ends the connection; what was asked fails. */
  close(): void {
    this.#restUntil = Infinity;
    this.#socket?.destroy();
    this.#fail('the connection is closed');
  }

  #sign(keyHash: Buffer, scheme: number, content: Buffer): Promise<Buffer> {
    if (performance.now() < this.#restUntil) return Promise.reject(this.#away());
    if (this.#asked.size >= MOST_ASKED) return Promise.reject(this.#away('it is asked for too much'));
    const socket = this.#connected();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const id = this.#nextId();
    const late = () => this.#lost(socket, 'it does not answer in time');
    const timer = setTimeout(late, (this.#options.deadline ?? 3) * 1_000);
    this.#asked.set(id, { resolve, reject, timer });
    const place = Buffer.allocUnsafe(2);
    place.writeUInt16BE(scheme);
    socket.write(Buffer.concat([headOf(id, 'S', 34 + content.length), keyHash, place, content]));
    return promise;
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) % 0x1_0000_0000;
    return this.#lastId;
  }

  #connected(): TLSSocket {
    if (this.#socket) return this.#socket;
    const { host, port, context } = this.#options;
    const frames = new FrameReader();
    const socket = connect({
      host,
      port,
      secureContext: context,
      ALPNProtocols: [PROTOCOL],
      minVersion: 'TLSv1.3',
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('error', (error) => this.#lost(socket, wordsOf(error)));
    socket.on('close', () => this.#lost(socket, 'it closed the connection'));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { id, kind, bytes } of frames.read(chunk)) this.#answered(id, kind, Buffer.from(bytes));
      } catch {
        this.#lost(socket, 'it speaks another protocol');
      }
    });
    return socket;
  }

  #answered(id: number, kind: string, bytes: Buffer): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    this.#tell(undefined);
    if (kind === 's') asked.resolve(bytes);
    else asked.reject(new Fault('signer_refused', `${this.#name()} refused: ${toWords(bytes)}`));
  }

  #lost(socket: TLSSocket, why: string): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#restUntil = Math.max(this.#restUntil, performance.now() + REST_MS);
    socket.destroy();
    this.#tell(why);
    this.#fail(why);
  }

  #fail(why: string): void {
    for (const { reject, timer } of this.#asked.values()) {
      clearTimeout(timer);
      reject(this.#away(why));
    }
    this.#asked.clear();
  }

  #tell(why: string | undefined): void {
    if (this.#why === why) return;
    this.#why = why;
    this.#options.onState(why);
  }

  #away(why = this.#why ?? 'it does not answer'): Fault {
    return new Fault('signer_unreachable', `${this.#name()} cannot be used: ${why}`);
  }

  #name(): string {
    return `key server ${this.#options.host}:${this.#options.port}`;
  }
}

const toWords = (bytes: Buffer): string => bytes.toString('utf8', 0, 200).replaceAll(/[^ -~]/g, '?');

/** What an error of a connection means, for people who can mend it. */
function wordsOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.name;
  return WORDS.find(([pattern]) => pattern.test(code))?.[1] ?? `the connection failed (${code})`;
}

const WORDS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/^ECONNREFUSED$/, 'nobody listens there'],
  [/^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/, 'it cannot be reached'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'its name cannot be looked up'],
  [
    /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS_CERT)/,
    'its certificate is not of key_server_ca_file, or not for its name',
  ],
  [/ALERT|^ECONNRESET$/, 'it does not take our client certificate'],
];
