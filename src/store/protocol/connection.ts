import type { Socket } from 'node:net';
import pg from 'pg';
import { roleAt } from '../fenced-pool.ts';
import { type ServerFence, toRole } from '../server-role.ts';
import type { Statement } from '../statement.ts';
import { unavailable } from '../unavailable.ts';
import { locate, offsetsFor, textAt } from './data-row.ts';
import { MessagesIn } from './messages-in.ts';
import { errorOf, KIND, parseMessage, runMessage, type Text } from './messages-out.ts';
import { ReadBuffer } from './read-buffer.ts';

/** Takes a row: the bytes it lies in, good until it returns, and where its content begins. */
export type OnRow = (bytes: Buffer, at: number) => void;

interface Asked {
  readonly onRow: OnRow;
  /** Name that this question had to give to its statement first. */
  readonly parses: string | undefined;
  readonly until: number;
  error?: Error;
  resolve(): void;
  reject(error: Error): void;
}

/** Milliseconds that an answer may take. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 1_000;
/** How long, in milliseconds, it is taken for granted that the server is what it was when it was asked last. */
const SURE_MS = 100;
const GOODBYE_MS = 1_000;

/**
 * A connection for reading: `pg` opens it, with all that this takes, and then its socket is spoken to directly, so
 * that rows arrive as bytes. Questions are sent without waiting for the answers of earlier ones.
 */
export class ProtocolConnection {
  /** By when it was opened (`performance.now()`). */
  readonly openedAt = performance.now();
  readonly #fence: ServerFence;
  readonly #epoch: number;
  readonly #socket: Socket;
  readonly #asked: Asked[] = [];
  #unsent: Buffer[] = [];
  readonly #named = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #lost: Error | undefined;
  #isRetired = false;
  #closing: Promise<void> | undefined;
  #isLeft = false;
  #sureUntil = performance.now() + SURE_MS;

  /** Opens a connection; throws what `pg` throws, and `database_unavailable` where the server is not the one to be at. */
  static async open(config: pg.ClientConfig, fence: ServerFence): Promise<ProtocolConnection> {
    const buffer = new ReadBuffer();
    // What is encrypted passes through memory of TLS in any case.
    const own = config.ssl === undefined || config.ssl === false ? { stream: () => buffer.socket } : {};
    const client = new pg.Client({ ...config, ...own, pipeline: false });
    let lost: Error | undefined;
    // A server that ends may say so in the packet that says it is ready: before anybody else can listen.
    client.on('error', (error) => {
      lost = error;
    });
    await client.connect();
    if (lost) throw lost;
    try {
      const epoch = fence.enter(await roleAt(client, fence));
      return new ProtocolConnection(client, buffer, { fence, epoch });
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
  }

  private constructor(
    client: pg.Client,
    buffer: ReadBuffer,
    { fence, epoch }: { readonly fence: ServerFence; readonly epoch: number },
  ) {
    this.#fence = fence;
    this.#epoch = epoch;
    this.#socket = socketOf(client);
    const messages = new MessagesIn((kind, bytes, start, end) => this.#take(kind, bytes, start, end));
    buffer.handOver(this.#socket, (bytes) => messages.push(bytes));
    this.#socket.on('close', () => this.#lose(new Error('Connection terminated unexpectedly')));
    client.on('error', (error) => this.#lose(error));
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** How many questions wait for their answers. */
  get waiting(): number {
    return this.#asked.length;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether its server is no longer the one to ask. */
  get isOutdated(): boolean {
    return this.#isLeft || this.#epoch !== this.#fence.epoch;
  }

  /** Whether it was given up because its server changed: what failed by that had no row yet, and can be asked elsewhere. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /**
   * Asks; `onRow` gets each row as it arrives. A statement `isNamed` is parsed once on this connection. Now and then the server
   * is asked first, in the same write, whether it is still what it was.
   */
  ask(statement: Statement, values: readonly Text[], isNamed: boolean, onRow: OnRow): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost);
    if (performance.now() > this.#sureUntil) this.#makeSure(isNamed);
    return this.#ask(statement, values, isNamed, onRow);
  }

  /** Closes it as soon as nothing is under way. */
  retire(): void {
    this.#isRetired = true;
    // Whoever was given it in this turn asks in this turn.
    setImmediate(() => this.#closeIfDone());
  }

  #closeIfDone(): void {
    if (this.#isRetired && this.#asked.length === 0) void this.close();
  }

  #makeSure(isNamed: boolean): void {
    this.#sureUntil = performance.now() + SURE_MS;
    const onRow: OnRow = (bytes, at) => {
      const cells = offsetsFor(1);
      locate(bytes, at, cells);
      if (this.#fence.isStill(toRole(textAt(bytes, cells, 0) ?? ''))) return;
      this.#isLeft = true;
      this.#lose(unavailable('the server of the database is not what it was'));
    };
    // A pooler that mixes up statements is found by the question behind it.
    this.#ask(this.#fence.statement, [], isNamed, onRow).catch(() => undefined);
  }

  #ask(statement: Statement, values: readonly Text[], isNamed: boolean, onRow: OnRow): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const name = isNamed ? statement.name : '';
    const isKnown = isNamed && this.#named.has(name);
    if (isNamed) this.#named.add(name);
    const run = runMessage(name, values);
    this.#send(isKnown ? run : Buffer.concat([parseMessage(statement, name), run]));
    const parses = isNamed && !isKnown ? name : undefined;
    this.#asked.push({ onRow, parses, until: performance.now() + PATIENCE_MS, resolve, reject });
    return promise;
  }

  /** Questions of one turn of the event loop go out together: each write would wake the server. */
  #send(bytes: Buffer): void {
    if (this.#unsent.push(bytes) > 1) return;
    process.nextTick(() => {
      const all = this.#unsent;
      this.#unsent = [];
      this.#socket.write(Buffer.concat(all));
    });
  }

  /** Says goodbye, once, and does not wait long for the answer. */
  close(): Promise<void> {
    this.#closing ??= this.#sayGoodbye();
    return this.#closing;
  }

  async #sayGoodbye(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#socket.destroyed) return;
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    // Not `once` of node:events, which fails with the socket: nobody may wait for this.
    this.#socket.once('close', () => resolve());
    const timer = setTimeout(() => this.#socket.destroy(), GOODBYE_MS);
    this.#socket.end(Buffer.from([0x58, 0, 0, 0, 4])); // Terminate
    await closed;
    clearTimeout(timer);
  }

  #take(kind: number, bytes: Buffer, start: number, end: number): void {
    const first = this.#asked[0];
    if (!first) return;
    if (kind === KIND.row && !first.error) first.onRow(bytes, start);
    else if (kind === KIND.error) first.error = errorOf(bytes, start, end);
    else if (kind === KIND.ready) this.#answer(first);
  }

  #answer(first: Asked): void {
    this.#asked.shift();
    this.#closeIfDone();
    if (!first.error) return first.resolve();
    if (first.parses !== undefined) this.#named.delete(first.parses);
    first.reject(first.error);
  }

  /** An answer that takes too long blocks those behind it: the connection is given up. */
  #look(): void {
    const first = this.#asked[0];
    if (first && performance.now() > first.until) this.#lose(new Error('Query read timeout'));
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    clearInterval(this.#timer);
    this.#socket.destroy();
    for (const one of this.#asked.splice(0)) one.reject(this.#lost);
  }
}

/** The socket of a connected client, or its TLS layer. */
function socketOf(client: pg.Client): Socket {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- public in pg, not in its types
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  return connection.stream;
}
