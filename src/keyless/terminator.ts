import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import type { Log } from '../kit/log.ts';
import type { Seconds } from '../kit/time.ts';
import { type Frame, FrameReader, headOf } from './frames.ts';
import { Liveness } from './liveness.ts';
import { PlainSignatures } from './plain-signatures.ts';
import { RemoteTls, type TlsLink } from './remote-tls.ts';
import type { Signer } from './signer.ts';
import {
  type KeyName,
  limitBytes,
  named,
  numbered,
  pairBytes,
  type RemoteLimits,
  type ShownPair,
  type TokenPlace,
  textsOf,
} from './told.ts';

/** What a terminator shows for a name, and who signs for it. */
export interface RemoteContext {
  /** At most one for each algorithm. */
  readonly pairs: readonly ShownPair[];
  readonly signer: Signer | undefined;
  readonly limits?: RemoteLimits | undefined;
  readonly terminator: Terminator;
}

export interface TerminatorOptions {
  /** Path of the program. */
  readonly program: string;
  readonly log: Log;
  /** Is told when the token can be used, and when it cannot. */
  readonly token?: TokenPlace & { readonly onState: (why: string | undefined) => void };
  /** Time after which a program that does not answer is ended; 10 s when left out. */
  readonly patience?: Seconds;
}

/** What a token is asked for: a signature, a key that is made unless it is there, the end of a key. */
export type TokenAsk = 'T' | 'G' | 'D';
/** An RSA key takes some tokens most of a minute. */
const DEADLINES_MS: Readonly<Record<TokenAsk, number>> = { T: 5_000, G: 90_000, D: 10_000 };

type Program = ChildProcessByStdio<Writable, Readable, null>;

/** Contexts that are kept ready in the program. */
const MOST_CONTEXTS = 10_000;
const LAST_ID = 0xffff_ffff;
/** How long a program that ended is left alone. */
const REST_MS = 1_000;
/** How long one that has to be built anew is left alone. */
const OTHER_REST_MS = 10_000;
/** What the program says first (`native/terminator.c`). */
const VERSION = '2';

/**
 * TLS for names whose keys are elsewhere: a process of its own (`native/terminator.c`), begun with the first client and again
 * after it ended. What befalls it befalls these connections alone.
 */
export class Terminator {
  readonly #options: TerminatorOptions;
  readonly #connections = new Map<number, RemoteTls>();
  readonly #signers = new Map<number, Signer>();
  readonly #contexts: LRUCache<RemoteContext, number>;
  readonly #plain: PlainSignatures;
  readonly #liveness: Liveness;
  /** While a module opens its token nothing else is done there, and that may take its time. */
  #isOpening = false;
  #running: Program | undefined;
  #restUntil = 0;
  #lastId = 0;

  constructor(options: TerminatorOptions) {
    this.#options = options;
    this.#contexts = new LRUCache<RemoteContext, number>({
      max: MOST_CONTEXTS,
      dispose: (id) => this.#send(id, 'k'),
    });
    this.#plain = new PlainSignatures(`token ${options.token?.token ?? ''}`.trim());
    // A request to sign that names no key is answered at once, and asks no token.
    const ask = () => {
      const id = this.#nextId();
      this.#send(id, 'T');
      return id;
    };
    this.#liveness = new Liveness(ask, () => this.#hangs(), options.patience);
  }

  /** A client's connection from its first byte on, which emits `secure` once hands were shaken; see `RemoteTls`. */
  accept(socket: Socket, context: RemoteContext): RemoteTls {
    const id = this.#nextId();
    const link: TlsLink = {
      send: (kind, bytes) => this.#send(id, kind, bytes),
      drained: (then) => this.#drained(then),
      gone: () => this.#drop(id),
    };
    const connection = new RemoteTls(socket, link);
    this.#connections.set(id, connection);
    if (context.signer) this.#signers.set(id, context.signer);
    if (this.#isReady()) {
      const contextId = this.#contexts.get(context) ?? this.#add(context);
      this.#send(id, 'O', numbered(contextId));
      if (!this.#isOpening) this.#liveness.look();
    } else setImmediate(() => connection.receive('f', Buffer.from('key unreachable')));
    return connection;
  }

  /** Asks the token for something outside of handshakes (kinds `T`, `G` and `D`). Throws `signer_unreachable` or `signer_refused`. */
  ask(kind: TokenAsk, key: KeyName, rest: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    if (!this.#isReady()) return Promise.reject(this.#plain.away());
    const id = this.#nextId();
    this.#send(id, kind, Buffer.concat([named(key), rest]));
    if (!this.#isOpening) this.#liveness.look();
    return this.#plain.wait(id, DEADLINES_MS[kind]);
  }

  /** Ends every connection and the program. */
  close(): void {
    this.#restUntil = Infinity;
    this.#running?.kill('SIGKILL');
    this.#running = undefined;
    this.#liveness.stop();
    this.#fail('closed');
  }

  #add(context: RemoteContext): number {
    const id = this.#nextId();
    this.#contexts.set(context, id);
    this.#send(id, 'K', Buffer.concat(context.pairs.flatMap(pairBytes)));
    if (context.limits) this.#send(id, 'V', limitBytes(context.limits));
    return id;
  }

  #nextId(): number {
    this.#lastId = this.#lastId === LAST_ID ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  /** Whether the program runs, begun now if it does not. */
  #isReady(): boolean {
    if (this.#running) return true;
    if (performance.now() < this.#restUntil) return false;
    // OpenSSL is to read no configuration there: it would load what that names.
    const { program, token } = this.#options;
    const started = spawn(program, [], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...token?.environment, OPENSSL_CONF: '/dev/null' },
    });
    const frames = new FrameReader();
    started.on('error', (error) => this.#ended(started, error.message));
    started.on('exit', (code, signal) => this.#ended(started, `it ended with ${code ?? signal}`));
    started.stdin.on('error', () => started.kill('SIGKILL'));
    let isKnown = false;
    started.stdout.on('data', (chunk: Buffer) => {
      for (const frame of frames.read(chunk)) {
        if (isKnown) this.#take(frame);
        else if (frame.kind !== 'w' || frame.bytes.toString() !== VERSION) return this.#isOther(started);
        isKnown = true;
      }
    });
    this.#running = started;
    this.#isOpening = token !== undefined;
    if (token) this.#send(0, 'M', Buffer.from(textsOf(token)));
    return true;
  }

  /** One that was built before: it would pass over what it does not know, and with it what is demanded of a handshake. */
  #isOther(program: Program): void {
    if (this.#running === program) this.#restUntil = performance.now() + OTHER_REST_MS;
    this.#ended(program, 'it is of another version than this program: certpacks keyless build');
    program.kill('SIGKILL');
  }

  /** One that was stopped obeys no other signal, and has nothing to bring to an end. */
  #hangs(): void {
    this.#options.log.error('keyless: the terminator does not answer, and is begun again');
    this.#running?.kill('SIGKILL');
  }

  #ended(program: Program, why: string): void {
    if (this.#running !== program) return;
    this.#running = undefined;
    this.#liveness.stop();
    this.#restUntil = Math.max(this.#restUntil, performance.now() + REST_MS);
    const { log, token } = this.#options;
    log.error({ why, connections: this.#connections.size }, 'keyless: the terminator ended');
    token?.onState(this.#plain.why ?? why);
    this.#fail('key unreachable');
  }

  #send(id: number, kind: string, bytes?: Buffer): void {
    const stdin = this.#running?.stdin;
    if (!stdin?.writable) return;
    if (stdin.writableCorked === 0) {
      stdin.cork();
      setImmediate(() => stdin.uncork());
    }
    stdin.write(headOf(id, kind, bytes?.length ?? 0));
    if (bytes && bytes.length > 0) stdin.write(bytes);
  }

  /** Calls back when the program keeps up with what it is sent; at once where it does. */
  #drained(then: () => void): void {
    const stdin = this.#running?.stdin;
    if (stdin?.writableNeedDrain) stdin.once('drain', then);
    else then();
  }

  #take({ id, kind, bytes }: Frame): void {
    if (kind === 's') this.#sign(id, bytes);
    else if (kind === 'm' || kind === 'l') this.#tokenIs(bytes.toString());
    else if (this.#liveness.isAnswer(id)) return;
    else if (kind === 't' || kind === 'u') this.#plain.take(id, kind, bytes);
    else if (kind === 'x') this.#options.log.error('keyless: a certificate cannot be used');
    else this.#connections.get(id)?.receive(kind, bytes);
  }

  /** What is wrong with the token; '': nothing. One that is of no use is opened again with the next client. */
  #tokenIs(wrong: string): void {
    this.#isOpening = false;
    this.#plain.why = wrong === '' ? undefined : wrong;
    this.#options.token?.onState(this.#plain.why);
    if (wrong !== '') this.#running?.kill('SIGKILL');
  }

  #sign(id: number, bytes: Buffer): void {
    const signer = this.#signers.get(id);
    if (!signer) return;
    const answer = (signature?: Buffer) => {
      if (this.#signers.get(id) === signer) this.#send(id, 'S', signature);
    };
    // Why not is told of the place of the key; the client gets an alert.
    signer.sign(bytes.readUInt16BE(0), Buffer.from(bytes.subarray(2))).then(answer, () => answer());
  }

  #drop(id: number): void {
    if (!this.#connections.delete(id)) return;
    this.#signers.delete(id);
    this.#send(id, 'X');
  }

  #fail(code: string): void {
    this.#contexts.clear();
    this.#plain.fail();
    for (const connection of this.#connections.values()) connection.receive('f', Buffer.from(code));
  }
}
