import { sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Fault } from '../kit/fault.ts';
import type { Log } from '../kit/log.ts';
import { type Frame, FrameReader, headOf } from './frames.ts';
import type { HeldKey, KeyFolder } from './key-folder.ts';
import { isServersContent, SCHEMES } from './signer.ts';
import { Strangers } from './strangers.ts';

export interface KeyServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM of its certificate, of its key, and of the CA of those who may ask. */
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly keys: Pick<KeyFolder, 'get'>;
  /** Signatures that one client may have in a second; more are refused. */
  readonly perSecond: number;
  readonly log: Log;
}

/** What was asked of a key server since its start. */
export interface KeyServerCounts {
  readonly signed: number;
  readonly refused: number;
  readonly clients: number;
}

export interface KeyServer {
  readonly port: number;
  counts(): KeyServerCounts;
  /** Ends every connection. */
  close(): Promise<void>;
}

const PROTOCOL = 'certpacks-keys/1';
/** Connections of those who have shown a certificate, and of those who have not yet. */
const [MOST_CLIENTS, MOST_STRANGERS] = [256, 256];
/** Lines of the log about one client, or about those that were turned away, in milliseconds: others are counted in the next. */
const TOLD_EVERY = 1_000;
/** Longest request: a key's hash, a scheme and a content of TLS 1.3 or 1.2. */
const LONGEST = 34 + 256;
/** Bytes of answers that may wait for a client before it is asked no further. */
const MOST_WAITING = 262_144;
const HANDSHAKE_MS = 10_000;

/**
 * Signs with the keys that it holds, for those who show a client certificate of its CA, over TLS 1.3: what a TLS server signs in a
 * handshake, and nothing else. A request is a frame `S`: the key's hash (32), the scheme (2), the content; an answer a frame `s`
 * with the signature, or `r` with words. Throws `configuration` where it cannot listen.
 */
export async function startKeyServer(options: KeyServerOptions): Promise<KeyServer> {
  const { cert, key, ca, host, log } = options;
  const tally = { signed: 0, refused: 0 };
  const clients = new Set<Client>();
  const tell = sparingly(TOLD_EVERY);
  const turnAway = (code: string, socket: TLSSocket) => {
    const address = socket.remoteAddress;
    tell((more) => log.warn({ code, address, more }, 'key server: a client was turned away'));
    socket.destroy();
  };
  // By certificate, of which this CA made few: one client may come over many connections.
  const paces = new Map<string, Pace>();
  const server = createServer({
    cert,
    key,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [PROTOCOL],
    handshakeTimeout: HANDSHAKE_MS,
  });
  const strangers = new Strangers(MOST_STRANGERS);
  server.on('connection', (socket) => strangers.enter(socket));
  server.on('secureConnection', (socket) => {
    strangers.leave(socket);
    if (clients.size >= MOST_CLIENTS) return turnAway('too many clients', socket);
    const { fingerprint256: who } = socket.getPeerCertificate();
    const pace = paces.get(who) ?? { second: 0, signatures: 0, tellRefusal: sparingly(TOLD_EVERY) };
    paces.set(who, pace);
    const client = new Client(socket, options, { tally, pace });
    clients.add(client);
    socket.once('close', () => clients.delete(client));
  });
  server.on('tlsClientError', (error, socket) =>
    turnAway('code' in error ? String(error.code) : error.name, socket),
  );
  const port = await listen(server, host, options.port);
  return {
    port,
    counts: () => ({ ...tally, clients: clients.size }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.end();
      strangers.end();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, wanted: number): Promise<number> {
  server.listen(wanted, host);
  await once(server, 'listening').catch((cause: unknown) => {
    throw new Fault('configuration', `cannot listen on ${host}:${wanted}`, { cause });
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}

/** Says something, or counts it for the next time. */
type Telling = (say: (more: number) => void) => void;

/** Says what it is given at most once in so many milliseconds, with the number of those that were left out before. */
function sparingly(ms: number): Telling {
  let [next, left] = [0, 0];
  return (say) => {
    if (performance.now() < next) {
      left += 1;
      return;
    }
    say(left);
    [next, left] = [performance.now() + ms, 0];
  };
}

/** How many signatures a client had in a second. */
interface Pace {
  second: number;
  signatures: number;
  readonly tellRefusal: Telling;
}

interface Counted {
  readonly tally: { signed: number; refused: number };
  readonly pace: Pace;
}

/** One connection of somebody who asks. */
class Client {
  readonly #socket: TLSSocket;
  readonly #options: KeyServerOptions;
  readonly #tally: Counted['tally'];
  readonly #pace: Pace;
  readonly #name: string;

  constructor(socket: TLSSocket, options: KeyServerOptions, { tally, pace }: Counted) {
    this.#socket = socket;
    this.#options = options;
    this.#tally = tally;
    this.#pace = pace;
    const { subject, fingerprint256 } = socket.getPeerCertificate();
    this.#name = String(subject?.CN ?? fingerprint256);
    const frames = new FrameReader();
    options.log.info({ client: this.#name, address: socket.remoteAddress }, 'key server: a client came');
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => options.log.info({ client: this.#name }, 'key server: a client went'));
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of frames.read(chunk, LONGEST)) this.#take(frame);
      } catch {
        options.log.warn({ client: this.#name }, 'key server: a client speaks another protocol');
        socket.destroy();
      }
      if (socket.writableLength > MOST_WAITING) this.#rest();
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #rest(): void {
    this.#socket.pause();
    this.#socket.once('drain', () => this.#socket.resume());
  }

  #take({ id, kind, bytes }: Frame): void {
    if (kind !== 'S' || bytes.length < 34) return this.#refuse(id, 'the request cannot be read');
    const [hash, scheme] = [bytes.subarray(0, 32), bytes.readUInt16BE(32)];
    const content = Buffer.from(bytes.subarray(34));
    const key = this.#options.keys.get(hash.toString('hex'));
    if (!key) return this.#refuse(id, `it holds no key ${hash.toString('hex')}`);
    if (!isServersContent(content)) return this.#refuse(id, 'it signs TLS handshakes of servers alone');
    if (!this.#isInTime()) return this.#refuse(id, 'too many signatures in a second');
    this.#sign(id, scheme, { key, content });
  }

  #sign(id: number, scheme: number, { key, content }: { key: HeldKey; content: Buffer }): void {
    const how = SCHEMES.get(scheme);
    if (how?.type !== key.type) return this.#refuse(id, 'its key does not sign by this scheme');
    const { hash, padding, saltLength } = how;
    const given = {
      key: key.key,
      ...(padding !== undefined && { padding }),
      ...(saltLength !== undefined && { saltLength }),
    };
    // ECDSA takes less time than a turn in the pool of threads; RSA more than others should wait.
    if (key.type === 'ec') return this.#answer(id, sign(hash, content, given));
    sign(hash, content, given, (error, signature) => {
      if (error) this.#refuse(id, 'its key does not sign by this scheme');
      else this.#answer(id, signature);
    });
  }

  #answer(id: number, signature: Buffer): void {
    this.#tally.signed++;
    this.#send(id, 's', signature);
  }

  #refuse(id: number, why: string): void {
    this.#tally.refused++;
    const { log } = this.#options;
    this.#pace.tellRefusal((more) =>
      log.warn({ client: this.#name, why, more }, 'key server: refused to sign'),
    );
    this.#send(id, 'r', Buffer.from(why));
  }

  #send(id: number, kind: string, bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(Buffer.concat([headOf(id, kind, bytes.length), bytes]));
  }

  #isInTime(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#pace.second) Object.assign(this.#pace, { second, signatures: 0 });
    this.#pace.signatures++;
    return this.#pace.signatures <= this.#options.perSecond;
  }
}
